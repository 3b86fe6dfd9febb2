"""One of several stacks fails, or a worker crashes between them: nothing is doubled, lost or
touched that is not ours.
"""

from __future__ import annotations

import uuid

import pytest

from provisioning.aws import AccessDenied, Unreachable
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.read.operation_view import steps
from provisioning.lifecycle.services.cancel import cancel_operation
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.states import OperationState
from provisioning.models import Environment, Operation, Stack
from tests.fixtures.world import World
from tests.lifecycle.signposts import COPY, NAMES, create, gone, made
from tests.lifecycle.test_crashes import (
    LEASE,
    POINTS,
    DiesAt,
    one_terminal_transition_each,
    run_each_step_twice,
    to_the_end,
)
from tests.scripted_aws.faults import WorkerDied

# Failure


def failed_in_main(world: World) -> Environment:
    world.cloud.fail_create["Sign"] = ["Access Denied"]
    return world.until_rest(world.request(blueprint="signpost").environment)


def test_a_later_stack_that_fails_leaves_the_earlier_ones_as_they_are(abroad: World) -> None:
    environment = failed_in_main(abroad)
    told = failure(environment)
    assert told is not None
    assert (environment.state, told.logical_id, told.next_action) == ("create_failed", "Sign", "try_again")
    assert [abroad.aws_stack(name).status for name in NAMES] == [*["CREATE_COMPLETE"] * 2, "ROLLBACK_COMPLETE"]
    views = steps(abroad.last_operation(environment))
    assert [(view.title, view.state) for view in views] == [
        ("Check the approval", "done"),
        ("Create “edge” in us-east-1", "done"),
        ("Create “copy” in eu-central-1", "done"),
        ("Create the main stack in eu-north-1", "failed"),
    ]


