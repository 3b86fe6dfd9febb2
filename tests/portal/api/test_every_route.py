"""Every operation of the API as every kind of person, on objects of a team that the outsider is not in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from portal.api.published import openapi_document, resolved
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.rules.scope import Scope
from provisioning.models import AuditEvent, Environment, NotificationChannel, User, Webhook, WebhookDelivery
from provisioning.models.webhook import WEBHOOK_SECRET, WEBHOOK_URL
from provisioning.secret_text import encrypt
from tests.lifecycle.rules.support import write_rule
from tests.portal.api.conftest import Program, program
from tests.portal.api.routes import IN_THE_BODY, OPERATIONS
from tests.portal.conftest import SLUG, People
from tests.portal.routes import Access
from tests.portal.test_every_route import EVERYONE, OF_A_TEAM, SERVED, everyone

__all__ = ["everyone"]

VERSION: Final = catalogue().get(SLUG).version
QUERY: Final = {"account": "acme-dev", "size": "dev", "before": VERSION, "after": VERSION}
NOTHING: Final = "00000000-0000-4000-8000-000000000000"
WITHOUT_CONTENT: Final = {
    "accounts_test",
    "drift_get",
    "handovers_of_environment",
    "recoveries_preview",
    "requests_checks",
    "requests_export",
    "requests_template",
    "teardowns_preview",
}
"""The environment is gone, and its newest request is a teardown: 404 or 409 also for those who are served."""


@dataclass(frozen=True)
class Route:
    operation_id: str
    method: str
    path: str
    body: Any

    @property
    def access(self) -> Access:
        return OPERATIONS[self.operation_id]

    def refusal(self, person: str) -> int:
        """The status for a person whom the route does not serve."""
        hidden = self.access in OF_A_TEAM and person not in SERVED[Access.SEE]
        return 404 if hidden else 403

    def call(self, caller: Program) -> int:
        answer = caller._send(self.method, self.path, self.body, {"Idempotency-Key": f"walk-{self.operation_id}"})
        return answer.status


@pytest.fixture
def objects(gone: Environment, people: People) -> Mapping[str, Any]:
    """The values of the parameters in paths, by the first part of the path where they differ."""
    at = timezone.now()
    hook = Webhook.objects.create(
        team=people.payments,
        name="CI",
        url=encrypt("https://hooks.example.com/in", purpose=WEBHOOK_URL),
        secret=encrypt("whsec_x", purpose=WEBHOOK_SECRET),
        created_at=at,
    )
    delivery = WebhookDelivery.objects.create(
        webhook=hook, type="webhook.test", body="{}", created_at=at, due_at=at, expires_at=at
    )
    channel = NotificationChannel.objects.create(
        team=people.payments, kind="chat", name="#payments", target="", topics=[], created_at=at
    )
    return {
        "environment_id": gone.pk,
        "operation_id": gone.operations.latest("started_at").pk,
        "requests pk": gone.requests.latest("requested_at").pk,
        "catalogue slug": SLUG,
        "teams slug": people.payments.slug,
        "account_id": gone.account_id,
        "person_id": people.alice.pk,
        "webhook_id": hook.pk,
        "delivery_id": delivery.pk,
        "destination_id": NOTHING,
        "invitation_id": NOTHING,
        "template": "onboarding",
        "team": people.payments.slug,
        "event_id": AuditEvent.objects.filter(environment=gone).latest("id").pk,
        "channel_id": channel.pk,
        "rule_id": write_rule(Scope(), lifetime_days=30).rule_id,
    }


def routes(objects: Mapping[str, Any]) -> Iterator[Route]:
    """Each operation of the document, with the example of its body."""
    for path, methods in openapi_document()["paths"].items():
        noun = path.split("/")[1]
        filled = path
        for name, value in objects.items():
            of_noun, _, parameter = name.rpartition(" ")
            if of_noun in ("", noun):
                filled = filled.replace(f"{{{parameter}}}", str(value))
        for method, operation in methods.items():
            parameters = map(resolved, operation.get("parameters", []))
            required = [one for one in parameters if one["in"] == "query" and one["required"]]
            query = urlencode({one["name"]: QUERY.get(one["name"], one.get("example", "")) for one in required})
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if operation["operationId"] not in IN_THE_BODY:
                yield Route(operation["operationId"], method.upper(), f"{filled}?{query}", content.get("example"))


def test_every_operation_serves_those_it_is_for_and_nobody_else(everyone: People, objects: Mapping[str, Any]) -> None:
    programs = {name: program(getattr(everyone, name)) for name in EVERYONE}
    wrong, tried = list[str](), 0
    for route in routes(objects):
        assert "{" not in route.path, f"{route.path} has a parameter that this test does not know"
        assert route.operation_id in OPERATIONS, f"{route.operation_id} has no line in tests/portal/api/routes.py"
        if (status := route.call(Program(""))) != 401:
            wrong.append(f"{route.operation_id} without a token: {status}")
        for person, its_program in programs.items():
            is_served = person in SERVED[route.access]
            if is_served and route.method != "GET":
                continue  # the stories of each noun do that
            status, tried = route.call(its_program), tried + 1
            if is_served and status != 200 and not (status in (404, 409) and route.operation_id in WITHOUT_CONTENT):
                wrong.append(f"{route.operation_id} as {person}: {status}")
            if not is_served and status != route.refusal(person):
                wrong.append(f"{route.operation_id} as {person}: {status}, not {route.refusal(person)}")
    assert not wrong, "\n".join(wrong)
    assert tried > 5 * len(OPERATIONS)


def test_the_table_names_no_operation_that_is_gone() -> None:
    known = {one["operationId"] for methods in openapi_document()["paths"].values() for one in methods.values()}
    assert set(OPERATIONS) | set(IN_THE_BODY) == known


def test_a_token_with_the_scope_manage_changes_nothing_that_needs_the_scope_admin(people: People) -> None:
    ada = program(User.objects.create_user("ada", is_admin=True), scopes=["read", "operate", "approve", "manage"])
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            if operation["security"] == [{"Token": ["admin"]}]:
                address = path.replace("{slug}", "payments")
                address = "/".join(NOTHING if part.startswith("{") else part for part in address.split("/"))
                answer = ada._send(method.upper(), address, None, {})
                assert (answer.status, answer.json["code"]) == (403, "scope_missing"), operation["operationId"]
