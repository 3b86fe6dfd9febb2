"""One test for each fact of amply, read off the rendered templates of its three stacks only."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioning.blueprint import BlueprintError
from provisioning.design.errors import DesignError
from provisioning.template.compile import CompiledDesign, compile_design
from provisioning.timeline.forecast import forecast
from tests.support.names import GENERATION, bucket_name, prefix, scope
from tests.support.reading import Template
from tests.support.shipped import main_template, shipped

SLUG = "amply"
ROOT = Path(__file__).resolve().parents[3]
PUBLIC = ["10.0.1.0/24", "10.0.2.0/24"]
PRIVATE = ["10.0.10.0/24", "10.0.20.0/24"]
ISOLATED = ["10.0.100.0/24", "10.0.200.0/24"]
ANYWHERE = "0.0.0.0/0"
HERE = "arn:aws:acm:eu-central-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
EDGE = "arn:aws:acm:us-east-1:123456789012:certificate/1f1f1f1f-0000-4000-8000-000000000000"
ALARM = "AWS::CloudWatch::Alarm"


def _stack(design: CompiledDesign, key: str) -> Template:
    (found,) = [stack for stack in design.stacks if stack.stack == key]
    return Template(json.loads(found.body))


def _database_group(template: Template) -> str:
    return template.target(template.one("AWS::RDS::DBInstance")["VPCSecurityGroups"][0])


def _cache_group(template: Template) -> str:
    return template.target(template.one("AWS::ElastiCache::ReplicationGroup")["SecurityGroupIds"][0])


def _bucket(template: Template, name: str) -> tuple[str, dict[str, Any]]:
    (found,) = [
        (key, bucket)
        for key, bucket in template.of_type("AWS::S3::Bucket").items()
        if bucket_name(bucket).endswith(f"-{name}")
    ]
    return found


# Network


def test_the_network_has_public_private_and_isolated_subnets_in_two_zones(template: Template) -> None:
    assert template.one("AWS::EC2::VPC")["CidrBlock"] == "10.0.0.0/16"
    subnets = template.of_type("AWS::EC2::Subnet").values()
    assert sorted(s["CidrBlock"] for s in subnets) == sorted(PUBLIC + PRIVATE + ISOLATED)
    zones = {s["CidrBlock"]: s["AvailabilityZone"]["Fn::Select"][0] for s in subnets}
    for tier in (PUBLIC, PRIVATE, ISOLATED):
        assert [zones[cidr] for cidr in tier] == [0, 1]


def test_each_tier_goes_where_it_may(template: Template, size: str) -> None:
    for cidr in PUBLIC:
        (route,) = template.routes(template.table_of(cidr))
        assert template.target(route["GatewayId"]) in template.of_type("AWS::EC2::InternetGateway")
    gateways = template.of_type("AWS::EC2::NatGateway")
    assert len(gateways) == (1 if size == "dev" else 2)
    assert set(template.subnets([g["SubnetId"] for g in gateways.values()])) <= set(PUBLIC)
    used = set()
    for cidr in PRIVATE:
        (route,) = template.routes(template.table_of(cidr))
        used.add(template.target(route["NatGatewayId"]))
    assert used == set(gateways)
    for cidr in ISOLATED:
        assert template.routes(template.table_of(cidr)) == []


def test_security_groups_are_the_page_s_and_nothing_else(template: Template) -> None:
    balancer, database, cache = template.balancer_group(), _database_group(template), _cache_group(template)
    api, worker = template.group_of("api"), template.group_of("worker")
    assert set(template.of_type("AWS::EC2::SecurityGroup")) == {balancer, database, cache, api, worker}
    assert {name: template.admitted(name) for name in (balancer, api, worker, database, cache)} == {
        balancer: {(ANYWHERE, 443)},
        api: {(balancer, 8000)},
        worker: set(),
        database: {(api, 5432), (worker, 5432)},
        cache: {(api, 6379), (worker, 6379)},
    }
    out = {(database, 5432), (cache, 6379), (ANYWHERE, 443)}
    assert {name: template.way_out(name) for name in (balancer, api, worker, database, cache)} == {
        balancer: {(api, 8000)},
        api: out,
        worker: out,
        database: set(),
        cache: set(),
    }
    assert not template.of_type("AWS::EC2::SecurityGroupIngress")


def test_the_load_balancer_speaks_https_only(template: Template) -> None:
    (listener,) = template.of_type("AWS::ElasticLoadBalancingV2::Listener").values()
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert "TLS13-1-2" in listener["SslPolicy"]
    targets = template.properties(listener["DefaultActions"][0]["TargetGroupArn"])
    assert (targets["Port"], targets["HealthCheckPath"]) == (8000, "/health")
    balancer = template.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert template.subnets(balancer["Subnets"]) == sorted(PUBLIC)


# Edge


def test_cloudfront_reads_front_end_and_widgets_by_origin_access_control(template: Template) -> None:
    (distribution,) = template.of_type("AWS::CloudFront::Distribution")
    config = template.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    origins = {origin["Id"]: origin for origin in config["Origins"]}
    buckets = {name: _bucket(template, name)[0] for name in ("frontend", "widgets")}
    for name, key in buckets.items():
        origin = origins[f"bucket.{name}"]
        assert template.target(origin["DomainName"]) == key
        assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}
        control = template.properties(origin["OriginAccessControlId"])["OriginAccessControlConfig"]
        assert (control["OriginAccessControlOriginType"], control["SigningBehavior"]) == ("s3", "always")
        (policy,) = [p for p in template.of_type("AWS::S3::BucketPolicy").values() if p["Bucket"] == {"Ref": key}]
        (read,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert f"distribution/${{{distribution}}}" in json.dumps(read["Condition"])
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == "bucket.frontend"
    (widgets,) = [b for b in config["CacheBehaviors"] if b["TargetOriginId"] == "bucket.widgets"]
    assert widgets["PathPattern"] == "/widgets/*"
    behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert {b["ViewerProtocolPolicy"] for b in behaviours} == {"redirect-to-https"}
    for _, bucket in (_bucket(template, name) for name in (*buckets, "storage")):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_cloudfront_leads_the_api_s_paths_to_the_load_balancer_in_tls(template: Template) -> None:
    config = template.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    (api,) = [b for b in config["CacheBehaviors"] if b["PathPattern"] == "/api/*"]
    (origin,) = [o for o in config["Origins"] if o["Id"] == api["TargetOriginId"]]
    assert origin["DomainName"] == "api.amply.example.com"
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert "POST" in api["AllowedMethods"]


def test_cloudfront_s_certificate_is_made_in_us_east_1(designs: dict[str, CompiledDesign], size: str) -> None:
    design = designs[size]
    assert {stack.stack: stack.region for stack in design.stacks} == {
        "edge": "us-east-1",
        "replica": "eu-west-1",
        "main": "eu-central-1",
    }
    assert design.stacks[-1].stack == "main"
    edge = _stack(design, "edge")
    assert edge.one("AWS::CertificateManager::Certificate")["DomainName"] == "amply.example.com"
    (handed,) = [h for h in design.main.inputs if h.stack == "edge"]
    main = _stack(design, "main")
    viewer = main.one("AWS::CloudFront::Distribution")["DistributionConfig"]["ViewerCertificate"]
    assert viewer["AcmCertificateArn"] == {"Ref": handed.parameter}
    assert viewer["MinimumProtocolVersion"] == "TLSv1.2_2021"


def test_route_53_leads_to_cloudfront_and_to_the_load_balancer(template: Template) -> None:
    records = [r for r in template.of_type("AWS::Route53::RecordSet").values() if r["Type"] in ("A", "AAAA")]
    led = {(r["Name"], r["Type"]): template.target(r["AliasTarget"]["DNSName"]) for r in records}
    (distribution,) = template.of_type("AWS::CloudFront::Distribution")
    (balancer,) = template.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert led == {
        ("amply.example.com.", "A"): distribution,
        ("amply.example.com.", "AAAA"): distribution,
        ("api.amply.example.com.", "A"): balancer,
    }


def test_certificates_stand_in_for_the_hosted_zone() -> None:
    template = main_template(SLUG, certificate_arn=HERE, edge_certificate_arn=EDGE)
    assert not template.of_type("AWS::Route53::RecordSet")
    assert not template.of_type("AWS::CertificateManager::Certificate")
    config = template.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == EDGE
    (listener,) = template.of_type("AWS::ElasticLoadBalancingV2::Listener").values()
    assert listener["Certificates"] == [{"CertificateArn": HERE}]
    assert {"MailDkim1", "MailDkim2", "MailDkim3"} <= set(template.body["Outputs"])
    with pytest.raises(BlueprintError, match="not both"):
        main_template(SLUG, certificate_arn=HERE, edge_certificate_arn=EDGE, hosted_zone_id="Z0123456789")
    with pytest.raises((BlueprintError, DesignError), match="a domain needs a certificate"):
        main_template(SLUG, certificate_arn=HERE)


# Compute


@pytest.mark.parametrize("name", ["api", "worker"])
def test_services_have_half_a_processor_one_gigabyte_and_two_tasks(template: Template, name: str) -> None:
    service, task = template.service(name), template.task(name)
    assert (task["Cpu"], task["Memory"]) == ("512", "1024")
    assert service["DesiredCount"] == 2
    assert [item["CapacityProvider"] for item in service["CapacityProviderStrategy"]] == ["FARGATE"]
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert template.subnets(network["Subnets"]) == sorted(PRIVATE)
    assert network["AssignPublicIp"] == "DISABLED"


def test_only_the_api_is_behind_the_load_balancer(template: Template) -> None:
    (front,) = template.service("api")["LoadBalancers"]
    assert front["ContainerPort"] == 8000
    assert "LoadBalancers" not in template.service("worker")


# Data


def test_the_database_has_a_standby_and_no_way_out(template: Template, size: str) -> None:
    database = template.one("AWS::RDS::DBInstance")
    assert (database["Engine"], database["DBInstanceClass"]) == ("postgres", "db.t3.small")
    assert database["MultiAZ"] is True
    assert database["StorageEncrypted"] is True
    assert database["PubliclyAccessible"] is False
    assert database["DeletionProtection"] is (size == "prod")
    assert template.subnets(template.properties(database["DBSubnetGroupName"])["SubnetIds"]) == sorted(ISOLATED)


def test_redis_is_a_small_node_and_has_a_replica_where_it_counts(template: Template, size: str) -> None:
    cache = template.one("AWS::ElastiCache::ReplicationGroup")
    assert (cache["Engine"], cache["CacheNodeType"]) == ("redis", "cache.t3.micro")
    several = size != "dev"
    assert cache["NumCacheClusters"] == (2 if several else 1)
    assert (cache["MultiAZEnabled"], cache["AutomaticFailoverEnabled"]) == (several, several)
    assert cache["TransitEncryptionEnabled"] is True
    assert cache["AtRestEncryptionEnabled"] is True
    assert template.subnets(template.properties(cache["CacheSubnetGroupName"])["SubnetIds"]) == sorted(ISOLATED)


@pytest.mark.parametrize("name", ["storage", "frontend", "widgets"])
def test_every_version_of_an_object_is_kept_for_ever(template: Template, name: str) -> None:
    _, bucket = _bucket(template, name)
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "LifecycleConfiguration" not in bucket
    assert "SSEAlgorithm" in json.dumps(bucket["BucketEncryption"])


def test_the_queue_sets_failed_messages_aside(template: Template) -> None:
    queues = {q["QueueName"].removeprefix("amply-"): (key, q) for key, q in template.of_type("AWS::SQS::Queue").items()}
    (work,) = [pair for name, pair in queues.items() if name.endswith("-jobs")]
    (failed,) = [pair for name, pair in queues.items() if name.endswith("-jobs-failed")]
    assert template.target(work[1]["RedrivePolicy"]["deadLetterTargetArn"]) == failed[0]
    assert work[1]["SqsManagedSseEnabled"] is failed[1]["SqsManagedSseEnabled"] is True


def test_mail_has_an_identity_and_a_configuration_set(template: Template) -> None:
    identity = template.one("AWS::SES::EmailIdentity")
    assert identity["EmailIdentity"] == "mail.amply.example.com"
    rules = template.properties(identity["ConfigurationSetAttributes"]["ConfigurationSetName"])
    assert rules["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    assert template.one("AWS::SES::ConfigurationSetEventDestination")["EventDestination"]["Enabled"] is True


def test_a_domain_that_ses_knows_already_is_left_alone() -> None:
    template = main_template(SLUG, email_domain_is_verified=True)
    assert not template.of_type("AWS::SES::EmailIdentity")
    assert template.one("AWS::SES::ConfigurationSet")


def test_api_and_workers_are_told_where_everything_is(template: Template) -> None:
    for name in ("api", "worker"):
        assert set(template.variables(name)) == {
            "DATABASE_HOST",
            "DATABASE_PORT",
            "DATABASE_NAME",
            "REDIS_HOST",
            "REDIS_PORT",
            "STORAGE_BUCKET",
            "JOBS_QUEUE_URL",
            "MAIL_SENDER",
            "MAIL_CONFIGURATION_SET",
            "METRICS_NAMESPACE",
            "PUBLIC_URL",
        }
        assert set(template.secrets(name)) == {
            "DATABASE_USERNAME",
            "DATABASE_PASSWORD",
            "REDIS_PASSWORD",
            "SECRET_KEY",
            "JWT_SECRET",
            "STRIPE_API_KEY",
        }


# Roles


@pytest.mark.parametrize("name", ["api", "worker"])
def test_a_task_may_do_what_the_page_lists(template: Template, name: str, size: str) -> None:
    by_action = {
        action: statement["Resource"]
        for statement in template.statements(template.role_of(name))
        for action in statement["Action"]
    }
    assert {action.split(":", maxsplit=1)[0] for action in by_action} == {
        "s3",
        "sqs",
        "ses",
        "secretsmanager",
        "cloudwatch",
    }
    bucket, _ = _bucket(template, "storage")
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert by_action[action] == [{"Fn::Sub": f"${{{bucket}.Arn}}/*"}]
    (queue,) = by_action["sqs:SendMessage"]
    assert by_action["sqs:ReceiveMessage"] == [queue]
    assert template.properties(queue)["QueueName"] == prefix(f"amply-{size}") + "-jobs"
    assert "identity/mail.amply.example.com" in json.dumps(by_action["ses:SendEmail"])
    secrets = {template.target(arn) for arn in by_action["secretsmanager:GetSecretValue"]}
    assert secrets == set(template.of_type("AWS::SecretsManager::Secret"))


def test_the_execution_role_starts_tasks(template: Template) -> None:
    role = template.target(template.task("api")["ExecutionRoleArn"])
    assert template.target(template.task("worker")["ExecutionRoleArn"]) == role
    assert {"ecr:BatchGetImage", "logs:PutLogEvents", "secretsmanager:GetSecretValue"} <= template.actions(role)


def test_github_may_push_deploy_upload_and_invalidate(template: Template) -> None:
    role = "DeployRoleGithub"
    (trust,) = template.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    demanded = trust["Condition"]["StringEquals"]
    assert demanded["token.actions.githubusercontent.com:sub"] == "repo:example/amply:ref:refs/heads/main"
    by_action = {a: s["Resource"] for s in template.statements(role) for a in s["Action"]}
    assert {"ecr:PutImage", "ecs:UpdateService", "ecs:RegisterTaskDefinition"} <= set(by_action)
    buckets = [_bucket(template, name)[0] for name in ("frontend", "widgets")]
    assert by_action["s3:PutObject"] == [{"Fn::Sub": f"${{{key}.Arn}}/*"} for key in buckets]
    (distribution,) = template.of_type("AWS::CloudFront::Distribution")
    (invalidated,) = by_action["cloudfront:CreateInvalidation"]
    assert invalidated["Fn::Sub"].endswith(f"distribution/${{{distribution}}}")


def test_no_role_needs_more_than_the_account_s_boundary_allows(designs: dict[str, CompiledDesign], size: str) -> None:
    text = (ROOT / "provisioning" / "aws" / "onboarding.yaml").read_text()
    onboarding = yaml.load(re.sub(r"!(\w+)", "", text), yaml.SafeLoader)
    boundary = onboarding["Resources"]["Boundary"]["Properties"]["PolicyDocument"]["Statement"]
    allowed = [
        action
        for statement in boundary
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    for stack in designs[size].stacks:
        template = Template(json.loads(stack.body))
        for role in template.of_type("AWS::IAM::Role"):
            beyond = {a for a in template.actions(role) if not any(fnmatchcase(a, pattern) for pattern in allowed)}
            assert beyond == set(), role


# Backup and recovery


def test_snapshots_are_kept_for_seven_days_and_monthly_ones_for_a_year(template: Template, size: str) -> None:
    assert template.one("AWS::RDS::DBInstance")["BackupRetentionPeriod"] == 7
    (rule,) = template.one("AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["ScheduleExpression"] == "cron(0 3 1 * ? *)"
    assert rule["Lifecycle"]["DeleteAfterDays"] == 365
    (database,) = template.one("AWS::Backup::BackupSelection")["BackupSelection"]["Resources"]
    (name,) = template.of_type("AWS::RDS::DBInstance")
    assert database["Fn::Sub"].endswith(f":db:${{{name}}}")
    (vault,) = [r for r in template.resources.values() if r["Type"] == "AWS::Backup::BackupVault"]
    assert vault["DeletionPolicy"] == ("Delete" if size == "dev" else "RetainExceptOnCreate")


def test_the_critical_bucket_is_copied_to_another_region(designs: dict[str, CompiledDesign], size: str) -> None:
    main, replica = _stack(designs[size], "main"), _stack(designs[size], "replica")
    _, storage = _bucket(main, "storage")
    (rule,) = storage["ReplicationConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    (handed,) = [h for h in designs[size].main.inputs if h.stack == "replica"]
    assert rule["Destination"]["Bucket"] == {"Ref": handed.parameter}
    copy = replica.one("AWS::S3::Bucket")
    assert bucket_name(copy) == f"pt-payments--{GENERATION}-storage-replica"
    assert copy["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(copy["PublicAccessBlockConfiguration"].values()) == {True}
    # The others hold what a build makes again.
    assert not any("ReplicationConfiguration" in _bucket(main, name)[1] for name in ("frontend", "widgets"))


def test_the_copy_s_region_can_be_chosen() -> None:
    design = compile_design(shipped("prod", slug=SLUG, replica_region="eu-north-1"))
    assert {s.stack: s.region for s in design.stacks}["replica"] == "eu-north-1"


def test_at_most_an_hour_is_lost(template: Template, size: str) -> None:
    """RPO 1 h: the standby has every commit, RDS can go back to any moment up to five minutes ago,
    copies take 15.
    """
    database = template.one("AWS::RDS::DBInstance")
    assert database["MultiAZ"] is True
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html: with automatic backups, five minutes
    assert database["BackupRetentionPeriod"] >= 1
    (rule,) = _bucket(template, "storage")[1]["ReplicationConfiguration"]["Rules"]
    assert rule["Destination"]["ReplicationTime"]["Time"]["Minutes"] <= 60
    assert rule["Destination"]["ReplicationTime"]["Status"] == "Enabled"


def test_within_four_hours_it_is_there_again(template: Template, designs: dict[str, CompiledDesign], size: str) -> None:
    """RTO 4 h: standby and replica take over by themselves, and a new environment is created in the
    time that is shown.
    """
    assert template.one("AWS::RDS::DBInstance")["MultiAZ"] is True
    assert template.one("AWS::ElastiCache::ReplicationGroup")["AutomaticFailoverEnabled"] is (size != "dev")
    zones = {s["AvailabilityZone"]["Fn::Select"][0] for s in template.of_type("AWS::EC2::Subnet").values()}
    assert len(zones) == 2
    for name in ("api", "worker"):
        assert template.service(name)["DeploymentConfiguration"]["MinimumHealthyPercent"] == 100
    time = forecast(shipped(size, slug=SLUG), designs[size])
    assert 0 < time.seconds <= time.high_seconds <= 4 * 60 * 60


# Monitoring


def test_there_is_a_dashboard_of_everything(template: Template, size: str) -> None:
    dashboard = template.one("AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == prefix(f"amply-{size}") + "-dashboard"
    shown = dashboard["DashboardBody"]["Fn::Sub"]
    for namespace in ("AWS/ApplicationELB", "AWS/ECS", "AWS/RDS", "AWS/ElastiCache", "AWS/SQS", "AWS/SES"):
        assert f'"{namespace}"' in shown


def test_alarms_watch_all_parts_and_tell_one_topic(template: Template) -> None:
    alarms = template.of_type(ALARM).values()
    watched = {alarm["Namespace"] for alarm in alarms}
    assert {
        "AWS/ApplicationELB",
        "AWS/ECS",
        "AWS/RDS",
        "AWS/ElastiCache",
        "AWS/SQS",
        "AWS/SES",
        "AWS/NATGateway",
    } <= watched
    (topic,) = template.of_type("AWS::SNS::Topic")
    assert all(alarm["AlarmActions"] == [{"Ref": topic}] for alarm in alarms)


def test_logs_have_groups_that_end(template: Template, size: str) -> None:
    groups = template.of_type("AWS::Logs::LogGroup").values()
    names = {group["LogGroupName"] for group in groups}
    assert {f"/portal/{scope(f'amply-{size}')}/{name}" for name in ("api", "worker")} <= names
    assert all(group["RetentionInDays"] > 0 for group in groups)


def test_sentry_is_an_option() -> None:
    assert "SENTRY_DSN" not in main_template(SLUG).secrets("api")
    template = main_template(SLUG, sentry=True)
    for name in ("api", "worker"):
        secret = template.properties(template.secrets(name)["SENTRY_DSN"])
        assert secret["Name"] == f"portal/{scope('amply-dev')}/sentry"
    assert "SentrySecretArn" in template.body["Outputs"]


# Cost


def test_the_price_assumes_the_page_s_usage() -> None:
    usage = shipped("prod", slug=SLUG).usage
    assert {name: usage[name]["likely"] for name in usage} | {
        "storage_gb": 100,
        "cdn_gb": 100,
        "sqs_requests_millions": 1,
        "emails_thousands": 10,
        "secrets": 10,
        "hosted_zones": 1,
    } == {name: usage[name]["likely"] for name in usage}
    assert {"nat_gb_per_month", "log_gb"} <= set(usage)
