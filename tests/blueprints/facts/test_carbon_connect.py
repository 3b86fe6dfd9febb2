"""One test for each row of the carbon-connect table, read off the rendered template only."""

from __future__ import annotations

from typing import Any

from provisioning.template.compile import CompiledTemplate
from tests.support.names import GENERATION, bucket_name, scope
from tests.support.reading import Template

PUBLIC = ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"]
PRIVATE = ["10.0.48.0/20", "10.0.64.0/20", "10.0.80.0/20"]
DATA = ["10.0.96.0/20", "10.0.112.0/20", "10.0.128.0/20"]


def test_the_network_has_three_tiers_in_three_zones(template: Template) -> None:
    assert template.one("AWS::EC2::VPC")["CidrBlock"] == "10.0.0.0/16"
    subnets = template.of_type("AWS::EC2::Subnet").values()
    assert sorted(s["CidrBlock"] for s in subnets) == sorted(PUBLIC + PRIVATE + DATA)
    zones = {s["CidrBlock"]: s["AvailabilityZone"]["Fn::Select"][0] for s in subnets}
    for tier in (PUBLIC, PRIVATE, DATA):
        assert [zones[cidr] for cidr in tier] == [0, 1, 2]


def test_nat_gateways_are_one_or_one_per_zone(template: Template, size: str) -> None:
    gateways = template.of_type("AWS::EC2::NatGateway")
    assert len(gateways) == (3 if size == "prod" else 1)
    used = []
    for private, public in zip(PRIVATE, PUBLIC, strict=True):
        (route,) = template.routes(template.table_of(private))
        assert route["DestinationCidrBlock"] == "0.0.0.0/0"
        gateway = template.target(route["NatGatewayId"])
        used.append(gateway)
        if size == "prod":
            assert template.properties(gateways[gateway]["SubnetId"])["CidrBlock"] == public
    assert len(set(used)) == len(gateways)
    assert template.subnets([g["SubnetId"] for g in gateways.values()]) == sorted(PUBLIC[: len(gateways)])


def test_data_subnets_have_no_route_to_the_internet_in_either_direction(template: Template) -> None:
    for cidr in DATA:
        table = template.table_of(cidr)
        assert template.routes(table) == []
        for endpoint in template.of_type("AWS::EC2::VPCEndpoint").values():
            assert table not in [template.target(t) for t in endpoint["RouteTableIds"]]
    subnets = template.of_type("AWS::EC2::Subnet").values()
    assert not any(s.get("MapPublicIpOnLaunch") for s in subnets)


def test_the_database_is_postgresql_16(template: Template) -> None:
    database = template.one("AWS::RDS::DBInstance")
    assert database["Engine"] == "postgres"
    assert database["EngineVersion"].split(".")[0] == "16"
    assert database["DBInstanceClass"] == "db.t4g.medium"
    assert database["StorageType"] == "gp3"
    assert (database["AllocatedStorage"], database["MaxAllocatedStorage"]) == ("50", 200)
    assert database["StorageEncrypted"] is True
    assert template.resources[template.target(database["KmsKeyId"])]["Type"] == "AWS::KMS::Key"
    assert template.properties(database["KmsKeyId"])["EnableKeyRotation"] is True
    assert database["BackupRetentionPeriod"] == 7
    assert database["PubliclyAccessible"] is False
    assert template.properties(database["DBParameterGroupName"])["Parameters"] == {"rds.force_ssl": "1"}
    assert template.subnets(template.properties(database["DBSubnetGroupName"])["SubnetIds"]) == sorted(DATA)


def test_multi_az_and_deletion_protection_are_for_prod(template: Template, size: str) -> None:
    database = template.one("AWS::RDS::DBInstance")
    assert database["MultiAZ"] is (size == "prod")
    assert database["DeletionProtection"] is (size == "prod")


