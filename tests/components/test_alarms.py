"""The alarm topic, the alarms that every resource then has, and the dashboard of all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.registry import component
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node, Reference
from provisioning.template.compile import compile_design
from tests.components.test_rabbitmq import TIERS
from tests.support.designs import carbon_connect, design, node
from tests.support.reading import Template

ALARM = "AWS::CloudWatch::Alarm"


def _with(*more: Node, **service: Any) -> Template:
    """A service, a database, a cache, and these."""
    made = design(
        node("network", "main", cidr="10.0.0.0/16", azs=3, nat="per_az", tiers=TIERS),
        node("cluster", "main"),
        node("service", "api", **{"image": "x", "cpu": 256, "memory": 512} | service),
        node(
            "mysql", "main", engine="mariadb", version="11.4.10", instance_class="db.t4g.micro", storage_gb={"from": 20}
        ),
        node("redis", "main", capacity={"mode": "nodes", "node_type": "cache.t4g.micro", "nodes": 2}),
        *more,
    )
    return Template(json.loads(compile_design(made).main.body))


def test_without_a_topic_nothing_changes() -> None:
    template = Template(json.loads(compile_design(carbon_connect("prod")).main.body))
    assert len(template.of_type(ALARM)) == 4
    assert not any("AlarmActions" in alarm for alarm in template.of_type(ALARM).values())


def test_every_alarm_tells_the_topic_and_so_does_its_end() -> None:
    template = _with(node("alarm_topic", "main"))
    alarms = template.of_type(ALARM)
    assert len(alarms) >= 15
    for name, found in alarms.items():
        assert found["AlarmActions"] == found["OKActions"] == [{"Ref": "AlarmTopic"}], name
        assert found["AlarmDescription"]


@pytest.mark.parametrize(
    ("namespace", "metric", "count"),
    [
        ("AWS/ECS", "CPUUtilization", 1),
        ("AWS/ECS", "MemoryUtilization", 1),
        ("ECS/ContainerInsights", "RunningTaskCount", 1),
        ("AWS/RDS", "FreeStorageSpace", 1),
        ("AWS/RDS", "FreeableMemory", 1),
        ("AWS/RDS", "CPUUtilization", 1),
        ("AWS/ElastiCache", "EngineCPUUtilization", 2),
        ("AWS/ElastiCache", "DatabaseMemoryUsagePercentage", 2),
        ("AWS/NATGateway", "BytesOutToDestination", 3),
        ("AWS/NATGateway", "ErrorPortAllocation", 3),
    ],
)
def test_each_resource_is_watched(namespace: str, metric: str, count: int) -> None:
    alarms = _with(node("alarm_topic", "main")).of_type(ALARM).values()
    found = [alarm for alarm in alarms if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)]
    assert len(found) == count
    assert len({json.dumps(alarm["Dimensions"]) for alarm in found}) == count


def test_a_service_that_may_go_down_to_none_is_no_news() -> None:
    tasks = {"desired": 0, "min": 0, "max": 2, "cpu_target": 50}
    template = _with(node("alarm_topic", "main"), tasks=tasks)
    assert not any(alarm.get("MetricName") == "RunningTaskCount" for alarm in template.of_type(ALARM).values())


def test_only_alarms_of_the_account_may_publish_and_only_by_tls() -> None:
    template = _with(node("alarm_topic", "main"))
    topic = template.one("AWS::SNS::Topic")
    assert template.resources[template.target(topic["KmsMasterKeyId"])]["Type"] == "AWS::KMS::Key"
    allowed, denied = template.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(allowed["Condition"]) == {"StringEquals", "ArnLike"}
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    key = template.properties(topic["KmsMasterKeyId"])["KeyPolicy"]["Statement"]
    assert key[1]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert key[1]["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_address_to_tell_is_read_by_aws_and_in_no_template() -> None:
    assert not _with(node("alarm_topic", "main")).of_type("AWS::SNS::Subscription")
    template = _with(node("alarm_topic", "main", endpoint_secret="pagerduty/webhooks"))
    subscription = template.one("AWS::SNS::Subscription")
    assert subscription["Endpoint"] == "{{resolve:secretsmanager:pagerduty/webhooks}}"
    assert subscription["Protocol"] == "https"


def test_an_address_in_place_of_a_secrets_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="String should match pattern"):
        component("alarm_topic").schema.model_validate(
            {"endpoint_secret": "https://events.pagerduty.com/integration/0123/enqueue"}
        )


def test_two_topics_are_one_too_many() -> None:
    with pytest.raises(DesignError, match='needs exactly one component "alarm_topic", and there are 2'):
        _with(node("alarm_topic", "main"), node("alarm_topic", "other"))


def test_an_alarm_has_one_threshold() -> None:
    made = node("cluster", "main")
    build = Build(design(made), component)
    for bounds in ({}, {"above": 1, "below": 2}):
        with pytest.raises(ValueError, match="exactly one threshold"):
            alarm(made, build, key="X", description="x", metric=("N", "M", {}), statistic="Sum", **bounds)


def test_the_dashboard_shows_what_is_there() -> None:
    template = _with(node("alarm_topic", "main"), node("dashboard", "main"))
    body = template.one("AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    assert widgets[0]["type"] == "alarm"
    shown = {name.removesuffix(".Arn}").removeprefix("${") for name in widgets[0]["properties"]["alarms"]}
    assert shown == set(template.of_type(ALARM))
    graphed = {(line[0], line[1]) for widget in widgets[1:] for line in widget["properties"]["metrics"]}
    assert {
        ("AWS/ECS", "CPUUtilization"),
        ("AWS/RDS", "DatabaseConnections"),
        ("AWS/ElastiCache", "EngineCPUUtilization"),
        ("AWS/NATGateway", "ErrorPortAllocation"),
    } <= graphed
    nat = next(w for w in widgets[1:] if w["properties"]["title"] == "NAT: BytesOutToDestination")
    assert [line[3] for line in nat["properties"]["metrics"]] == ["${NetworkNat1}", "${NetworkNat2}", "${NetworkNat3}"]
    places = [(w["x"], w["y"]) for w in widgets]
    assert len(set(places)) == len(places)


def test_a_dashboard_alone_shows_no_alarms_where_there_are_none() -> None:
    made = design(node("dashboard", "main"))
    body = json.loads(compile_design(made).main.body)["Resources"]["Dashboard"]["Properties"]["DashboardBody"][
        "Fn::Sub"
    ]
    assert json.loads(body) == {"widgets": []}


def test_a_queue_of_its_own_is_graphed() -> None:
    broker = node("rabbitmq", "main", nodes=1, instance_type="t4g.small", queue="webhooks")
    template = _with(broker, node("dashboard", "main"), uses=(Reference("rabbitmq", "main"),))
    body = json.loads(template.one("AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"])
    lines = [line for widget in body["widgets"] for line in widget["properties"].get("metrics", [])]
    assert ["portal/payments/shop-dev-nd524", "Arrivals", "Queue", "webhooks", {"stat": "Maximum"}] in lines
