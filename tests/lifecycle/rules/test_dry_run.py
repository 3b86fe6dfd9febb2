"""What a change of a rule would have affected: counted completely, listed up to a limit."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from provisioning.errors import NotAllowed
from provisioning.lifecycle.rules.dry_run import SHOWN, DryRun, dry_run
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import Freeze, NarrowedInput, RequiredApprovals, RuleSettings
from provisioning.models import Environment, Request, RuleVersion, Team, User
from tests.fixtures.world import World
from tests.lifecycle.rules.support import write_rule

LIVING, GONE = 300, 100


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create(username="ada", first_name="Ada", is_admin=True)


@pytest.fixture
def past(world: World) -> None:
    """One request of each of 400 environments of two teams, one an hour; the first 100 are gone."""
    first = world.request("copied")
    environment, plan = first.environment, first.plan
    logistics = Team.objects.get(slug="logistics")
    environments, requests = [], []
    for number in range(LIVING + GONE):
        at = world.now - timedelta(hours=LIVING + GONE - number)
        copy = Environment(
            id=uuid.uuid4(),
            team=logistics if number % 4 == 0 else world.team,
            name=f"copy-{number}",
            blueprint_version=environment.blueprint_version,
            size="staging" if number % 10 == 0 else "dev",
            account=world.account,
            region="eu-north-1",
            inputs={"note": "odd" if number % 2 else "even"},
            state="gone" if number < GONE else "running",
            state_changed_at=world.now,
            created_by=world.bob,
            created_at=at,
        )
        environments.append(copy)
        requests.append(
            Request(
                kind="create",
                environment=copy,
                plan=plan,
                state="done",
                state_changed_at=at,
                requested_by=world.bob,
                requested_at=at,
            )
        )
    Environment.objects.bulk_create(environments)
    Request.objects.bulk_create(requests)
    Environment.objects.filter(pk=environment.pk).update(state="withdrawn")
    Request.objects.filter(pk=first.pk).update(requested_at=world.now - timedelta(days=200))


def run(ada: User, scope: Scope, **settings: Any) -> DryRun:
    return dry_run(actor=ada, scope=scope, settings=RuleSettings(**settings))


def test_it_counts_requests_by_team_and_lists_some(world: World, past: None, ada: User) -> None:
    result = run(ada, Scope(), regions=("us-east-1",))
    assert (result.refused.count, result.outside.count) == (LIVING + GONE, LIVING)
    assert result.refused.teams == [("Payments", 300), ("Logistics", 100)]
    assert len(result.refused.first) == len(result.outside.first) == SHOWN
    assert result.refused.more == LIVING + GONE - SHOWN
    assert result.refused.first[0].name == f"copy-{LIVING + GONE - 1}"
    assert result.refused.first[0].reasons == ("No new environment may be in eu-north-1. Choose us-east-1.",)


def test_it_looks_only_at_the_scope(world: World, past: None, ada: User) -> None:
    result = run(ada, Scope(size="staging", team=world.team), regions=("us-east-1",))
    assert (
        result.refused.count
        == Request.objects.filter(environment__size="staging", environment__team=world.team).count()
    )
    assert {entry.team for entry in result.refused.first} == {"Payments"}


def test_what_the_old_version_refused_as_well_is_not_affected(world: World, past: None, ada: User) -> None:
    write_rule(Scope(), regions=("us-east-1",))
    assert run(ada, Scope(), regions=("us-east-1",)).is_empty
    assert run(ada, Scope()).is_empty


def test_inputs_that_run_are_compared(world: World, past: None, ada: User) -> None:
    odd = NarrowedInput("small", "note", allowed=("odd",))
    result = run(ada, Scope(), inputs=(odd,))
    assert (result.outside.count, result.outside.first[0].reasons) == (LIVING // 2, ("note should be odd.",))


def test_a_quota_is_replayed_over_time(world: World, past: None, ada: User) -> None:
    """Logistics sends every fourth request, and all its environments live at the same time."""
    result = run(ada, Scope(team=Team.objects.get(slug="logistics")), environments=60)
    assert (result.refused.count, result.outside.count) == (100 - 60, 75 - 60)
    assert result.outside.first[0].reasons == ("It is number 61 of its team, and 60 are allowed.",)


def test_rates_are_replayed_as_well(world: World, past: None, ada: User) -> None:
    assert run(ada, Scope(), requests_per_hour_of_person=1).refused.count == 0
    Request.objects.filter(environment__name="copy-7").update(requested_at=world.now - timedelta(hours=3, minutes=30))
    assert run(ada, Scope(), requests_per_hour_of_person=1).refused.count >= 1


def test_other_approvals_are_named(world: World, past: None, ada: User) -> None:
    result = run(ada, Scope(size="dev"), approvals=(RequiredApprovals("create", owners=1),))
    assert result.approvals.count == Request.objects.filter(environment__size="dev", kind="create").count() - 1
    assert result.approvals.first[0].reasons == ("1 approval: 1 by owners of the team instead of no approval",)
    assert result.refused.count == result.outside.count == 0


def test_environments_that_are_too_old(world: World, past: None, ada: User) -> None:
    result = run(ada, Scope(), lifetime_days=10)
    old = Environment.objects.filter(state="running", created_at__lte=world.now - timedelta(days=10)).count()
    assert result.outside.count == old > 0


def test_it_writes_nothing_with_a_bounded_number_of_queries(world: World, past: None, ada: User) -> None:
    settings: dict[str, Any] = {
        "regions": ("us-east-1",),
        "environments": 5,
        "inputs": (NarrowedInput("small", "note", allowed=("odd",)),),
        "refused_findings": ("iam.user",),
        "approvals": (RequiredApprovals("create", owners=1),),
    }
    with CaptureQueriesContext(connection) as captured:
        run(ada, Scope(), **settings)
    assert len(captured) <= 7
    assert all(query["sql"].lstrip().upper().startswith("SELECT") for query in captured)
    assert not RuleVersion.objects.exists()


def test_only_admins_may_run_it(world: World) -> None:
    with pytest.raises(NotAllowed):
        dry_run(actor=world.alice, scope=Scope(), settings=RuleSettings())


def test_a_freeze_concerns_requests_and_no_environment_that_exists(world: World, ada: User) -> None:
    world.request("created-in-it")
    freeze = Freeze("Inventory", world.now - timedelta(days=1), world.now + timedelta(days=1), "UTC", "Counting.")
    result = dry_run(actor=ada, scope=Scope(), settings=RuleSettings(freezes=(freeze,)))
    assert (result.refused.count, result.outside.count) == (1, 0)
