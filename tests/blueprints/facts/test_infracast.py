"""One test for each fact of infracast, read off the rendered templates only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.blueprint import BlueprintError
from provisioning.template.compile import CompiledDesign, CompiledTemplate, compile_design
from tests.support.names import GENERATION, bucket_name
from tests.support.reading import Template
from tests.support.shipped import main_template, shipped

SLUG = "infracast"
PUBLIC = ["10.0.0.0/19", "10.0.32.0/19"]
PRIVATE = ["10.0.64.0/19", "10.0.96.0/19"]
DATA = ["10.0.128.0/19", "10.0.160.0/19"]
# As the page has it, with nine digits where an account has twelve.
PAGES_CERTIFICATE = "arn:aws:acm:us-east-1:123456789:certificate/abc"
UI_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
ZONE: dict[str, Any] = {
    "hosted_zone_id": "Z0123456789ABC",
    "domain_name": "api.example.com",
    "ui_domain_name": "app.example.com",
}
MODULE: dict[str, Any] = {
    "vpc_cidr": "10.0.0.0/16", "ecs_cpu": 1024, "ecs_memory": 2048, "ecs_desired_count": 2,
    "db_instance_class": "db.r5.large", "db_multi_az": True, "db_storage_gb": 100,
    "domain_name": "infracast.example.com", "certificate_arn": PAGES_CERTIFICATE,
    "tags": {"Project": "Infracast", "Environment": "prod"},
}  # fmt: skip
YEAR = 365 * 24 * 3600
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def _made(size: str = "dev", *, region: str | None = None, **given: Any) -> CompiledDesign:
    return compile_design(shipped(size, slug=SLUG, region=region, **given))


def _distribution(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    return found


# Network


def test_public_private_and_data_subnets_lie_in_two_zones(template: Template) -> None:
    assert template.one("AWS::EC2::VPC")["CidrBlock"] == "10.0.0.0/16"
    subnets = template.of_type("AWS::EC2::Subnet").values()
    assert sorted(s["CidrBlock"] for s in subnets) == sorted(PUBLIC + PRIVATE + DATA)
    zones = {s["CidrBlock"]: s["AvailabilityZone"]["Fn::Select"][0] for s in subnets}
    for tier in (PUBLIC, PRIVATE, DATA):
        assert [zones[cidr] for cidr in tier] == [0, 1]


def test_the_subnets_follow_the_range_that_is_asked_for() -> None:
    template = main_template(SLUG, vpc_cidr="172.20.0.0/24")
    assert sorted(s["CidrBlock"] for s in template.of_type("AWS::EC2::Subnet").values()) == [
        "172.20.0.0/27", "172.20.0.128/27", "172.20.0.160/27", "172.20.0.32/27", "172.20.0.64/27", "172.20.0.96/27",
    ]  # fmt: skip
    with pytest.raises(BlueprintError, match="vpc_cidr is not an address range between /16 and /24"):
        main_template(SLUG, vpc_cidr="10.0.0.0/25")
    with pytest.raises(BlueprintError, match=r"network\.main: cidr"):
        main_template(SLUG, vpc_cidr="10.0.0.7/16")


def test_the_internet_is_direct_for_public_by_nat_for_private_and_not_at_all_for_data(
    template: Template, size: str
) -> None:
    gateways = template.of_type("AWS::EC2::NatGateway")
    assert len(gateways) == (1 if size == "dev" else 2)
    assert set(template.subnets([g["SubnetId"] for g in gateways.values()])) <= set(PUBLIC)
    used = set()
    for cidr in PRIVATE:
        (route,) = template.routes(template.table_of(cidr))
        assert route["DestinationCidrBlock"] == "0.0.0.0/0"
        used.add(template.target(route["NatGatewayId"]))
    assert used == set(gateways)
    for cidr in PUBLIC:
        (route,) = template.routes(template.table_of(cidr))
        assert template.resources[template.target(route["GatewayId"])]["Type"] == "AWS::EC2::InternetGateway"
    for cidr in DATA:
        assert template.routes(template.table_of(cidr)) == []


def test_security_groups_lead_from_balancer_to_tasks_to_database_and_nothing_else(template: Template) -> None:
    balancer, api = template.balancer_group(), template.group_of("api")
    database = template.target(template.one("AWS::RDS::DBInstance")["VPCSecurityGroups"][0])
    assert set(template.of_type("AWS::EC2::SecurityGroup")) == {balancer, api, database}
    assert template.admitted(balancer) == {("0.0.0.0/0", 80), ("0.0.0.0/0", 443)}
    assert template.way_out(balancer) == {(api, 8080)}
    assert template.admitted(api) == {(balancer, 8080)}
    assert template.way_out(api) == {(database, 5432), ("0.0.0.0/0", 443)}
    assert template.admitted(database) == {(api, 5432)}
    assert template.way_out(database) == set()
    assert not template.of_type("AWS::EC2::SecurityGroupIngress")


# The way in


def test_https_leads_to_port_8080_and_http_is_redirected(template: Template) -> None:
    balancer = template.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internet-facing"
    assert template.subnets(balancer["Subnets"]) == sorted(PUBLIC)
    listeners = {x["Port"]: x for x in template.of_type("AWS::ElasticLoadBalancingV2::Listener").values()}
    assert set(listeners) == {80, 443}
    (redirect,) = listeners[80]["DefaultActions"]
    assert (redirect["Type"], redirect["RedirectConfig"]["Protocol"]) == ("redirect", "HTTPS")
    assert listeners[443]["Protocol"] == "HTTPS"
    targets = template.properties(listeners[443]["DefaultActions"][0]["TargetGroupArn"])
    assert (targets["Port"], targets["Protocol"], targets["TargetType"]) == (8080, "HTTP", "ip")
    (front,) = template.service("api")["LoadBalancers"]
    assert (front["ContainerName"], front["ContainerPort"]) == ("api", 8080)


def test_health_is_asked_at_healthz_nothing_sticks_and_draining_takes_30_seconds(template: Template) -> None:
    targets = template.one("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert (targets["HealthCheckPath"], targets["Matcher"]["HttpCode"]) == ("/healthz", "200")
    attributes = {entry["Key"]: entry["Value"] for entry in targets["TargetGroupAttributes"]}
    assert attributes["deregistration_delay.timeout_seconds"] == "30"
    assert attributes.get("stickiness.enabled", "false") == "false"


def test_the_certificate_is_given_or_made_for_the_name() -> None:
    listeners = (
        main_template(SLUG, certificate_arn=PAGES_CERTIFICATE).of_type("AWS::ElasticLoadBalancingV2::Listener").values()
    )
    (https,) = [listener for listener in listeners if listener["Port"] == 443]
    assert https["Certificates"] == [{"CertificateArn": PAGES_CERTIFICATE}]
    template = main_template(SLUG, **ZONE)
    made = [c["DomainName"] for c in template.of_type("AWS::CertificateManager::Certificate").values()]
    assert sorted(made) == ["api.example.com", "app.example.com"]
    names = {(r["Name"], r["Type"]) for r in template.of_type("AWS::Route53::RecordSet").values()}
    assert names == {("api.example.com.", "A"), ("app.example.com.", "A"), ("app.example.com.", "AAAA")}
    with pytest.raises(BlueprintError, match="not both"):
        main_template(SLUG, **ZONE, certificate_arn=UI_CERTIFICATE)


# Compute


def test_a_task_has_the_pages_cpu_and_memory(template: Template, size: str) -> None:
    task = template.task("api")
    assert (task["Cpu"], task["Memory"]) == (("1024", "2048") if size == "prod" else ("512", "1024"))
    assert task["RequiresCompatibilities"] == ["FARGATE"]
    network = template.service("api")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert template.subnets(network["Subnets"]) == sorted(PRIVATE)
    assert network["AssignPublicIp"] == "DISABLED"


def test_tasks_are_between_the_pages_minimum_and_maximum_and_follow_cpu(template: Template, size: str) -> None:
    target = template.one("AWS::ApplicationAutoScaling::ScalableTarget")
    policy = template.one("AWS::ApplicationAutoScaling::ScalingPolicy")
    followed = policy["TargetTrackingScalingPolicyConfiguration"]
    assert followed["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ECSServiceAverageCPUUtilization"
    assert (target["MinCapacity"], target["MaxCapacity"], followed["TargetValue"]) == {
        "dev": (1, 3, 80),
        "staging": (2, 3, 70),
        "prod": (2, 10, 70),
    }[size]


def test_one_task_migrates_before_the_service_scales_up(template: Template) -> None:
    assert template.service("api")["DesiredCount"] == 1
    target = template.one("AWS::ApplicationAutoScaling::ScalableTarget")
    # It names the service, so it is made once the first task is healthy.
    (named,) = [name for name in template.of_type("AWS::ECS::Service") if name in target["ResourceId"]["Fn::Sub"]]
    assert template.resources[named]["Properties"]["ServiceName"].endswith("-api")


def test_a_change_leaves_the_number_of_tasks_to_scaling(size: str) -> None:
    body = json.loads(compile_design(shipped(size, slug=SLUG), changing=True).main.body)
    assert "DesiredCount" not in Template(body).service("api")


def test_the_service_rolls_without_downtime(template: Template) -> None:
    rolls = template.service("api")["DeploymentConfiguration"]
    assert (rolls["MinimumHealthyPercent"], rolls["MaximumPercent"]) == (100, 200)
    assert rolls["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


def test_the_task_definition_carries_the_pages_variables(template: Template) -> None:
    variables = template.variables("api")
    assert set(variables) == {"API_PORT", "PLUGIN_DIR", "CONTENT_CDN_URL", "EVIDENCE_BUCKET"}
    assert variables["API_PORT"] == "8080"
    assert variables["PLUGIN_DIR"] == "/usr/local/lib/infracast/plugins"
    assert variables["CONTENT_CDN_URL"] == {"Fn::Sub": "https://${CdnUi.DomainName}"}
    assert "CdnUi" in template.of_type("AWS::CloudFront::Distribution")
    assert [entry["ContainerPort"] for entry in template.container("api")["PortMappings"]] == [8080]


def test_every_secret_comes_from_secrets_manager(template: Template) -> None:
    handed = template.secrets("api")
    assert set(handed) == {"DATABASE_URL", "JWT_SECRET"}
    secrets = template.of_type("AWS::SecretsManager::Secret")
    url, token = (secrets[template.target(handed[name])] for name in ("DATABASE_URL", "JWT_SECRET"))
    assert token["GenerateSecretString"]["PasswordLength"] >= 32
    # Composed inside AWS from the generated password: it is in no template and no parameter.
    assert "{{resolve:secretsmanager:${PostgresSecret}:SecretString:password}}@${Postgres.Endpoint.Address}" in str(url)
    assert "GenerateSecretString" in secrets["PostgresSecret"]
    role = template.target(template.task("api")["ExecutionRoleArn"])
    (reads,) = [s for s in template.statements(role) if "secretsmanager:GetSecretValue" in s["Action"]]
    assert {template.target(r) for r in reads["Resource"]} == {template.target(one) for one in handed.values()}


# Data


def test_the_database_is_the_pages(template: Template, size: str) -> None:
    database = template.one("AWS::RDS::DBInstance")
    dev, prod = size == "dev", size == "prod"
    assert (database["Engine"], database["EngineVersion"].partition(".")[0]) == ("postgres", "15")
    assert database["DBInstanceClass"] == ("db.r5.large" if prod else "db.t3.medium")
    assert database["MultiAZ"] is not dev
    assert (database["StorageType"], database["AllocatedStorage"]) == ("gp3", "100" if prod else "20")
    assert database.get("MaxAllocatedStorage") == {"dev": None, "staging": 100, "prod": 500}[size]
    assert database["BackupRetentionPeriod"] == (35 if prod else 7)
    assert database.get("EnablePerformanceInsights", False) is not dev
    assert database["DeletionProtection"] is prod
    assert database["PubliclyAccessible"] is False
    assert template.subnets(template.properties(database["DBSubnetGroupName"])["SubnetIds"]) == sorted(DATA)


def test_the_database_is_encrypted_by_a_key_of_the_customers_own(template: Template) -> None:
    database = template.one("AWS::RDS::DBInstance")
    assert database["StorageEncrypted"] is True
    assert template.resources[template.target(database["KmsKeyId"])]["Type"] == "AWS::KMS::Key"
    assert template.properties(database["KmsKeyId"])["EnableKeyRotation"] is True


def test_the_task_keeps_its_evidence_in_a_bucket(template: Template, size: str) -> None:
    bucket = template.target(template.variables("api")["EVIDENCE_BUCKET"])
    properties = template.resources[bucket]["Properties"]
    assert bucket_name(properties) == f"pt-payments--{GENERATION}-evidence"
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(properties["PublicAccessBlockConfiguration"].values())
    role = template.role_of("api")
    assert {"s3:GetObject", "s3:PutObject", "secretsmanager:GetSecretValue"} <= template.actions(role)
    buckets = [s["Resource"] for s in template.statements(role) if any(a.startswith("s3:") for a in s["Action"])]
    assert buckets
    assert all(bucket in json.dumps(resources) and '"BucketUi' not in json.dumps(resources) for resources in buckets)


def test_data_outlives_staging_and_prod(compiled: dict[str, CompiledTemplate], size: str) -> None:
    kept = {k.logical_id: k.policy for k in compiled[size].retained if k.type != "AWS::S3::BucketPolicy"}
    assert kept == (
        {}
        if size == "dev"
        else {"Postgres": "Snapshot", "PostgresKey": "Retain", "BucketEvidence": "Retain", "BucketUi": "Retain"}
    )


# The application


def test_cloudfront_reads_a_private_bucket_as_itself(template: Template) -> None:
    (origin,) = _distribution(template)["Origins"]
    bucket = template.target(origin["DomainName"])
    assert template.resources[bucket]["Type"] == "AWS::S3::Bucket"
    assert all(template.resources[bucket]["Properties"]["PublicAccessBlockConfiguration"].values())
    control = template.properties(origin["OriginAccessControlId"])["OriginAccessControlConfig"]
    assert (control["SigningBehavior"], control["OriginAccessControlOriginType"]) == ("always", "s3")
    policies = template.of_type("AWS::S3::BucketPolicy").values()
    (policy,) = [p["PolicyDocument"]["Statement"] for p in policies if template.target(p["Bucket"]) == bucket]
    (allowed,) = [statement for statement in policy if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    source = allowed["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith(":distribution/${CdnUi}")


def test_hashed_assets_stay_for_a_year_and_index_html_never(template: Template) -> None:
    config = _distribution(template)
    assert config["DefaultRootObject"] == "index.html"
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == CACHING_DISABLED
    lasting = {b["PathPattern"]: template.properties(b["CachePolicyId"]) for b in config["CacheBehaviors"]}
    # The page's own example is main.abc123.js.
    assert set(lasting) == {"/assets/*", "/static/*", "/*.*.js", "/*.*.css"}
    for policy in lasting.values():
        said = policy["CachePolicyConfig"]
        assert (said["MinTTL"], said["DefaultTTL"], said["MaxTTL"]) == (YEAR, YEAR, YEAR)


def test_http_is_redirected_to_https_at_the_edge(template: Template) -> None:
    config = _distribution(template)
    behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert {behaviour["ViewerProtocolPolicy"] for behaviour in behaviours} == {"redirect-to-https"}


def test_the_application_may_have_a_name_of_its_own() -> None:
    template = main_template(SLUG, ui_domain_name="app.example.com", ui_certificate_arn=UI_CERTIFICATE)
    config = _distribution(template)
    assert config["Aliases"] == ["app.example.com"]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == UI_CERTIFICATE
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert template.variables("api")["CONTENT_CDN_URL"] == "https://app.example.com"
    with pytest.raises(BlueprintError, match="a domain needs a certificate"):
        main_template(SLUG, ui_domain_name="app.example.com")


def test_elsewhere_its_certificate_is_made_in_us_east_1_and_handed_on() -> None:
    made = _made(region="eu-central-1", **ZONE)
    assert [(stack.stack, stack.region) for stack in made.stacks] == [("edge", "us-east-1"), ("main", "eu-central-1")]
    edge, main = (Template(json.loads(stack.body)) for stack in made.stacks)
    assert edge.one("AWS::CertificateManager::Certificate")["DomainName"] == "app.example.com"
    certificate = _distribution(main)["ViewerCertificate"]["AcmCertificateArn"]
    assert main.body["Parameters"][certificate["Ref"]]["Type"] == "String"
    assert list(edge.body["Outputs"]) == [certificate["Ref"]]


def test_one_branch_may_deploy_where_a_repository_is_named_and_nobody_elsewhere(template: Template) -> None:
    assert "DeployRoleArn" not in template.body["Outputs"]
    assert "token.actions.githubusercontent.com" not in json.dumps(template.body)
    deploying = main_template(SLUG, github_repository="example/infracast")
    role = deploying.body["Outputs"]["DeployRoleArn"]["Value"]["Fn::GetAtt"][0]
    assert "repo:example/infracast:ref:refs/heads/main" in json.dumps(deploying.resources[role])
    assert {"ecs:UpdateService", "s3:PutObject", "cloudfront:CreateInvalidation"} <= deploying.actions(role)


# Documented outputs and inputs


def test_cname_targets_are_among_the_outputs(template: Template) -> None:
    outputs = {name: output["Value"] for name, output in template.body["Outputs"].items()}
    balancer, attribute = outputs["ApiCnameTarget"]["Fn::GetAtt"]
    assert template.resources[balancer]["Type"] == "AWS::ElasticLoadBalancingV2::LoadBalancer"
    assert attribute == "DNSName"
    distribution, attribute = outputs["UiCnameTarget"]["Fn::GetAtt"]
    assert template.resources[distribution]["Type"] == "AWS::CloudFront::Distribution"
    assert attribute == "DomainName"
    assert outputs["ApiUrl"] == "https://infracast.example.com"


def test_the_inputs_are_the_modules_and_change_what_they_name() -> None:
    given = {
        **MODULE, "vpc_cidr": "10.8.0.0/16", "ecs_cpu": 2048, "ecs_memory": 4096, "ecs_desired_count": 4,
        "db_instance_class": "db.r5.xlarge", "db_multi_az": False, "db_storage_gb": 300, "domain_name": "a.example.com",
    }  # fmt: skip
    made = _made("prod", **given)
    template = Template(json.loads(made.main.body))
    assert template.one("AWS::EC2::VPC")["CidrBlock"] == "10.8.0.0/16"
    assert (template.task("api")["Cpu"], template.task("api")["Memory"]) == ("2048", "4096")
    assert template.one("AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 4
    database = template.one("AWS::RDS::DBInstance")
    assert (database["DBInstanceClass"], database["MultiAZ"]) == ("db.r5.xlarge", False)
    assert (database["AllocatedStorage"], database["MaxAllocatedStorage"]) == ("300", 1500)
    assert template.body["Outputs"]["ApiUrl"]["Value"] == "https://a.example.com"
    assert PAGES_CERTIFICATE in made.main.body
    assert made.main.tags.items() >= {"Project": "Infracast", "Environment": "prod"}.items()


def test_the_pages_module_is_what_production_takes_by_itself() -> None:
    own = {name: value for name, value in MODULE.items() if name in ("domain_name", "certificate_arn", "tags")}
    assert _made("prod", **MODULE).main.body == _made("prod", **own).main.body


def test_more_tasks_than_the_page_thought_of_still_have_room_to_grow() -> None:
    target = main_template(SLUG, "dev", ecs_desired_count=5).one("AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (5, 10)


def test_the_template_is_sent_inline_even_with_the_longest_name(size: str) -> None:
    made = compile_design(shipped(size, slug=SLUG, name="e" * 32, region="eu-central-1", **ZONE))
    assert all(len(stack.body.encode()) <= 51_200 for stack in made.stacks)
