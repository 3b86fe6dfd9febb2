"""Every error is a problem document, whatever raised it."""

from __future__ import annotations

import pytest

from provisioning.models import ApiToken, AuditEvent
from tests.portal.api.conftest import Program, program
from tests.portal.conftest import People


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", None, 404, "not_found"),
        ("DELETE", "/environments", None, 405, "method_not_allowed"),
        ("POST", "/requests", b"{", 400, "bad_request"),
        ("POST", "/requests", b"\xff", 400, "bad_request"),
        ("GET", "/environments/not-a-uuid", None, 404, "not_found"),
        ("POST", "/requests", b"[]", 422, "invalid"),
    ],
)
def test_it_says_what_is_wrong(  # noqa: PLR0917 - one for each column
    method: str, path: str, body: bytes | None, status: int, code: str, bobs: Program
) -> None:
    answer = bobs._send(method, path, body, {"Idempotency-Key": "12345678"})
    assert (answer.status, answer.json["code"], answer.json["status"]) == (status, code, status)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_a_body_that_is_not_called_json_is_not_read(kind: str, bobs: Program) -> None:
    answer = bobs._send("POST", "/requests", b"{}", {"Idempotency-Key": "12345678", "Content-Type": kind})
    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("text", ["", "ptl_x", "ptl_" + "a" * 38])
def test_without_a_valid_token_there_is_nothing(text: str, people: People) -> None:
    answer = Program(text).get("/environments")
    assert (answer.status, answer.json["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_is_no_token(people: People) -> None:
    client = people.client("bob")
    assert client.get("/api/v1/environments").status_code == 401


def test_a_token_ends_when_it_is_revoked_expires_or_its_owner_leaves(people: People) -> None:
    for change in ({"revoked_at": "2026-01-01T00:00:00Z"}, {"expires_at": "2026-01-01T00:00:00Z"}):
        bobs = program(people.bob)
        assert bobs.get("/me").json["username"] == "bob"
        ApiToken.objects.update(**change)
        assert bobs.get("/me").status == 401
    bobs = program(people.bob)
    people.bob.is_active = False
    people.bob.save()
    assert bobs.get("/me").status == 401


def test_the_use_of_a_token_is_kept_and_a_wrong_one_is_audited(people: People, bobs: Program) -> None:
    assert ApiToken.objects.get().last_used_at is None
    bobs.get("/me")
    assert ApiToken.objects.get().last_used_at is not None
    Program("ptl_" + "a" * 38).get("/me")
    event = AuditEvent.objects.get(action="token:refuse")
    assert "aaaa" not in str(event.detail) + event.subject


def test_calls_are_counted(people: People, bobs: Program, settings) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    settings.API_CALLS_PER_MINUTE = 3
    answers = [bobs.get("/me") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["RateLimit"].startswith('"default";r=2;t=')
    assert int(answers[3].headers["Retry-After"]) >= 1
