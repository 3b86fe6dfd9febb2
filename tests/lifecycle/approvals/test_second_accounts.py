"""Olivia approves with her own account, and gets a second one through single sign-on."""

from __future__ import annotations

import pytest

from provisioning.errors import NotAllowed
from provisioning.lifecycle.access import may_decide
from provisioning.lifecycle.services.people import confirm_person, find_person
from provisioning.lifecycle.services.provider_identity import Grants, Person, admit_person
from provisioning.models import Request, Role, User
from tests.fixtures.world import World
from tests.lifecycle.approvals.conftest import vote

ADDRESS = "olivia@example.org"


def signs_in(world: World, *, subject: str = "1", username: str = "olivia", email: str = ADDRESS) -> User:
    person = Person("https://id", subject, username, "Olivia", "Olsson", email)
    return admit_person(person=person, grants=Grants(teams={world.team.slug: Role.OPERATOR}))


@pytest.fixture
def olivia(world: World) -> User:
    User.objects.filter(pk=world.olivia.pk).update(email=ADDRESS)
    return User.objects.get(pk=world.olivia.pk)


def test_both_count_as_one_until_an_admin_confirms_two_people(world: World, olivia: User) -> None:
    second = signs_in(world)
    assert (second.username, second.counts_as) == ("olivia-2", olivia)
    request = world.request(size="prod", actor=second)
    with pytest.raises(NotAllowed, match="both have the same address"):
        vote(request, olivia)
    confirm_person(actor=User.objects.create_user("ada", is_admin=True), user=second)
    assert may_decide(olivia, Request.objects.get(pk=request.pk))


def test_also_if_the_account_gets_the_address_later(world: World, olivia: User) -> None:
    second = signs_in(world, email="o@example.org")
    third = User.objects.create_user("third", counts_as=second)
    assert second.counts_as is None
    assert signs_in(world, email=ADDRESS).counts_as == olivia
    third.refresh_from_db()
    assert third.counts_as == olivia, "and so does everybody who counted as this account"


def test_people_with_addresses_of_their_own_count_as_themselves(world: World, olivia: User) -> None:
    assert signs_in(world, email="").counts_as is None
    assert signs_in(world, subject="2", email="vera@example.org").counts_as is None


def test_no_user_name_is_the_address_of_somebody_else(world: World) -> None:
    taken = signs_in(world, username="chief@example.com", email="")
    assert taken.username == "chief"
    assert find_person("chief@example.com") is None
    own = signs_in(world, subject="2", username="Vera@example.org", email="vera@example.org")
    assert own.username == "Vera@example.org"
