"""An approver who is away, and the person who decides meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.access import decidable, may_see, sees_all_teams
from provisioning.lifecycle.evidence.records import decision_records
from provisioning.lifecycle.services.delegations import delegate_approvals, delegations_in_effect, end_delegation
from provisioning.lifecycle.services.outside_roles import take_role
from provisioning.lifecycle.services.people import create_password_link, deactivate_person
from provisioning.lifecycle.services.tokens import create_personal_token
from provisioning.models import AuditEvent, Delegation, Membership, OutsideRole, Request, Team, User, Vote
from provisioning.notify.audience import recipients_of
from provisioning.notify.wording import text_for
from tests.fixtures.world import World
from tests.lifecycle.approvals.conftest import vote


def delegate(world: World, otto: User, **more: Any) -> Delegation:
    delegation = delegate_approvals(
        **{"actor": world.olivia, "delegate": otto, "ends_at": world.now + timedelta(days=7), "reason": "Holidays."}
        | more
    )
    otto.refresh_from_db()
    return delegation


def test_otto_decides_for_olivia_and_the_log_says_so(world: World, otto: User) -> None:
    request = world.request(size="prod")
    with pytest.raises(NotAllowed):
        vote(request, otto)
    delegate(world, otto)
    assert Request.objects.filter(decidable(otto)).count() == 1
    assert vote(request, otto).state == "approved"
    cast = Vote.objects.get()
    assert (cast.voter, cast.seat) == (otto, world.olivia)
    event = AuditEvent.objects.get(action="request:approve")
    assert (event.actor_name, event.acting_as) == ("otto", "delegate of olivia")


def test_olivia_and_otto_have_one_vote_together(world: World, otto: User, oscar: User, two_approvers: None) -> None:
    delegate(world, otto)
    first, second = world.request("first", size="prod"), world.request("second", size="prod")
    vote(first, otto)
    with pytest.raises(WrongState, match="approved this plan already"):
        vote(first, world.olivia)
    vote(second, world.olivia)
    with pytest.raises(NotAllowed):
        vote(second, otto)
    assert vote(second, oscar).state == "approved"


def test_a_delegation_is_of_no_use_for_ones_own_request(world: World, otto: User) -> None:
    Membership.objects.create(team=world.team, user=otto)
    delegate(world, otto)
    request = world.request(size="prod", actor=otto)
    with pytest.raises(NotAllowed):
        vote(request, otto)
    assert not Request.objects.filter(decidable(otto)).exists()


def test_nor_for_a_request_of_the_one_who_delegates(world: World, otto: User) -> None:
    Membership.objects.create(team=world.team, user=world.olivia)
    delegate(world, otto)
    request = world.request(size="prod", actor=world.olivia)
    with pytest.raises(NotAllowed):
        vote(request, otto)
    assert not Request.objects.filter(decidable(otto)).exists()


def test_nobody_delegates_a_role_that_was_just_taken_away(world: World, otto: User) -> None:
    """With the object of a request that began before."""
    User.objects.filter(pk=world.olivia.pk).update(is_approver=False)
    assert world.olivia.is_approver
    with pytest.raises(NotAllowed, match="Only approvers"):
        delegate(world, otto)
    assert not sees_all_teams(User.objects.get(pk=otto.pk))


def test_it_ends_by_itself_and_with_it_what_otto_sees(world: World, otto: User) -> None:
    request = world.request(size="prod")
    delegate(world, otto)
    assert may_see(otto, world.team)
    world.cloud.clock.advance(6 * 86_400)
    assert Request.objects.filter(decidable(otto)).exists()
    world.cloud.clock.advance(2 * 86_400)
    assert not may_see(otto, world.team)
    assert not Request.objects.filter(decidable(otto)).exists()
    assert delegations_in_effect() == []
    with pytest.raises(NotAllowed):
        vote(request, otto)


@pytest.mark.parametrize("who", ["olivia", "otto"])
def test_each_of_the_two_may_end_it(world: World, otto: User, who: str) -> None:
    delegation = delegate(world, otto)
    with pytest.raises(NotAllowed):
        end_delegation(actor=world.alice, delegation=delegation)
    end_delegation(actor={"olivia": world.olivia, "otto": otto}[who], delegation=delegation)
    otto.refresh_from_db()
    assert not sees_all_teams(otto)
    with pytest.raises(NotAllowed):
        vote(world.request(size="prod"), otto)
    assert AuditEvent.objects.get(action="delegation:end").actor_name == who


@pytest.mark.parametrize("loss", ["role", "deactivated"])
def test_it_ends_at_once_when_olivia_loses_her_right(world: World, otto: User, loss: str) -> None:
    root = User.objects.create_superuser("root")
    delegate(world, otto)
    if loss == "role":
        take_role(actor=root, user=world.olivia, role=OutsideRole.APPROVER)
    else:
        deactivate_person(actor=root, user=world.olivia)
    otto.refresh_from_db()
    assert Delegation.objects.get().ended_at is not None
    assert not sees_all_teams(otto)
    with pytest.raises(NotAllowed):
        vote(world.request(size="prod"), otto)


def test_it_ends_when_otto_is_deactivated(world: World, otto: User) -> None:
    delegate(world, otto)
    deactivate_person(actor=User.objects.create_superuser("root"), user=otto)
    assert Delegation.objects.get().ended_at is not None


def test_a_vote_under_an_ended_delegation_gives_way_and_the_log_says_so(
    world: World, otto: User, oscar: User, two_approvers: None
) -> None:
    request = world.request(size="prod")
    delegation = delegate(world, otto)
    vote(request, otto)
    end_delegation(actor=world.olivia, delegation=delegation)
    User.objects.filter(pk=otto.pk).update(is_approver=True)
    otto.refresh_from_db()
    for person in (otto, world.olivia):
        assert Request.objects.filter(decidable(person)).exists(), "both see it in their inbox again"
    assert vote(request, otto).state == "waiting", "he votes again, now in his own right"
    event = AuditEvent.objects.filter(action="request:vote").latest("id")
    assert event.detail["replaced_votes"] == ["otto for olivia"]
    assert not Request.objects.filter(decidable(otto)).exists()
    assert vote(request, world.olivia).state == "approved"
    request.refresh_from_db()
    kept = {(vote["by"], vote["in_place_of"], bool(vote["replaced_at"])) for vote in decision_records(request)}
    assert kept == {("otto", "olivia", True), ("otto", None, False), ("olivia", None, False)}, "nothing is forgotten"


def test_who_is_voted_for_no_longer_has_it_in_the_inbox(
    world: World, otto: User, oscar: User, two_approvers: None
) -> None:
    request = world.request(size="prod")
    delegate(world, otto)
    assert Request.objects.filter(decidable(world.olivia)).exists()
    vote(request, otto)
    assert not Request.objects.filter(decidable(world.olivia)).exists()
    assert not Request.objects.filter(decidable(otto)).exists()
    assert Request.objects.filter(decidable(oscar)).exists()


def test_a_vote_on_a_former_plan_is_no_reason_to_hide_the_request(
    world: World, oscar: User, two_approvers: None
) -> None:
    request = world.request(size="prod")
    vote(request, oscar)
    Vote.objects.update(digest="0" * 64)
    assert Request.objects.filter(decidable(oscar)).exists()


def test_a_delegate_does_not_fill_the_place_of_somebody_who_counts_as_one_with_a_voter(
    world: World, otto: User, oscar: User, two_approvers: None
) -> None:
    request = world.request(size="prod")
    User.objects.filter(pk=oscar.pk).update(counts_as=world.olivia)
    oscar.refresh_from_db()
    vote(request, oscar)
    delegate(world, otto)
    with pytest.raises(WrongState, match="count as one person"):
        vote(request, otto)


def test_otto_hears_of_it(world: World, otto: User) -> None:
    delegate(world, otto)
    event = AuditEvent.objects.get(action="delegation:begin")
    hears = recipients_of(event)
    assert hears is not None
    assert hears.people == (otto,)
    assert "delegated approvals to you" in text_for(event, None).sentence


def test_a_right_that_was_delegated_is_not_delegated_further(world: World, otto: User) -> None:
    delegate(world, otto)
    with pytest.raises(NotAllowed, match="Only approvers may delegate"):
        delegate(world, world.charlie, actor=otto)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"delegate": "olivia"}, "another person than yourself"),
        ({"delegate": "oscar"}, "is an approver already"),
        ({"days": 0}, "Choose an end in the future"),
        ({"days": 61}, "at most 60 days"),
        ({"reason": " "}, "Enter a reason"),
    ],
)
def test_what_a_delegation_cannot_be(
    world: World, otto: User, oscar: User, change: dict[str, Any], sentence: str
) -> None:
    people = {"olivia": world.olivia, "oscar": oscar, "otto": otto}
    with pytest.raises(Refused, match=sentence):
        delegate(
            world,
            people[change.get("delegate", "otto")],
            ends_at=world.now + timedelta(days=change.get("days", 7)),
            reason=change.get("reason", "Holidays."),
        )
    assert not Delegation.objects.exists()


def test_an_approver_delegates_to_one_person_at_a_time(world: World, otto: User) -> None:
    delegate(world, otto)
    with pytest.raises(Refused, match="End that delegation first"):
        delegate(world, world.charlie)
    world.cloud.clock.advance(8 * 86_400)
    assert delegate(world, world.charlie).delegate == world.charlie


def test_a_delegate_operates_nothing(world: World, otto: User) -> None:
    team = Team.objects.get(pk=world.team.pk)
    delegate(world, otto)
    with pytest.raises(NotAllowed):
        world.request(actor=otto, team=team)


def test_a_vote_counts_for_nobody_once_its_delegation_was_ended(
    world: World, otto: User, oscar: User, two_approvers: None
) -> None:
    delegation = delegate(world, otto)
    request = world.request(size="prod")
    vote(request, otto)
    end_delegation(actor=world.olivia, delegation=delegation)
    assert vote(request, oscar).state == "waiting"
    assert vote(request, world.olivia).state == "approved"


def test_nobody_sets_the_password_of_a_delegate(world: World, otto: User) -> None:
    ada = User.objects.create_user("ada", is_admin=True)
    create_password_link(actor=ada, user=otto)
    delegate(world, otto)
    with pytest.raises(NotAllowed, match="could act as"):
        create_password_link(actor=ada, user=otto)


def test_a_former_delegate_is_a_person_like_any_other(world: World, otto: User) -> None:
    ada = User.objects.create_user("ada", is_admin=True)
    delegate(world, otto)
    world.cloud.clock.advance(8 * 86_400)
    assert create_password_link(actor=ada, user=otto).token
    token = create_personal_token(actor=otto, name="kept", scopes=["read"], days=30).token
    delegate(world, otto)
    token.refresh_from_db()
    assert token.revoked_at is not None, "somebody else could have made it meanwhile"


@pytest.mark.parametrize(("who", "hears"), [("olivia", "otto"), ("otto", "olivia"), ("nobody", "otto")])
def test_the_other_one_hears_of_its_end(world: World, otto: User, who: str, hears: str) -> None:
    delegation = delegate(world, otto)
    if who == "nobody":
        take_role(actor=User.objects.create_superuser("root"), user=world.olivia, role=OutsideRole.APPROVER)
    else:
        end_delegation(actor={"olivia": world.olivia, "otto": otto}[who], delegation=delegation)
    event = AuditEvent.objects.get(action="delegation:end")
    recipients = recipients_of(event)
    assert recipients is not None
    assert [person.username for person in recipients.people] == [hears]
    assert "from olivia to otto has ended" in text_for(event, None).sentence


def test_olivia_hears_that_otto_was_deactivated(world: World, otto: User) -> None:
    delegate(world, otto)
    deactivate_person(actor=User.objects.create_superuser("root"), user=otto)
    recipients = recipients_of(AuditEvent.objects.get(action="delegation:end"))
    assert recipients is not None
    assert recipients.people == (world.olivia,)
