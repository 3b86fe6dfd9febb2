"""An invitation does not prove that there is another person, so both count as one in decisions."""

from __future__ import annotations

import pytest

from provisioning.errors import NotAllowed, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import decidable, may_decide
from provisioning.lifecycle.services.changes import plan_again, request_change
from provisioning.lifecycle.services.invitations import accept_as_new_person, digest_of, invite
from provisioning.lifecycle.services.people import confirm_person
from provisioning.lifecycle.services.tokens import create_service_token
from provisioning.models import ApiToken, AuditEvent, Request, RequestKind, Role, User
from tests.fixtures.world import World
from tests.lifecycle.approvals.conftest import ask_for, vote


def invited(world: World, inviter: User, name: str, role: str = Role.OPERATOR) -> User:
    issued = invite(actor=inviter, team=world.team, email=f"{name}@example.org", role=role)
    membership = accept_as_new_person(
        token_sha256=digest_of(issued.token),
        username=name,
        first_name=name.title(),
        last_name="",
        password="staple gun 9 quartz",
    )
    return User.objects.get(pk=membership.user_id)


@pytest.fixture
def alice(world: World) -> User:
    """Owns the team, and approves."""
    User.objects.filter(pk=world.alice.pk).update(is_approver=True)
    return User.objects.get(pk=world.alice.pk)


@pytest.fixture
def ada(world: World) -> User:
    return User.objects.create_user("ada", first_name="Ada", is_admin=True)


def awaits(user: User) -> bool:
    return Request.objects.filter(decidable(user)).exists()


def test_alice_does_not_decide_for_somebody_whom_she_has_invited(world: World, alice: User, ada: User) -> None:
    zoe = invited(world, alice, "zoe")
    request = world.request(size="prod", actor=zoe)
    with pytest.raises(NotAllowed, match="You and the requester count as one person, because one of you invited"):
        vote(request, alice)
    assert (awaits(alice), awaits(world.olivia)) == (False, True)

    confirm_person(actor=ada, user=zoe)
    assert awaits(alice)
    assert vote(request, alice).state == "approved"
    (event,) = AuditEvent.objects.filter(action="person:confirm")
    assert (event.actor_name, event.subject, event.before) == ("ada", "zoe", {"counts_as": "alice"})


def test_a_chain_of_invitations_ends_at_its_first_person(world: World, alice: User, ada: User) -> None:
    zoe = invited(world, alice, "zoe", Role.OWNER)
    yves = invited(world, zoe, "yves", Role.OWNER)
    ask_for(owners=1)
    of_yves, of_alice = world.request("one", size="prod", actor=yves), world.request("two", size="prod", actor=alice)
    for request in (of_yves, of_alice):
        assert not any(may_decide(person, request) for person in (alice, zoe, yves))
    confirm_person(actor=ada, user=zoe)
    for person in (zoe, yves):
        person.refresh_from_db()
    assert [may_decide(zoe, request) for request in (of_yves, of_alice)] == [False, True], "zoe has invited yves"
    assert [may_decide(yves, request) for request in (of_yves, of_alice)] == [False, True]
    assert may_decide(alice, of_yves), "zoe, as whom yves counts, is not alice"


def test_whom_a_confirmed_person_has_invited_counts_as_the_nearest_inviter(
    world: World, alice: User, ada: User
) -> None:
    zoe = invited(world, alice, "zoe", Role.OWNER)
    yves = invited(world, zoe, "yves", Role.OWNER)
    xeno = invited(world, yves, "xeno", Role.OWNER)
    wim = invited(world, alice, "wim", Role.OWNER)

    def counted() -> list[str | None]:
        names = dict(User.objects.values_list("username", "counts_as__username"))
        return [names[person.username] for person in (zoe, yves, xeno, wim)]

    assert counted() == ["alice", "alice", "alice", "alice"]
    confirm_person(actor=ada, user=zoe)
    assert counted() == [None, "zoe", "zoe", "alice"]
    assert AuditEvent.objects.get(action="person:confirm").detail == {"count_as_this_person": ["xeno", "yves"]}
    zoe.refresh_from_db()
    User.objects.filter(pk=zoe.pk).update(is_admin=True)
    with pytest.raises(NotAllowed, match="Another portal admin"):
        confirm_person(actor=User.objects.get(pk=zoe.pk), user=xeno)
    confirm_person(actor=ada, user=yves)
    assert counted() == [None, None, "yves", "alice"]


