"""From sign-in to receipt in a real browser, on the demo as a newcomer starts it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.fixtures.demo import RunningDemo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BUILT_WITHIN = 60_000  # milliseconds, with the sandbox at its fastest
HELD_UP = 0.1
"""A speed at which no stack is ever complete while a page is looked at."""
DOCUMENTS = re.compile("pt-payments--[a-z0-9]{5}-docu")
INPUTS = {
    "API image": "public.ecr.aws/docker/library/python:3.13-slim",
    "Certificate ARN": "arn:aws:acm:eu-north-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000",
    "GitHub repository": "example/shop",
}


def sign_in(page: Page, demo: RunningDemo, name: str) -> None:
    page.goto(demo.url)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Catalogue", exact=True)).to_be_visible()


def ask(page: Page, size: str, name: str) -> None:
    page.get_by_role("link", name="Catalogue", exact=True).click()
    page.get_by_role("link", name="Carbon Connect").first.click()
    page.get_by_role("navigation", name="Size").get_by_role("link", name=size).click()
    page.get_by_role("link", name=f"Request {size}").click()
    page.get_by_label("Name", exact=True).fill(name)
    for label, value in INPUTS.items():
        page.get_by_label(re.compile(f"^{label}")).fill(value)


def expect_state(page: Page, state: str) -> None:
    """The state's badge, without a reload: the mark in the window would be gone."""
    expect(page.locator("#env-top .badge").first).to_have_text(state, timeout=BUILT_WITHIN)
    assert page.evaluate("window.sameDocument") is True


def test_a_member_gets_an_environment_and_tears_it_down(demo: RunningDemo, page: Page) -> None:
    sign_in(page, demo, "bob")
    expect(page.get_by_role("link", name="orders-dev").first).to_be_visible()

    ask(page, "dev", "shop-dev")
    expect(page.get_by_text("exactly this plan will run")).to_be_visible()
    expect(page.locator("#diagram-scroll svg")).to_be_visible()
    demo.set_speed(HELD_UP)
    page.get_by_role("button", name="Create environment").click()

    page.wait_for_url(re.compile("/environments/"))
    page.evaluate("window.sameDocument = true")
    expect(page.get_by_text(re.compile(r"\d+ of \d+ resources"))).to_be_visible()
    expect(page.locator("#env-diagram .is-busy").first).to_be_visible(timeout=BUILT_WITHIN)
    demo.set_speed(0)
    expect_state(page, "Running")
    outputs = page.locator(".outputs")
    # A bucket by its short name in the account's own namespace, a secret by its path.
    for text in (
        DOCUMENTS,
        re.compile("pt-payments--[a-z0-9]{5}-media-"),
        re.compile(":secret:portal/payments/shop-dev-"),
    ):
        expect(outputs.get_by_text(text).first).to_be_visible()
    expect(page.locator("#env-diagram .is-busy")).to_have_count(0)

    page.get_by_role("link", name="Tear down").click()
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    page.get_by_label(re.compile("Type shop-dev")).fill("shop-prod")
    page.get_by_role("button", name="Tear down", exact=True).click()
    expect(page.locator("#error-typed_name")).not_to_be_empty()
    page.get_by_label(re.compile("Type shop-dev")).fill("shop-dev")
    page.get_by_role("button", name="Tear down", exact=True).click()

    page.wait_for_url(re.compile("/environments/[^/]+/$"))
    page.evaluate("window.sameDocument = true")
    expect_state(page, "Torn down")
    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_role("heading", name="shop-dev is torn down")).to_be_visible()
    documents = page.locator("details").filter(has=page.locator("summary", has_text="documents"))
    documents.locator("summary").click()
    expect(documents.get_by_text(DOCUMENTS).first).to_be_visible()


def test_production_waits_for_somebody_else(demo: RunningDemo, page: Page, chromium: Browser) -> None:
    sign_in(page, demo, "bob")
    ask(page, "prod", "shop-prod")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_text(re.compile("pending approval", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Approve"))).to_have_count(0)
    address = page.url

    outside = chromium.new_context().new_page()
    sign_in(outside, demo, "charlie")
    answer = outside.goto(address)
    assert answer is not None
    assert answer.status == 404
    outside.context.close()

    other = chromium.new_context().new_page()
    sign_in(other, demo, "olivia")
    other.get_by_role("link", name=re.compile("Requests")).click()
    other.get_by_role("link", name=re.compile("shop-prod")).first.click()
    expect(other.locator("svg").first).to_be_visible()
    other.get_by_role("button", name="Approve and create").click()
    other.context.close()

    page.goto(demo.url)
    page.get_by_role("link", name="shop-prod").first.click()
    page.evaluate("window.sameDocument = true")
    expect_state(page, "Running")