def test_extensions_are_created_after_the_stack_is_up(
    template: Template, compiled: dict[str, CompiledTemplate], size: str
) -> None:
    (step,) = compiled[size].tasks
    assert step.kind == "ecs_run_task"
    assert step.launch_type == "FARGATE"
    assert not step.assign_public_ip
    assert template.resources[step.cluster]["Type"] == "AWS::ECS::Cluster"
    assert template.subnets([{"Ref": name} for name in step.subnets]) == sorted(PRIVATE)
    (container,) = template.resources[step.task_definition]["Properties"]["ContainerDefinitions"]
    assert container["Name"] == step.container
    assert 'CREATE EXTENSION IF NOT EXISTS "vector";' in container["Command"][-1]
    assert 'CREATE EXTENSION IF NOT EXISTS "uuid-ossp";' in container["Command"][-1]
    assert {"Name": "PGSSLMODE", "Value": "require"} in container["Environment"]
    assert {s["Name"] for s in container["Secrets"]} == {"PGUSER", "PGPASSWORD"}
    (group,) = step.security_groups
    database = template.target(template.one("AWS::RDS::DBInstance")["VPCSecurityGroups"][0])
    assert (group, 5432) in template.admitted(database)
    assert template.way_out(group) == {(database, 5432), ("0.0.0.0/0", 443)}


def test_valkey_is_serverless_or_failing_over(template: Template, size: str) -> None:
    serverless = template.of_type("AWS::ElastiCache::ServerlessCache")
    groups = template.of_type("AWS::ElastiCache::ReplicationGroup")
    if size != "prod":
        assert not groups
        (cache,) = serverless.values()
        assert cache["Engine"] == "valkey"
        assert template.subnets(cache["SubnetIds"]) == sorted(DATA)
        return
    assert not serverless
    (cache,) = groups.values()
    assert cache["Engine"] == "valkey"
    assert cache["CacheNodeType"] == "cache.t4g.medium"
    assert cache["NumCacheClusters"] >= 2
    assert cache["AutomaticFailoverEnabled"] is True
    assert cache["MultiAZEnabled"] is True
    assert cache["TransitEncryptionEnabled"] is True
    assert cache["TransitEncryptionMode"] == "required"
    assert cache["AtRestEncryptionEnabled"] is True


def _scaling(template: Template, service: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    name = template.target(template.service(service)["TaskDefinition"]).removesuffix("Task")
    targets = template.of_type("AWS::ApplicationAutoScaling::ScalableTarget")
    ((key, target),) = [(k, t) for k, t in targets.items() if f"${{{name}.Name}}" in t["ResourceId"]["Fn::Sub"]]
    policies = template.of_type("AWS::ApplicationAutoScaling::ScalingPolicy").values()
    mine = [p for p in policies if template.target(p["ScalingTargetId"]) == key]
    return target, [p["TargetTrackingScalingPolicyConfiguration"] for p in mine]


def test_the_api_is_two_tasks_that_scale_on_cpu_and_memory(template: Template) -> None:
    task, service = template.task("api"), template.service("api")
    assert (task["Cpu"], task["Memory"]) == ("1024", "2048")
    assert service["DesiredCount"] == 2
    assert [c["CapacityProvider"] for c in service["CapacityProviderStrategy"]] == ["FARGATE"]
    assert [p["ContainerPort"] for p in template.container("api")["PortMappings"]] == [8000]
    target, policies = _scaling(template, "api")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 10)
    followed = {p["PredefinedMetricSpecification"]["PredefinedMetricType"] for p in policies}
    assert followed == {"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"}


def test_the_worker_runs_on_spot_and_scales_on_queue_depth(template: Template) -> None:
    task, service = template.task("worker"), template.service("worker")
    assert (task["Cpu"], task["Memory"]) == ("1024", "2048")
    assert service["DesiredCount"] == 2
    assert [c["CapacityProvider"] for c in service["CapacityProviderStrategy"]] == ["FARGATE_SPOT"]
    target, (policy,) = _scaling(template, "worker")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 10)
    queries = {q["Id"]: q for q in policy["CustomizedMetricSpecification"]["Metrics"]}
    assert queries["waiting"]["MetricStat"]["Metric"]["MetricName"] == "QueueDepth"
    assert queries["running"]["MetricStat"]["Metric"]["MetricName"] == "RunningTaskCount"
    assert [q["Id"] for q in queries.values() if q["ReturnData"]] == ["backlog"]
    assert queries["backlog"]["Expression"] == "waiting / running"


def test_the_scheduler_is_exactly_one_task_and_never_two(template: Template) -> None:
    service = template.service("beat")
    assert service["DesiredCount"] == 1
    rollout = service["DeploymentConfiguration"]
    assert (rollout["MinimumHealthyPercent"], rollout["MaximumPercent"]) == (0, 100)
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"
    targets = template.of_type("AWS::ApplicationAutoScaling::ScalableTarget").values()
    assert not any("ServiceBeat" in t["ResourceId"]["Fn::Sub"] for t in targets)


