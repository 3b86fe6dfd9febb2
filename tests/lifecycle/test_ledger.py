"""The ledger loses no physical id."""

from __future__ import annotations

from dataclasses import replace

from provisioning.aws import StackEvent
from provisioning.lifecycle.ledger import write_events, write_resources
from provisioning.models import StackResource
from tests.fixtures.world import REGION, World
from tests.scripted_aws.aws import ScriptedAws


def test_a_physical_id_of_any_length_is_kept_in_full(world: World) -> None:
    """Also where the row of a planned resource gets its id, which is an update of several rows."""
    environment = world.create()
    stack = world.stack_row(environment)
    listed, *others = ScriptedAws(world.cloud, world.account.access(REGION)).stack_resources(stack.stack_id)
    lines = StackResource.objects.filter(stack=stack, logical_id=listed.logical_id)
    by_list, by_event = (f"{letter}{'|0123456789' * 140}" for letter in "ab")

    lines.update(physical_id="")
    write_resources(stack, [replace(listed, physical_id=by_list), *others], at=world.now)
    assert lines.get().physical_id == by_list
    event = StackEvent(
        event_id="1",
        at=world.now,
        logical_id=listed.logical_id,
        physical_id=by_event,
        type=listed.type,
        status="UPDATE_IN_PROGRESS",
        reason="",
        token="",
    )
    write_events(stack, [event])
    assert {line.physical_id for line in lines} == {by_list, by_event}


def test_a_list_of_resources_does_not_say_when_they_were_made(world: World) -> None:
    environment = world.create()
    stack = world.stack_row(environment)
    listed = ScriptedAws(world.cloud, world.account.access(REGION)).stack_resources(stack.stack_id)
    StackResource.objects.filter(stack=stack).delete()
    write_resources(stack, listed, at=world.now)
    lines = StackResource.objects.filter(stack=stack)
    assert {line.status for line in lines} == {"CREATE_COMPLETE"}
    assert {(line.started_at, line.finished_at) for line in lines} == {(None, None)}
