"""What must hold once the trouble is over and everything has come to rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from provisioning.lifecycle.states import ENVIRONMENT_GRAPH, OPERATION_GRAPH, REQUEST_GRAPH
from provisioning.models import AuditEvent, Environment, Operation, Receipt, Request, Stack, StackResource, Transition
from tests.simulation.invariants import check
from tests.simulation.world import SimulatedWorld


def is_at_rest(world: SimulatedWorld) -> bool:
    if len(world.requested) < world.wanted or Operation.objects.filter(ended_at=None).exists():
        return False
    return not Environment.objects.exclude(state__in=ENVIRONMENT_GRAPH.ends).exists()


def check_rest(world: SimulatedWorld) -> None:
    _no_request_is_lost()
    _everything_happened_once()
    _nothing_lives_on(world)
    _everything_is_in_the_ledger(world)


def _no_request_is_lost() -> None:
    """Every request has an end or a failure that somebody may retry; none is between two states."""
    open_ones = Request.objects.exclude(state__in=[*REQUEST_GRAPH.ends, "failed"])
    check(holds=not open_ones.exists(), sentence=f"requests are lost: {list(open_ones.values_list('kind', 'state'))}")


def _everything_happened_once() -> None:
    chains = defaultdict(list)
    for transition in Transition.objects.order_by("id"):
        chains[transition.subject_id].append((transition.from_state, transition.to_state))
    for subject, chain in chains.items():
        for (_, reached), (left, _) in pairwise(chain):
            check(holds=reached == left, sentence=f"the history of {subject} has a gap or a repetition: {chain}")
    for operation in Operation.objects.all():
        ends = [to for _, to in chains[operation.pk] if to in OPERATION_GRAPH.ends]
        check(holds=ends == [operation.state], sentence=f"operation {operation.pk} ended as {ends}")
    audited = Counter(
        (event.action, event.detail.get("operation"))
        for event in AuditEvent.objects.filter(action__startswith="operation:")
        if event.detail.get("operation")
    )
    twice = [key for key, count in audited.items() if count > 1]
    check(holds=not twice, sentence=f"audited twice: {twice}")
    receipts = Counter(Receipt.objects.values_list("environment_id", flat=True))
    check(holds=all(count == 1 for count in receipts.values()), sentence="an environment has two receipts")


def _nothing_lives_on(world: SimulatedWorld) -> None:
    """Only what a template retains, and what a receipt names as left over."""
    world.cloud.settle()
    left_over = StackResource.objects.filter(end="abandoned").values_list("physical_id", flat=True)
    check(
        holds=world.may_leave_resources or not left_over,
        sentence=f"these are left over, although nothing hindered their deletion: {list(left_over)}",
    )
    standing = [stack.spec.name for stack in world.cloud.stacks if stack.status != "DELETE_COMPLETE"]
    check(holds=not standing, sentence=f"these stacks still exist: {standing}")
    named = {
        line["physical_id"]
        for lines in Receipt.objects.values_list("lines", flat=True)
        for line in lines
        if line["end"] != "deleted"
    }
    living = [
        living
        for living in world.cloud.living.values()
        if living.physical_id not in named and living.type != "snapshot"
    ]
    check(holds=not living, sentence=f"these live on, and no receipt says so: {living}")


def _everything_is_in_the_ledger(world: SimulatedWorld) -> None:
    known_stacks = set(Stack.objects.values_list("stack_id", flat=True))
    unknown = [stack.stack_id for stack in world.cloud.stacks if stack.stack_id not in known_stacks]
    check(holds=not unknown, sentence=f"no ledger knows these stacks: {unknown}")
    made = {
        event.physical_id
        for stack in world.cloud.stacks
        for event in stack.events
        if event.physical_id and not event.is_about_stack
    }
    missing = made - set(StackResource.objects.values_list("physical_id", flat=True))
    check(holds=not missing, sentence=f"no ledger knows these resources: {sorted(missing)}")
