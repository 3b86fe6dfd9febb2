"""Every event says from where and as whom."""

from __future__ import annotations

import threading

import pytest
from pytest_django import Settings

from provisioning.lifecycle import audit_context
from provisioning.lifecycle.audit_context import AuditContext, Via
from provisioning.models import AuditEvent
from tests.portal.conftest import People


def test_an_event_of_a_page_says_from_where_and_by_which_session(people: People, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    asked = people.ask("shop", size="prod")
    client = people.client("bob")
    session_key = client.session.session_key
    client.post(
        f"/requests/{asked.pk}/withdraw/",
        HTTP_X_FORWARDED_FOR="203.0.113.7",
        HTTP_USER_AGENT="Firefox\x00\n" + "x" * 500,
    )
    event = AuditEvent.objects.get(action="request:withdraw")
    assert (event.via, event.address, event.actor_name) == ("page", "203.0.113.7", "bob")
    assert (event.subject_kind, event.subject, event.subject_id) == ("environment", "shop", str(asked.environment_id))
    assert event.user_agent.startswith("Firefox")
    assert len(event.user_agent) <= 200
    assert event.credential.startswith("session ")
    assert session_key
    assert session_key not in event.credential
    assert len(event.http_request) == 32
    assert event.detail == {"request": str(asked.pk)}


def test_an_event_of_a_command_has_no_address(people: People) -> None:
    people.ask("shop")
    event = AuditEvent.objects.get(action="request:create")
    assert (event.via, event.address, event.credential, event.actor_name) == ("command", "", "", "bob")


def test_a_context_ends_with_its_request_and_its_thread() -> None:
    seen: list[AuditContext] = []
    with audit_context.using(AuditContext(via=Via.PAGE, address="203.0.113.7")):
        audit_context.amend(via=Via.API, credential="token 1")
        with audit_context.acting_as("delegate of olivia"):
            seen.append(audit_context.current())
        thread = threading.Thread(target=lambda: seen.append(audit_context.current()))
        thread.start()
        thread.join()
    assert seen[0] == AuditContext(
        via=Via.API, address="203.0.113.7", credential="token 1", acting_as="delegate of olivia"
    )
    assert seen[1] == audit_context.current() == AuditContext()
    with pytest.raises(LookupError):
        audit_context.amend(via=Via.API)
