"""The people, accounts and blueprints of a simulation."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path

from provisioning.aws import interface
from provisioning.blueprint import Blueprint, load_catalogue
from provisioning.components import registry
from provisioning.models import Account, Environment, Membership, Role, Team, User
from tests.fixtures.signpost import FOLDER, REGIONS, Signpost
from tests.fixtures.world import REGION, SMALL, make_account
from tests.scripted_aws.aws import ScriptedAws
from tests.scripted_aws.cloud import Cloud
from tests.simulation.clock import DatabaseTime, SimulatedClock
from tests.simulation.scheduler import Scheduler
from tests.simulation.trace import Trace
from tests.support.accounts import admit


@dataclass
class SimulatedWorld:
    """`wanted` is how many environments people request, `requested` their names so far. `cancelled` are the ids of the
    environments of which somebody has cancelled an operation. `is_calm`: the trouble is over, and people only bring to
    an end what was begun.
    """

    seed: int
    random: random.Random
    clock: SimulatedClock
    time: DatabaseTime
    trace: Trace
    cloud: Cloud
    scheduler: Scheduler
    alice: User
    bob: User
    olivia: User
    team: Team
    accounts: dict[str, Account]
    blueprints: dict[str, Blueprint]
    wanted: int
    is_calm: bool = False
    may_leave_resources: bool = False
    requested: list[str] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)

    def aws_for(self, account: Account, region: str, *, stack_role_arn: str = "") -> interface.Aws:
        return ScriptedAws(self.cloud, account.access(region, stack_role_arn=stack_role_arn))

    def environments(self) -> list[Environment]:
        return list(Environment.objects.select_related("team", "account").order_by("name"))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def later(self, low: float, high: float) -> timedelta:
        return timedelta(seconds=self.random.uniform(low, high))


def blueprints() -> dict[str, Blueprint]:
    """One stack, and three stacks in three regions."""
    registry._COMPONENTS.setdefault(Signpost.kind, Signpost())
    return _loaded()


@cache
def _loaded() -> dict[str, Blueprint]:
    return {**load_catalogue(SMALL).blueprints, **load_catalogue(FOLDER).blueprints}


def populate(cloud: Cloud, seed: int, drawn: random.Random, scheduler: Scheduler, time: DatabaseTime) -> SimulatedWorld:
    team = Team.objects.create(slug="payments", name="Payments")
    people = {
        name: User.objects.create(username=name, is_approver=name == "olivia") for name in ("alice", "bob", "olivia")
    }
    Membership.objects.create(team=team, user=people["alice"], role=Role.OWNER)
    Membership.objects.create(team=team, user=people["bob"], role=Role.OPERATOR)
    accounts = {
        "dev": make_account("dev", "111111111111", ["dev", "staging"]),
        "prod": make_account("prod", "222222222222", ["prod"]),
    }
    for account in accounts.values():
        account.regions = REGIONS
        account.artefact_bucket = f"portal-artefacts-{account.account_id}-{REGION}"
        account.save()
    admit(team, *accounts.values())
    return SimulatedWorld(
        seed=seed,
        random=drawn,
        clock=time.true,
        time=time,
        trace=scheduler.trace,
        cloud=cloud,
        scheduler=scheduler,
        team=team,
        wanted=drawn.choice([1, 1, 2]),
        is_calm=False,
        requested=[],
        accounts=accounts,
        blueprints=blueprints(),
        alice=people["alice"],
        bob=people["bob"],
        olivia=people["olivia"],
    )


ROOT = Path(__file__).resolve().parents[2]
