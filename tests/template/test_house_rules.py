"""The rules that hold for every template, whatever the blueprint: read off the rendered text."""

from __future__ import annotations

import json
import re
from typing import Any

from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.template.compile import CompiledTemplate
from tests.support.names import GENERATION, scope
from tests.support.reading import Template

HOLDS_DATA = (
    "AWS::AmazonMQ::Broker",
    "AWS::RDS::DBInstance",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::S3::Bucket",
    "AWS::EFS::FileSystem",
    "AWS::SecretsManager::Secret",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
)
# Actions for which IAM knows no narrower resource; the metric's condition is checked apart.
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition", "cloudwatch:PutMetricData"}
NEVER_IN_AN_ENVIRONMENT = (
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::ServiceLinkedRole",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::User",
)


def test_nothing_is_imported_or_exported(template: Template) -> None:
    text = json.dumps(template.body)
    assert "Fn::ImportValue" not in text
    assert '"Export"' not in text


def test_no_account_region_or_partition_is_written_out(bodies: dict[str, Any], size: str) -> None:
    body = json.loads(json.dumps(bodies[size]))
    listeners = [
        r for r in body["Resources"].values() if r["Type"].endswith("::Listener") and "Certificates" in r["Properties"]
    ]
    for listener in listeners:
        del listener["Properties"]["Certificates"]  # the one ARN that is an input
    text = json.dumps(body).replace(str(EXAMPLE_ENVIRONMENT_ID), "")
    assert not re.search(r"\b\d{12}\b", text)
    assert "arn:aws:" not in text
    assert not re.search(r"\b(eu|us|ap)-[a-z]+-\d\b", text)


def test_log_groups_are_named_for_the_environment_and_end(template: Template, size: str) -> None:
    groups = template.of_type("AWS::Logs::LogGroup").values()
    assert len(groups) >= 7
    for group in groups:
        assert f"carbon-connect-{size}-{GENERATION}" in group["LogGroupName"]
        assert group["RetentionInDays"] > 0


def test_every_log_group_that_aws_would_make_itself_is_there_first(template: Template, size: str) -> None:
    names = {g["LogGroupName"]: key for key, g in template.of_type("AWS::Logs::LogGroup").items()}
    insights = names[f"/aws/ecs/containerinsights/{template.one('AWS::ECS::Cluster')['ClusterName']}/performance"]
    (cluster,) = [r for r in template.resources.values() if r["Type"] == "AWS::ECS::Cluster"]
    assert cluster["DependsOn"] == insights
    identifier = template.one("AWS::RDS::DBInstance")["DBInstanceIdentifier"]
    (database,) = [r for r in template.resources.values() if r["Type"] == "AWS::RDS::DBInstance"]
    assert database["DependsOn"] == names[f"/aws/rds/instance/{identifier}/postgresql"]


def test_everything_that_holds_data_says_what_becomes_of_it(template: Template, size: str) -> None:
    for name, resource in template.resources.items():
        if resource["Type"] in HOLDS_DATA:
            assert "DeletionPolicy" in resource, name
            assert "UpdateReplacePolicy" in resource, name
    kept = {
        r["Type"]: r["DeletionPolicy"]
        for r in template.resources.values()
        if r.get("DeletionPolicy", "Delete") != "Delete"
    }
    if size == "dev":
        assert kept == {}
        return
    assert kept["AWS::RDS::DBInstance"] == "Snapshot"
    assert kept["AWS::S3::Bucket"] == kept["AWS::EFS::FileSystem"] == kept["AWS::KMS::Key"] == "RetainExceptOnCreate"
    if size == "prod":
        assert kept["AWS::ElastiCache::ReplicationGroup"] == "Snapshot"
    else:
        assert (
            template.one("AWS::ElastiCache::ServerlessCache")["FinalSnapshotName"]
            == "payments-carbon-connect-nd524-main-final"
        )


def test_what_is_retained_is_told(template: Template, compiled: dict[str, CompiledTemplate], size: str) -> None:
    told = {kept.logical_id: kept.policy for kept in compiled[size].retained}
    said = {
        name: "Snapshot" if "FinalSnapshotName" in resource.get("Properties", {}) else resource["UpdateReplacePolicy"]
        for name, resource in template.resources.items()
        if resource.get("UpdateReplacePolicy", "Delete") != "Delete"
        or "FinalSnapshotName" in resource.get("Properties", {})
    }
    assert told == said
    assert all(kept.why for kept in compiled[size].retained)


