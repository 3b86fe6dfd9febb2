"""Every event says from where and as whom."""

from __future__ import annotations

import threading

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from portal.web.addresses import client_address
from provisioning.lifecycle import audit_context
from provisioning.lifecycle.audit_context import AuditContext, Via
from provisioning.models import AuditEvent
from tests.portal.conftest import People


def address(settings: Settings, forwarded: str | None, *, trusted: int, peer: str = "10.0.0.9") -> str:
    settings.TRUSTED_PROXIES = trusted
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))


@pytest.mark.parametrize(
    ("forwarded", "trusted", "expected"),
    [
        ("203.0.113.7", 0, "10.0.0.9"),  # nobody is trusted
        ("203.0.113.7", 1, "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", 1, "203.0.113.7"),  # the client's own text stands to the left
        ("6.6.6.6, 203.0.113.7, 10.0.0.8", 2, "203.0.113.7"),
        ("203.0.113.7", 2, "10.0.0.9"),  # has not passed both proxies
        ("6.6.6.6, evil", 1, "10.0.0.9"),
        ("", 1, "10.0.0.9"),
        (None, 1, "10.0.0.9"),
        ("203.0.113.7:4711", 1, "203.0.113.7"),
        ("[2001:db8:0:0::1]:4711", 1, "2001:db8::1"),
        ("2001:DB8::1", 1, "2001:db8::1"),
        ("::ffff:203.0.113.7", 1, "203.0.113.7"),
    ],
)
def test_only_trusted_proxies_say_where_a_client_is(
    settings: Settings, forwarded: str | None, trusted: int, expected: str
) -> None:
    assert address(settings, forwarded, trusted=trusted) == expected


def test_a_unix_socket_has_no_address(settings: Settings) -> None:
    assert address(settings, None, trusted=0, peer="") == ""


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
