"""The headers of every answer: nothing is stored by browsers or proxies, and no powerful feature is on."""

from __future__ import annotations

import pytest
from django.test import Client

from provisioning.models import Environment
from tests.portal.conftest import People


@pytest.mark.parametrize("path", ["/", "/environments/", "/requests/", "/catalogue/", "/no-such-page/", "/healthz"])
def test_pages_are_not_stored_and_use_no_powerful_feature(path: str, people: People) -> None:
    headers = people.client("bob").get(path).headers
    assert "no-store" in headers["Cache-Control"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_neither_are_downloads(running: Environment, people: People) -> None:
    request = running.requests.get()
    for path in (f"/requests/{request.pk}/template/", f"/environments/{running.pk}/export/?as=json"):
        answer = people.client("bob").get(path)
        assert (answer.status_code, "no-store" in answer.headers["Cache-Control"]) == (200, True), path


def test_static_files_may_be_stored(client: Client, db: None) -> None:
    answer = client.get("/static/css/tokens.css")
    answer.close()
    assert (answer.status_code, "no-store" in answer.headers["Cache-Control"]) == (200, False)