def test_protection_begins_at_staging(compiled: dict[str, CompiledTemplate], size: str) -> None:
    template = compiled[size]
    assert template.termination_protection is (size != "dev")
    if size == "dev":
        assert template.stack_policy is None
        return
    allow, deny = json.loads(template.stack_policy or "")["Statement"]
    assert (allow["Effect"], allow["Action"]) == ("Allow", "Update:*")
    assert deny["Action"] == ["Update:Replace", "Update:Delete"]
    assert set(deny["Resource"]) == {f"LogicalResourceId/{kept.logical_id}" for kept in template.retained}


def test_every_role_carries_the_boundary(template: Template) -> None:
    roles = template.of_type("AWS::IAM::Role")
    assert len(roles) == 8
    for role in roles.values():
        assert role["PermissionsBoundary"]["Fn::Sub"].endswith(":policy/portal-environment-boundary")


def test_every_role_has_the_path_and_the_tags_of_its_environment(
    template: Template, compiled: dict[str, CompiledTemplate], size: str
) -> None:
    for name, role in template.of_type("AWS::IAM::Role").items():
        assert role["Path"] == f"/portal/env/{scope(f'carbon-connect-{size}')}/", name
        assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == compiled[size].tags, name


def test_roles_allow_nothing_at_large(template: Template) -> None:
    for name in template.of_type("AWS::IAM::Role"):
        for statement in template.statements(name):
            assert not any("*" in action for action in statement["Action"]), name
            assert "logs:CreateLogGroup" not in statement["Action"], name
            if "*" in statement["Resource"]:
                assert set(statement["Action"]) <= WITHOUT_RESOURCE, name
            if "cloudwatch:PutMetricData" in statement["Action"]:
                assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"], name


def test_nothing_that_exists_once_per_account(template: Template) -> None:
    types = {resource["Type"] for resource in template.resources.values()}
    assert not types & set(NEVER_IN_AN_ENVIRONMENT)


def test_services_roll_back_and_pass_their_tags_on(template: Template) -> None:
    services = template.of_type("AWS::ECS::Service")
    assert len(services) == 4
    for service in services.values():
        breaker = service["DeploymentConfiguration"]["DeploymentCircuitBreaker"]
        assert breaker == {"Enable": True, "Rollback": True}
        assert service["PropagateTags"] == "SERVICE"
        network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == "DISABLED"


def test_the_stack_is_tagged(compiled: dict[str, CompiledTemplate], size: str) -> None:
    assert dict(compiled[size].tags) == {
        "portal:environment": f"carbon-connect-{size}",
        "portal:team": "payments",
        "portal:environment-id": "5eed0000-0000-4000-8000-000000000000",
        "portal:generation": GENERATION,
        "portal:blueprint": "carbon-connect",
    }


def test_what_changes_during_an_environments_life_is_metadata(template: Template, size: str) -> None:
    assert template.body["Metadata"]["Portal"] == {
        "Blueprint": "carbon-connect",
        "Version": "1.1.2",
        "Size": size,
        "Request": "none",
    }


def test_security_groups_admit_what_is_used_and_nothing_else(template: Template) -> None:
    api, worker, beat, search = (template.group_of(name) for name in ("api", "worker", "beat", "search"))
    database = template.target(template.one("AWS::RDS::DBInstance")["VPCSecurityGroups"][0])
    balancer = template.target(template.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["SecurityGroups"][0])
    caches = template.of_type("AWS::ElastiCache::ServerlessCache") | template.of_type(
        "AWS::ElastiCache::ReplicationGroup"
    )
    (cache,) = (template.target(c["SecurityGroupIds"][0]) for c in caches.values())
    files, extensions = "ServiceSearchFilesSg", "PostgresExtensionsSg"
    expected = {
        balancer: {("0.0.0.0/0", 80), ("0.0.0.0/0", 443)},
        api: {(balancer, 8000)},
        worker: set(),
        beat: set(),
        search: {(api, 7700), (worker, 7700)},
        database: {(api, 5432), (worker, 5432), (extensions, 5432)},
        cache: {(api, 6379), (worker, 6379), (beat, 6379)},
        files: {(search, 2049)},
        extensions: set(),
    }
    assert {name: template.admitted(name) for name in template.of_type("AWS::EC2::SecurityGroup")} == expected
    assert not template.of_type("AWS::EC2::SecurityGroupIngress")


def test_every_admission_has_its_way_out_and_the_data_tier_has_none(template: Template) -> None:
    groups = template.of_type("AWS::EC2::SecurityGroup")
    internet = ("0.0.0.0/0", 443)
    for name in groups:
        inside = template.way_out(name) - {internet}
        assert inside == {(to, port) for to in groups for source, port in template.admitted(to) if source == name}
    online = {name for name in groups if internet in template.way_out(name)}
    assert online == {"ServiceApiSg", "ServiceWorkerSg", "ServiceBeatSg", "ServiceSearchSg", "PostgresExtensionsSg"}
