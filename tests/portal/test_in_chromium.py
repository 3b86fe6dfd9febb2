"""What only a browser shows: the live panel, the live page, and that the content security policy is
never hurt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db.models import F
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from provisioning.models import Environment, Operation, StackResource
from tests.portal.conftest import SLUG, People, build, put

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module", autouse=True)
def _beside_playwright() -> Iterator[None]:
    """Playwright's event loop stands still whenever this thread runs, so Django's guard against
    loops has nothing to guard.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def fresh(transactional_db: None, people: People) -> Environment:
    environment = people.ask("orders-fresh").environment
    build(environment, ready=20, busy=3)
    put(Operation.objects.get(environment=environment), state="building")
    environment.refresh_from_db()
    return environment


@pytest.fixture
def bob(fresh: Environment, live_server: LiveServer, page: Page) -> Page:
    """Bob, signed in."""
    page.goto(f"{live_server.url}/")
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Hello, Bob")).to_be_visible()
    return page


def test_the_panel_follows_what_is_typed(bob: Page, live_server: LiveServer) -> None:
    bob.goto(f"{live_server.url}/catalogue/{SLUG}/request/?size=dev")
    bob.get_by_label("API image").fill("public.ecr.aws/docker/library/python:3.13-slim")
    bob.get_by_label("GitHub repository").fill("example/carbon-connect")
    bob.get_by_label("Certificate ARN").fill("nonsense")
    expect(bob.locator("#error-input_certificate_arn")).to_contain_text("is not the ARN")
    expect(bob.get_by_text("Required: Name.")).to_be_visible()
    bob.get_by_label("Certificate ARN").fill(
        "arn:aws:acm:eu-north-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
    )
    bob.locator("#id_name").fill("orders-live")
    expect(bob.get_by_text("exactly this plan will run")).to_be_visible()
    expect(bob.locator("#error-input_certificate_arn")).to_be_empty()
    expect(bob.locator("#id_name")).to_be_focused()
    bob.locator("label:has(#size-staging)").click()
    expect(bob.locator("#size-staging[checked]")).to_have_count(1)  # the server has answered with the form of this size
    bob.get_by_role("button", name="Create environment").click()
    expect(bob.get_by_role("heading", name="orders-live")).to_be_visible()
    assert re.search(r"/environments/[0-9a-f-]{36}/$", bob.url)


def test_a_form_half_filled_in_is_not_left_by_mistake(bob: Page, live_server: LiveServer) -> None:
    bob.goto(f"{live_server.url}/catalogue/{SLUG}/request/")
    bob.locator("#id_name").press_sequentially("half")
    asked: list[str] = []
    bob.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    bob.get_by_role("link", name="Environments").click()
    expect(bob.get_by_role("heading", name="Environments")).to_be_visible()
    assert asked == ["beforeunload"]


def test_the_page_lives_and_keeps_its_readers_place(bob: Page, fresh: Environment, live_server: LiveServer) -> None:
    bob.goto(f"{live_server.url}/environments/{fresh.pk}/")
    expect(bob.get_by_text("20 of 112")).to_be_visible()
    network = bob.locator("details[id='group-network.main']")
    network.locator("summary").click()
    expect(network.locator("table")).to_be_visible()

    StackResource.objects.filter(status="CREATE_IN_PROGRESS").update(
        status="CREATE_COMPLETE", finished_at=F("started_at")
    )
    Environment.objects.filter(pk=fresh.pk).update(version=F("version") + 1)
    expect(bob.get_by_text("23 of ")).to_be_visible()
    expect(network.locator("table")).to_be_visible()
    assert bob.locator("[hx-trigger^=every]").count() == 1
    assert bob.locator("#env-top, #env-diagram, #env-resources, #env-side").count() == 4


def test_it_says_so_when_the_portal_does_not_answer(bob: Page, fresh: Environment, live_server: LiveServer) -> None:
    bob.goto(f"{live_server.url}/environments/{fresh.pk}/")
    bob.evaluate("document.dispatchEvent(new CustomEvent('htmx:sendError', {detail: {}}))")
    expect(bob.get_by_text("No connection to the portal")).to_be_visible()
    expect(bob.get_by_text("No connection to the portal")).to_be_hidden(timeout=10_000)


def test_a_chosen_theme_stays(bob: Page, live_server: LiveServer) -> None:
    bob.get_by_label("Your menu").click()
    bob.get_by_role("button", name="Dark").click()
    bob.goto(f"{live_server.url}/catalogue/")
    assert bob.evaluate("document.documentElement.dataset.theme") == "dark"
    assert bob.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 16, 23)"


def test_nothing_is_wider_than_a_telephone(bob: Page, fresh: Environment, live_server: LiveServer) -> None:
    bob.set_viewport_size({"width": 360, "height": 740})
    blueprint, environment = f"/catalogue/{SLUG}/", f"/environments/{fresh.pk}/"
    for path in ("/", "/catalogue/", blueprint, f"{blueprint}request/", "/environments/", "/requests/", environment):
        bob.goto(live_server.url + path)
        assert bob.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_the_change_form_follows_the_size_and_keeps_what_was_typed(
    bob: Page, fresh: Environment, live_server: LiveServer
) -> None:
    put(Operation.objects.get(environment=fresh), state="succeeded", ended_at=fresh.state_changed_at)
    put(fresh, state="running")
    bob.goto(f"{live_server.url}/environments/{fresh.pk}/change/")
    bob.get_by_label("GitHub repository").fill("example/typed")
    bob.locator("label:has(#size-prod)").click()
    expect(bob.locator("#size-prod[checked]")).to_have_count(1)
    expect(bob.get_by_label("GitHub repository")).to_have_value("example/typed")
    expect(bob.get_by_text("An approver reads the plan and decides.")).to_be_visible()
