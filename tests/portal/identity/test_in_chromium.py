"""In a browser: nothing typed is lost when the session ends, and the profile fits on a telephone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.identity.second_factor import begin_set_up
from provisioning.models import Request
from tests.portal.conftest import SLUG, People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module", autouse=True)
def _beside_playwright() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def waiting(transactional_db: None, people: People) -> Request:
    return people.ask("shop", size="prod")


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("User name")).to_have_count(0)


def end_all_sessions() -> None:
    Session.objects.all().delete()


def test_what_was_typed_is_back_after_the_session_has_ended(
    waiting: Request, live_server: LiveServer, page: Page
) -> None:
    # An approval: the form posts to a URL without a page.
    page.goto(f"{live_server.url}/requests/{waiting.pk}/")
    sign_in(page, "olivia")
    page.locator("textarea[name=note]:visible").first.fill("Looks fine,\nbut watch the cost")
    end_all_sessions()
    page.get_by_role("button", name="Approve").first.click()
    sign_in(page, "olivia")
    expect(page.get_by_text("What you typed before you signed in again is back")).to_be_visible()
    expect(page.locator("textarea[name=note]:visible").first).to_have_value("Looks fine,\nbut watch the cost")
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
    page.reload()
    expect(page.locator("textarea[name=note]:visible").first).to_have_value("")

    # A request: leaving a field asks the server for a preview, in another size than the page began with.
    page.locator("#menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "bob")
    page.goto(f"{live_server.url}/catalogue/{SLUG}/request/?size=dev")
    page.locator("label:has(#size-staging)").click()
    expect(page.locator("#size-staging[checked]")).to_have_count(1)
    page.locator("#id_name").fill("orders-typed")
    page.get_by_label("GitHub repository").fill("example/typed")
    end_all_sessions()
    page.get_by_label("API image").press_sequentially("x")
    expect(page.get_by_label("User name")).to_be_visible()
    sign_in(page, "bob")
    expect(page).to_have_url(f"{live_server.url}/catalogue/{SLUG}/request/?size=dev")
    expect(page.locator("#size-staging[checked]")).to_have_count(1)
    expect(page.locator("#id_name")).to_have_value("orders-typed")
    expect(page.get_by_label("GitHub repository")).to_have_value("example/typed")
    expect(page.get_by_label("API image")).to_have_value("x")

    # Somebody else at the same browser sees nothing of it.
    page.get_by_label("GitHub repository").fill("example/secret")
    end_all_sessions()
    page.get_by_label("API image").press_sequentially("y")
    expect(page.get_by_label("User name")).to_be_visible()
    sign_in(page, "alice")
    expect(page.locator("#id_name")).to_have_value("")
    assert "secret" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_the_profile_fits_on_a_telephone(waiting: Request, people: People, live_server: LiveServer, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{live_server.url}/profile/")
    sign_in(page, "alice")
    begin_set_up(people.alice)
    for path in ("/profile/", "/profile/second-factor/"):
        page.goto(live_server.url + path)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
