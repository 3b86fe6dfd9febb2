"""RabbitMQ on EC2: hosts, groups, names, rights; and settings that are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.registry import component
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node, Reference
from provisioning.template.compile import compile_design
from tests.support.designs import design, node
from tests.support.reading import Template

TIERS = {
    tier: [f"10.0.{first + zone}.0/24" for zone in range(3)]
    for tier, first in (("public", 0), ("private", 10), ("data", 20))
}
SETTINGS: dict[str, Any] = {"nodes": 3, "instance_type": "t4g.small", "queue": "webhooks"}


def rendered(broker: Node, *more: Node, azs: int = 3) -> Template:
    """A network, a cluster and one service that uses the broker."""
    tiers = {tier: ranges[:azs] for tier, ranges in TIERS.items()}
    made = design(
        node("network", "main", cidr="10.0.0.0/16", azs=azs, nat="single", tiers=tiers),
        node("cluster", "main"),
        node("service", "api", image="x", cpu=256, memory=512, uses=(Reference("rabbitmq", broker.name),)),
        broker,
        *more,
    )
    return Template(json.loads(compile_design(made).main.body))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"nodes": 2}, "Input should be 1 or 3"),
        ({"instance_type": "m7i.large"}, "String should match pattern"),
        ({"image": "rabbitmq:4"}, "String should match pattern"),
        ({"prometheus_from": ["0.0.0.0/0"]}, "0.0.0.0/0 is not a private range"),
        ({"zabbix_server": "8.8.8.8"}, "zabbix_server 8.8.8.8 is not a private address"),
        ({"username": "guest"}, 'username "guest" is reserved'),
        ({"queue": "a b"}, "String should match pattern"),
        ({"log_days": 31}, "not 31"),
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence.replace("(", r"\(")):
        component("rabbitmq").schema.model_validate(SETTINGS | change)


def test_a_cluster_needs_a_zone_for_each_host() -> None:
    with pytest.raises(DesignError, match="has 3 hosts, one per zone, but the network has 2 zones"):
        rendered(node("rabbitmq", "main", **SETTINGS), azs=2)


def test_one_host_admits_its_users_itself() -> None:
    template = rendered(node("rabbitmq", "main", **SETTINGS | {"nodes": 1}))
    assert template.admitted("RabbitmqSg") == {("ServiceApiSg", 5671)}
    assert template.way_out("RabbitmqSg") == {("0.0.0.0/0", 443)}
    assert not template.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
    record = template.resources["RabbitmqName"]["Properties"]
    assert record["ResourceRecords"] == [{"Fn::GetAtt": ["RabbitmqInterface1", "PrimaryPrivateIpAddress"]}]


def test_a_cluster_admits_by_its_load_balancer_and_hosts_admit_each_other() -> None:
    template = rendered(node("rabbitmq", "main", **SETTINGS))
    assert template.admitted("RabbitmqSg") == {("ServiceApiSg", 5671)}
    assert template.way_out("RabbitmqSg") == {("RabbitmqHostsSg", 5671)}
    members = {("RabbitmqMembersSg", port) for port in (4369, 25672)}
    assert template.admitted("RabbitmqHostsSg") == {("RabbitmqSg", 5671)} | members
    assert template.way_out("RabbitmqMembersSg") == {("RabbitmqHostsSg", 4369), ("RabbitmqHostsSg", 25672)}
    for interface in template.of_type("AWS::EC2::NetworkInterface").values():
        assert [template.target(group) for group in interface["GroupSet"]] == ["RabbitmqHostsSg", "RabbitmqMembersSg"]


def test_watchers_are_let_in_from_inside_only_when_they_are_named() -> None:
    template = rendered(node("rabbitmq", "main", **SETTINGS, prometheus_from=["10.9.0.0/16"], zabbix_server="10.9.0.5"))
    watchers = {found for found in template.admitted("RabbitmqHostsSg") if "/" in found[0]}
    assert watchers == {("10.9.0.0/16", 15691), ("10.9.0.5/32", 10050)}
    assert ("10.9.0.5/32", 10051) in template.way_out("RabbitmqHostsSg")


def test_a_user_waits_for_the_broker_and_gets_what_it_needs() -> None:
    """The host's name is created after the hosts are healthy; a resource with it in a variable is
    created after the name.
    """
    template = rendered(node("rabbitmq", "main", **SETTINGS))
    container = template.container("api")
    variables = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
    assert variables == {
        "RABBITMQ_HOST": {"Ref": "RabbitmqName"},
        "RABBITMQ_PORT": "5671",
        "RABBITMQ_QUEUE": "webhooks",
    }
    assert template.resources["RabbitmqName"]["DependsOn"] == ["RabbitmqHost1", "RabbitmqHost2", "RabbitmqHost3"]
    authority = {"Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${RabbitmqAuthority}"}
    secrets = {entry["Name"]: entry["ValueFrom"] for entry in container["Secrets"]}
    assert secrets["RABBITMQ_CA"] == authority
    assert secrets["RABBITMQ_PASSWORD"] == {"Fn::Sub": "${RabbitmqSecret}:password::"}
    at_start = {action: s["Resource"] for s in template.statements("ClusterExecutionRole") for action in s["Action"]}
    assert at_start["ssm:GetParameters"] == [authority]
    assert at_start["secretsmanager:GetSecretValue"] == [{"Ref": "RabbitmqSecret"}]


def test_what_a_host_may_do() -> None:
    template = rendered(node("rabbitmq", "main", **SETTINGS))
    assert {action for s in template.statements("RabbitmqRole") for action in s["Action"]} == {
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
        "ssm:PutParameter",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "cloudwatch:PutMetricData",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
    wide = [s["Action"] for s in template.statements("RabbitmqRole") if s["Resource"] == ["*"]]
    assert all(action.startswith(("cloudwatch:Put", "ssm")) for actions in wide for action in actions)


def test_a_second_broker_has_names_of_its_own() -> None:
    template = rendered(node("rabbitmq", "main", **SETTINGS), node("rabbitmq", "slow", **SETTINGS))
    zones = sorted(zone["Name"] for zone in template.of_type("AWS::Route53::HostedZone").values())
    assert zones == ["rabbitmq.payments-shop-dev-nd524.internal", "slow.payments-shop-dev-nd524.internal"]
    names = [secret["Name"] for secret in template.of_type("AWS::SecretsManager::Secret").values()]
    assert len(set(names)) == len(names) == 6
