"""The record of a call before it is sent: each of its conditions alone refuses the call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from provisioning.aws.errors import NotPermitted
from provisioning.aws.permits import SEND_WITHIN_SECONDS, Change
from provisioning.lifecycle.intentions import (
    Allowed,
    LeaseLost,
    NotApproved,
    NotPlanned,
    StepPermit,
    TooLate,
)
from provisioning.lifecycle.leases import GIVE_UP_SECONDS, STEP_SECONDS, Leases
from provisioning.models import Operation, Request
from tests.fixtures.world import World
from tests.lifecycle.faults.workers import LEASE, At, sent, until_state

CREATE = Change("cloudformation", "CreateStack", "111111111111", "eu-north-1", digest="d" * 64, token="t", target="s")


@dataclass
class Step:
    """A step that is about to create a stack."""

    world: World
    operation: Operation
    leases: Leases
    permit: StepPermit
    rows: dict[str, object] = field(default_factory=dict)

    def update(self, **fields: object) -> None:
        Operation.objects.filter(pk=self.operation.pk).update(**fields)

    def row(self) -> Operation:
        return Operation.objects.get(pk=self.operation.pk)

    def refused(self, error: type[NotPermitted], change: Change = CREATE) -> None:
        before = self.row().call_no
        with pytest.raises(error):
            self.permit.begin(change)
        assert self.row().call_no == before


@pytest.fixture
def step(world: World) -> Step:
    operation = until_state(world, world.request().environment, "submitting")
    worker = world.new_worker()
    (claim,) = worker.claim(limit=1, operation_id=operation.pk)
    lease = worker.leases.of(claim.pk, claim.fence)
    assert lease is not None
    permit = StepPermit(
        operation=claim,
        lease=lease,
        leases=worker.leases,
        digest=lambda: claim.approved_digest,
        allowed=[Allowed("CreateStack", "d" * 64, "")],
    )
    return Step(world, claim, worker.leases, permit)


def test_it_is_recorded_with_its_deadline_and_extends_the_lease(step: Step) -> None:
    step.world.cloud.clock.advance(10)
    assert step.permit.begin(CREATE) == 13
    row, now = step.row(), step.world.now
    assert (row.call_no, row.call_what, row.call_token) == (1, "cloudformation:CreateStack s", "t")
    assert (row.call_digest, row.call_ended_at) == ("d" * 64, None)
    assert row.call_deadline is not None
    assert (row.call_deadline - now).total_seconds() == 13
    assert row.lease_until is not None
    assert (row.lease_until - now).total_seconds() == 30


def test_a_newer_claim_refuses_it(step: Step) -> None:
    """The fence alone: the lease is long, and the state is the same."""
    step.update(fence=step.operation.fence + 1)
    step.refused(LeaseLost)


def test_a_lease_that_is_over_in_the_database_refuses_it(step: Step) -> None:
    """The worker believes that it has renewed, and nobody has claimed the operation."""
    step.update(lease_until=step.world.now)
    step.refused(LeaseLost)


def test_an_operation_that_has_ended_refuses_it(step: Step) -> None:
    step.update(ended_at=step.world.now)
    step.refused(LeaseLost)


def test_an_operation_that_has_gone_on_refuses_it(step: Step) -> None:
    step.update(state="building")
    step.refused(LeaseLost)


def test_a_worker_without_renewal_refuses_it_by_its_own_clock(step: Step) -> None:
    step.update(lease_until="2100-01-01T00:00Z")
    step.world.cloud.clock.advance(GIVE_UP_SECONDS + 1)
    step.refused(LeaseLost)


def test_a_step_without_time_left_refuses_it(step: Step) -> None:
    for _ in range(int(STEP_SECONDS / 8) + 1):
        step.leases.renew()
        step.world.cloud.clock.advance(8)
    step.permit.lease.renewed_at = step.world.now.timestamp()
    step.refused(TooLate)
    with pytest.raises(TooLate):
        step.permit.check_step()


@pytest.mark.parametrize("model", [Operation, Request])
def test_another_approved_digest_refuses_it(step: Step, model: type[Operation | Request]) -> None:
    pk = step.operation.pk if model is Operation else step.operation.request_id
    model.objects.filter(pk=pk).update(approved_digest="0" * 64)
    step.refused(NotApproved)


def test_a_document_with_another_digest_refuses_it(step: Step) -> None:
    """It was bent in memory, after the step had read it."""
    step.permit.digest = lambda: "0" * 64
    step.refused(NotApproved)


@pytest.mark.parametrize("state", ["waiting", "refused", "withdrawn", "expired", "failed"])
def test_a_request_that_is_not_approved_refuses_it(step: Step, state: str) -> None:
    Request.objects.filter(pk=step.operation.request_id).update(state=state)
    step.refused(NotApproved)


def test_another_account_refuses_it(step: Step) -> None:
    step.refused(NotApproved, replace(CREATE, account_id="999999999999"))


@pytest.mark.parametrize(
    "change",
    [
        replace(CREATE, digest="e" * 64),
        replace(CREATE, operation="UpdateStack"),
        replace(CREATE, service="ec2", operation="TerminateInstances"),
    ],
    ids=["other arguments", "other operation", "other service"],
)
def test_a_call_that_the_step_does_not_make_is_refused(step: Step, change: Change) -> None:
    step.refused(NotPlanned, change)


@pytest.mark.parametrize(
    ("allowed", "change", "covered"),
    [
        (Allowed("DeleteStack", "", "s-1"), ("cloudformation", "DeleteStack", "s-1"), True),
        (Allowed("DeleteStack", "", "s-1"), ("cloudformation", "DeleteStack", "s-2"), False),
        (Allowed("", "", "bucket"), ("s3", "DeleteObjects", "bucket"), True),
        (Allowed("", "", "bucket"), ("s3", "DeleteObjects", "other"), False),
        (Allowed("", "", "s-1"), ("cloudformation", "DeleteStack", "s-1"), False),
    ],
)
def test_what_a_step_allows(allowed: Allowed, change: tuple[str, str, str], *, covered: bool) -> None:
    service, operation, target = change
    call = replace(CREATE, service=service, operation=operation, target=target)
    assert allowed.covers(call) is covered


def test_a_second_call_waits_for_the_answer_to_the_first(step: Step) -> None:
    step.permit.begin(CREATE)
    step.refused(TooLate)
    step.permit.end(CREATE)
    step.permit.begin(CREATE)
    assert step.row().call_no == 2


def test_a_call_that_never_had_an_answer_is_remembered_after_the_next(step: Step) -> None:
    step.update(call_no=4, call_deadline=step.world.now, call_ended_at=None)
    step.operation.refresh_from_db()
    step.world.cloud.clock.advance(6)
    step.permit.lease.renewed_at = step.world.now.timestamp()
    step.permit.begin(CREATE)
    row = step.row()
    assert row.calls_open_until == step.operation.call_deadline
    assert row.call_no == 5


@pytest.mark.parametrize("seconds", [SEND_WITHIN_SECONDS - 1, SEND_WITHIN_SECONDS + 1])
def test_a_call_leaves_soon_after_its_intention_or_not_at_all(world: World, seconds: float) -> None:
    """The pause is much shorter than the lease, and no other worker takes over."""
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    world.cloud.between = At("before create_stack", lambda: world.cloud.clock.advance(seconds))
    assert world.engine.advance(operation.pk)
    assert sent(world) == (["create_stack"] if seconds < SEND_WITHIN_SECONDS else [])
    assert world.until_rest(environment).state == "running"
    assert len(world.cloud.named("orders")) == 1


@pytest.mark.parametrize("late", [True, False])
def test_the_fence_stops_a_worker_that_believes_in_its_lease(world: World, *, late: bool) -> None:
    """Its clock stood still while it was suspended, so only the database knows."""
    operation = until_state(world, world.request().environment, "submitting")
    zombie = world.new_worker()

    def be_suspended() -> None:
        world.cloud.clock.advance(LEASE)
        if late:
            assert world.engine.claim(limit=1)
        for lease in zombie.leases.held():
            lease.renewed_at = lease.claimed_at = world.now.timestamp()

    begun: Callable[[str], None] = At("began", be_suspended)
    assert not replace(zombie, probe=begun).advance(operation.pk)
    assert sent(world) == []
