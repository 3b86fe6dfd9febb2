"""Services: the first task alone, a command before, roles of other accounts."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.registry import component
from tests.components.small import rendered
from tests.support.designs import node

SCALED = {"desired": 2, "min": 2, "max": 10, "cpu_target": 70}


def test_the_first_task_starts_alone_and_scaling_adds_the_others_once_it_is_stable() -> None:
    template = rendered(first_alone=True, tasks=SCALED)
    service = template.service("api")
    assert service["DesiredCount"] == 1
    target = template.one("AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 10)
    # Naming an attribute of the service makes CloudFormation wait for it to be stable.
    assert target["ResourceId"] == {"Fn::Sub": "service/${Cluster}/${ServiceApi.Name}"}


def test_a_change_says_nothing_of_the_number_of_tasks() -> None:
    template = rendered(first_alone=True, tasks=SCALED, changing=True)
    assert "DesiredCount" not in template.service("api")
    assert template.one("AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 2


def test_without_it_all_tasks_start_together() -> None:
    assert rendered(tasks=SCALED).service("api")["DesiredCount"] == 2


def test_a_command_before_is_a_container_that_must_succeed() -> None:
    secret = node("secret", "key", generate=["key"])
    template = rendered(secret, before={"command": ["migrate", "--all"]}, environment={"MODE": "x"}, port=8000)
    before, own = template.task("api")["ContainerDefinitions"]
    assert (before["Name"], before["Essential"], before["Command"]) == ("api-before", False, ["migrate", "--all"])
    assert (before["Image"], before["Environment"], before["Secrets"]) == (
        own["Image"],
        own["Environment"],
        own["Secrets"],
    )
    assert "PortMappings" not in before
    assert before["LogConfiguration"]["Options"]["awslogs-stream-prefix"] == "api-before"
    assert own["DependsOn"] == [{"ContainerName": "api-before", "Condition": "SUCCESS"}]


def test_without_it_there_is_one_container() -> None:
    (own,) = rendered().task("api")["ContainerDefinitions"]
    assert "DependsOn" not in own


def test_roles_of_other_accounts_are_named_in_whatever_partition() -> None:
    template = rendered(
        assume_roles=["arn:aws:iam::210987654321:role/portal", "arn:aws-cn:iam::111122223333:role/path/x"]
    )
    (statement,) = template.statements(template.role_of("api"))
    assert statement["Action"] == ["sts:AssumeRole"]
    assert statement["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:iam::210987654321:role/portal"},
        {"Fn::Sub": "arn:${AWS::Partition}:iam::111122223333:role/path/x"},
    ]


def test_its_role_can_be_given_out() -> None:
    template = rendered(outputs={"role": "service.api.role_arn"})
    assert template.body["Outputs"]["Role"]["Value"] == {"Fn::GetAtt": ["ServiceApiRole", "Arn"]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"first_alone": True, "tasks": {"desired": 3, "min": 2, "max": 4, "cpu_target": 50}},
            "set desired equal to min, and min below max",
        ),
        ({"first_alone": True, "tasks": {"desired": 2, "min": 2, "max": 2}}, "and min below max"),
        ({"before": {"command": []}}, "at least 1 item"),
        ({"before": {"image": "x"}}, "Extra inputs are not permitted"),
        ({"assume_roles": ["*"]}, "String should match pattern"),
        ({"assume_roles": ["arn:aws:iam::*:role/portal"]}, "String should match pattern"),
        ({"assume_roles": ["arn:aws:iam::210987654321:role/*"]}, "String should match pattern"),
        ({"assume_roles": ["arn:aws:iam::*:user/x"]}, "String should match pattern"),
    ],
)
def test_it_refuses(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        component("service").schema.model_validate({"image": "x", "cpu": 256, "memory": 512, **change})
    assert sentence in str(caught.value)


def test_one_task_alone_needs_no_scaling() -> None:
    assert rendered(first_alone=True).service("api")["DesiredCount"] == 1
