"""The pages of channels, webhooks and allowed destinations, as their people use them."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

from provisioning.models import (
    AllowedDestination,
    AuditEvent,
    Membership,
    NotificationChannel,
    NotificationDelivery,
    Role,
    User,
    Webhook,
    WebhookDelivery,
)
from provisioning.models.notification import CHANNEL_TARGET
from provisioning.models.webhook import WEBHOOK_SECRET
from provisioning.notify import wording
from provisioning.notify.webhooks.payload import event_types
from provisioning.outgoing import guard
from provisioning.secret_text import decrypt
from tests.portal.conftest import People

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
HOOK = "https://hooks.example.com/in?token=abcdef"


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Names resolve without a network."""

    def resolve(host: str, *_arguments: object, **_more: object) -> list[tuple[Any, ...]]:
        address = "10.0.0.5" if "corp" in host else "93.184.215.14"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(guard.socket, "getaddrinfo", resolve)
    settings.EMAIL_HOST = "smtp.example.org"


@pytest.fixture
def ada(people: People) -> Client:
    user = User.objects.create_user("ada", password="correct horse battery", is_admin=True)
    client = Client()
    client.force_login(user)
    return client


def channel_form(**changes: object) -> dict[str, object]:
    return {
        "name": "#payments",
        "address": SLACK,
        "topics": ["failures", "awaiting"],
        "timing": "daily",
        "daily_at": "07:30",
        "time_zone": "Europe/Dublin",
        **changes,
    }


def test_a_person_adds_a_channel_whose_address_is_never_shown_again(people: People) -> None:
    bob = people.client("bob")
    assert bob.post("/notifications/add/", channel_form()).status_code == 302
    channel = NotificationChannel.objects.get(user=people.bob)
    assert decrypt(channel.target, purpose=CHANNEL_TARGET) == SLACK
    assert channel.topics == ["awaiting", "failures"]
    page = bob.get("/notifications/").content.decode()
    assert "#payments" in page
    assert "Once a day, at 07:30 Europe/Dublin" in page
    for text in (
        page,
        bob.get(f"/notifications/channels/{channel.pk}/").content.decode(),
        str(AuditEvent.objects.last()),
    ):
        assert "TIiajkdnlazkcOXrIdevi7FQ" not in text
    event = AuditEvent.objects.get(action="channel:add")
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in str(event.after)
    assert bob.post(f"/notifications/channels/{channel.pk}/", channel_form(address="", name="#ops")).status_code == 302
    channel.refresh_from_db()
    assert (channel.name, decrypt(channel.target, purpose=CHANNEL_TARGET)) == ("#ops", SLACK)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("file:///etc/passwd", "not an address of a service"),
        ("syslog://", "not an address of a service"),
        ("dbus://", "not an address of a service"),
        ("json://hooks.example.com/", "not an address of a service"),
        ("mailto://user:pw@example.com", "not an address of a service"),
        ("apprise://host/token", "not an address of a service"),
        (f"{SLACK}?template=/etc/passwd", "Remove the parameter template"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?verify=no", "Remove the parameter verify"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?redirect=yes", "Remove the parameter redirect"),
        ("jsons://hooks.example.com/?+Authorization=x", "Remove the parameter"),
        ("jsons://127.0.0.1/", "own machine"),
        ("jsons://169.254.169.254/latest", "credentials"),
        ("jsons://2130706433/", "neither a host name nor"),
        ("jsons://chat.corp.example.com/", "private address"),
        ("mmosts://10.0.0.5/token", "private address"),
        ("workflows://10.0.0.5/643e69f83c8944438d68119179a10a64/sig", "private address"),
        ("nonsense", "not an address of a service"),
        ("slack://T1 JJ3T3L2", "without spaces"),
    ],
)
def test_other_addresses_are_refused_at_the_field(people: People, address: str, sentence: str) -> None:
    answer = people.client("bob").post("/notifications/add/", channel_form(address=address))
    page = answer.content.decode()
    assert answer.status_code == 422
    error = re.search(r'id="error-address">([^<]*)<', page)
    assert error is not None
    assert sentence in error[1]
    assert "#payments" in page
    assert not NotificationChannel.objects.exists()


def test_bad_fields_are_explained(people: People) -> None:
    bob = people.client("bob")
    for field, value, sentence in (
        ("time_zone", "Mars/Olympus", "There is no time zone Mars/Olympus"),
        ("daily_at", "25:00", "Enter a time such as 09:00."),
        ("name", "", "Enter a name."),
        ("topics", "nonsense", "not one of the available choices"),
    ):
        answer = bob.post("/notifications/add/", channel_form(**{field: value}))
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True), field


def test_own_mail_keeps_security_events(people: People) -> None:
    bob = people.client("bob")
    assert "always and immediately" in bob.get("/notifications/").content.decode()
    assert not NotificationChannel.objects.exists()
    sent = {"timing": "hourly", "daily_at": "09:00", "time_zone": "UTC"}
    assert bob.post("/notifications/mail/", sent).status_code == 302
    mail = NotificationChannel.objects.get()
    assert (mail.topics, mail.timing) == ([], "hourly")
    assert bob.post(f"/notifications/channels/{mail.pk}/remove/").status_code == 422