def test_the_search_engine_is_private_and_keeps_its_data(template: Template) -> None:
    service = template.service("search")
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert template.subnets(network["Subnets"]) == sorted(PRIVATE)
    assert network["AssignPublicIp"] == "DISABLED"
    assert "meilisearch" in template.container("search")["Image"]
    assert template.admitted(template.group_of("search")) == {
        (template.group_of("api"), 7700),
        (template.group_of("worker"), 7700),
    }
    (volume,) = template.task("search")["Volumes"]
    efs = volume["EFSVolumeConfiguration"]
    assert template.properties(efs["FilesystemId"])["Encrypted"] is True
    assert efs["TransitEncryption"] == "ENABLED"
    assert efs["AuthorizationConfig"]["IAM"] == "ENABLED"
    (mount,) = template.container("search")["MountPoints"]
    assert (mount["SourceVolume"], mount["ContainerPath"]) == (volume["Name"], "/meili_data")
    mounts = template.of_type("AWS::EFS::MountTarget").values()
    assert template.subnets([m["SubnetId"] for m in mounts]) == sorted(PRIVATE)
    rollout = service["DeploymentConfiguration"]
    assert (rollout["MinimumHealthyPercent"], rollout["MaximumPercent"]) == (0, 100)


def test_the_load_balancer_speaks_tls_and_checks_health(template: Template) -> None:
    listeners = {
        listener["Port"]: listener for listener in template.of_type("AWS::ElasticLoadBalancingV2::Listener").values()
    }
    assert set(listeners) == {80, 443}
    (redirect,) = listeners[80]["DefaultActions"]
    assert redirect["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    assert listeners[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    (forward,) = listeners[443]["DefaultActions"]
    targets = template.properties(forward["TargetGroupArn"])
    assert (targets["Port"], targets["TargetType"], targets["HealthCheckPath"]) == (8000, "ip", "/api/v1/health")
    (behind,) = template.service("api")["LoadBalancers"]
    assert (behind["ContainerName"], behind["ContainerPort"]) == ("api", 8000)
    assert behind["TargetGroupArn"] == forward["TargetGroupArn"]
    balancer = template.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert template.subnets(balancer["Subnets"]) == sorted(PUBLIC)
    assert {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"} in balancer[
        "LoadBalancerAttributes"
    ]


def test_the_web_acl_limits_requests_per_address(template: Template) -> None:
    acl = template.one("AWS::WAFv2::WebACL")
    (rule,) = acl["Rules"]
    assert rule["Action"] == {"Block": {}}
    assert rule["Statement"]["RateBasedStatement"] == {
        "Limit": 2000,
        "EvaluationWindowSec": 300,
        "AggregateKeyType": "IP",
    }
    association = template.one("AWS::WAFv2::WebACLAssociation")
    assert template.resources[template.target(association["ResourceArn"])]["Type"].endswith("::LoadBalancer")


def test_buckets_are_private_encrypted_and_tls_only(template: Template, size: str) -> None:
    buckets = {bucket_name(b): (key, b) for key, b in template.of_type("AWS::S3::Bucket").items()}
    assert set(buckets) == {f"pt-payments--{GENERATION}-documents", f"pt-payments--{GENERATION}-media"}
    for key, bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        policies = template.of_type("AWS::S3::BucketPolicy").values()
        (policy,) = [p for p in policies if template.target(p["Bucket"]) == key]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", "*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    documents, media = (buckets[f"pt-payments--{GENERATION}-{name}"][1] for name in ("documents", "media"))
    moves = [
        t["StorageClass"] for rule in documents["LifecycleConfiguration"]["Rules"] for t in rule.get("Transitions", [])
    ]
    assert moves == ["INTELLIGENT_TIERING", "GLACIER"]
    assert "LifecycleConfiguration" not in media


def test_there_are_five_secrets_and_aws_makes_every_value(template: Template, size: str) -> None:
    secrets = template.of_type("AWS::SecretsManager::Secret")
    names = {s["Name"].removeprefix(f"portal/{scope(f'carbon-connect-{size}')}/"): s for s in secrets.values()}
    assert set(names) == {"database-main", "application", "claude", "climatiq", "search_key"}
    assert all("GenerateSecretString" in s and "SecretString" not in s for s in secrets.values())
    for name in ("database-main", "application", "search_key"):
        assert names[name]["Description"].endswith("(generated)")
    for name in ("claude", "climatiq"):
        assert names[name]["Description"].endswith("(placeholder until its value is provided)")
    password = template.one("AWS::RDS::DBInstance")["MasterUserPassword"]["Fn::Sub"]
    assert password.startswith("{{resolve:secretsmanager:${")
    assert "Parameters" not in template.body
    received = {s["Name"] for s in template.container("api")["Secrets"]}
    assert received == {
        "DATABASE_USERNAME", "DATABASE_PASSWORD", "JWT_SECRET", "SESSION_KEY",
        "MEILI_MASTER_KEY", "CLAUDE_API_KEY", "CLIMATIQ_API_KEY",
    }  # fmt: skip


def test_the_execution_role_pulls_images_and_reads_just_these_secrets(template: Template) -> None:
    roles = {template.target(template.task(s)["ExecutionRoleArn"]) for s in ("api", "worker", "beat", "search")}
    (role,) = roles
    actions = {a: s for s in template.statements(role) for a in s["Action"]}
    assert {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"} <= set(actions)
    readable = {template.target(r) for r in actions["secretsmanager:GetSecretValue"]["Resource"]}
    assert readable == set(template.of_type("AWS::SecretsManager::Secret"))


def test_task_roles_reach_buckets_secrets_and_metrics_by_use(template: Template, size: str) -> None:
    def actions(service: str) -> set[str]:
        role = template.target(template.task(service)["TaskRoleArn"])
        return {action for s in template.statements(role) for action in s["Action"]}

    for service in ("api", "worker"):
        assert {"s3:GetObject", "s3:PutObject", "secretsmanager:GetSecretValue", "cloudwatch:PutMetricData"} <= actions(
            service
        )
    assert actions("beat") == {"cloudwatch:PutMetricData"}
    assert actions("search") == {
        "secretsmanager:GetSecretValue", "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite",
    }  # fmt: skip
    role = template.target(template.task("beat")["TaskRoleArn"])
    (statement,) = template.statements(role)
    assert statement["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": f"portal/{scope(f'carbon-connect-{size}')}"}
    }


def test_github_deploys_through_the_accounts_identity_provider(template: Template) -> None:
    trusts = {k: r["AssumeRolePolicyDocument"]["Statement"][0] for k, r in template.of_type("AWS::IAM::Role").items()}
    ((role, trust),) = [(k, t) for k, t in trusts.items() if t["Action"] == "sts:AssumeRoleWithWebIdentity"]
    assert trust["Principal"]["Federated"]["Fn::Sub"].endswith(":oidc-provider/token.actions.githubusercontent.com")
    assert trust["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:example/carbon-connect:ref:refs/heads/main",
    }
    assert not template.of_type("AWS::IAM::OIDCProvider")
    actions = {a: s for s in template.statements(role) for a in s["Action"]}
    deployed = {
        template.resources[template.target(r)]["Properties"]["ServiceName"].rsplit("-", 1)[1]
        for r in actions["ecs:UpdateService"]["Resource"]
    }
    assert deployed == {"api", "worker", "beat"}


def test_logs_insights_and_graviton(template: Template) -> None:
    cluster = template.one("AWS::ECS::Cluster")
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enabled"}]
    for task in template.of_type("AWS::ECS::TaskDefinition").values():
        assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
        for container in task["ContainerDefinitions"]:
            logs = container["LogConfiguration"]
            assert logs["LogDriver"] == "awslogs"
            assert (
                template.resources[template.target(logs["Options"]["awslogs-group"])]["Type"] == "AWS::Logs::LogGroup"
            )


def test_the_outputs_are_what_a_team_needs(
    template: Template, compiled: dict[str, CompiledTemplate], size: str
) -> None:
    outputs = template.body["Outputs"]
    assert set(outputs) == set(compiled[size].outputs)
    assert set(outputs) == {
        "Url", "LoadBalancerHost", "DatabaseEndpoint", "CacheEndpoint", "DocumentsBucket", "MediaBucket", "ClusterName",
        "DeployRoleArn", "DatabaseSecretArn", "ApplicationSecretArn", "SearchKeySecretArn", "ClaudeSecretArn",
        "ClimatiqSecretArn",
    }  # fmt: skip
    assert not any("Export" in output for output in outputs.values())