def test_a_cancelled_creation_keeps_the_stacks_that_are_complete_until_its_teardown(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    while (operation := abroad.last_operation(environment)).stack != "copy" or operation.state != "building":
        abroad.tick(1)
    cancel_operation(actor=abroad.bob, environment=environment)
    abroad.until_rest(environment)
    assert environment.state == "create_failed"
    assert [stack.status for stack in made(abroad)] == ["CREATE_COMPLETE", "DELETE_COMPLETE"]
    abroad.tear_down(environment)
    gone(abroad, environment)
    assert [stack.status for stack in made(abroad)] == ["DELETE_COMPLETE"] * 2


def test_try_again_goes_on_with_the_one_that_failed(abroad: World) -> None:
    environment = failed_in_main(abroad)
    ids = [abroad.aws_stack(name).stack_id for name in NAMES[:2]]
    retry_operation(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    assert [abroad.aws_stack(name).stack_id for name in NAMES[:2]] == ids
    assert [stack.status for stack in abroad.cloud.named("orders")] == ["DELETE_COMPLETE", "CREATE_COMPLETE"]
    assert [len(abroad.cloud.named(name)) for name in NAMES] == [1, 1, 2]
    assert abroad.aws_stack("orders").spec.parameters["CopyName"] == "orders-copy:CopyName"


def test_a_first_stack_that_fails_begins_nothing_else(abroad: World) -> None:
    abroad.cloud.fail_create["EdgeTopic"] = ["Access Denied"]
    environment = abroad.until_rest(abroad.request(blueprint="signpost").environment)
    assert environment.state == "create_failed"
    assert [stack.name for stack in made(abroad)] == ["orders-edge"]
    retry_operation(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"


@pytest.mark.parametrize("failing", ["EdgeQueue", "CopyBucket", "Inbox"])
def test_whichever_stack_fails_the_rest_is_made_once(abroad: World, failing: str) -> None:
    abroad.cloud.fail_create[failing] = ["Access Denied"]
    environment = abroad.until_rest(abroad.request(blueprint="signpost").environment)
    assert environment.state == "create_failed"
    broken = abroad.last_operation(environment).stack
    retry_operation(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    made_of = {
        role: Stack.objects.filter(environment=environment, role=role).count() for role in ("edge", "copy", "main")
    }
    assert made_of == {role: 2 if role == broken else 1 for role in made_of}
    abroad.tear_down(environment)
    assert len(gone(abroad, environment).lines) >= 11
    assert abroad.cloud.living == {}


def test_code_that_somebody_took_out_of_the_bucket_is_put_there_again(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    while abroad.last_operation(environment).state != "building" or abroad.last_operation(environment).stack != "main":
        abroad.cloud.clock.advance(3)
        abroad.engine.advance(abroad.last_operation(environment).pk)
    abroad.cloud.artefacts.clear()
    assert abroad.until_rest(environment).state == "create_failed"
    told = failure(environment)
    assert told is not None
    assert (told.logical_id, told.next_action) == ("Code", "try_again")
    retry_operation(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    assert len(abroad.cloud.artefacts) == 1


def test_an_earlier_stack_that_somebody_took_away_is_made_again(abroad: World) -> None:
    environment = failed_in_main(abroad)
    edge = abroad.aws_stack("orders-edge")
    abroad.cloud.set_status(edge, "DELETE_COMPLETE")
    for resource in edge.resources.values():
        abroad.cloud.end(edge, resource)
    retry_operation(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    assert abroad.aws_stack("orders-edge").stack_id != edge.stack_id


def test_values_that_nothing_was_made_with_are_read_again(abroad: World) -> None:
    """The stack that they came from may be another one by the next attempt."""
    environment = abroad.request(blueprint="signpost").environment
    while not Stack.objects.filter(role="main").exclude(inputs={}).exists():
        abroad.cloud.clock.advance(3)
        abroad.engine.advance(abroad.last_operation(environment).pk)
    abroad.cloud.faults.once("create_stack", AccessDenied("explicit deny"))
    assert abroad.until_rest(environment).state == "create_failed"
    Stack.objects.filter(role="main").update(inputs={"EdgeTopicArn": "of one that is gone", "CopyName": "of it too"})
    retry_operation(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    handed = {"EdgeTopicArn": "orders-edge:EdgeTopicArn", "CopyName": "orders-copy:CopyName"}
    assert abroad.aws_stack("orders").spec.parameters == abroad.stack_row(environment).inputs == handed
    assert Stack.objects.filter(role="main").count() == 1


def test_an_earlier_stack_that_goes_while_the_next_begins_is_told(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    while abroad.last_operation(environment).stack != "main":
        abroad.cloud.clock.advance(3)
        abroad.engine.advance(abroad.last_operation(environment).pk)
    abroad.cloud.set_status(abroad.aws_stack("orders-edge"), "DELETE_IN_PROGRESS")
    abroad.until_rest(environment)
    assert "“edge”, whose outputs this stack needs, is no longer complete" in abroad.last_operation(environment).cause
    assert abroad.cloud.named("orders") == []


def test_a_foreign_stack_of_any_of_the_names_is_never_touched(abroad: World) -> None:
    request_id = uuid.uuid4()
    name = abroad.stack_name(request_id, key="copy")
    theirs = abroad.foreign_stack(name, region=COPY)
    environment = abroad.until_rest(abroad.request(blueprint="signpost", request_id=request_id).environment)
    operation = abroad.last_operation(environment)
    assert (operation.state, operation.stack, operation.region) == ("refused", "copy", COPY)
    abroad.tear_down(environment)
    gone(abroad, environment)
    assert abroad.aws_stack(name) is theirs


def test_a_region_that_cannot_be_reached_holds_the_others_up_for_nobody(abroad: World) -> None:
    reach = abroad.aws_for
    abroad.engine.aws_for = lambda account, region, **role: (
        raised() if region == COPY else reach(account, region, **role)
    )

    def raised() -> None:
        raise Unreachable("no route")

    environment, other = abroad.request(blueprint="signpost").environment, abroad.request("other").environment
    assert abroad.until_rest(other).state == "running"
    for _ in range(30):
        abroad.tick(10)
    operation = abroad.last_operation(environment)
    assert (operation.state, operation.stack) == ("continuing", "copy")
    abroad.engine.aws_for = reach
    assert abroad.until_rest(environment).state == "running"


def test_a_denied_region_ends_the_attempt_with_aws_own_sentence(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    while abroad.last_operation(environment).stack != "copy":
        abroad.tick(3)
    abroad.cloud.faults.once("create_stack", AccessDenied("explicit deny in a service control policy"))
    abroad.until_rest(environment)
    assert "service control policy" in abroad.last_operation(environment).cause_detail
    retry_operation(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"


# Crashes


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_anywhere_between_stacks_loses_and_doubles_nothing(abroad: World, point: str) -> None:
    abroad.engine.probe = DiesAtEveryStep(abroad, point)
    environment = abroad.request(blueprint="signpost").environment
    assert to_the_end(abroad, environment) >= 9
    assert environment.state == "running"
    assert sorted(stack.name for stack in abroad.cloud.stacks) == sorted(NAMES)
    one_terminal_transition_each()
    abroad.tear_down(environment)
    assert to_the_end(abroad, environment) >= 9
    assert environment.state == "gone"
    assert abroad.cloud.living == {}
    assert len(abroad.cloud.artefacts) == 1
    one_terminal_transition_each()


class DiesAtEveryStep(DiesAt):
    """Once in each state of each stack."""

    def __call__(self, point: str) -> None:
        row = Operation.objects.filter(ended_at=None).values_list("kind", "stack", "state").first()
        state = "/".join(row) if row else "ended"
        if point == self.point and state not in self.died_in:
            self.died_in.add(state)
            raise WorkerDied(f"{point} in {state}")


@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.long), "after"])
@pytest.mark.parametrize("call", ["put_artefact", "create_stack", "describe_stack"])
def test_a_worker_that_dies_in_any_call_of_a_creation_doubles_nothing(abroad: World, call: str, when: str) -> None:
    environment = abroad.request(blueprint="signpost").environment
    abroad.cloud.faults.once(call, WorkerDied(f"{when} {call}"), when=when, times=4)
    assert to_the_end(abroad, environment) == 4
    assert environment.state == "running"
    assert sorted(stack.name for stack in abroad.cloud.stacks) == sorted(NAMES)


@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.long), "after"])
@pytest.mark.parametrize("call", ["quiesce", "empty_bucket", "empty_vault", "delete_stack", "exists", "find_by_tag"])
def test_a_worker_that_dies_in_any_call_of_a_teardown_leaves_nothing(abroad: World, call: str, when: str) -> None:
    environment = create(abroad)
    abroad.tear_down(environment)
    abroad.cloud.faults.once(call, WorkerDied(f"{when} {call}"), when=when, times=3)
    assert to_the_end(abroad, environment) >= 1
    assert environment.state == "gone"
    assert abroad.cloud.living == {}


def test_every_step_of_several_stacks_may_run_twice(abroad: World) -> None:
    abroad.cloud.resource_seconds = LEASE + 10  # the rollback begins after the lease of the call that is repeated
    abroad.cloud.fail_create["Sign"] = ["Access Denied"]
    environment = abroad.request(blueprint="signpost").environment
    states = run_each_step_twice(abroad, environment)
    retry_operation(actor=abroad.bob, environment=environment)
    states |= run_each_step_twice(abroad, environment)
    assert environment.state == "running"
    abroad.tear_down(environment)
    states |= run_each_step_twice(abroad, environment)
    assert environment.state == "gone"
    assert states == (kind_of("create").states | kind_of("teardown").states) - {OperationState.CANCELLING}
    assert [len(abroad.cloud.named(name)) for name in NAMES] == [1, 1, 2]


def test_a_stack_whose_id_was_never_written_down_is_found_by_its_name(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    abroad.run()
    assert abroad.last_operation(environment).state == "building"
    abroad.cloud.faults.once("create_stack", WorkerDied("after"), when="after", times=100)
    to_the_end(abroad, environment)
    assert abroad.last_operation(environment).state == "abandoned"
    assert abroad.stack_row(environment, "copy").stack_id == ""
    abroad.cloud.faults._scripted.clear()
    abroad.tear_down(environment)
    abroad.until_rest(environment)
    # Nobody has been shown what this stack contains. The next teardown shows it.
    assert abroad.last_operation(environment).state == "refused"
    assert "CopyBucket" in abroad.last_operation(environment).cause_detail
    assert "delete_stack" not in abroad.cloud.faults.calls
    abroad.tear_down(environment)
    gone(abroad, environment)
    assert abroad.cloud.living == {}
