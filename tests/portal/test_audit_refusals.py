"""What people tried and were refused is in the audit log, one event for each attempt."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client

from provisioning.lifecycle.audit_chain import verify_log
from provisioning.models import AuditEvent, Environment
from tests.portal.conftest import People, put


def refusals() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="access:refuse").order_by("id"))


def test_a_member_without_the_permission(people: People) -> None:
    asked = people.ask("shop", size="prod")
    people.client("alice").post(f"/requests/{asked.pk}/approve/", {"digest": asked.plan.digest})
    (event,) = refusals()
    assert (event.actor, event.environment, event.team) == (people.alice, asked.environment, people.payments)
    assert (event.subject, event.subject_id) == ("POST /requests/<uuid:pk>/approve/", str(asked.pk))
    assert event.detail == {"attempt": "approve", "status": 403, "reason": "Only approvers may decide on this request."}
    assert (event.via, event.address) == ("page", "127.0.0.1")


def test_an_outsider_whose_attempt_the_team_sees(people: People, running: Environment) -> None:
    charlie = people.client("charlie")
    assert charlie.post(f"/environments/{running.pk}/retry/").status_code == 404
    assert charlie.post(f"/environments/{uuid.uuid4()}/retry/").status_code == 404
    known, unknown = refusals()
    assert (known.team, known.environment, known.detail["status"]) == (people.payments, running, 404)
    assert (unknown.team, unknown.environment) == (None, None)


def test_a_rule_that_refuses_in_the_form(people: People, running: Environment) -> None:
    """The form shows the sentence itself, with status 422."""
    answer = people.client("bob").post(f"/environments/{running.pk}/teardown/", {"typed_name": "else", "digest": "0" * 64, "request_id": str(uuid.uuid4())})  # fmt: skip
    assert answer.status_code == 422
    (event,) = refusals()
    assert (event.environment, event.detail["attempt"], event.detail["status"]) == (running, "teardown", 422)
    assert running.name in event.detail["reason"]


def test_no_event_without_a_refusal(people: People, running: Environment, client: Client) -> None:
    asked = people.ask("shop", size="prod")
    bob = people.client("bob")
    bob.get(f"/environments/{uuid.uuid4()}/")  # reading changes nothing
    people.client("charlie").get(f"/environments/{running.pk}/")
    client.post(f"/environments/{running.pk}/retry/")  # nobody is signed in
    bob.post(f"/requests/{asked.pk}/withdraw/")
    assert bob.post(f"/requests/{asked.pk}/withdraw/").status_code == 409  # too late is no refusal
    bob.post(f"/environments/{running.pk}/teardown/", {})  # a form with errors
    assert refusals() == []


def test_a_refusal_names_no_address_that_may_be_a_secret(people: People) -> None:
    people.client("bob").post("/nope/an-invitation-s-secret/")
    (event,) = refusals()
    assert (event.subject, event.detail["attempt"]) == ("POST an unknown address", "")


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_failed_does_not_lose_its_refusal(people: People) -> None:
    """The rule refuses inside the transaction of the change."""
    asked = people.ask("shop", size="dev")
    put(asked.environment, state="running")
    before = AuditEvent.objects.count()
    same = people.form("shop", send="yes")
    answer = people.client("bob").post("/catalogue/carbon-connect/request/", same)
    assert answer.status_code == 422
    assert not connection.in_atomic_block
    assert [event.action for event in AuditEvent.objects.order_by("id")[before:]] == ["access:refuse"]
    assert verify_log().count == AuditEvent.objects.count()
