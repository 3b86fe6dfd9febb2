"""How many people of which groups have to approve, and what a vote counts for."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db.models import Q

from provisioning.errors import NotAllowed, WrongState
from provisioning.lifecycle.access import decidable
from provisioning.lifecycle.rules import ApprovalRule, approval_rule_of
from provisioning.lifecycle.services import approvals
from provisioning.lifecycle.services.approvals import reject_request
from provisioning.lifecycle.services.changes import plan_again, request_change
from provisioning.lifecycle.services.tokens import create_service_token
from provisioning.lifecycle.services.votes import missing_approvals
from provisioning.models import AuditEvent, Operation, Plan, Request, RequestKind, Role, User, Vote
from tests.fixtures.world import World
from tests.lifecycle.approvals.conftest import ask_for, vote


def state_of(request: Request) -> str:
    return Request.objects.values_list("state", flat=True).get(pk=request.pk)


def awaits(user: User) -> set[str]:
    return set(Request.objects.filter(decidable(user)).values_list("environment__name", flat=True))


def test_the_second_of_two_votes_starts_the_operation(world: World, oscar: User, two_approvers: None) -> None:
    request = world.request(size="prod")
    vote(request, world.olivia, note="Fine by me.")
    assert (state_of(request), Operation.objects.count()) == ("waiting", 0)
    vote(request, oscar)
    assert (state_of(request), Operation.objects.count()) == ("approved", 1)
    actions = list(AuditEvent.objects.filter(Q(action="request:vote") | Q(action="request:approve")).order_by("id"))
    assert [(event.action, event.actor_name) for event in actions] == [
        ("request:vote", "olivia"),
        ("request:approve", "oscar"),
    ]


def test_one_person_is_one_vote(world: World, oscar: User, two_approvers: None) -> None:
    request = world.request(size="prod")
    vote(request, world.olivia)
    with pytest.raises(WrongState, match="You have approved this plan already"):
        vote(request, world.olivia)
    assert (state_of(request), Vote.objects.count()) == ("waiting", 1)
    assert (awaits(world.olivia), awaits(oscar)) == (set(), {"orders"})


def test_each_group_that_the_rule_names_has_to_approve(world: World) -> None:
    ada = User.objects.create_user("ada", first_name="Ada", is_admin=True)
    ask_for(owners=1, admins=1)
    request = world.request(size="prod")
    with pytest.raises(NotAllowed, match="Only"):
        vote(request, world.charlie)
    for person in (world.olivia, world.alice):
        assert awaits(person) == {"orders"}
        vote(request, person)
        assert state_of(request) == "waiting"
    vote(request, ada)
    assert state_of(request) == "approved"


def test_an_owner_of_another_team_is_not_asked(world: World) -> None:
    ask_for(owners=1)
    request = world.request(size="prod")
    world.charlie.memberships.update(role=Role.OWNER)
    assert (awaits(world.charlie), awaits(world.alice), awaits(world.bob)) == (set(), {"orders"}, set())
    with pytest.raises(NotAllowed):
        vote(request, world.charlie)


def test_a_vote_of_somebody_who_has_lost_the_role_does_not_count(
    world: World, oscar: User, two_approvers: None
) -> None:
    request = world.request(size="prod")
    vote(request, oscar)
    User.objects.filter(pk=oscar.pk).update(is_approver=False)
    vote(request, world.olivia)
    assert state_of(request) == "waiting"
    (missing,) = missing_approvals(request, approval_rule_of(request))
    assert missing.count == 1


def test_one_rejection_ends_it_whatever_others_have_voted(world: World, oscar: User, two_approvers: None) -> None:
    request = world.request(size="prod")
    vote(request, world.olivia)
    reject_request(actor=oscar, request=Request.objects.get(pk=request.pk), note="Too big.")
    assert state_of(request) == "refused"
    with pytest.raises(WrongState, match="no longer pending approval"):
        vote(request, User.objects.create_user("third", is_approver=True))


def test_a_vote_for_another_plan_than_the_one_that_was_read_is_refused(
    world: World, oscar: User, two_approvers: None
) -> None:
    request = world.request(size="prod")
    with pytest.raises(WrongState, match="differs from the one that you read"):
        vote(request, world.olivia, digest="0" * 64)
    assert not Vote.objects.exists()


def test_a_plan_that_is_replaced_while_the_rules_are_checked_gets_no_vote(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.request(size="prod")

    def replace_plan(stored: Request, *, at: datetime) -> ApprovalRule:
        Plan.objects.filter(pk=stored.plan_id).update(digest="0" * 64)
        return approval_rule_of(stored)

    monkeypatch.setattr(approvals, "check_rules_of", replace_plan)
    with pytest.raises(WrongState, match="differs from the one that you read"):
        vote(request, world.olivia)
    assert (state_of(request), Vote.objects.exists(), Operation.objects.exists()) == ("waiting", False, False)


def test_votes_for_an_earlier_plan_are_not_counted(world: World, oscar: User, two_approvers: None) -> None:
    request = world.request(size="prod")
    vote(request, world.olivia)
    Vote.objects.update(digest="0" * 64)
    vote(request, oscar)
    assert state_of(request) == "waiting"


def test_a_rule_that_became_stricter_asks_those_whom_it_names_now(world: World, oscar: User) -> None:
    ada = User.objects.create_user("ada", first_name="Ada", is_admin=True)
    request = world.request(size="prod")
    ask_for(approvers=1, admins=1)
    vote(request, world.olivia)
    assert state_of(request) == "waiting"
    assert awaits(ada) == {"orders"}
    vote(request, ada)
    assert state_of(request) == "approved"


def test_nobody_decides_on_their_change_that_somebody_else_planned_again(world: World, oscar: User) -> None:
    environment = world.create()
    world.alice.is_approver = True
    world.alice.save()
    ask_for(RequestKind.CHANGE, approvers=1)
    first = request_change(
        actor=world.alice,
        environment=environment,
        blueprint=world.blueprints["small"],
        size="dev",
        inputs={"note": "another"},
    )
    world.until_rest(environment)
    first.refresh_from_db()
    again = plan_again(actor=world.bob, request=first)
    world.until_rest(environment)
    again.refresh_from_db()
    assert (again.state, again.requested_by) == ("waiting", world.bob)
    assert awaits(world.alice) == set()
    with pytest.raises(NotAllowed, match="your own request"):
        vote(again, world.alice)
    with pytest.raises(NotAllowed, match="your own request"):
        reject_request(actor=world.alice, request=again, note="no")
    vote(again, oscar)
    assert state_of(again) == "approved"


def test_nobody_decides_on_what_they_have_requested_with_a_service_token(world: World, oscar: User) -> None:
    environment = world.create()
    world.alice.is_approver = True
    world.alice.save()
    robot = create_service_token(actor=world.alice, team=world.team, name="ci", scopes=["operate"], days=1).token.owner
    ask_for(RequestKind.CHANGE, approvers=1)
    change = request_change(
        actor=robot,
        environment=environment,
        blueprint=world.blueprints["small"],
        size="dev",
        inputs={"note": "another"},
    )
    world.until_rest(environment)
    for request in (change, world.request("other", size="prod", actor=robot)):
        with pytest.raises(NotAllowed, match="your own request"):
            vote(request, world.alice)
        vote(request, oscar)
        assert state_of(request) == "approved"


def test_a_service_user_never_decides(world: World) -> None:
    robot = User.objects.create_user("robot", is_approver=True, is_service=True)
    with pytest.raises(NotAllowed):
        vote(world.request(size="prod"), robot)