def test_a_team_owner_manages_the_teams_channels(people: People) -> None:
    alice, bob, charlie = people.client("alice"), people.client("bob"), people.client("charlie")
    url = "/notifications/teams/payments/"
    assert "Payments has no channel yet" in alice.get(url).content.decode()
    assert alice.post(f"{url}add/", channel_form(kind="mail", address="payments@example.org")).status_code == 302
    channel = NotificationChannel.objects.get(team=people.payments)
    assert channel.masked == "payments@example.org"
    assert alice.post(f"/notifications/channels/{channel.pk}/test/").status_code == 302
    assert alice.post(f"/notifications/channels/{channel.pk}/test/").status_code == 422
    assert NotificationDelivery.objects.get().channel == channel
    assert "Test message from the portal" in alice.get(url).content.decode()
    for client, status in ((bob, 403), (charlie, 404)):
        assert client.get(url).status_code == status
        for verb in ("", "test/", "switch-on/", "remove/"):
            assert client.post(f"/notifications/channels/{channel.pk}/{verb}").status_code == status, verb
    assert alice.post(f"/notifications/channels/{channel.pk}/remove/").status_code == 302


def test_a_persons_channel_is_nobody_elses(people: People, ada: Client) -> None:
    people.client("bob").post("/notifications/add/", channel_form())
    channel = NotificationChannel.objects.get()
    for client in (people.client("alice"), ada):
        assert client.get(f"/notifications/channels/{channel.pk}/").status_code == 404


def test_without_a_mail_server_the_page_says_so(people: People, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    assert "This portal sends no mail." in people.client("bob").get("/notifications/").content.decode()


def hook_form(**changes: object) -> dict[str, object]:
    return {"team": "payments", "name": "CI", "url": HOOK, "events": ["request.create"], **changes}


def test_the_secret_of_a_webhook_is_shown_once(people: People) -> None:
    alice = people.client("alice")
    shown = alice.post("/webhooks/add/", hook_form()).content.decode()
    hook = Webhook.objects.get()
    secret = decrypt(hook.secret, purpose=WEBHOOK_SECRET)
    assert secret.startswith("whsec_")
    assert secret in shown
    page = alice.get(f"/webhooks/{hook.pk}/").content.decode()
    assert "https://hooks.example.com/…" in page
    for hidden in (secret, "abcdef"):
        assert hidden not in page
        assert hidden not in str(list(AuditEvent.objects.values()))
    rotated = alice.post(f"/webhooks/{hook.pk}/rotate/").content.decode()
    hook.refresh_from_db()
    assert decrypt(hook.secret, purpose=WEBHOOK_SECRET) in rotated
    assert decrypt(hook.previous_secret, purpose=WEBHOOK_SECRET) == secret
    assert "signed with the previous secret as well" in rotated
    alice.post(f"/webhooks/{hook.pk}/rotate/", {"now": "1"})
    hook.refresh_from_db()
    assert (hook.previous_secret, hook.previous_until) == ("", None)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"url": "http://hooks.example.com/"}, "url", "A portal admin can allow http."),
        ({"url": "https://ci.corp.example.com/"}, "url", "resolves to 10.0.0.5, which is a private address"),
        ({"url": "https://169.254.169.254/"}, "url", "credentials"),
        ({"url": ""}, "url", "Enter the address of the receiver."),
        ({"events": []}, "every_event", "Choose events, or every event."),
        ({"team": "logistics"}, "team", "Choose one of these teams."),
        ({"team": "portal"}, "team", "Choose one of these teams."),
        ({"name": ""}, "name", "Enter a name."),
    ],
)
def test_a_wrong_webhook_is_refused_at_the_field(
    people: People, changes: dict[str, object], field: str, sentence: str
) -> None:
    answer = people.client("alice").post("/webhooks/add/", hook_form(**changes))
    error = re.search(rf'id="error-{field}">([^<]*)<', answer.content.decode())
    assert error is not None
    assert sentence in error[1]
    assert (answer.status_code, Webhook.objects.count()) == (422, 0)


def test_who_manages_which_webhook(people: People, ada: Client) -> None:
    alice, bob, charlie = people.client("alice"), people.client("bob"), people.client("charlie")
    alice.post("/webhooks/add/", hook_form())
    ada.post("/webhooks/add/", hook_form(team="portal", name="SIEM", events=[], every_event="on"))
    ours, everything = Webhook.objects.get(team=people.payments), Webhook.objects.get(team=None)
    assert everything.events == []
    alice.post(f"/webhooks/{ours.pk}/test/")
    delivery = WebhookDelivery.objects.get()
    posts = [f"/webhooks/{ours.pk}/{verb}/" for verb in ("change", "rotate", "test", "switch", "remove")]
    posts.append(f"/webhooks/deliveries/{delivery.pk}/send-again/")
    for client, status in ((bob, 403), (charlie, 404), (ada, 403)):
        assert client.get(f"/webhooks/{ours.pk}/").status_code == status
        for url in posts:
            assert client.post(url).status_code == status, url
    assert bob.get("/webhooks/").status_code == 403
    assert alice.get(f"/webhooks/{everything.pk}/").status_code == 404
    assert ada.get(f"/webhooks/{everything.pk}/").status_code == 200
    assert charlie.get("/webhooks/").status_code == 200
    assert "hooks.example.com" not in charlie.get("/webhooks/").content.decode()


