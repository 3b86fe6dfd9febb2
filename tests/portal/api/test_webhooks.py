"""Alice's program manages the webhooks of her team, and ada's where the portal may connect to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from provisioning.models import ApiCall, AuditEvent, User, Webhook, WebhookAttempt, WebhookDelivery
from provisioning.models.webhook import WEBHOOK_SECRET
from provisioning.secret_text import decrypt
from tests.portal.api.conftest import Program, program
from tests.portal.conftest import People

URL = "https://93.184.215.14/in?token=s3cret-of-the-receiver"
NEW = {"team": "payments", "name": "deploys", "url": URL, "events": ["request.approve"]}


@pytest.fixture
def alices(people: People) -> Program:
    return program(people.alice)


def test_the_secret_is_in_the_first_answer_only_and_the_address_in_none(alices: Program) -> None:
    first = alices.post("/webhooks", NEW, key="deploys-1")
    assert first.status == 201, first.content
    hook = Webhook.objects.get()
    assert first.json["secret"] == decrypt(hook.secret, purpose=WEBHOOK_SECRET)
    again = alices.post("/webhooks", NEW, key="deploys-1")
    assert (again.status, again.json) == (201, first.json | {"secret": None})
    listed, read = alices.get("/webhooks"), alices.get(f"/webhooks/{hook.pk}?fields=id,address")
    assert (listed.json, read.json) == (
        [first.json["webhook"]],
        {"id": str(hook.pk), "address": "https://93.184.215.14/…"},
    )
    shown = b"".join(answer.content for answer in (again, listed, read)) + bytes(ApiCall.objects.get().answer)
    assert first.json["secret"].encode() not in shown
    assert b"s3cret" not in shown + first.content


def test_a_call_whose_process_ends_leaves_neither_a_webhook_nor_an_answer(
    alices: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is stored in the transaction of the webhook, and fails here."""

    def fail(_content: bytes) -> bytes:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("portal.api.idempotency.without_what_is_shown_once", fail)
        with pytest.raises(SystemExit):
            alices.post("/webhooks", NEW, key="deploys-1")
    assert (Webhook.objects.count(), ApiCall.objects.get().status) == (0, 0)


def test_alice_changes_switches_rotates_tests_and_removes_it(alices: Program) -> None:
    base = f"/webhooks/{alices.post('/webhooks', NEW).json['webhook']['id']}"
    changed = alices.patch(base, {"name": "releases", "is_on": False}).json
    assert (changed["name"], changed["events"], changed["is_on"]) == ("releases", ["request.approve"], False)
    assert changed["off_reason"] == "alice switched it off."
    refused = alices.post(f"{base}/test")
    assert (refused.status, refused.json["code"]) == (409, "conflict")
    assert alices.patch(base, {"is_on": True}).json["is_on"] is True
    rotated = alices.post(f"{base}/secret", {"end_previous_now": False}).json
    assert rotated["secret"].startswith("whsec_")
    assert rotated["webhook"]["previous_secret_until"] is not None
    sent = alices.post(f"{base}/test").json
    assert (sent["type"], sent["state"], sent["attempts"]) == ("webhook.test", "pending", [])
    for wrong, field in (({"url": "http://127.0.0.1/"}, "url"), ({"events": ["no.such"]}, "events")):
        answer = alices.patch(base, wrong)
        assert (answer.status, answer.json["code"], answer.json["errors"][0]["field"]) == (422, "invalid", field)
    assert alices.delete(base).status == 204
    assert alices.get(base).status == 404
    actions = set(AuditEvent.objects.filter(action__startswith="webhook:").values_list("action", flat=True))
    assert {"webhook:create", "webhook:change", "webhook:rotate", "webhook:remove"} <= actions


def test_deliveries_are_read_by_the_page_with_their_attempts_and_sent_again(alices: Program) -> None:
    hook = Webhook.objects.get(pk=alices.post("/webhooks", NEW).json["webhook"]["id"])
    at = timezone.now()
    for _ in range(3):
        delivery = WebhookDelivery.objects.create(
            webhook=hook, type="request.approve", body="{}", state="failed", created_at=at, due_at=at, expires_at=at
        )
        WebhookAttempt.objects.create(delivery=delivery, number=1, at=at, status_code=500, duration_ms=12)
    first = alices.get(f"/webhooks/{hook.pk}/deliveries?limit=2&state=failed").json
    rest = alices.get(f"/webhooks/{hook.pk}/deliveries?limit=2&cursor={first['next_cursor']}").json
    assert len({one["id"] for one in first["items"] + rest["items"]}) == 3
    assert first["items"][0]["attempts"][0] | {"at": ""} == {
        "number": 1, "at": "", "status_code": 500, "duration_ms": 12, "error": "",
    }  # fmt: skip
    again = alices.post(f"/webhooks/deliveries/{delivery.pk}/send-again")
    assert (again.status, again.json["state"]) == (200, "pending")
    assert alices.post(f"/webhooks/deliveries/{delivery.pk}/send-again").status == 409


def test_the_portals_own_webhooks_and_destinations_are_adas(people: People, alices: Program) -> None:
    ada = program(User.objects.create_user("ada", is_admin=True))
    assert ada.post("/webhooks", NEW | {"team": None}).json["webhook"]["team"] is None
    assert alices.post("/webhooks", NEW | {"team": None}).status == 403
    assert alices.post("/webhooks", NEW | {"team": "logistics"}).status == 404
    allowed = ada.post("/destinations", {"what": "10.1.0.0/16", "ports": [9000], "note": "CI"}).json
    assert ada.get("/destinations").json == [allowed]
    wide = ada.post("/destinations", {"what": "10.0.0.0/4"})
    assert (wide.status, wide.json["errors"][0]["field"]) == (422, "what")
    assert ada.delete(f"/destinations/{allowed['id']}").status == 204
    assert ada.get("/destinations").json == []
