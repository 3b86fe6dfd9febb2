from __future__ import annotations

from collections.abc import Callable

from pytest_django import DjangoAssertNumQueries

from provisioning.models import User
from tests.portal.conftest import People


def test_an_empty_home_leads_to_the_catalogue(people: People) -> None:
    text = people.client("bob").get("/").content.decode()
    assert "Payments has no environment yet" in text
    assert 'href="/catalogue/"' in text


def test_somebody_without_a_team_is_told_so(people: People) -> None:
    User.objects.create_user("dora")
    people.dora = User.objects.get(username="dora")  # type: ignore[attr-defined]
    assert "You are not in a team yet" in people.client("dora").get("/").content.decode()


def test_home_shows_what_waits_for_whom(people: People) -> None:
    people.ask("shop", size="prod")
    bob, olivia = (people.client(name).get("/").content.decode() for name in ("bob", "olivia"))
    assert "Pending approval" in bob
    assert "Awaiting your approval" in olivia
    assert 'title="awaiting your approval">1</span>' in olivia
    assert 'class="count"' not in bob


def test_an_approvers_own_request_does_not_wait_for_them(people: People) -> None:
    people.bob.is_approver = True
    people.bob.save()
    people.ask("shop", size="prod")
    assert "No requests await your approval" in people.client("bob").get("/").content.decode()


def test_home_takes_five_queries_however_much_there_is(
    people: People, many: Callable[[int], None], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (3, 60):
        many(number)
        for name in ("bob", "olivia"):
            client = people.client(name)
            with django_assert_max_num_queries(5):
                assert client.get("/").status_code == 200