def test_an_admin_who_was_invited_vouches_for_nobody_before_the_confirmation(world: World, alice: User) -> None:
    zoe = invited(world, alice, "zoe")
    User.objects.filter(pk=zoe.pk).update(is_admin=True)
    zoe.refresh_from_db()
    assert invited(world, zoe, "yves").counts_as == alice


def test_a_service_token_of_an_invited_person_keeps_its_confirmed_inviter_out(
    world: World, alice: User, ada: User
) -> None:
    zoe = invited(world, alice, "zoe", Role.OWNER)
    yves = invited(world, zoe, "yves", Role.OWNER)
    create_service_token(actor=yves, team=world.team, name="CI", scopes=["read", "operate"], days=30)
    ask_for(owners=1)
    request = world.request(size="prod", actor=ApiToken.objects.get().owner)
    confirm_person(actor=ada, user=zoe)
    zoe.refresh_from_db()
    request.refresh_from_db()
    assert not may_decide(zoe, request)


def test_nobody_confirms_whom_they_have_invited(world: World, alice: User, ada: User) -> None:
    zoe = invited(world, alice, "zoe")
    with pytest.raises(NotAllowed, match="Only portal admins"):
        confirm_person(actor=world.olivia, user=zoe)
    User.objects.filter(pk__in=(alice.pk, zoe.pk)).update(is_admin=True)
    for person in (alice, zoe):
        person.refresh_from_db()
        with pytest.raises(NotAllowed, match="Another portal admin has to confirm them"):
            confirm_person(actor=person, user=zoe)
    confirm_person(actor=ada, user=zoe)


def test_whom_a_portal_admin_invites_is_another_person(world: World, ada: User) -> None:
    zoe = invited(world, ada, "zoe")
    User.objects.filter(pk=ada.pk).update(is_approver=True)
    ada.refresh_from_db()
    assert vote(world.request(size="prod", actor=zoe), ada).state == "approved"


def test_two_votes_come_from_two_people(world: World, alice: User, two_approvers: None) -> None:
    zoe = invited(world, alice, "zoe")
    User.objects.filter(pk=zoe.pk).update(is_approver=True)
    request = world.request(size="prod")
    vote(request, alice)
    with pytest.raises(WrongState, match="You and alice, who has approved this plan already, count as one person"):
        vote(request, User.objects.get(pk=zoe.pk))
    assert vote(request, world.olivia).state == "approved"


def test_planning_again_makes_nobody_another_person(world: World, alice: User) -> None:
    zoe = invited(world, alice, "zoe")
    environment = world.create()
    ask_for(RequestKind.CHANGE, approvers=1)
    first = request_change(
        actor=zoe,
        environment=environment,
        blueprint=world.blueprints["small"],
        size=environment.size,
        inputs={**environment.inputs, "note": "x"},
    )
    world.until_rest(environment)
    first.refresh_from_db()
    second = plan_again(actor=world.bob, request=first)
    assert not may_decide(alice, second)


@pytest.mark.parametrize("kind", ["create", "change"])
def test_a_service_token_makes_nobody_another_person(kind: str, world: World, alice: User) -> None:
    """Neither olivia, who was shown the token, nor alice, who invited somebody who was shown it."""
    zoe = invited(world, alice, "zoe")
    robot = User.objects.create_user("robot", is_service=True)
    robot.memberships.create(team=world.team, role=Role.OPERATOR)
    for number, person in enumerate((world.olivia, zoe)):
        ApiToken.objects.create(
            name="CI",
            owner=robot,
            team=world.team,
            created_by=person,
            digest=f"{number:064}",
            hint="abcd",
            scopes=[],
            created_at=clock.now(),
            expires_at=clock.now(),
        )
    if kind == "create":
        request = world.request(size="prod", actor=robot)
    else:
        environment = world.create()
        ask_for(RequestKind.CHANGE, approvers=1)
        request = request_change(
            actor=robot,
            environment=environment,
            blueprint=world.blueprints["small"],
            size=environment.size,
            inputs={**environment.inputs, "note": "x"},
        )
        world.until_rest(environment)
        request.refresh_from_db()
    assert request.state == "waiting"
    assert not any(may_decide(person, request) for person in (alice, world.olivia))
    assert not any(awaits(person) for person in (alice, world.olivia))
