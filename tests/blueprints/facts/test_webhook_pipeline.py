"""One test for each fact of webhook-pipeline, read off the rendered template and the shipped files
only.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import hcl2
import pytest

from provisioning.template.compile import CompiledTemplate
from provisioning.timeline.handover_tasks import work_plan
from tests.support.designs import SIZES
from tests.support.names import scope
from tests.support.reading import Template
from tests.support.shipped import catalogue, main_template

SLUG = "webhook-pipeline"
FOLDER = Path(__file__).resolve().parents[3] / "blueprints" / SLUG
PUBLIC = ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"]
PRIVATE = ["10.0.48.0/20", "10.0.64.0/20", "10.0.80.0/20"]
DATA = ["10.0.96.0/20", "10.0.112.0/20", "10.0.128.0/20"]
ALARM = "AWS::CloudWatch::Alarm"
EVERYTHING: dict[str, Any] = {
    "pagerduty_secret": "portal/payments/pagerduty",
    "grafana_account_id": "210987654321",
    "grafana_external_id": "grafana-42-secret",
    "loki_url": "https://loki.example.com",
    "loki_login_secret": "portal/payments/loki",
    "prometheus_cidrs": ["10.9.0.0/16"],
    "zabbix_server": "10.9.0.5",
    "receiver_concurrency": 50,
}


def _dimensions(alarm: dict[str, Any]) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}


# Network


def test_public_compute_private_and_database_private_subnets(template: Template) -> None:
    subnets = template.of_type("AWS::EC2::Subnet").values()
    assert sorted(s["CidrBlock"] for s in subnets) == sorted(PUBLIC + PRIVATE + DATA)
    for cidr in DATA:
        assert template.routes(template.table_of(cidr)) == []
    database = template.properties(template.one("AWS::RDS::DBInstance")["DBSubnetGroupName"])
    redis = template.properties(template.one("AWS::ElastiCache::ReplicationGroup")["CacheSubnetGroupName"])
    for stores in (database, redis):
        assert template.subnets(stores["SubnetIds"]) == sorted(DATA)
    (function,) = template.of_type("AWS::Lambda::Function").values()
    assert template.subnets(function["VpcConfig"]["SubnetIds"]) == sorted(PRIVATE)


def test_what_goes_out_goes_through_nat(template: Template, size: str) -> None:
    assert len(template.of_type("AWS::EC2::NatGateway")) == (3 if size == "prod" else 1)
    for cidr in PRIVATE:
        (route,) = template.routes(template.table_of(cidr))
        assert "NatGatewayId" in route


def test_who_may_reach_whom(template: Template, size: str) -> None:
    receiver, processor = "FunctionReceiverSg", "ServiceProcessorSg"
    expected = {
        receiver: set(),
        processor: set(),
        "RabbitmqSg": {(receiver, 5671), (processor, 5671)},
        "MysqlSg": {(processor, 3306)},
        "RedisSg": {(processor, 6379)},
    }
    if size != "dev":
        expected["RabbitmqMembersSg"] = set()
        expected["RabbitmqHostsSg"] = {("RabbitmqSg", 5671), ("RabbitmqMembersSg", 4369), ("RabbitmqMembersSg", 25672)}
    assert {name: template.admitted(name) for name in template.of_type("AWS::EC2::SecurityGroup")} == expected


# Receiver


def test_the_receiver_is_a_function_url_that_anybody_may_call_and_code_that_checks(template: Template) -> None:
    assert template.one("AWS::Lambda::Url")["AuthType"] == "NONE"
    actions = {p["Action"] for p in template.of_type("AWS::Lambda::Permission").values()}
    assert actions == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    (function,) = template.of_type("AWS::Lambda::Function").values()
    variables = function["Environment"]["Variables"]
    assert variables["SECRET_HEADER"] == "x-webhook-secret"
    assert variables["DOMAINS"] == "hooks.example.com"
    assert variables["WEBHOOK_SECRET_FROM"] == {"Ref": "SecretWebhook"}
    assert "aws:SourceIp" not in json.dumps(template.body)  # no list of addresses is kept


def test_the_code_that_runs_is_the_blueprints_own_with_its_client(
    compiled: dict[str, CompiledTemplate], size: str
) -> None:
    (artefact,) = compiled[size].artefacts
    packed = zipfile.ZipFile(io.BytesIO(artefact.body))
    for name in ("handler.py", "gate.py", "broker.py", "vault.py"):
        assert packed.read(name) == (FOLDER / "receiver" / name).read_bytes()
    assert "pika/__init__.py" in packed.namelist()


def test_the_client_is_the_one_that_the_readme_names() -> None:
    (wheel,) = (FOLDER / "receiver").glob("*.whl")
    text = (FOLDER / "README.md").read_text()
    assert wheel.name in text
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in text


# RabbitMQ


def test_rabbitmq_is_one_host_or_three_one_a_zone(template: Template, size: str) -> None:
    hosts = template.of_type("AWS::EC2::Instance")
    assert len(hosts) == (1 if size == "dev" else 3)
    places = []
    for host in hosts.values():
        (interface,) = host["NetworkInterfaces"]
        assert "AssociatePublicIpAddress" not in interface
        places.append(
            template.properties(template.properties(interface["NetworkInterfaceId"])["SubnetId"])["CidrBlock"]
        )
    assert places == PRIVATE[: len(hosts)]


def test_a_cluster_stands_behind_an_internal_load_balancer(template: Template, size: str) -> None:
    balancers = template.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert len(balancers) == (0 if size == "dev" else 1)
    for balancer in balancers.values():
        assert (balancer["Type"], balancer["Scheme"]) == ("network", "internal")
        targets = template.one("AWS::ElasticLoadBalancingV2::TargetGroup")["Targets"]
        assert {template.target(target["Id"]) for target in targets} == set(template.of_type("AWS::EC2::Instance"))


def test_the_queue_is_a_quorum_queue_and_management_and_prometheus_are_on(template: Template, size: str) -> None:
    """The cluster's forming itself is tried in tests/components/test_rabbitmq_boot.py."""
    for host in template.of_type("AWS::EC2::Instance").values():
        script = host["UserData"]["Fn::Base64"]["Fn::Sub"]
        assert f"NODES='{1 if size == 'dev' else 3}'" in script
        assert '"x-queue-type": "quorum"' in script
        assert "[rabbitmq_management,rabbitmq_prometheus]." in script
        assert re.search(r"IMAGE='public\.ecr\.aws/docker/library/rabbitmq:4\S+@sha256:[0-9a-f]{64}'", script)


