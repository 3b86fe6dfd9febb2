"""One test for each fact of api-service, read off the rendered template only."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from provisioning.blueprint import BlueprintError
from provisioning.diagram.svg import draw
from provisioning.template.compile import CompiledTemplate, compile_design
from tests.support.names import scope
from tests.support.reading import Template
from tests.support.shipped import main_template, shipped

SLUG = "api-service"
PUBLIC = ["10.0.0.0/20", "10.0.16.0/20"]
PRIVATE = ["10.0.32.0/20", "10.0.48.0/20"]
DATA = ["10.0.64.0/20", "10.0.80.0/20"]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]


def test_public_private_and_data_subnets_lie_in_two_zones(template: Template) -> None:
    subnets = template.of_type("AWS::EC2::Subnet").values()
    assert sorted(s["CidrBlock"] for s in subnets) == sorted(PUBLIC + PRIVATE + DATA)
    zones = {s["CidrBlock"]: s["AvailabilityZone"]["Fn::Select"][0] for s in subnets}
    for tier in (PUBLIC, PRIVATE, DATA):
        assert [zones[cidr] for cidr in tier] == [0, 1]
    for cidr in DATA:
        assert template.routes(template.table_of(cidr)) == []


def test_what_goes_out_goes_through_nat(template: Template, size: str) -> None:
    gateways = template.of_type("AWS::EC2::NatGateway")
    assert len(gateways) == (1 if size == "dev" else 2)
    used = set()
    for cidr in PRIVATE:
        (route,) = template.routes(template.table_of(cidr))
        assert route["DestinationCidrBlock"] == "0.0.0.0/0"
        used.add(template.target(route["NatGatewayId"]))
    assert used == set(gateways)
    assert set(template.subnets([g["SubnetId"] for g in gateways.values()])) <= set(PUBLIC)


def test_the_load_balancer_is_public_and_the_service_is_behind_it(template: Template) -> None:
    balancer = template.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internet-facing"
    assert template.subnets(balancer["Subnets"]) == sorted(PUBLIC)
    listeners = {x["Port"]: x for x in template.of_type("AWS::ElasticLoadBalancingV2::Listener").values()}
    assert listeners[80]["DefaultActions"][0]["RedirectConfig"]["Protocol"] == "HTTPS"
    targets = template.properties(listeners[443]["DefaultActions"][0]["TargetGroupArn"])
    assert (targets["Port"], targets["TargetType"], targets["HealthCheckPath"]) == (8000, "ip", "/health")
    (front,) = template.service("api")["LoadBalancers"]
    assert front["TargetGroupArn"] == listeners[443]["DefaultActions"][0]["TargetGroupArn"]


def test_route_53_leads_to_the_load_balancer(template: Template) -> None:
    record = template.one("AWS::Route53::RecordSet")
    assert (record["Name"], record["Type"]) == ("api.example.com.", "A")
    assert template.target(record["AliasTarget"]["DNSName"]) in template.of_type(
        "AWS::ElasticLoadBalancingV2::LoadBalancer"
    )
    assert template.one("AWS::CertificateManager::Certificate")["DomainName"] == "api.example.com"


def test_a_certificate_stands_in_for_the_domain() -> None:
    template = main_template(SLUG, certificate_arn=CERTIFICATE)
    assert not template.of_type("AWS::Route53::RecordSet")
    assert CERTIFICATE in json.dumps(template.body)
    with pytest.raises(BlueprintError, match="not both"):
        main_template(SLUG, certificate_arn=CERTIFICATE, domain="api.example.com", hosted_zone_id="Z0123456789")


def test_the_service_runs_a_public_ecr_image_in_the_private_subnets(template: Template, size: str) -> None:
    service, task = template.service("api"), template.task("api")
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert template.subnets(network["Subnets"]) == sorted(PRIVATE)
    assert network["AssignPublicIp"] == "DISABLED"
    assert task["RequiresCompatibilities"] == ["FARGATE"]
    assert task["RuntimePlatform"]["CpuArchitecture"] == "X86_64"
    assert template.container("api")["Image"].startswith("public.ecr.aws/")
    assert (task["Cpu"], task["Memory"]) == (("1024", "2048") if size == "prod" else ("512", "1024"))
    assert service["DesiredCount"] == (1 if size == "dev" else 2)


def test_the_database_is_postgresql_without_a_way_out(template: Template, size: str) -> None:
    database = template.one("AWS::RDS::DBInstance")
    assert database["Engine"] == "postgres"
    assert database["StorageEncrypted"] is True
    assert database["PubliclyAccessible"] is False
    assert database["MultiAZ"] is (size != "dev")
    assert database["DeletionProtection"] is (size == "prod")
    assert template.properties(database["DBParameterGroupName"])["Parameters"]["rds.force_ssl"] == "1"
    assert template.subnets(template.properties(database["DBSubnetGroupName"])["SubnetIds"]) == sorted(DATA)
    group = template.target(database["VPCSecurityGroups"][0])
    assert template.admitted(group) == {(template.group_of("api"), 5432)}
    assert template.way_out(group) == set()


def test_the_cache_is_redis_with_tls_and_a_password(template: Template, size: str) -> None:
    cache = template.one("AWS::ElastiCache::ReplicationGroup")
    assert (cache["Engine"], cache["EngineVersion"]) == ("redis", "7.1")
    assert cache["TransitEncryptionEnabled"] is True
    assert cache["TransitEncryptionMode"] == "required"
    assert cache["AtRestEncryptionEnabled"] is True
    several = size != "dev"
    assert cache["NumCacheClusters"] == (2 if several else 1)
    assert (cache["AutomaticFailoverEnabled"], cache["MultiAZEnabled"]) == (several, several)
    assert cache["AuthToken"]["Fn::Sub"] == "{{resolve:secretsmanager:${RedisSecret}:SecretString}}"
    assert template.subnets(template.properties(cache["CacheSubnetGroupName"])["SubnetIds"]) == sorted(DATA)
    (group,) = map(template.target, cache["SecurityGroupIds"])
    assert template.admitted(group) == {(template.group_of("api"), 6379)}
    assert template.way_out(group) == set()


def test_the_broker_is_rabbitmq_alone_or_a_cluster_of_three(template: Template, size: str) -> None:
    broker = template.one("AWS::AmazonMQ::Broker")
    assert (broker["EngineType"], broker["EngineVersion"]) == ("RABBITMQ", "4.2")
    # CLUSTER_MULTI_AZ of RabbitMQ is always three brokers.
    assert broker["DeploymentMode"] == ("SINGLE_INSTANCE" if size == "dev" else "CLUSTER_MULTI_AZ")
    assert broker["HostInstanceType"] == ("mq.m7g.large" if size == "prod" else "mq.m7g.medium")
    assert template.subnets(broker["SubnetIds"]) == sorted(DATA[:1] if size == "dev" else DATA)
    assert broker["PubliclyAccessible"] is False
    assert broker["AutoMinorVersionUpgrade"] is True
    (user,) = broker["Users"]
    assert user["Username"] == "app"
    assert user["Password"]["Fn::Sub"] == "{{resolve:secretsmanager:${RabbitmqBrokerSecret}:SecretString:password}}"
    (group,) = map(template.target, broker["SecurityGroups"])
    assert template.admitted(group) == {(template.group_of("api"), 5671)}
    assert template.way_out(group) == set()


def test_bedrock_is_limited_to_the_models_that_the_request_names() -> None:
    models = ["amazon.nova-lite-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"]
    template = main_template(SLUG, models=models)
    expected = [
        {"Fn::Sub": f"arn:${{AWS::Partition}}:bedrock:${{AWS::Region}}::foundation-model/{model}"} for model in models
    ]
    (statement,) = [s for s in template.statements(template.role_of("api")) if s["Action"] == INVOKE]
    assert statement["Resource"] == expected
    (policy,) = _bedrock_endpoint(template)["PolicyDocument"]["Statement"]
    assert policy["Resource"] == expected
    assert policy["Action"] == INVOKE
    assert policy["Condition"] == {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}


def test_an_inference_profile_opens_its_model_in_other_regions_by_way_of_the_profile_only() -> None:
    template = main_template(SLUG, models=["us.amazon.nova-pro-v1:0"])
    profile = {
        "Fn::Sub": "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:inference-profile/us.amazon.nova-pro-v1:0"
    }
    statements = [s for s in template.statements(template.role_of("api")) if s["Action"] == INVOKE]
    through, model = statements
    assert through["Resource"] == [profile]
    assert "Condition" not in through
    assert model["Resource"] == [{"Fn::Sub": "arn:${AWS::Partition}:bedrock:*::foundation-model/amazon.nova-pro-v1:0"}]
    assert model["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": profile}}


def _bedrock_endpoint(template: Template) -> dict[str, Any]:
    (found,) = [
        e for e in template.of_type("AWS::EC2::VPCEndpoint").values() if e.get("VpcEndpointType") == "Interface"
    ]
    return found


def test_bedrock_is_reached_through_an_interface_endpoint(template: Template) -> None:
    endpoint = _bedrock_endpoint(template)
    assert endpoint["ServiceName"] == {"Fn::Sub": "com.amazonaws.${AWS::Region}.bedrock-runtime"}
    assert endpoint["PrivateDnsEnabled"] is True
    assert template.subnets(endpoint["SubnetIds"]) == sorted(PRIVATE)
    (group,) = map(template.target, endpoint["SecurityGroupIds"])
    assert template.admitted(group) == {(template.group_of("api"), 443)}
    assert template.way_out(group) == set()


def test_secrets_are_generated_in_aws_and_only_these_are_read_at_the_start(template: Template, size: str) -> None:
    secrets = template.of_type("AWS::SecretsManager::Secret")
    assert {s["Name"].removeprefix(f"portal/{scope(f'api-service-{size}')}/") for s in secrets.values()} == {
        "database-main", "redis", "rabbitmq", "api_keys",
    }  # fmt: skip
    assert all("GenerateSecretString" in s and "SecretString" not in s for s in secrets.values())
    role = template.target(template.task("api")["ExecutionRoleArn"])
    (reads,) = [s for s in template.statements(role) if "secretsmanager:GetSecretValue" in s["Action"]]
    assert {template.target(r) for r in reads["Resource"]} == set(secrets)


def test_the_tasks_role_may_read_its_secrets_and_invoke_models_and_nothing_else(template: Template) -> None:
    role = template.role_of("api")
    assert template.actions(role) == {"secretsmanager:GetSecretValue", *INVOKE}
    assert not any(resource == "*" for s in template.statements(role) for resource in s["Resource"])


def test_endpoints_and_secrets_reach_the_task_definition(template: Template) -> None:
    variables, secrets = template.variables("api"), template.secrets("api")
    assert set(variables) == {
        "DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "REDIS_HOST", "REDIS_PORT", "BROKER_HOST", "BROKER_PORT",
        "BEDROCK_MODELS",
    }  # fmt: skip
    assert set(secrets) == {
        "DATABASE_USERNAME", "DATABASE_PASSWORD", "REDIS_PASSWORD", "BROKER_USERNAME", "BROKER_PASSWORD", "API_KEYS",
    }  # fmt: skip
    assert template.resources[template.target(variables["DATABASE_HOST"])]["Type"] == "AWS::RDS::DBInstance"
    assert template.resources[template.target(variables["REDIS_HOST"])]["Type"] == "AWS::ElastiCache::ReplicationGroup"
    assert variables["BROKER_PORT"] == "5671"
    assert variables["BEDROCK_MODELS"] == "amazon.nova-lite-v1:0"
    assert json.dumps(variables["BROKER_HOST"]).count('"RabbitmqBroker", "AmqpEndpoints"') == 1
    for name, source in secrets.items():
        found = source.get("Ref") or re.match(r"\$\{(\w+)\}", source["Fn::Sub"])[1]  # type: ignore[index]
        assert template.resources[found]["Type"] == "AWS::SecretsManager::Secret", name


def test_the_pages_four_data_flows_are_the_pictures_edges(size: str) -> None:
    titles = re.findall("<title>(.*?)</title>", draw(shipped(size, slug=SLUG)))
    sentences = "\n".join(titles)
    for edge in (
        "Users · browsers, by Route 53",
        "Users reach load_balancer.public",
        "load_balancer.public uses service.api (8000)",
        "service.api uses postgres.main (5432 TLS)",
        "service.api uses redis.main (6379 TLS)",
        "service.api uses rabbitmq_broker.main (5671 TLS)",
        "service.api uses bedrock.main (443 TLS)",
        "NAT gateway",
    ):
        assert edge in sentences, edge


def test_nothing_but_the_load_balancer_and_the_way_out_faces_the_internet(template: Template) -> None:
    balancer = template.target(template.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["SecurityGroups"][0])
    world = {
        (name, port)
        for name in template.of_type("AWS::EC2::SecurityGroup")
        for source, port in template.admitted(name)
        if source == "0.0.0.0/0"
    }
    assert world == {(balancer, 80), (balancer, 443)}


def test_data_outlives_staging_and_prod(compiled: dict[str, CompiledTemplate], size: str) -> None:
    kept = {k.type: k.policy for k in compiled[size].retained}
    assert kept == (
        {}
        if size == "dev"
        else {
            "AWS::RDS::DBInstance": "Snapshot",
            "AWS::ElastiCache::ReplicationGroup": "Snapshot",
            "AWS::KMS::Key": "Retain",
        }
    )


def test_the_template_is_sent_inline_even_with_the_longest_name(size: str) -> None:
    template = compile_design(shipped(size, slug=SLUG, name="e" * 32)).main
    assert len(template.body.encode()) <= 51_200
