"""A viewer sees what belongs to the team, and neither services nor pages let a viewer change it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from provisioning.blueprint import example_inputs
from provisioning.errors import NotAllowed
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.read.actions import actions_for
from provisioning.lifecycle.services.requests import request_environment, withdraw_request
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.models import Environment, Membership, Role, User
from tests.portal.conftest import REGION, SLUG, People


@pytest.fixture
def vera(people: People) -> User:
    """A viewer of Payments."""
    vera = User.objects.create_user("vera")
    Membership.objects.create(team=people.payments, user=vera, role=Role.VIEWER)
    people.vera = vera  # type: ignore[attr-defined]
    return vera


def test_services_refuse_a_viewer(running: Environment, people: People, vera: User) -> None:
    blueprint = catalogue().get(SLUG)
    digest = preview_teardown(actor=vera, environment=running).digest
    calls: list[Callable[[], object]] = [
        lambda: request_environment(
            actor=vera,
            team=people.payments,
            name="second",
            blueprint=blueprint,
            size="dev",
            inputs=example_inputs(blueprint, "dev", {})[0],
            account=people.dev,
            region=REGION,
        ),
        lambda: request_teardown(actor=vera, environment=running, typed_name=running.name, expected_digest=digest),
        lambda: withdraw_request(actor=vera, request=people.ask("third", size="prod")),
    ]
    for call in calls:
        with pytest.raises(NotAllowed, match="Only owners and operators of Payments may do this"):
            call()
    assert actions_for(actor=vera, environment=running) == []


def test_pages_offer_a_viewer_nothing_that_services_refuse(running: Environment, people: People, vera: User) -> None:
    client = people.client("vera")
    assert "New environment" not in client.get("/").content.decode()
    assert running.name in client.get("/").content.decode()
    catalogue_page = client.get(f"/catalogue/{SLUG}/").content.decode()
    assert f"/catalogue/{SLUG}/request/" not in catalogue_page
    assert "only owners and operators of a team may request them" in catalogue_page
    for url in (f"/catalogue/{SLUG}/request/", f"/catalogue/{SLUG}/import/"):
        assert client.get(url).status_code == 403, url
        assert client.post(url, people.form("second")).status_code == 403, url
    environment_url = f"/environments/{running.pk}/"
    page = client.get(environment_url)
    assert page.status_code == 200
    assert f"{environment_url}teardown/" not in page.content.decode()
    assert client.get(f"{environment_url}teardown/").status_code == 403
    assert client.post(f"{environment_url}teardown/").status_code == 403
    assert client.post(f"{environment_url}retry/").status_code == 403


def test_a_viewer_sees_pending_requests_and_cannot_withdraw_them(people: People, vera: User) -> None:
    pending = people.ask("shop", size="prod")
    client = people.client("vera")
    assert "shop" in client.get("/requests/").content.decode()
    page = client.get(f"/requests/{pending.pk}/").content.decode()
    assert f"/requests/{pending.pk}/withdraw/" not in page
    assert client.post(f"/requests/{pending.pk}/withdraw/").status_code == 403


def test_a_viewer_of_one_team_requests_for_the_other(people: People, vera: User) -> None:
    Membership.objects.create(team=people.logistics, user=vera)
    page = people.client("vera").get(f"/catalogue/{SLUG}/request/").content.decode()
    assert "Logistics" in page
    assert "Payments" not in page


def test_an_unknown_role_allows_nothing(people: People, running: Environment) -> None:
    ursula = User.objects.create_user("ursula")
    Membership.objects.create(team=people.payments, user=ursula, role="auditor")
    people.ursula = ursula  # type: ignore[attr-defined]
    assert people.client("ursula").get(f"/environments/{running.pk}/").status_code == 404


def test_lists_show_a_row_once_and_read_no_more_than_before(running: Environment, people: People, vera: User) -> None:
    """A member of several teams is no reason for a join that repeats rows."""
    Membership.objects.create(team=people.logistics, user=vera)
    client = people.client("vera")
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        text = client.get("/").content.decode()
    assert text.count(f'href="/environments/{running.pk}/"') == 1
    assert len(queries) <= 5
