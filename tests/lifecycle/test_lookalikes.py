"""Names of people and teams that would look like another one are refused, and those of the world are not."""

from __future__ import annotations

import pytest

from provisioning.errors import InvalidFields
from provisioning.lifecycle.lookalikes import ascii_username, problem_of_name
from provisioning.lifecycle.services.people import NewPerson, create_person, update_person
from provisioning.lifecycle.services.provider_identity import Grants, Person, admit_person
from provisioning.lifecycle.services.teams import create_team, rename_team
from provisioning.models import Team, User

CYRILLIC_A = "\u0430"
MIXED = f"{CYRILLIC_A}lice"
INVISIBLE = {
    "zero width space": "Pay\u200bments",
    "right-to-left override": "Pay\u202ements",
    "line break": "Pay\nments",
    "no-break space": "Pay\u00a0ments",
    "byte order mark": "\ufeffPayments",
    "Hangul filler": "Pay\u3164ments",
    "combining grapheme joiner": "Pay\u034fments",
    "variation selector": "Payments\ufe0f",
}


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", is_admin=True)


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE)
def test_what_nobody_sees_is_named_by_its_number(text: str) -> None:
    assert "There is an invisible character in the name (U+" in problem_of_name(text)


@pytest.mark.parametrize(("text", "plain"), [("\U0001d5balice", "a"), ("\uff41lice", "a"), ("o\ufb03ce", "ffi")])
def test_letters_that_only_look_like_letters_are_refused(text: str, plain: str) -> None:
    assert f"Write {plain} instead." in problem_of_name(text)


@pytest.mark.parametrize("text", [MIXED, "\u03bfps", "Payment\u0455"])
def test_a_word_of_two_scripts_is_refused(text: str) -> None:
    assert "looks like another one. Use the letters of one script." in problem_of_name(f"The {text}")


@pytest.mark.parametrize(
    "text", ["", "Åsa Öberg", "Иван Петров", "Σοφία", "李小龍", "田中さくら", "O’Neil-Smith 2", "김철수", "Nguyễn"]
)
def test_names_of_the_world_are_accepted(text: str) -> None:
    assert not problem_of_name(text)


def test_people_get_neither_such_names_nor_such_user_names(ada: User) -> None:
    new = NewPerson(username=MIXED, first_name=MIXED, last_name="Be\u202erg", email="")
    with pytest.raises(InvalidFields) as refused:
        create_person(actor=ada, new=new)
    assert set(refused.value.fields) == {"username", "first_name", "last_name"}
    bob = create_person(actor=ada, new=NewPerson(username="bob", first_name="Bob", last_name="Berg", email=""))
    with pytest.raises(InvalidFields):
        update_person(actor=ada, user=bob, first_name=MIXED, last_name="Berg", email="")


def test_who_has_a_user_name_from_before_keeps_it(ada: User) -> None:
    joerg = User.objects.create_user("jörg")
    update_person(actor=ada, user=joerg, first_name="Jörg", last_name="Berg", email="")
    joerg.refresh_from_db()
    assert (joerg.username, joerg.first_name) == ("jörg", "Jörg")


def test_teams_get_no_such_names(ada: User) -> None:
    for text in (MIXED, INVISIBLE["zero width space"]):
        with pytest.raises(InvalidFields):
            create_team(actor=ada, name=text, slug="payments")
    team = create_team(actor=ada, name="Zahlungen Süd", slug="payments")
    with pytest.raises(InvalidFields):
        rename_team(actor=ada, team=team, name=MIXED)
    assert Team.objects.get().name == "Zahlungen Süd"


@pytest.mark.parametrize(("sent", "expected"), [("jörg", "jorg"), (MIXED, "lice"), ("李", "person"), ("a b/c", "abc")])
def test_single_sign_on_gives_user_names_of_ascii_characters(db: None, sent: str, expected: str) -> None:
    person = Person("https://id", "1", sent, "Jo\u202erg", f"B{CYRILLIC_A}rg", "")
    user = admit_person(person=person, grants=Grants(outside=frozenset()))
    assert (user.username, user.first_name, user.last_name) == (expected, "Jo rg", "")
    assert ascii_username(user.username) == user.username
