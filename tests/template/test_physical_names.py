"""Every physical name of every shipped blueprint fits AWS's limit and pattern, belongs to one
environment only, and begins as IAM policies expect, however long or odd the team's slug and the
environment's name are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.design.environment_name import NAME_LIMIT
from provisioning.design.graph import EnvironmentContext
from provisioning.design.names import EnvironmentNames, team_key
from provisioning.template.compile import CompiledDesign, compile_design
from tests.support.designs import REGIONS
from tests.support.shipped import shipped, slugs

ACCOUNT = "123456789012"
_WORD = "[A-Za-z0-9_-]"
_CACHE = "(?=.{1,40}$)[a-z](-?[a-z0-9])*"
# AWS's rule for each property that holds a name: the whole value must match. Sources: the resource schemas that
# cfn-lint ships and botocore's models; where both are silent, the page that is named.
RULES = {
    # https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html
    "AWS::AmazonMQ::Broker.BrokerName": "[0-9A-Za-z_-]{1,50}",
    "AWS::ApplicationAutoScaling::ScalingPolicy.PolicyName": "[ -~]{1,256}",
    "AWS::Backup::BackupVault.BackupVaultName": "[a-zA-Z0-9_-]{2,50}",
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupPlan.html
    "AWS::Backup::BackupPlan.BackupPlan.BackupPlanName": "[a-zA-Z0-9_.-]{1,50}",
    "AWS::Backup::BackupSelection.BackupSelection.SelectionName": "[a-zA-Z0-9_.-]{1,50}",
    # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CachePolicyConfig.html
    "AWS::CloudFront::CachePolicy.CachePolicyConfig.Name": _WORD + "{1,128}",
    # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html
    "AWS::CloudFront::Distribution.DistributionConfig.Comment": "[ -~]{1,128}",
    "AWS::CloudFront::Function.Name": _WORD + "{1,64}",
    # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_OriginAccessControlConfig.html
    "AWS::CloudFront::OriginAccessControl.OriginAccessControlConfig.Name": _WORD + "{1,64}",
    "AWS::CloudFront::ResponseHeadersPolicy.ResponseHeadersPolicyConfig.Name": _WORD + "{1,128}",
    "AWS::CloudWatch::CompositeAlarm.AlarmName": "[ -~]{1,255}",
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    "AWS::CloudWatch::Dashboard.DashboardName": _WORD + "{1,255}",
    "AWS::CloudWatch::Alarm.Namespace": "[^:][ -~]{0,254}",
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
    "AWS::ECS::Cluster.ClusterName": _WORD + "{1,255}",
    "AWS::ECS::Service.ServiceName": _WORD + "{1,255}",
    "AWS::ECS::TaskDefinition.Family": _WORD + "{1,255}",
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
    "AWS::ElastiCache::ReplicationGroup.ReplicationGroupId": _CACHE,
    "AWS::ElastiCache::ServerlessCache.ServerlessCacheName": _CACHE,
    "AWS::ElastiCache::ServerlessCache.FinalSnapshotName": _CACHE,
    "AWS::ElastiCache::User.UserId": _CACHE,
    "AWS::ElastiCache::UserGroup.UserGroupId": _CACHE,
    "AWS::IAM::InstanceProfile.Path": "(?=.{1,512}$)/[!-~]+/",
    "AWS::IAM::Role.Path": "(?=.{1,512}$)/[!-~]+/",
    "AWS::Lambda::Function.FunctionName": _WORD + "{1,64}",
    "AWS::Logs::LogGroup.LogGroupName": "[.\\-_/#A-Za-z0-9]{1,512}",
    "AWS::RDS::DBInstance.DBInstanceIdentifier": "[a-z](-?[a-z0-9]){0,62}",
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    "AWS::Route53::HostedZone.Name": "(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+internal",
    "AWS::Route53::RecordSet.Name": "(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+internal",
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    "AWS::S3::Bucket.BucketName": f"(?=.{{3,63}}$)pt-[a-z0-9-]+-{ACCOUNT}-[a-z0-9-]+-an",
    "AWS::SES::ConfigurationSet.Name": _WORD + "{1,64}",
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    "AWS::SNS::Topic.TopicName": _WORD + "{1,256}",
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
    "AWS::SQS::Queue.QueueName": _WORD + "{1,80}",
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html: at most 15 levels
    "AWS::SSM::Parameter.Name": "(?=.{1,1011}$)(/[a-zA-Z0-9_.-]+){1,15}",
    "AWS::SecretsManager::Secret.Name": "[A-Za-z0-9/_+=.@-]{1,512}",
    "AWS::ServiceDiscovery::PrivateDnsNamespace.Name": "(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+internal",
    "AWS::WAFv2::WebACL.VisibilityConfig.MetricName": "[\\w#:./-]{1,255}",
}
STACK = "[a-zA-Z][-a-zA-Z0-9]{0,127}"
# What is unique within a stack or a parent, or may be shared: a path, a namespace, a comment, a record of a zone.
SHARED = ("Path", "Namespace", "Comment", "MetricName")
SLUGS = tuple(slugs())
TEAMS = st.sampled_from(
    ["a", "payments", "abcdefghijklmn", "portal", "4teams", "Data--Science_And-More-Of-It", "x-" * 16]
)
ENVIRONMENTS = st.one_of(
    st.sampled_from(["a", "a-b", "a" * NAME_LIMIT, "a-" * 15 + "ab", "aaa-" * 8 + "a"]),
    st.from_regex(re.compile("[a-z](-?[a-z0-9]){0,15}"), fullmatch=True),
).map(lambda name: name[:NAME_LIMIT].rstrip("-"))
CONTEXTS = st.builds(
    EnvironmentContext,
    name=ENVIRONMENTS,
    team=TEAMS.map(team_key),
    region=st.sampled_from(REGIONS),
    account_id=st.just(ACCOUNT),
    environment_id=st.uuids(),
)


# Metric namespaces of AWS. Names that end with a dot are records in a zone of the team's.
OF_AWS = ("AWS/", "ECS/")


def compiled(slug: str, size: str, context: EnvironmentContext) -> CompiledDesign:
    """With the parameters of the outputs, which have names as well."""
    design = shipped(size, slug=slug, region=context.region)
    return compile_design(replace(design, environment=context, output_parameters=True))


def names(design: CompiledDesign) -> Iterator[tuple[str, str]]:
    """Every value for which there is a rule, as (type and property, name in AWS)."""
    for stack in design.stacks:
        for resource in json.loads(stack.body)["Resources"].values():
            for rule in RULES:
                kind, _, path = rule.partition(".")
                found = resource.get("Properties", {}) if resource["Type"] == kind else {}
                for key in path.split("."):
                    found = found.get(key, {})
                text = found.get("Fn::Sub") if isinstance(found, dict) else found
                if isinstance(text, str) and not text.startswith(OF_AWS) and not text.endswith("."):
                    yield rule, text.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", stack.region)


@pytest.mark.parametrize("slug", SLUGS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(context=CONTEXTS, size=st.sampled_from(["dev", "prod"]))
def test_every_name_fits_is_unique_and_begins_as_iam_policies_expect(
    slug: str, context: EnvironmentContext, size: str
) -> None:
    design = compiled(slug, size, context)
    own, starts, found = context.names, _starts(context.names), list(names(design))
    for rule, name in found:
        assert re.fullmatch(RULES[rule], name), (rule, name)
        assert context.generation in name, (rule, name)
        kind = rule.partition(".")[0]
        if kind in starts:
            assert name.startswith(starts[kind]), (rule, name)
        elif not name.endswith(".internal"):
            assert name.startswith(f"{own.team}-"), (rule, name)
    unique = [pair for pair in found if not pair[0].endswith(SHARED)]
    assert len(set(unique)) == len(unique)
    for stack in design.stacks:
        assert re.fullmatch(STACK, own.stack(stack.stack))


def _starts(names: EnvironmentNames) -> dict[str, str | tuple[str, ...]]:
    # AWS itself chooses the names of these log groups, after the cluster and the database.
    chosen = (f"/aws/ecs/containerinsights/{names.prefix}-", f"/aws/rds/instance/{names.team}-")
    return {
        "AWS::CloudWatch::Alarm": f"portal/{names.scope}",
        "AWS::ECS::TaskDefinition": f"{names.prefix}-",
        "AWS::IAM::InstanceProfile": f"/portal/env/{names.scope}/",
        "AWS::IAM::Role": f"/portal/env/{names.scope}/",
        "AWS::Logs::LogGroup": (f"/portal/{names.scope}/", *chosen),
        "AWS::S3::Bucket": f"pt-{names.team}--{names.generation}-",
        "AWS::SSM::Parameter": f"/portal/{names.scope}/",
        "AWS::SecretsManager::Secret": f"portal/{names.scope}/",
    }


@pytest.mark.parametrize("slug", SLUGS)
def test_two_environments_share_no_name(slug: str) -> None:
    """Neither (a-b, c) and (a, b-c), nor two generations of one environment."""

    def found(team: str, name: str, number: int) -> set[tuple[str, str]]:
        context = EnvironmentContext(name, team, "eu-central-1", ACCOUNT, UUID(int=number))
        design = compiled(slug, "prod", context)
        stacks = {("stack", context.names.stack(stack.stack)) for stack in design.stacks}
        return stacks | set(names(design))

    sets = [found("a-b", "c", 1), found("a", "b-c", 2), found("a", "b-c", 3)]
    assert len(set.union(*sets)) == sum(map(len, sets))


@pytest.mark.parametrize("slug", SLUGS)
def test_no_property_holds_a_name_without_a_rule(slug: str) -> None:
    """Whatever contains the generation is a name, unless it is a tag, a policy, or text that refers
    to a name.
    """
    context = EnvironmentContext("orders", "payments", "eu-central-1", ACCOUNT, UUID(int=1))
    refers = {"Tags", "TagSpecifications", "FileSystemTags", "BackupVaultTags", "BackupPlanTags"}
    refers |= {"Policies", "UserData", "DashboardBody", "Metrics", "Dimensions", "ContainerDefinitions"}
    refers |= {
        "RedriveAllowPolicy",
        "SourceArn",
        "TargetTrackingScalingPolicyConfiguration",
        "EventDestination",
        "Rules",
    }
    refers |= {"Environment", "BackupPlan", "Value"}
    for size in ("dev", "prod"):
        for stack in compiled(slug, size, context).stacks:
            for resource in json.loads(stack.body)["Resources"].values():
                for key, value in resource.get("Properties", {}).items():
                    if context.generation in json.dumps(value) and key not in refers:
                        assert any(rule.startswith(f"{resource['Type']}.{key}") for rule in RULES), (resource, key)
