"""A scripted account whose calls go through the real rate limiter, on the clock of the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from provisioning.aws import SlotReserved, interface
from provisioning.aws.onboarding import event_queue_url
from provisioning.aws.rate_limiter import LOCAL_SHARE, RateLimiter
from provisioning.aws.rates import DEFAULT_RATES, family_of, scaled
from provisioning.lifecycle.poller.poller import Poller
from provisioning.models import Account, Environment, PolledRegion, Stack
from tests.fixtures.world import REGION, World
from tests.scripted_aws.aws import ScriptedAws
from tests.scripted_aws.cloud import Cloud
from tests.scripted_aws.records import Place, ScriptedStack
from tests.support.crowd import multiply

PAGE = 100


class PacedAws(ScriptedAws):
    """Every call of CloudFormation takes its tokens, a list one for each page."""

    def __init__(self, cloud: Cloud, access: interface.AccountAccess, limiter: RateLimiter, sent: Counter[str]) -> None:
        super().__init__(cloud, access)
        self.limiter, self.sent = limiter, sent

    def pace(self, operation: str, *, pages: int = 1) -> None:
        family = family_of("cloudformation", operation)
        for page in range(pages):
            wait = self.limiter.acquire(self.access.account_id, self.access.region, family, next_page=page > 0)
            if wait:
                raise SlotReserved("not yet", operation=operation, retry_after=wait)
            self.sent[operation] += 1

    def list_stacks(self, *, statuses: Sequence[str] = ()) -> list[interface.StackState]:
        stacks = super().list_stacks(statuses=statuses)
        self.pace("ListStacks", pages=max(1, -(-len(stacks) // PAGE)))
        return stacks

    def describe_stack(self, name_or_id: str) -> interface.StackState | None:
        self.pace("DescribeStacks")
        return super().describe_stack(name_or_id)

    def stack_events(self, stack_id: str, *, after_event_id: str | None) -> list[interface.StackEvent]:
        self.pace("DescribeStackEvents")
        return super().stack_events(stack_id, after_event_id=after_event_id)

    def stack_resources(self, stack_id: str) -> list[interface.StackResource]:
        self.pace("ListStackResources")
        return super().stack_resources(stack_id)

    def operation_events(self, **asked: Any) -> Any:
        self.pace("DescribeEvents")
        return super().operation_events(**asked)

    def create_stack(self, spec: interface.StackSpec, *, token: str) -> str:
        self.pace("CreateStack")
        return super().create_stack(spec, token=token)


def pace(world: World) -> Counter[str]:
    """Let the world's calls go through one limiter with AWS's rates. Returns the calls that are sent."""
    # The bucket of one process has a share of the rate only; with these it has the whole.
    limiter = RateLimiter(
        None, rates=scaled(DEFAULT_RATES, 1 / LOCAL_SHARE), clock=lambda: world.cloud.clock.now().timestamp()
    )
    sent: Counter[str] = Counter()

    def aws_for(account: Account, region: str, *, stack_role_arn: str = "") -> interface.Aws:
        return PacedAws(world.cloud, account.access(region, stack_role_arn=stack_role_arn), limiter, sent)

    world.engine.aws_for = aws_for
    world.poller = Poller(aws_for=aws_for)
    return sent


def add_stacks(world: World, ids: Sequence[str], *, status: str, body: str = "{}") -> list[ScriptedStack]:
    """Stacks in the scripted account, without any work of CloudFormation."""
    place = Place(world.account.account_id, REGION)
    stacks = [
        ScriptedStack(
            place=place,
            stack_id=stack_id,
            spec=interface.StackSpec(name=stack_id.split("/")[-2], body=body),
            token="theirs",
            created_at=world.now,
            status=status,
        )
        for stack_id in ids
    ]
    world.cloud.stacks += stacks
    return stacks


def add_idle_stacks(world: World, count: int) -> None:
    names = (f"arn:aws:cloudformation:{REGION}:{world.account.account_id}:stack/idle-{n}/{n}" for n in range(count))
    add_stacks(world, list(names), status="CREATE_COMPLETE")


def crowd(world: World, count: int) -> tuple[list[Stack], list[ScriptedStack]]:
    """This many environments in the scripted account that are being created, and their stacks."""
    original = world.request("original").environment
    world.run()
    rows = multiply(original, accounts=[world.account], count=count, at=world.now)
    return rows, add_stacks(world, [row.stack_id for row in rows], status="CREATE_IN_PROGRESS")


def use_queue(world: World) -> None:
    """Onboarding has set up the event queue of the account."""
    place = Place(world.account.account_id, REGION)
    world.cloud.queues.by_place[place] = event_queue_url(world.account.access(REGION))


def region_row(world: World) -> PolledRegion:
    return PolledRegion.objects.get(account=world.account, region=REGION)


def status_of(environment: Environment) -> tuple[str, datetime | None]:
    return Stack.objects.filter(environment=environment).values_list("status", "polled_at").latest("created_at")
