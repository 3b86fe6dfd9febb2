"""What a change leaves in AWS when it ends early: change sets and a relaxed stack policy. Both are
cleaned up without another operation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings

from provisioning.aws.errors import Unreachable
from provisioning.aws.permits import using_permit
from provisioning.lifecycle.change_cleanup import clean_up_changes
from provisioning.lifecycle.reconciler import expire_waiting
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.cancel import cancel_operation
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.models import Environment, Operation, Plan, Request, Stack
from tests.fixtures.world import World
from tests.lifecycle.changes.conftest import Changes, Version, document_of
from tests.lifecycle.changes.test_firewall_stories import RENAMED
from tests.scripted_aws.outsider import Outsider

End = Callable[[World, Request], object]


def reject(world: World, request: Request) -> None:
    reject_request(actor=world.olivia, request=request, note="Not now.")


def withdraw(world: World, request: Request) -> None:
    withdraw_request(actor=world.bob, request=request)


def expire(world: World, request: Request) -> None:
    del request
    world.cloud.clock.advance(timedelta(days=settings.APPROVAL_VALID_DAYS + 1).total_seconds())
    assert expire_waiting() == 1


def cancel_before_the_first_call(world: World, request: Request) -> None:
    approve(world, request)
    cancel_operation(actor=world.bob, environment=Environment.objects.get(pk=request.environment_id))


def refuse_as_out_of_date(world: World, request: Request) -> None:
    approve(world, request)
    Outsider(world.cloud).protect(world.aws_stack(), enabled=not world.aws_stack().protected)
    world.until_rest(request.environment)


def approve(world: World, request: Request) -> None:
    approve_request(
        actor=world.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
    )


def names(world: World) -> list[str]:
    return [one.spec.name for one in world.aws_stack().change_sets if not one.is_deleted]


def clean(world: World) -> int:
    """As a worker does it, without the permit of a step."""
    with using_permit(None):  # type: ignore[arg-type]
        return clean_up_changes(world.aws_for)


@pytest.fixture
def pending(world: World, changes: Changes, version: Version) -> Request:
    """A change that removes a bucket, and waits for olivia."""
    environment = world.create(size="staging")
    request = changes.plan(environment, blueprint=version("0.2.0", *RENAMED))
    assert request.state == "waiting"
    return request


@pytest.mark.parametrize(
    "end", [reject, withdraw, expire, cancel_before_the_first_call, refuse_as_out_of_date], ids=lambda end: end.__name__
)
def test_the_change_sets_of_a_request_that_has_ended_are_deleted(world: World, pending: Request, end: End) -> None:
    (ours,) = world.aws_stack().change_sets
    world.aws_stack().change_sets.append(
        replace(ours, change_set_id="arn:theirs", spec=replace(ours.spec, name="theirs"))
    )
    end(world, pending)
    assert f"portal-{pending.plan_id.hex}" in names(world)
    world.cloud.clock.advance(600)
    assert clean(world) == 1
    assert names(world) == ["theirs"]
    assert not world.stack_row(pending.environment).has_change_sets
    asked = len(world.cloud.faults.calls)
    assert clean(world) == 0
    assert len(world.cloud.faults.calls) == asked


def test_the_change_sets_of_a_request_that_is_open_are_kept(world: World, pending: Request) -> None:
    asked = len(world.cloud.faults.calls)
    assert clean(world) == 0
    assert names(world) == [f"portal-{pending.plan_id.hex}"]
    assert len(world.cloud.faults.calls) == asked


def test_a_change_set_that_aws_still_creates_is_deleted_afterwards(world: World, pending: Request) -> None:
    reject(world, pending)
    (one,) = [one for one in world.aws_stack().change_sets if not one.is_deleted]
    before, one.status = one.status, "CREATE_IN_PROGRESS"
    assert clean(world) == 0
    assert names(world) != []
    one.status = before
    assert clean(world) == 1
    assert names(world) == []


def relax_and_abandon(world: World, request: Request) -> None:
    """Its workers crash while the policy is relaxed."""
    run_until(world, request, "executing")
    Operation.objects.filter(ended_at=None).update(state="abandoned", ended_at=world.now, due_at=None)
    Environment.objects.update(state="change_failed")
    Request.objects.filter(pk=request.pk).update(state="failed")


def relax_and_take_the_approval_away(world: World, request: Request) -> None:
    """Somebody with the database at hand changes the plan while CloudFormation works on it: the
    operation may not send anything any more, not even the former policy.
    """
    run_until(world, request, "updating")
    content = Plan.objects.get(pk=request.plan_id).content
    content["size"] = "dev"
    Plan.objects.filter(pk=request.plan_id).update(content=content)
    world.until_rest(request.environment)


def run_until(world: World, request: Request, state: str) -> None:
    approve(world, request)
    while world.last_operation(request.environment).state != state:
        world.engine.advance(world.last_operation(request.environment).pk)
        world.cloud.clock.advance(1)


@pytest.mark.parametrize("end", [relax_and_abandon, relax_and_take_the_approval_away], ids=lambda end: end.__name__)
def test_a_policy_that_stayed_relaxed_is_restored_without_another_operation(
    world: World, pending: Request, end: End
) -> None:
    before = world.aws_stack().policy
    end(world, pending)
    assert world.last_operation(pending.environment).ended_at is not None
    assert world.aws_stack().policy == document_of(pending).change_set("main").policy_during
    world.cloud.clock.advance(600)
    world.cloud.settle()
    assert clean(world) == 1
    assert world.aws_stack().policy == before
    assert world.stack_row(pending.environment).policy_to_restore == ""
    assert clean(world) == 0


def test_a_policy_is_not_restored_while_its_operation_is_open(world: World, pending: Request) -> None:
    run_until(world, pending, "executing")
    relaxed = world.aws_stack().policy
    assert clean(world) == 0
    assert world.aws_stack().policy == relaxed
    world.until_rest(pending.environment)
    assert world.last_operation(pending.environment).state == "succeeded"


def test_a_policy_is_restored_after_the_stack_has_settled(world: World, pending: Request) -> None:
    run_until(world, pending, "updating")
    relaxed = world.aws_stack().policy
    Operation.objects.filter(ended_at=None).update(state="abandoned", ended_at=world.now, due_at=None)
    Request.objects.filter(pk=pending.pk).update(state="failed")
    assert clean(world) == 0
    assert world.aws_stack().policy == relaxed
    world.cloud.clock.advance(600)
    world.cloud.settle()
    assert clean(world) == 1
    assert world.aws_stack().policy != relaxed


@pytest.mark.parametrize("call", ["set_stack_policy", "list_change_sets"])
def test_an_operation_that_begins_in_between_keeps_its_marks(
    world: World, changes: Changes, pending: Request, call: str
) -> None:
    """What the clean-up writes at its end must not hide what a new operation has relaxed since."""
    relax_and_abandon(world, pending)
    world.cloud.clock.advance(600)
    started: list[Request] = []

    def aws_for(account: object, region: str, **more: str) -> object:
        aws = world.aws_for(account, region, **more)  # type: ignore[arg-type]

        class Slow:
            def __getattr__(self, name: str) -> object:
                if name == call and not started:
                    started.append(changes.request(pending.environment, note="another"))
                return getattr(aws, name)

        return Slow()

    with using_permit(None):  # type: ignore[arg-type]
        assert clean_up_changes(aws_for) == 0  # type: ignore[arg-type]
    assert started
    row = Stack.objects.get(pk=world.stack_row(pending.environment).pk)
    assert row.has_change_sets
    assert row.policy_to_restore != ""


def test_an_account_that_cannot_be_reached_is_cleaned_up_later(world: World, pending: Request) -> None:
    reject(world, pending)

    def aws_for(account: object, region: str, **more: str) -> object:
        del account, region, more

        class Away:
            def __getattr__(self, name: str) -> object:
                raise Unreachable("no route to host")

        return Away()

    assert clean_up_changes(aws_for) == 0  # type: ignore[arg-type]
    assert clean(world) == 1
