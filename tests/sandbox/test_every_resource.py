"""One stack of 129 resources: each is found by its own service's API, with properties and tags, and
gone afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.finders import FINDERS, find
from tests.sandbox.template import full_template

pytestmark = pytest.mark.sandbox
ACCOUNT, REGION, NAME = "111100001111", "eu-north-1", "whole"


@dataclass
class Made:
    sandbox: Sandbox
    resources: dict[str, dict[str, Any]]
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        return self.sandbox.client(service, REGION, ACCOUNT)

    def physical(self, logical_id: str) -> str:
        return str(self.resources[logical_id]["PhysicalResourceId"])

    def found(self, logical_id: str) -> Any:
        item = self.resources[logical_id]
        return find(self.sandbox, item["ResourceType"], item["PhysicalResourceId"], region=REGION, account=ACCOUNT)


@pytest.fixture(scope="module")
def made(sandbox: Sandbox) -> Iterator[Made]:
    status = sandbox.create(
        NAME, full_template(), region=REGION, account=ACCOUNT, Tags=[{"Key": "team", "Value": "alpha"}]
    )
    failures = [
        (e["LogicalResourceId"], e.get("ResourceStatusReason"))
        for e in sandbox.events(NAME, region=REGION, account=ACCOUNT)
        if "FAILED" in e["ResourceStatus"]
    ]
    assert status == "CREATE_COMPLETE", failures
    cloudformation = sandbox.client("cloudformation", REGION, ACCOUNT)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=NAME)
    resources = {item["LogicalResourceId"]: item for page in pages for item in page["StackResourceSummaries"]}
    outputs = {
        item["OutputKey"]: item["OutputValue"]
        for item in sandbox.stack(NAME, region=REGION, account=ACCOUNT)["Outputs"]
    }
    yield Made(sandbox, resources, outputs)
    assert sandbox.delete(NAME, region=REGION, account=ACCOUNT) == "GONE"
    left = [
        f"{logical_id} ({item['ResourceType']}): {item['PhysicalResourceId']}"
        for logical_id, item in resources.items()
        if find(sandbox, item["ResourceType"], item["PhysicalResourceId"], region=REGION, account=ACCOUNT)
    ]
    assert not left, f"These survived the stack's deletion: {left}"


def test_all_resources_are_complete(made: Made) -> None:
    assert len(made.resources) >= 120
    assert {item["ResourceStatus"] for item in made.resources.values()} == {"CREATE_COMPLETE"}


def test_every_type_of_the_template_has_a_finder() -> None:
    assert {item["Type"] for item in full_template()["Resources"].values()} <= set(FINDERS)


def test_each_resource_is_found_by_its_own_service(made: Made) -> None:
    missing = [
        f"{name} ({item['ResourceType']}): {item['PhysicalResourceId']}"
        for name, item in made.resources.items()
        if not made.found(name)
    ]
    assert not missing


def test_a_resource_is_made_after_what_it_needs(made: Made) -> None:
    events = made.sandbox.events(NAME, region=REGION, account=ACCOUNT)
    order = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in events]
    assert order.index(("Vpc", "CREATE_COMPLETE")) < order.index(("PublicSubnetA", "CREATE_IN_PROGRESS"))
    assert order.index(("Database", "CREATE_COMPLETE")) < order.index(("ApiTask", "CREATE_IN_PROGRESS"))


def test_the_database_has_its_properties_and_a_managed_secret(made: Made) -> None:
    database = made.found("Database")
    assert (database["Engine"], database["DBInstanceClass"], database["StorageType"]) == (
        "postgres",
        "db.t4g.medium",
        "gp3",
    )
    assert (database["AllocatedStorage"], database["MaxAllocatedStorage"], database["BackupRetentionPeriod"]) == (
        50,
        200,
        7,
    )
    assert database["StorageEncrypted"]
    assert not database["DeletionProtection"]
    assert database["DBSubnetGroup"]["DBSubnetGroupName"] == made.physical("DatabaseSubnets")
    secret = database["MasterUserSecret"]["SecretArn"]
    assert made.outputs["DatabaseSecret"] == secret
    value = json.loads(made.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
    assert value["username"] == "portal"
    assert len(value["password"]) >= 20
    assert made.outputs["DatabaseAddress"] == database["Endpoint"]["Address"]
    assert made.outputs["DatabasePort"] == "5432"


def test_a_secrets_ref_is_its_arn_and_its_generated_value_follows_the_rules(made: Made) -> None:
    assert made.outputs["AppSecretArn"].startswith("arn:aws:secretsmanager:eu-north-1:")
    value = json.loads(
        made.client("secretsmanager").get_secret_value(SecretId=made.outputs["AppSecretArn"])["SecretString"]
    )
    assert value["name"] == "app"
    assert len(value["key"]) == 40
    assert value["key"].isalnum()


def test_the_buckets_have_encryption_lifecycle_versioning_and_block_public_access(made: Made) -> None:
    s3 = made.client("s3")
    documents, media = made.physical("Documents"), made.physical("Media")
    rule = s3.get_bucket_encryption(Bucket=documents)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["BucketKeyEnabled"] is True
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=documents)["Rules"][0]
    assert [item["StorageClass"] for item in lifecycle["Transitions"]] == ["INTELLIGENT_TIERING", "GLACIER"]
    assert lifecycle["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert s3.get_bucket_versioning(Bucket=media)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=media)["PublicAccessBlockConfiguration"].values())
    assert (
        s3.get_bucket_ownership_controls(Bucket=media)["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
        == "BucketOwnerEnforced"
    )
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=media)["Policy"]


def test_the_service_is_steady_with_all_its_settings(made: Made) -> None:
    service = made.found("ApiService")
    assert service["runningCount"] == service["desiredCount"] == 2
    assert service["enableExecuteCommand"] is True
    assert service["healthCheckGracePeriodSeconds"] == 60
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE"
    assert service["loadBalancers"][0]["targetGroupArn"] == made.physical("ApiTargets")
    assert made.found("WorkerService")["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE_SPOT"


def test_the_task_definition_is_for_arm_and_mounts_the_file_system(made: Made) -> None:
    task = made.found("SearchTask")
    assert task["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    volume = task["volumes"][0]["efsVolumeConfiguration"]
    assert volume["fileSystemId"] == made.physical("Files")
    assert volume["authorizationConfig"]["accessPointId"] == made.physical("FilesAccess")
    container = task["containerDefinitions"][0]
    assert {item["name"] for item in container["secrets"]} == {"DATABASE", "APP"}
    assert container["logConfiguration"]["options"]["awslogs-group"] == made.physical("SearchLogs")


def test_the_cluster_has_container_insights_and_providers(made: Made) -> None:
    cluster = made.found("Cluster")
    assert {"name": "containerInsights", "value": "enabled"} in cluster["settings"]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


def test_the_roles_have_boundary_and_policies(made: Made) -> None:
    role = made.found("TaskRole")
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == made.physical("TaskBoundary")
    assert made.client("iam").list_role_policies(RoleName=made.physical("TaskRole"))["PolicyNames"] == ["files"]


def test_the_firewall_stands_before_the_balancer_and_the_listener_speaks_modern_tls(made: Made) -> None:
    acl = made.client("wafv2").get_web_acl_for_resource(ResourceArn=made.physical("Balancer"))["WebACL"]
    assert acl["Name"] == NAME
    assert made.found("Listener")["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert made.found("Redirect")["DefaultActions"][0]["RedirectConfig"]["Protocol"] == "HTTPS"


def test_the_caches_are_what_the_template_says(made: Made) -> None:
    nodes = made.found("Nodes")
    assert nodes["AutomaticFailover"] in ("enabled", "enabling")
    assert nodes["TransitEncryptionEnabled"]
    assert nodes["AtRestEncryptionEnabled"]
    cache = made.found("Cache")
    assert cache["Engine"] == "valkey"
    assert made.outputs["CacheAddress"] == cache["Endpoint"]["Address"]


def test_the_file_system_is_encrypted_and_mounted_in_three_zones(made: Made) -> None:
    assert made.found("Files")["Encrypted"]
    targets = made.client("efs").describe_mount_targets(FileSystemId=made.physical("Files"))["MountTargets"]
    assert len({target["SubnetId"] for target in targets}) == 3


def test_scaling_targets_and_policies_name_the_service(made: Made) -> None:
    target = made.found("ApiScaling")[0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 10)
    assert target["ResourceId"] == f"service/{NAME}/{NAME}-api"
    assert made.found("ApiOnCPU")["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 60


def test_stack_tags_are_on_every_resource_that_the_tagging_api_knows(made: Made) -> None:
    pages = (
        made.client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(TagFilters=[{"Key": "aws:cloudformation:stack-name", "Values": [NAME]}])
    )
    tagged = {
        {tag["Key"]: tag["Value"] for tag in item["Tags"]}["aws:cloudformation:logical-id"]: item
        for page in pages
        for item in page["ResourceTagMappingList"]
    }
    expected = {
        "Vpc", "PublicSubnetA", "Gateway", "PublicRoutes", "AddressA", "NatA", "AppGroup", "S3Endpoint", "FlowLog", "DataAcl",
        "Key", "DatabaseSubnets", "DatabaseParameters", "Database", "Cache", "NodeSubnets", "Nodes", "Files", "FilesAccess",
        "Media", "Documents", "AppSecret", "Balancer", "ApiTargets", "Listener", "ApiRule", "Firewall", "Cluster", "ApiTask", "ApiService",
        "ApiLogs", "Alerts", "Alarm", "Queue", "Setting", "Vault", "Namespace", "SearchName", "TaskChanges",
    }  # fmt: skip
    assert not expected - set(tagged)
    assert all({"Key": "team", "Value": "alpha"} in item["Tags"] for item in tagged.values())
