"""Unknown addresses answer everybody with 404, whether or not they are signed in."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from portal.templatetags.portal import initials, person
from tests.portal.conftest import People

PATHS = ["/anything", "/.env", "/catalogue/x/y/z/", "/wp-login.php", "/environments/nobody/", "/requests/%00/"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_gets_404_for_whatever_does_not_exist(path: str) -> None:
    client = Client(raise_request_exception=False)
    for method in (client.get, client.head, client.post, client.put, client.delete, client.options):
        assert method(path).status_code == 404
    page = client.get(path).content.decode()
    assert "Not found" in page
    assert "Sign in" in page
    assert "Sign out" not in page


def test_charlie_sees_the_same_page_with_his_menu(people: People) -> None:
    answer = people.client("charlie").get("/anything")
    assert answer.status_code == 404
    assert "Sign out" in answer.content.decode()


def test_a_filter_with_a_nul_is_refused(people: People) -> None:
    """PostgreSQL cannot be asked for one."""
    client = people.client("charlie")
    for query in ("team=%00", "state=%00", "cursor=%00", "anything=x%00"):
        assert client.get(f"/environments/?{query}").status_code == 400


def test_everyone_has_a_name(people: People) -> None:
    assert [person(None), person(AnonymousUser()), person(people.alice)] == ["the portal", "nobody", "Alice"]
    assert [initials(None), initials(AnonymousUser()), initials(people.alice)] == ["TP", "N", "A"]
