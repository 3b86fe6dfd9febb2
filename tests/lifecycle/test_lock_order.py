"""A team's row is locked before its environments, and an environment before its requests and offers: two
transactions that lock in another order wait for each other forever.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.rules import lock_quotas
from provisioning.lifecycle.services import recording
from provisioning.lifecycle.services.account_teams import remove_team
from provisioning.lifecycle.services.handover import accept_offer, decline_offer, offer_environment, withdraw_offer
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.models import AccountTeam, Environment, HandoverOffer, Membership, Role, Team, User
from tests.fixtures.world import World

ORDER = ("team", "environment", "handoveroffer", "request")
_LOCKED = re.compile(r'FROM "provisioning_(\w+)".* FOR (?:NO KEY )?UPDATE|^UPDATE "provisioning_(\w+)"', re.DOTALL)

Act = Callable[[World, HandoverOffer], object]


def locked_by(act: Callable[[], object]) -> list[str]:
    """The tables of which the act locks or changes rows, in the order in which it comes to each."""
    with CaptureQueriesContext(connection) as queries:
        act()
    found = [match for query in queries if (match := _LOCKED.search(query["sql"]))]
    tables = dict.fromkeys(match[1] or match[2] for match in found)
    return [table for table in tables if table in ORDER]


@pytest.mark.parametrize(
    "act",
    [
        lambda world, made: accept_offer(actor=world.charlie, offer=made),
        lambda world, made: decline_offer(actor=world.charlie, offer=made),
        lambda world, made: withdraw_offer(actor=world.alice, offer=made),
    ],
    ids=["accept", "decline", "withdraw"],
)
def test_an_offer_is_decided_on_with_its_environment_locked(world: World, act: Act) -> None:
    Membership.objects.filter(user=world.charlie).update(role=Role.OWNER)
    environment = world.create()
    made = offer_environment(
        actor=world.alice, environment=environment, receiver="logistics", typed_name=environment.name
    )
    tables = locked_by(lambda: act(world, made))
    assert "environment" in tables
    assert tables == sorted(tables, key=ORDER.index)


def test_a_retry_locks_the_environment_before_its_request(world: World) -> None:
    world.cloud.fail_create["BucketFiles"] = ["orders-files already exists"]
    environment = world.until_rest(world.request().environment)
    tables = locked_by(lambda: retry_operation(actor=world.bob, environment=environment))
    assert tables == ["team", "environment", "request"]


def test_an_offer_locks_the_receiving_team_before_the_environment(world: World) -> None:
    environment: Environment = world.create()
    tables = locked_by(
        lambda: offer_environment(
            actor=world.alice, environment=environment, receiver="logistics", typed_name=environment.name
        )
    )
    assert tables == ["team", "environment"]


def test_a_team_that_loses_an_account_meanwhile_gets_no_environment_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = User.objects.create_user("ada", is_admin=True)
    entry = AccountTeam.objects.get(team=world.team, account=world.account)

    def lock_after_removal(*, team: Team, actor: User) -> None:
        assert locked_by(lambda: remove_team(actor=ada, entry=entry)) == ["team"]
        lock_quotas(team=team, actor=actor)

    monkeypatch.setattr(recording, "lock_quotas", lock_after_removal)
    with pytest.raises(Refused, match="Payments may not use the account dev"):
        world.request()
    with pytest.raises(WrongState, match="Payments may no longer use dev"):
        remove_team(actor=ada, entry=AccountTeam(pk=0, team=world.team, account=world.account))
