"""Every URL that the portal has ever had still works or redirects."""

from __future__ import annotations

import pytest
from django.urls import resolve

from provisioning.models import Environment
from tests.portal.conftest import SLUG, People

ID = "0f0f0f0f-0000-4000-8000-000000000000"
# The URLs of every delivered version, with the name of the page that each one redirects to today. Add to this list only.
URLS = {
    "/healthz": "healthz",
    "/sign-in/": "sign_in",
    "/sign-out/": "sign_out",
    "/": "home",
    "/catalogue/": "catalogue",
    "/catalogue/carbon-connect/": "blueprint",
    "/catalogue/carbon-connect/request/": "request_form",
    "/catalogue/carbon-connect/request/look/": "preview",
    "/catalogue/carbon-connect/import/": "import_terraform",
    "/catalogue/carbon-connect/versions/": "versions",
    "/catalogue/carbon-connect/versions/pick/": "pick_versions",
    "/catalogue/carbon-connect/versions/1.0.0...1.1.0/": "compare_versions",
    "/components/": "components",
    "/components/postgres/": "component",
    "/requests/": "requests",
    f"/requests/{ID}/": "request",
    f"/requests/{ID}/template/": "request_template",
    f"/requests/{ID}/export/": "request_export",
    f"/requests/{ID}/approve/": "approve",
    f"/requests/{ID}/refuse/": "reject",
    f"/requests/{ID}/withdraw/": "withdraw",
    "/environments/": "environments",
    f"/environments/{ID}/": "environment",
    f"/environments/{ID}/live/": "environment_live",
    f"/environments/{ID}/export/": "environment_export",
    f"/environments/{ID}/try-again/": "try_again",
    f"/environments/{ID}/teardown/": "teardown",
    f"/environments/{ID}/receipt/": "receipt",
}
MOVED = {
    "/catalogue/carbon-connect/request/look/": "/catalogue/carbon-connect/request/preview/",
    f"/requests/{ID}/refuse/": f"/requests/{ID}/reject/",
    f"/environments/{ID}/try-again/": f"/environments/{ID}/retry/",
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_works_or_redirects_to_its_page(url: str, people: People) -> None:
    target = url
    if url in MOVED:
        answer = people.client("bob").post(url)
        assert answer.status_code == 308
        target = answer.headers["Location"]
        assert target == MOVED[url]
    assert resolve(target).url_name == URLS[url]


def test_a_post_to_a_moved_url_arrives_with_its_fields(people: People) -> None:
    answer = people.client("bob").post(f"/catalogue/{SLUG}/request/look/", people.form(), follow=True)
    assert answer.status_code == 200
    assert "exactly this plan will run" in answer.content.decode()


def test_an_outsider_learns_nothing_from_a_moved_url(gone: Environment, people: People) -> None:
    answer = people.client("charlie").post(f"/environments/{gone.pk}/try-again/", follow=True)
    assert answer.status_code == 404
