"""The audit log is searched, read and exported by auditors, and by owners for their teams."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.pages.audit.page import differences
from provisioning.lifecycle import verify_audit_export
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_chain import newest_anchor
from provisioning.lifecycle.audit_context import AuditContext, Via, using
from provisioning.models import AuditEvent, User
from tests.portal.conftest import People

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def otto(people: People) -> Client:
    """The auditor."""
    User.objects.create_user("otto", password="correct horse battery", is_auditor=True)
    client = Client()
    client.force_login(User.objects.get(username="otto"))
    return client


@pytest.fixture
def told(people: People) -> None:
    """Five events of five days."""
    with using(AuditContext(via=Via.API, address="203.0.113.7", acting_as="service token deploys of Payments")):
        audit_event(
            AuditAction.DRIFT_CHECK,
            actor=people.bob,
            at=NOON,
            team=people.payments,
            subject="orders-dev",
            note="Nightly",
        )
    audit_event(
        AuditAction.TEAM_CHANGE, actor=people.alice, at=NOON + timedelta(days=1), team=people.logistics, subject="Logistics",
        subject_id=people.logistics.pk, before={"name": "Freight", "roles": ["bob"]}, after={"name": "<b>Logistics</b>", "roles": []},
    )  # fmt: skip
    for day in range(2, 5):
        audit_event(AuditAction.SIGN_IN_FAIL, actor=None, at=NOON + timedelta(days=day), subject="nobody", attempt=day)


def subjects(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"/audit/{query}")
    assert answer.status_code == 200
    listing = answer.context["page"].listing
    return [f"{row.at:%d} {row.action}" for row in listing.rows]


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("", "05 04 03 02 01"),
        ("?words=orders", "01"),
        ("?words=NIGHTLY+drift", "01"),
        ("?words=orders-dev", "01"),
        ("?words=night", ""),
        ("?who=bob", "01"),
        ("?who=nobody", ""),
        ("?team=payments", "01"),
        ("?action=sign_in:fail", "05 04 03"),
        ("?address=203.0.113.7", "01"),
        ("?first_day=2026-03-02&last_day=2026-03-03", "03 02"),
        ("?last_day=2026-03-02&action=team:change", "02"),
        ("?who=alice&action=drift:check", ""),
        ("?cursor=nonsense", "05 04 03 02 01"),
    ],
)
def test_each_filter(told: None, otto: Client, query: str, days: str) -> None:
    assert [line[:2] for line in subjects(otto, query)] == days.split()


def test_a_filter_by_environment_takes_its_name_and_its_id(people: People, otto: Client) -> None:
    environment = people.ask("shop").environment
    assert subjects(otto, "?environment=shop") == subjects(otto, f"?environment={environment.pk}") != []
    assert subjects(otto, "?environment=none") == []
    assert subjects(otto, f"?about={environment.pk}") == subjects(otto, "?environment=shop")


def test_a_filter_with_errors_says_what_is_wrong(told: None, otto: Client) -> None:
    answer = otto.get("/audit/?first_day=2026-03-03&last_day=2026-03-02&team=else")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "The last day is before the first one. Exchange them." in text
    assert "else is not one of the available choices" in text
    assert otto.get("/audit/?first_day=tomorrow").status_code == 422


def test_pages_follow_each_other_without_gaps(told: None, otto: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    at = NOON + timedelta(days=9)
    AuditEvent.objects.bulk_create(AuditEvent(at=at, action="sign_in:fail", subject=str(n)) for n in range(120))
    seen, query = [], ""
    for _ in range(3):
        listing = otto.get(f"/audit/?action=sign_in:fail{query}").context["page"].listing
        seen += [row.id for row in listing.rows]
        query = f"&cursor={listing.older}"
    assert seen == list(
        AuditEvent.objects.filter(action="sign_in:fail").order_by("-at", "-id").values_list("id", flat=True)
    )
    assert listing.older == ""


def test_an_owner_reads_the_events_of_the_team_and_nothing_else(told: None, people: People) -> None:
    alice = people.client("alice")
    assert subjects(alice) == ["01 drift:check"]
    assert alice.get("/audit/?team=logistics").status_code == 422
    assert alice.get("/audit/?who=alice").context["page"].listing.rows == []
    foreign = AuditEvent.objects.get(action="team:change")
    own = AuditEvent.objects.get(action="drift:check")
    assert (alice.get(f"/audit/{foreign.pk}/").status_code, alice.get(f"/audit/{own.pk}/").status_code) == (404, 200)
    export = alice.post("/audit/export/", {})
    lines = [json.loads(line) for line in b"".join(export).decode().splitlines()]  # type: ignore[call-overload]
    assert {line["event"]["team_id"] for line in lines} <= {str(people.payments.pk)}


@pytest.mark.parametrize("name", ["bob", "charlie", "olivia"])
def test_others_read_nothing(told: None, people: People, name: str) -> None:
    if name == "charlie":
        people.logistics.memberships.all().delete()
    client = people.client(name)
    event = AuditEvent.objects.latest("id")
    for url in ("/audit/", f"/audit/{event.pk}/"):
        assert client.get(url).status_code == 403
    assert client.post("/audit/export/").status_code == 403
    assert "Audit log" not in client.get("/").content.decode()


def test_an_event_shows_what_changed_and_its_seal(told: None, otto: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as a commit does
    event = AuditEvent.objects.get(action="team:change")
    text = otto.get(f"/audit/{event.pk}/").content.decode()
    assert "Freight" in text
    assert "&lt;b&gt;Logistics&lt;/b&gt;" in text
    assert "Verifies" in text
    assert bytes(event.seal.hash).hex() in text
    assert "An administrator added, changed or deleted a team" in text


def test_the_list_takes_few_queries(told: None, otto: Client) -> None:
    otto.get("/audit/")  # the first page of a session notes that it is used
    with CaptureQueriesContext(connection) as queries:
        otto.get("/audit/?who=bob&team=payments&words=orders")
    assert len(queries) <= 7, [query["sql"] for query in queries]


@pytest.mark.django_db(transaction=True)
def test_what_the_page_exports_verifies_with_what_it_offers(told: None, otto: Client, tmp_path: Path) -> None:
    anchor = newest_anchor()
    program = tmp_path / "verify.py"
    program.write_bytes(otto.get("/audit/verifier/").content)
    assert program.read_bytes() == Path(verify_audit_export.__file__).read_bytes()
    whole, excerpt = (
        otto.post("/audit/export/"),
        otto.post("/audit/export/", {"action": "sign_in:fail", "first_day": "2026-03-04"}),
    )
    for name, answer, arguments, count in (
        ("audit.jsonl", whole, ["--anchor", str(anchor)], anchor.position),
        ("audit-excerpt.jsonl", excerpt, ["--excerpt"], 2),
    ):
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        file = tmp_path / name
        file.write_bytes(b"".join(answer))  # type: ignore[call-overload]
        ended = subprocess.run(
            [sys.executable, "-I", program, file, *arguments], capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout.startswith(f"{count} rows verify.")) == (0, True), ended.stderr
    first, second = AuditEvent.objects.filter(action="audit:export").order_by("id")
    assert (first.actor_name, first.detail["filter"]) == ("otto", {})
    assert second.detail["filter"] == {"action": "sign_in:fail", "first_day": "2026-03-04"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        ([], "none"),
        (True, "yes"),
        (7, "7"),
        (["eu-north-1", "eu-central-1"], "eu-north-1, eu-central-1"),
        ([{"kind": "create", "approvers": 2}, {"kind": "change"}], "kind: create, approvers: 2; kind: change"),
        ({"limits": {"cpu": 4}, "tags": None}, "limits: cpu: 4, tags: none"),
    ],
)
def test_stored_values_are_shown_in_words(value: object, text: str) -> None:
    assert differences({}, {"field": value})[0].after == text