def test_hosts_demand_tokens_encrypt_their_disks_and_have_no_ssh(template: Template) -> None:
    data = template.one("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["ImageId"].startswith("resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-")
    assert data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True
    volumes = template.of_type("AWS::EC2::Volume")
    assert volumes
    assert all(volume["Encrypted"] is True and volume["VolumeType"] == "gp3" for volume in volumes.values())
    for host in template.of_type("AWS::EC2::Instance").values():
        assert "KeyName" not in host
    assert not any(
        port == 22 for group in template.of_type("AWS::EC2::SecurityGroup") for _, port in template.admitted(group)
    )
    actions = {action for s in template.statements("RabbitmqRole") for action in s["Action"]}
    assert {"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"} <= actions


def test_the_stack_waits_for_a_healthy_broker(template: Template) -> None:
    hosts = [r for r in template.resources.values() if r["Type"] == "AWS::EC2::Instance"]
    for host in hosts:
        assert host["CreationPolicy"]["ResourceSignal"] == {"Count": 1, "Timeout": "PT30M"}


def test_queued_messages_outlive_the_stack_where_data_is_kept(template: Template, size: str) -> None:
    volumes = [r for r in template.resources.values() if r["Type"] == "AWS::EC2::Volume"]
    assert {volume["DeletionPolicy"] for volume in volumes} == {"Delete" if size == "dev" else "Snapshot"}


def test_zabbix_and_prometheus_come_by_input(template: Template, size: str) -> None:
    def from_outside(found: Template) -> set[tuple[str, int]]:
        groups = found.of_type("AWS::EC2::SecurityGroup")
        return {rule for group in groups for rule in found.admitted(group) if "/" in rule[0]}

    assert from_outside(template) == set()
    watched = main_template(SLUG, size, **EVERYTHING)
    assert from_outside(watched) == {("10.9.0.0/16", 15691), ("10.9.0.5/32", 10050)}
    (script, *_) = (h["UserData"]["Fn::Base64"]["Fn::Sub"] for h in watched.of_type("AWS::EC2::Instance").values())
    assert "ZABBIX_SERVER='10.9.0.5'" in script
    assert "SCRAPED='yes'" in script


# Stores


@pytest.mark.parametrize(("engine", "version"), [("mariadb", "11.4"), ("mysql", "8.4")])
def test_the_database_is_mariadb_or_mysql_by_input(engine: str, version: str, size: str) -> None:
    database = main_template(SLUG, size, database_engine=engine).one("AWS::RDS::DBInstance")
    assert database["Engine"] == engine
    assert database["EngineVersion"].startswith(version)
    assert database["StorageEncrypted"] is True
    assert database["PubliclyAccessible"] is False


def test_the_database_and_redis_demand_tls(template: Template) -> None:
    parameters = template.one("AWS::RDS::DBParameterGroup")["Parameters"]
    assert parameters["require_secure_transport"] == "1"
    redis = template.one("AWS::ElastiCache::ReplicationGroup")
    assert redis["Engine"] == "redis"
    assert redis["TransitEncryptionMode"] == "required"
    assert redis["AtRestEncryptionEnabled"] is True


def test_the_database_has_a_standby_and_protection_in_production(template: Template, size: str) -> None:
    database = template.one("AWS::RDS::DBInstance")
    assert database["MultiAZ"] is (size != "dev")
    assert database["DeletionProtection"] is (size == "prod")
    assert template.one("AWS::ElastiCache::ReplicationGroup")["NumCacheClusters"] == (1 if size == "dev" else 2)


# Scaling


def _scaling(template: Template) -> dict[str, dict[str, Any]]:
    found = template.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
    assert set(found) == {"ServiceProcessorScaleOut", "ServiceProcessorScaleBack"}
    assert all(policy["PolicyType"] == "StepScaling" for policy in found.values())
    return {
        name.removeprefix("ServiceProcessorScale"): p["StepScalingPolicyConfiguration"] for name, p in found.items()
    }


def _expression(alarm: dict[str, Any]) -> tuple[str, dict[str, tuple[str, str]]]:
    """The expression, and metric names with statistics by id."""
    metrics = {q["Id"]: q["MetricStat"] for q in alarm["Metrics"] if "MetricStat" in q}
    assert {metric["Period"] for metric in metrics.values()} == {60}
    (shown,) = (q["Expression"] for q in alarm["Metrics"] if q["ReturnData"])
    return shown, {key: (m["Metric"]["Namespace"], m["Metric"]["MetricName"]) for key, m in metrics.items()}


def test_out_when_the_queue_grows_for_more_than_five_minutes(template: Template, size: str) -> None:
    alarm = template.of_type(ALARM)["ServiceProcessorQueueGrows"]
    expression, metrics = _expression(alarm)
    assert expression == "IF(DIFF(depth) > 0 AND arrivals > completions, 1, 0)"
    namespace = f"portal/{scope(f'webhook-pipeline-{size}')}"
    assert metrics == {
        "depth": (namespace, "QueueDepth"),
        "arrivals": (namespace, "Arrivals"),
        "completions": (namespace, "Completions"),
    }
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == 6  # minutes: more than five
    assert alarm["AlarmActions"] == [{"Ref": "ServiceProcessorScaleOut"}]


@pytest.mark.parametrize(("percent", "minutes"), [(80, 15), (90, 5)])
def test_out_when_the_tasks_are_busy_unless_the_queue_is_empty(template: Template, percent: int, minutes: int) -> None:
    alarm = template.of_type(ALARM)[f"ServiceProcessorBusy{percent}"]
    expression, metrics = _expression(alarm)
    assert expression == "IF(FILL(depth, 1) > 0, cpu, 0)"
    assert metrics["cpu"] == ("AWS/ECS", "CPUUtilization")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", percent)
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == minutes
    assert alarm["AlarmActions"] == [{"Ref": "ServiceProcessorScaleOut"}]


def test_a_step_out_adds_a_task(template: Template) -> None:
    out = _scaling(template)["Out"]
    assert out["AdjustmentType"] == "ChangeInCapacity"
    assert out["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]


def test_in_when_the_queue_is_empty_for_five_minutes_back_to_the_minimum(template: Template, size: str) -> None:
    alarm = template.of_type(ALARM)["ServiceProcessorQueueEmpty"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("QueueDepth", "Maximum")
    assert _dimensions(alarm) == {"Queue": "webhooks"}
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanOrEqualToThreshold", 0)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 300
    assert alarm["TreatMissingData"] == "notBreaching"  # silence is not emptiness
    assert alarm["AlarmActions"] == [{"Ref": "ServiceProcessorScaleBack"}]
    back = _scaling(template)["Back"]
    target = template.one("AWS::ApplicationAutoScaling::ScalableTarget")
    assert target["MinCapacity"] == (2 if size == "prod" else 1)
    assert back["AdjustmentType"] == "ExactCapacity"
    assert back["StepAdjustments"] == [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": target["MinCapacity"]}]


def test_busy_with_an_empty_queue_is_a_hint_and_scales_nothing(template: Template) -> None:
    hint = template.one("AWS::CloudWatch::CompositeAlarm")
    rule = 'ALARM("${ServiceProcessorCpuBusy}") AND ALARM("${ServiceProcessorQueueEmpty}")'
    assert hint["AlarmRule"] == {"Fn::Sub": rule}
    assert "scale vertically" in hint["AlarmDescription"]
    assert hint["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    busy = template.of_type(ALARM)["ServiceProcessorCpuBusy"]
    assert (busy["MetricName"], busy["Threshold"]) == ("CPUUtilization", 80)
    assert busy["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert "AlarmActions" not in busy


def test_the_metrics_are_published_by_the_hosts_and_they_may(template: Template, size: str) -> None:
    for host in template.of_type("AWS::EC2::Instance").values():
        script = host["UserData"]["Fn::Base64"]["Fn::Sub"]
        for name in ("QueueDepth", "Arrivals", "Completions", "Consumers", "RunningNodes"):
            assert f'measure("{name}"' in script
        assert f"NAMESPACE='portal/{scope(f'webhook-pipeline-{size}')}'" in script
        assert "QUEUE='webhooks'" in script
    (right,) = (s for s in template.statements("RabbitmqRole") if "cloudwatch:PutMetricData" in s["Action"])
    assert right["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": f"portal/{scope(f'webhook-pipeline-{size}')}"}
    }


# Alarms and monitoring


@pytest.mark.parametrize(
    ("namespace", "metrics"),
    [
        ("AWS/RDS", {"CPUUtilization", "FreeStorageSpace", "FreeableMemory", "DiskQueueDepth"}),
        ("AWS/ECS", {"CPUUtilization", "MemoryUtilization"}),
        ("ECS/ContainerInsights", {"RunningTaskCount"}),
        ("AWS/ElastiCache", {"EngineCPUUtilization", "DatabaseMemoryUsagePercentage"}),
        ("AWS/Lambda", {"Errors", "Throttles", "Duration", "Url5xxCount"}),
        ("AWS/NATGateway", {"BytesOutToDestination", "ErrorPortAllocation"}),
        ("AWS/EC2", {"StatusCheckFailed", "CPUUtilization"}),
        (
            "own",
            {"QueueDepth", "Consumers", "RunningNodes", "NodeAlarm", "MemoryUsedPercent", "DiskUsedPercent"},
        ),
    ],
)
def test_everything_that_the_page_names_has_alarms(
    template: Template, size: str, namespace: str, metrics: set[str]
) -> None:
    wanted = namespace.replace("own", f"portal/{scope(f'webhook-pipeline-{size}')}")
    told = [a for a in template.of_type(ALARM).values() if a.get("AlarmActions") == [{"Ref": "AlarmTopic"}]]
    assert {a["MetricName"] for a in told if a.get("Namespace") == wanted} == metrics


def test_an_alarm_scales_or_tells_the_topic_or_is_part_of_another(template: Template) -> None:
    actions = {
        name: [template.target(a) for a in alarm.get("AlarmActions", [])]
        for name, alarm in template.of_type(ALARM).items()
    }
    scaling = {name for name, found in actions.items() if found and found != ["AlarmTopic"]}
    assert scaling == {
        "ServiceProcessorQueueGrows",
        "ServiceProcessorBusy80",
        "ServiceProcessorBusy90",
        "ServiceProcessorQueueEmpty",
    }
    assert {name for name, found in actions.items() if not found} == {"ServiceProcessorCpuBusy"}


def test_a_broker_that_falls_silent_raises_an_alarm(template: Template, size: str) -> None:
    alarm = template.of_type(ALARM)["RabbitmqNodesMissing"]
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (1 if size == "dev" else 3, "breaching")


def test_pagerduty_is_told_by_an_address_that_is_in_no_template(template: Template, size: str) -> None:
    assert template.one("AWS::SNS::Topic")["KmsMasterKeyId"]
    assert not template.of_type("AWS::SNS::Subscription")
    subscription = main_template(SLUG, size, **EVERYTHING).one("AWS::SNS::Subscription")
    assert subscription["Endpoint"] == "{{resolve:secretsmanager:portal/payments/pagerduty}}"


def test_grafana_may_read_and_nothing_else(template: Template, size: str) -> None:
    assert "MonitoringRoleGrafana" not in template.resources
    made = main_template(SLUG, size, **EVERYTHING)
    (trust,) = made.resources["MonitoringRoleGrafana"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "grafana-42-secret"}}
    actions = [action.split(":")[1] for s in made.statements("MonitoringRoleGrafana") for action in s["Action"]]
    assert all(re.match("Describe|Get|List|Filter|StartQuery|StopQuery", action) for action in actions)
    assert "GrafanaRoleArn" in made.body["Outputs"]


def test_logs_go_to_loki_on_request(template: Template, size: str) -> None:
    assert not template.of_type("AWS::Logs::SubscriptionFilter")
    filters = main_template(SLUG, size, **EVERYTHING).of_type("AWS::Logs::SubscriptionFilter").values()
    groups = {found["LogGroupName"]["Ref"] for found in filters}
    assert groups == {"ServiceProcessorLogs", "FunctionReceiverLogs", "RabbitmqLogs"}


def test_the_dashboard_shows_every_alarm_and_the_queue(template: Template) -> None:
    body = json.loads(template.one("AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"])
    alarms, *graphs = body["widgets"]
    shown = {name[2:-5] for name in alarms["properties"]["alarms"]}
    assert shown == set(template.of_type(ALARM)) | set(template.of_type("AWS::CloudWatch::CompositeAlarm"))
    lines = [line for graph in graphs for line in graph["properties"]["metrics"]]
    assert {line[0] for line in lines} >= {
        "AWS/Lambda",
        "AWS/ECS",
        "AWS/RDS",
        "AWS/ElastiCache",
        "AWS/NATGateway",
        "AWS/EC2",
    }


# Files shipped with the template


def test_the_pages_breakdown_of_work_adds_up() -> None:
    plan = work_plan((FOLDER / "work.csv").read_text())
    assert plan.blocking_hours == Decimal("17.5")
    assert plan.other_hours == Decimal(24)
    waits = {item.name: item.waits_for for item in plan.items}
    assert "RabbitMQ EC2 Deployment" in waits["ECS Cluster & Services"]
    assert set(waits["Monitoring Setup"]) == {item.name for item in plan.items if item.blocking}
    assert [item.name for item in plan.path] == [
        "VPC & Network Setup",
        "RabbitMQ EC2 Deployment",
        "ECS Cluster & Services",
        "Monitoring Setup",
    ]


def test_cloudflares_part_is_ready_to_apply() -> None:
    """A name, a firewall rule, a rate limit, and the rule that adds the header and the called name."""
    data = hcl2.loads((FOLDER / "cloudflare" / "main.tf").read_text())
    text = json.dumps(data)
    for phase in (
        "http_request_firewall_custom",
        "http_ratelimit",
        "http_request_late_transform",
        "http_request_origin",
    ):
        assert phase in text
    assert "cloudflare_dns_record" in text
    variables = catalogue().get(SLUG).variables
    defaults = {name: block.get("default") for item in map(_unquoted, data["variable"]) for name, block in item.items()}
    assert [_plain(method) for method in defaults["methods"]] == str(variables["methods"].default).split(",")
    assert _plain(defaults["secret_header"]) == variables["secret_header"].default
    assert "x-forwarded-host" in text
    assert (FOLDER / "cloudflare" / "worker.mjs").exists()
    readme = (FOLDER / "cloudflare" / "README.md").read_text()
    outputs = main_template(SLUG).body["Outputs"]
    for output in ("ReceiverHost", "WebhookSecretArn"):
        assert output in readme
        assert output in outputs


def _plain(text: str) -> str:
    return text.strip('"')


def _unquoted(block: dict[str, Any]) -> dict[str, Any]:
    return {_plain(name): value for name, value in block.items()}


def test_everything_asked_for_at_once_still_renders_in_every_size() -> None:
    for size in SIZES:
        template = main_template(SLUG, size, **EVERYTHING)
        assert template.resources["FunctionReceiver"]["Properties"]["ReservedConcurrentExecutions"] == 50
