"""Outputs as SSM parameters, from the request to the teardown: they are part of the plan, and a change
keeps, adds or removes them.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.planning import draft_create
from provisioning.lifecycle.read.output_parameters import output_parameters_of
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.changes import plan_again, request_change
from provisioning.models import Environment, Receipt, Request, StackResource
from tests.fixtures.world import REGION, World
from tests.lifecycle.changes.conftest import Changes, document_of

PARAMETER = "OutputParameterBucket"


def change(world: World, environment: Environment, *, output_parameters: bool | None = None, note: str = "") -> Request:
    """bob changes the note, and the parameters if it is said how."""
    environment.refresh_from_db()
    request = request_change(
        actor=world.bob,
        environment=environment,
        blueprint=world.blueprints["small"],
        size=environment.size,
        inputs={**environment.inputs, "note": note} if note else environment.inputs,
        output_parameters=output_parameters,
    )
    world.until_rest(environment)
    return Changes(world).again(request)


def test_they_are_created_with_the_environment_and_deleted_with_it(world: World) -> None:
    environment = world.create(output_parameters=True)
    path = f"/portal/payments/orders-{environment.generation}/outputs"
    assert output_parameters_of(environment) == {"Bucket": f"{path}/Bucket"}
    parameter = world.aws_stack().rendered[PARAMETER]
    assert parameter.properties["Name"] == f"{path}/Bucket"
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"
    (line,) = [line for line in Receipt.objects.get(environment=environment).lines if line["logical_id"] == PARAMETER]
    assert (line["end"], line["physical_id"]) == ("deleted", f"{path}/Bucket")
    assert output_parameters_of(environment) == {}


def test_the_approved_digest_covers_them(world: World) -> None:
    request_id = uuid.uuid4()
    blueprint = world.blueprints["small"]
    drafts = [
        draft_create(
            actor=world.bob,
            team=world.team,
            name="orders",
            blueprint=blueprint,
            size="dev",
            inputs={},
            account=world.account,
            region=REGION,
            request_id=request_id,
            output_parameters=chosen,
        )
        for chosen in (False, True)
    ]
    without, with_them = drafts
    assert without.digest != with_them.digest
    assert (without.document.has_output_parameters, with_them.document.has_output_parameters) == (False, True)
    with pytest.raises(WrongState, match="The plan has changed since it was shown"):
        world.request(request_id=request_id, inputs={}, expected_digest=without.digest, output_parameters=True)
    request = world.request(request_id=request_id, inputs={}, expected_digest=with_them.digest, output_parameters=True)
    assert request.plan.digest == with_them.digest


def test_a_sensitive_input_is_not_written(world: World) -> None:
    small = world.blueprints["small"]
    (output,) = small.outputs
    (secret,) = [block for block in small.components if block.kind == "secret"]
    shows = replace(output, name="hint", value=secret.arguments["description"].value)
    leaky = replace(small, outputs=(output, shows))
    arguments = {"actor": world.bob, "team": world.team, "name": "orders", "blueprint": leaky, "size": "dev"}
    place = {"account": world.account, "region": REGION, "request_id": uuid.uuid4(), "output_parameters": True}
    draft = draft_create(**arguments, **place, inputs={"note": "hunter2", "hint": "other"})
    assert "OutputParameterHint" in draft.document.main.body
    draft = draft_create(**arguments, **place, inputs={"note": "hunter2", "hint": "hunter2"})
    assert "OutputParameterBucket" in draft.document.main.body
    assert "OutputParameterHint" not in draft.document.main.body


def test_a_change_keeps_them(world: World) -> None:
    environment = world.create(output_parameters=True)
    changed = change(world, environment, note="another")
    assert changed.state == "done"
    assert document_of(changed).has_output_parameters
    assert set(output_parameters_of(environment)) == {"Bucket"}


def test_a_change_adds_and_removes_them(world: World) -> None:
    environment = world.create()
    assert output_parameters_of(environment) == {}
    added = change(world, environment, output_parameters=True)
    assert [(one.action, one.logical_id) for one in document_of(added).change_set("main").changes] == [
        ("Add", PARAMETER)
    ]
    assert set(output_parameters_of(environment)) == {"Bucket"}
    removed = change(world, environment, output_parameters=False)
    assert [(one.action, one.logical_id) for one in document_of(removed).change_set("main").changes] == [
        ("Remove", PARAMETER)
    ]
    assert (removed.state, set(output_parameters_of(environment))) == ("waiting", {"Bucket"})
    approve_request(
        actor=world.olivia, request=removed, digest=removed.plan.digest, typed_name=removed.environment.name
    )
    world.until_rest(environment)
    assert output_parameters_of(environment) == {}
    assert not current_document(environment).has_output_parameters
    assert StackResource.objects.get(stack__environment=environment, logical_id=PARAMETER).end == "deleted"


def test_a_change_that_is_planned_again_keeps_the_choice(world: World) -> None:
    environment = world.create()
    world.cloud.fail_change_set.append("AWS is out of order")
    failed = change(world, environment, output_parameters=True)
    assert failed.state == "failed"
    again = plan_again(actor=world.bob, request=failed)
    assert document_of(Changes(world).again(again)).has_output_parameters


def test_a_version_without_outputs_cannot_have_them(world: World) -> None:
    bare = replace(world.blueprints["small"], outputs=())
    world.blueprints = {**world.blueprints, "bare": bare}
    with pytest.raises(Refused, match="has no output that can be written as an SSM parameter"):
        world.request(blueprint="bare", output_parameters=True)
