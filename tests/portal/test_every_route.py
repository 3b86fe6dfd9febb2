"""Every URL of the site as every kind of person, on objects of a team that the outsider is not in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.urls import URLPattern

from portal.urls import pages
from provisioning.models import Environment, Membership, Role, User
from tests.portal.conftest import People
from tests.portal.routes import ELSEWHERE, SITE, Access
from tests.portal.test_access import addresses

# Whom each kind of access serves. The requests are bob's.
SERVED = {
    Access.PUBLIC: {"alice", "bob", "vera", "charlie", "olivia", "ada", "otto", "sam"},
    Access.SIGNED_IN: {"alice", "bob", "vera", "charlie", "olivia", "ada", "otto", "sam"},
    Access.SEE: {"alice", "bob", "vera", "olivia", "ada", "otto", "sam"},
    Access.OPERATE: {"alice", "bob"},
    Access.MANAGE: {"alice"},
    Access.DECIDE: {"olivia"},
    Access.ACT_FOR_A_TEAM: {"alice", "bob", "charlie"},
    Access.ALL_TEAMS: {"olivia", "ada", "otto", "sam"},
    Access.ADMIN: {"ada", "sam"},
    Access.MANAGE_OR_ADMIN: {"alice", "ada", "sam"},
    Access.TEAM_ADMIN: {"ada", "sam"},
    Access.OWNER_OR_AUDITOR: {"alice", "otto", "sam"},
    Access.ANY_OWNER_OR_ADMIN: {"alice", "charlie", "ada", "sam"},
    Access.ANY_OWNER_OR_AUDITOR: {"alice", "charlie", "otto", "sam"},
    Access.ADMIN_OR_AUDITOR: {"ada", "otto", "sam"},
}
OF_A_TEAM = {
    Access.SEE,
    Access.OPERATE,
    Access.MANAGE,
    Access.MANAGE_OR_ADMIN,
    Access.TEAM_ADMIN,
    Access.OWNER_OR_AUDITOR,
    Access.DECIDE,
}
WITHOUT_CONTENT = {"request_template", "request_export"}
"""The newest request is a teardown, which has none: 404 also for those who are served."""
EVERYONE = sorted(SERVED[Access.SIGNED_IN])


@dataclass(frozen=True)
class Route:
    name: str
    url: str
    access: Access

    def refusal(self, person: str) -> int:
        """The status for a person whom the route does not serve."""
        hidden = self.access in OF_A_TEAM and person not in SERVED[Access.SEE]
        return 404 if hidden else 403


@pytest.fixture
def everyone(people: People) -> People:
    """The people of the story and a viewer, a portal admin, an auditor and a superuser."""
    vera = User.objects.create_user("vera")
    Membership.objects.create(team=people.payments, user=vera, role=Role.VIEWER)
    people.vera = vera  # type: ignore[attr-defined]
    people.ada = User.objects.create_user("ada", is_admin=True)  # type: ignore[attr-defined]
    people.otto = User.objects.create_user("otto", is_auditor=True)  # type: ignore[attr-defined]
    people.sam = User.objects.create_superuser("sam")  # type: ignore[attr-defined]
    return people


def routes(environment: Environment) -> Iterator[Route]:
    """Each URL of the site, about this environment, its newest request, its team and its account."""
    for name, url in addresses(environment):
        if name in ELSEWHERE:
            continue
        assert name in SITE, f"{name} has no line in tests/portal/routes.py"
        yield Route(name, url + ("?as=json" if name.endswith("_export") and name != "audit_export" else ""), SITE[name])


def test_every_url_serves_those_it_is_for_and_nobody_else(gone: Environment, everyone: People) -> None:
    clients = {name: everyone.client(name) for name in EVERYONE}
    wrong, tried = list[str](), 0
    for route in routes(gone):
        for person, client in clients.items():
            get = client.get(route.url)
            tried += 1
            if person in SERVED[route.access]:
                if get.status_code == 403 or (
                    get.status_code == 404 and route.access is not Access.PUBLIC and route.name not in WITHOUT_CONTENT
                ):
                    wrong.append(f"GET {route.name} as {person}: {get.status_code}")
                continue
            post = client.post(route.url)
            statuses, refusal = {get.status_code, post.status_code}, route.refusal(person)
            if refusal not in statuses or not statuses <= {refusal, 405}:
                wrong.append(f"{route.name} as {person}: GET {get.status_code}, POST {post.status_code}, not {refusal}")
            if refusal == 404 and gone.name.encode() in get.content + post.content:
                wrong.append(f"{route.name} as {person} shows the name {gone.name}")
    assert wrong == []
    assert tried == (len(pages) - len(ELSEWHERE)) * len(EVERYONE)


def test_the_table_names_no_url_that_is_gone() -> None:
    assert set(SITE) | set(ELSEWHERE) == {"admin_sign_in"} | {
        pattern.name for pattern in pages if isinstance(pattern, URLPattern)
    }