def test_a_webhook_is_changed_and_switched(people: People) -> None:
    alice = people.client("alice")
    alice.post("/webhooks/add/", hook_form())
    hook = Webhook.objects.get()
    url = f"/webhooks/{hook.pk}/"
    assert alice.post(f"{url}change/", {"name": "CI 2", "url": "", "every_event": "on"}).status_code == 302
    alice.post(f"{url}switch/", {"on": "0"})
    hook.refresh_from_db()
    assert (hook.name, hook.events, hook.disabled_at is not None) == ("CI 2", [], True)
    assert alice.post(f"{url}test/").status_code == 409
    alice.post(f"{url}switch/", {"on": "1"})
    alice.post(f"{url}test/")
    assert "webhook.test" in alice.get(url).content.decode()
    assert alice.post(f"/webhooks/deliveries/{WebhookDelivery.objects.get().pk}/send-again/").status_code == 409
    alice.post(f"{url}remove/")
    assert not Webhook.objects.exists()
    actions = list(AuditEvent.objects.filter(subject_kind="webhook").order_by("id").values_list("action", flat=True))
    changes = ["webhook:change"] * 3
    assert actions == ["webhook:create", *changes, "webhook:send_test", "webhook:remove"]


def test_an_admin_allows_a_destination(people: People, ada: Client) -> None:
    alice = people.client("alice")
    assert alice.get("/destinations/").status_code == 403
    form = {"what": ".corp.example.com", "ports": "9000, 9443", "allows_http": "on", "note": "CI"}
    assert ada.post("/destinations/", form).status_code == 302
    assert alice.post("/webhooks/add/", hook_form(url="http://ci.corp.example.com:9000/")).status_code == 200
    for what, sentence in (
        ("10.0.0.1/8", "whose last bits are zero"),
        ("0.0.0.0/0", "too wide"),
        (".com", "covers too many names"),
        ("https://x", "is not a network"),
        (".corp.example.com", "allowed already"),
    ):
        answer = ada.post("/destinations/", {"what": what})
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True), what
    assert ada.post("/destinations/", {"what": "ci", "ports": "70000"}).status_code == 422
    stored = AllowedDestination.objects.get()
    assert alice.post(f"/destinations/{stored.pk}/remove/").status_code == 403
    ada.post(f"/destinations/{stored.pk}/remove/")
    kinds = AuditEvent.objects.filter(subject_kind="destination").order_by("id").values_list("action", flat=True)
    assert list(kinds) == ["destination:allow", "destination:forbid"]


def test_only_admins_see_what_was_not_delivered(people: People, ada: Client) -> None:
    people.client("bob").post("/notifications/add/", channel_form())
    channel = NotificationChannel.objects.get()
    at = channel.created_at
    NotificationDelivery.objects.create(
        channel=channel, state="failed", gathers="x", subject="Private subject", created_at=at, due_at=at, expires_at=at,
        last_error="The service could not be reached.",
    )  # fmt: skip
    page = ada.get("/notifications/failures/").content.decode()
    assert "The service could not be reached." in page
    assert "bob" in page
    assert "Private subject" not in page
    assert people.client("alice").get("/notifications/failures/").status_code == 403


def test_every_link_of_a_message_has_a_page() -> None:
    keys = {"request": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "environment": "0" * 8 + "-0000-4000-8000-" + "0" * 12}
    keys["team"] = "payments"
    for path in wording._PAGES.values():
        assert resolve(path.format(**keys)).url_name


def test_pages_need_few_queries(people: People, django_assert_max_num_queries: Any) -> None:
    alice = people.client("alice")
    for number in range(5):
        alice.post("/notifications/add/", channel_form(name=f"c{number}"))
        alice.post("/webhooks/add/", hook_form(name=f"h{number}"))
    hook = Webhook.objects.first()
    assert hook is not None
    alice.post(f"/webhooks/{hook.pk}/test/")
    for url in ("/notifications/", "/webhooks/", f"/webhooks/{hook.pk}/"):
        with django_assert_max_num_queries(9):
            assert alice.get(url).status_code == 200


def test_event_types_are_those_of_the_audit_log() -> None:
    assert event_types()["request.create"] == "A member requested a new environment."
    assert all(re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", kind) for kind in event_types())


def test_a_viewer_manages_nothing(people: People) -> None:
    vera = User.objects.create_user("vera", password="correct horse battery")
    Membership.objects.create(team=people.payments, user=vera, role=Role.VIEWER)
    client = Client()
    client.force_login(vera)
    assert client.get("/notifications/").status_code == 200
    assert client.get("/webhooks/").status_code == 403
