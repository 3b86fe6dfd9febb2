"""Values that one stack takes from another, when a change modifies both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provisioning.lifecycle.change_plan.review import ChangeFinding
from provisioning.lifecycle.change_plan.stack_inputs import Source, find_changed_inputs
from provisioning.lifecycle.plan_document import PlannedChange, StackInput
from provisioning.models import Environment, Request
from tests.fixtures.world import World
from tests.lifecycle.changes.test_firewall import change
from tests.lifecycle.changes.test_several_stacks import grow
from tests.lifecycle.signposts import create, made
from tests.lifecycle.test_plan_document import CHANGE_SET, STACK

TOPIC = "AWS::SNS::Topic"
TAKING = replace(STACK, key="main", inputs=(StackInput("TopicArn", stack="edge", output="TopicArn"),))


def template(value: Any) -> dict[str, Any]:
    return {"Resources": {"Topic": {"Type": TOPIC}}, "Outputs": {"TopicArn": {"Value": value}}}


REF = template({"Ref": "Topic"})
SUB = template({"Fn::Sub": "https://${Topic.TopicName}/"})


def findings(
    *changes: PlannedChange, old: Any = REF, new: Any = None, reverts_drift: bool = False, **fields: Any
) -> list[ChangeFinding]:
    source = replace(CHANGE_SET, stack="edge", has_changes=True, changes=changes, parameters={}, **fields)
    sources = {"edge": Source(source, {"Kept": ("one", "")}, old, new or old)}
    return list(find_changed_inputs([TAKING], sources, reverts_drift=reverts_drift))


@pytest.mark.parametrize(
    ("changes", "templates", "why"),
    [
        ([change("Topic", TOPIC, replacement="True")], (REF, REF), "Topic is replaced"),
        ([change("Topic", TOPIC, replacement="Conditional")], (SUB, SUB), "Topic may be replaced"),
        ([change("Topic", TOPIC, action="Add", replacement="")], (REF, REF), "Topic is created"),
        ([], (REF, SUB), "the output TopicArn is defined in another way"),
    ],
)
def test_a_value_that_changes_refuses_the_plan(
    changes: list[PlannedChange], templates: tuple[Any, Any], why: str
) -> None:
    (finding,) = findings(*changes, old=templates[0], new=templates[1])
    assert finding.is_blocking
    assert "The stack main takes TopicArn from edge" in finding.sentence
    assert why in finding.sentence


def test_a_parameter_that_changes_refuses_the_plan() -> None:
    source = replace(CHANGE_SET, stack="edge", has_changes=True, changes=(), parameters={"Kept": "two"})
    named = template({"Fn::Sub": "${Kept}.example.org"})
    (finding,) = find_changed_inputs(
        [TAKING], {"edge": Source(source, {"Kept": ("one", "")}, named, named)}, reverts_drift=False
    )
    assert finding.is_blocking
    assert "the parameter Kept changes" in finding.sentence


def test_an_id_keeps_its_value_while_its_resource_is_modified_in_place() -> None:
    assert findings(change("Topic", TOPIC)) == []
    assert findings() == []


def test_an_attribute_that_may_change_is_a_warning() -> None:
    broker = "AWS::AmazonMQ::Broker"
    value = template({"Fn::GetAtt": ["Topic", "ConfigurationRevision"]})
    (finding,) = findings(change("Topic", broker), old=value)
    assert not finding.is_blocking
    assert "Topic.ConfigurationRevision keeps its value" in finding.sentence


def test_putting_back_says_that_the_former_value_is_kept() -> None:
    (finding,) = findings(change("Topic", TOPIC, replacement="True"), reverts_drift=True)
    assert not finding.is_blocking
    assert "keeps its former value: Topic is replaced" in finding.sentence


def renamed_copy(body: dict[str, Any]) -> None:
    """As a new version would do it: the output that another stack takes has another definition."""
    body["Outputs"]["CopyName"]["Value"] = {"Fn::Sub": "${AWS::StackName}-copy"}


def with_stack(environment: Environment, key: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Let the stored plan of the pending change have another template for one stack."""
    plan = Request.objects.get(environment=environment, state="planning").plan
    for stack in plan.content["stacks"]:
        if stack["key"] == key:
            body = json.loads(stack["body"])
            edit(body)
            stack["body"] = json.dumps(body)
    plan.save()


def test_a_change_whose_later_stack_would_need_another_value_changes_nothing(abroad: World) -> None:
    environment = create(abroad)
    request = grow(abroad, environment)
    with_stack(environment, "copy", renamed_copy)
    before = [stack.status for stack in made(abroad)]
    abroad.until_rest(environment)
    request.refresh_from_db()
    environment.refresh_from_db()
    operation = abroad.last_operation(environment)
    assert (request.state, environment.state, operation.kind) == ("failed", "running", "plan")
    assert operation.cause.startswith("The stack main takes CopyName from copy, and this change gives it another value")
    assert [stack.status for stack in made(abroad)] == before


def test_a_value_that_exists_only_afterwards_is_explained(abroad: World) -> None:
    environment = create(abroad)
    request = grow(abroad, environment)
    plan = request.plan
    for stack in plan.content["stacks"]:
        if stack["key"] == "main":
            stack["inputs"].append({"parameter": "Zone", "stack": "edge", "output": "ZoneId"})
    plan.save()
    abroad.until_rest(environment)
    operation = abroad.last_operation(environment)
    assert operation.state == "failed"
    assert "which has no output ZoneId before this change" in operation.cause
