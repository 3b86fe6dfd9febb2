from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from provisioning.models import Environment
from tests.portal.conftest import People

ROW = re.compile(r'class="strong" href="/environments/([0-9a-f-]{36})/"')


def test_pages_of_the_list_hold_each_environment_once(people: People, many: Callable[[int], None]) -> None:
    many(60)
    bob, url, seen = people.client("bob"), "/environments/", []
    while url:
        text = bob.get(url).content.decode()
        seen += ROW.findall(text)
        older = re.search(r'href="(\?[^"]*cursor=[^"]*)"', text)
        url = f"/environments/{older[1].replace('&amp;', '&')}" if older else ""
    assert len(seen) == len(set(seen)) == Environment.objects.count() == 61


def test_the_list_takes_five_queries_however_long_it_is(
    people: People, many: Callable[[int], None], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (3, 80):
        many(number)
        for name in ("bob", "olivia"):
            client = people.client(name)
            with django_assert_max_num_queries(5):
                assert client.get("/environments/?state=running&team=payments").status_code == 200


def test_filters_choose_by_state_and_team(running: Environment, failed: Environment, people: People) -> None:
    bob = people.client("bob")
    only_failed = bob.get("/environments/?state=create_failed").content.decode()
    assert "orders-broken" in only_failed
    assert "orders-dev" not in only_failed
    assert "No environments match these filters" in bob.get("/environments/?team=logistics").content.decode()


def test_what_is_gone_shows_only_when_asked_for(gone: Environment, people: People) -> None:
    bob = people.client("bob")
    assert gone.name not in bob.get("/environments/").content.decode()
    assert gone.name in bob.get("/environments/?state=").content.decode()


@pytest.mark.parametrize(
    "cursor", ["x", "e30", "WzEsMl0", "W10", "é", "bnVsbA", "W1tb" * 3_000, "WyIyMDI2LTAxLTAxIiwgIngiXQ"]
)
def test_a_cursor_of_somebody_elses_making_begins_at_the_beginning(
    cursor: str, running: Environment, people: People
) -> None:
    answer = people.client("bob").get("/environments/", {"cursor": cursor})
    assert answer.status_code == 200
    assert running.name in answer.content.decode()


def test_only_members_who_may_request_are_offered_a_new_environment(people: People) -> None:
    for name, offered in (("bob", True), ("olivia", False)):
        assert ("New environment" in people.client(name).get("/environments/").content.decode()) is offered, name
