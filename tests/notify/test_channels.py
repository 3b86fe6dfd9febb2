"""Channels: digests, failures, and names that try to be more than names."""

from __future__ import annotations

import smtplib
import threading
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail

from portal.pages.notifications.forms import ChannelForm
from portal.pages.webhooks.forms import WebhookForm
from provisioning.errors import Refused
from provisioning.models import (
    ChannelKind,
    DeliveryState,
    NotificationChannel,
    NotificationDelivery,
    Team,
    User,
    Webhook,
)
from provisioning.models.notification import CHANNEL_TARGET
from provisioning.models.webhook import WEBHOOK_SECRET
from provisioning.notify import delivery as delivering
from provisioning.notify.audience import RULES
from provisioning.notify.channels import chat
from provisioning.notify.channels.mail import send_mail
from provisioning.notify.channels.outcome import Mail, Outcome, Result
from provisioning.notify.channels.services import SERVICES
from provisioning.notify.delivery import deliver_messages
from provisioning.notify.outbox import claim
from provisioning.notify.plain import inert
from provisioning.notify.schedule import first_due
from provisioning.notify.secrets_at_rest import reencrypt_secrets
from provisioning.notify.services.channels import send_test
from provisioning.notify.wording import _TEMPLATES
from provisioning.outgoing import ForbiddenDestinationError, OutgoingError
from provisioning.secret_text import decrypt, encrypt
from tests.notify.conftest import Post, give_addresses

MESSAGE = Mail("1", "Subject", ("Text",), "https://portal.example.org/", "Footer")
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture
def slack(post: Post) -> NotificationChannel:
    bob = User.objects.create_user("bob", email="bob@example.org")
    return NotificationChannel.objects.create(
        user=bob, kind=ChannelKind.CHAT, name="Slack", target=encrypt(SLACK, purpose=CHANNEL_TARGET),
        topics=["results"], created_at=post.now,
    )  # fmt: skip


class Service:
    """Stands for apprise: gives one outcome after the other."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[tuple[str, Mail]] = []

    def __call__(self, target: str, message: Mail, _guard: object) -> Outcome:
        self.sent.append((target, message))
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]


def test_a_test_message_that_fails_is_tried_again_and_shown(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(Outcome(Result.RETRY, "The service could not be reached."), Outcome(Result.SENT))
    monkeypatch.setattr(delivering, "send_chat", service)
    assert slack.user is not None
    row = send_test(actor=slack.user, channel=slack)
    assert deliver_messages() == 1
    row.refresh_from_db()
    slack.refresh_from_db()
    assert (row.state, row.attempts, slack.last_error) == ("pending", 1, "The service could not be reached.")
    assert deliver_messages() == 0
    post.clock.advance(75)
    assert deliver_messages() == 1
    row.refresh_from_db()
    slack.refresh_from_db()
    assert (row.state, slack.failing_since, len(service.sent)) == ("delivered", None, 2)
    assert service.sent[0][0] == SLACK


def test_what_is_refused_is_not_tried_again(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "send_chat", Service(Outcome(Result.REFUSED, "The service refused it.")))
    assert slack.user is not None
    row = send_test(actor=slack.user, channel=slack)
    deliver_messages()
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("failed", "The service refused it.")


def test_a_channel_that_fails_for_a_week_is_switched_off(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "send_chat", Service(Outcome(Result.REFUSED, "Gone.")))
    assert slack.user is not None
    send_test(actor=slack.user, channel=slack)
    deliver_messages()
    post.clock.advance(8 * 86_400)
    send_test(actor=slack.user, channel=slack)
    deliver_messages()
    slack.refresh_from_db()
    assert slack.disabled_at is not None
    (sent,) = post.run()
    assert (sent.to, sent.subject) == (["bob@example.org"], "Channel switched off: Slack")


def test_a_message_that_is_too_old_is_given_up(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "send_chat", Service(Outcome(Result.RETRY, "Busy.")))
    assert slack.user is not None
    send_test(actor=slack.user, channel=slack)
    for _ in range(10):
        deliver_messages()
        post.clock.advance(12 * 3600)
    assert NotificationDelivery.objects.get().state == DeliveryState.FAILED


def several(count: int) -> list[NotificationDelivery]:
    """Test messages that wait, each for a channel of its own."""
    bob = User.objects.get(username="bob")
    channels = [NotificationChannel.objects.get()]
    for number in range(1, count):
        stored = NotificationChannel.objects.get(pk=channels[0].pk)
        stored.pk, stored.name = uuid4(), f"Slack {number}"
        stored.save(force_insert=True)
        channels.append(stored)
    return [send_test(actor=bob, channel=channel) for channel in channels]


def test_a_worker_that_ends_leaves_the_messages_that_it_did_not_try(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def fails(*_: object) -> Outcome:
        raise Died

    several(4)
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "send_chat", fails)
        with pytest.raises(Died):
            deliver_messages()
    states = NotificationDelivery.objects.values_list("state", flat=True)
    assert sorted(states) == ["pending", "pending", "sending", "sending"]
    monkeypatch.setattr(delivering, "send_chat", Service(Outcome(Result.SENT)))
    assert deliver_messages() == 2
    assert sorted(states.all()) == ["delivered", "delivered", "sending", "sending"]


def test_an_unexpected_error_ends_only_its_own_delivery(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen = 0

    def breaks(*_: object) -> Outcome:
        nonlocal seen
        seen += 1
        if seen == 1:
            raise ValueError(SLACK)
        return Outcome(Result.SENT)

    several(3)
    monkeypatch.setattr(delivering, "send_chat", breaks)
    assert deliver_messages() == 3
    rows = NotificationDelivery.objects.order_by("state")
    assert [row.state for row in rows] == ["delivered", "delivered", "unknown"]
    assert "ValueError" in caplog.text
    assert SLACK not in caplog.text


def test_one_channel_gets_its_messages_one_after_the_other(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "send_chat", Service(Outcome(Result.SENT)))
    assert slack.user is not None
    row = send_test(actor=slack.user, channel=slack)
    for number in range(2):
        copy = NotificationDelivery.objects.get(pk=row.pk)
        copy.pk, copy.gathers = uuid4(), f"copy {number}"
        copy.save(force_insert=True)
    assert len(claim(delivering.QUEUE, limit=16)) == 1
    assert deliver_messages() == 2


def test_a_mail_server_that_hangs_holds_up_no_chat(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_addresses()
    bob = User.objects.get()
    for number in range(4):
        team = Team.objects.create(slug=f"team-{number}", name="Team")
        address = encrypt("team@example.org", purpose=CHANNEL_TARGET)
        mailbox = NotificationChannel.objects.create(
            team=team, kind=ChannelKind.MAIL, name="Mail", target=address, topics=[], created_at=post.now
        )
        team.memberships.create(user=bob, role="owner")
        send_test(actor=bob, channel=mailbox)
    post.clock.advance(1)
    send_test(actor=bob, channel=slack)
    has_chatted = threading.Event()

    def mail_later(*_: object) -> Outcome:
        assert has_chatted.wait(10)
        return Outcome(Result.SENT)

    def chat_now(*_: object) -> Outcome:
        has_chatted.set()
        return Outcome(Result.SENT)

    monkeypatch.setattr(delivering, "send_mail", mail_later)
    monkeypatch.setattr(delivering, "send_chat", chat_now)
    assert deliver_messages() == 5
    assert set(NotificationDelivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_repeated_attempts_do_not_hold_up_a_first_one(
    post: Post, slack: NotificationChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "send_chat", Service(Outcome(Result.SENT)))
    *failing, fresh = several(4)
    earlier = post.now - timedelta(minutes=5)
    NotificationDelivery.objects.filter(pk__in=[row.pk for row in failing]).update(attempts=1, due_at=earlier)
    assert deliver_messages(limit=1) == 1
    fresh.refresh_from_db()
    assert fresh.state == DeliveryState.DELIVERED


def test_addresses_are_not_kept_in_the_browser() -> None:
    """session.js keeps no control with `data-secret`."""
    address = ChannelForm(for_team=True).fields["address"].widget
    url = WebhookForm().fields["url"].widget
    assert address.attrs["data-secret"] == url.attrs["data-secret"] == ""


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b.c": (550, b"no")}), Result.REFUSED),
        (smtplib.SMTPRecipientsRefused({"a@b.c": (451, b"later")}), Result.RETRY),
        (smtplib.SMTPDataError(554, b"spam"), Result.REFUSED),
        (smtplib.SMTPServerDisconnected("gone"), Result.UNCLEAR),
        (TimeoutError(), Result.UNCLEAR),
        (None, Result.SENT),
    ],
)
def test_a_mail_servers_answers(monkeypatch: pytest.MonkeyPatch, settings: Any, error: Any, result: Result) -> None:
    settings.EMAIL_HOST = "smtp.example.org"

    def send(_self: object, _messages: object) -> int:
        if error is not None:
            raise error
        return 1

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", send)
    assert send_mail("a@b.c", MESSAGE).result is result


def test_a_mail_server_that_is_away_has_surely_sent_nothing(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.example.org"

    def away(_self: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.open", away)
    assert send_mail("a@b.c", MESSAGE).result is Result.RETRY
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("failure", "result"),
    [
        (404, Result.REFUSED),
        (429, Result.RETRY),
        (503, Result.RETRY),
        (302, Result.RETRY),
        (None, Result.RETRY),
        (OutgoingError("hooks.slack.com did not answer.", may_have_arrived=True), Result.UNCLEAR),
        (OutgoingError("The host name hooks.slack.com does not exist."), Result.RETRY),
        (ForbiddenDestinationError("hooks.slack.com resolves to 10.0.0.5."), Result.REFUSED),
    ],
)
def test_what_a_failure_means(failure: Any, result: Result) -> None:
    assert chat._outcome(failure).result is result


def test_every_service_has_a_plugin_and_follows_no_redirect() -> None:
    for service in SERVICES:
        module, _, name = service.plugin.partition(":")
        plugin = getattr(chat.import_module(f"apprise.plugins.{module}"), name)
        schemes = {*_texts(plugin.protocol), *_texts(plugin.secure_protocol)}
        assert set(service.schemes) <= schemes, service.title
    target = chat.read_target(SLACK)
    assert (target.masked, target.scheme) == ("Slack, …i7FQ", "slack")
    _, loaded = chat._load(SLACK)
    assert (loaded.redirects, loaded.verify_certificate) == (False, True)


@pytest.mark.parametrize(
    "url",
    [
        "workflows://evil.example/wf/sig#?template=http://169.254.169.254/&rto=99999",
        "workflows://evil.example/wf/sig/?api-version=1;template=http://10.0.0.5/x",
        "workflows://evil.example/wf/sig/?sv=1&sig=a#&template=/proc/self/environ",
        "workflows://evil.example/wf/sig/?sv=1?&template=/proc/self/environ",
        "workflows://evil.example/wf/sig/?%74emplate=/proc/self/environ",
        "workflows://evil.example/wf/sig/?Template=/proc/self/environ",
        "workflows://evil.example/wf/sig/?+template=/proc/self/environ",
        "discord://123456/abcdef/#?template=/proc/self/environ",
        "https://discord.com/api/webhooks/123456/abcdef?template=/proc/self/environ",
        "jsons://evil.example/a#?rto=99999&method=GET",
        "jsons://evil.example/a?rto",
        "rockets://user:password@evil.example/#channel?verify=no",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#channel?template=/etc/passwd",
    ],
)
def test_a_parameter_that_the_portal_does_not_use_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(Refused, match="Remove "):
        chat._load(url)


def test_the_parameters_of_a_workflow_and_the_channel_of_a_chat_are_accepted() -> None:
    workflow = (
        "https://prod-12.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke"
        "?api-version=2016-06-01&SP=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=abcDEF"
    )
    assert chat._load(workflow)[1].signature == "abcDEF"
    assert chat._load("rockets://user:password@chat.example.com/#channel")[1].channels == ["channel"]


@pytest.mark.parametrize(
    ("name", "value"), [("template", ["x"]), ("request_timeout", (4.0, 99_999.0)), ("redirects", True)]
)
def test_a_plugin_that_would_read_files_or_wait_for_long_is_refused(name: str, value: object) -> None:
    ordinary = {"template": [], "request_timeout": (4.0, 4.0), "redirects": False, "verify_certificate": True}
    chat._check_plugin(SimpleNamespace(**ordinary))
    with pytest.raises(Refused):
        chat._check_plugin(SimpleNamespace(**ordinary | {name: value}))


def _texts(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


@pytest.mark.parametrize(
    "name",
    [
        "<!channel>",
        "<@U123>",
        "@everyone",
        "[click](https://evil.example)",
        "*bold* _it_ ~no~ `code`",
        "evil.example",
        "https://evil.example/x",
        "<a href=x>",
        "line\r\nBcc: someone@example.org",
        "bidi\u202eevil",
        "# heading",
        "||spoiler||",
        "x" * 200,
    ],
)
def test_a_name_is_only_a_name(name: str) -> None:
    shown = inert(name)
    assert not set(shown) & set("<>&@*_~`|[]()#\\!\r\n\u202e")
    assert "://" not in shown
    assert "l.e" not in shown
    assert len(shown) <= 60


def test_ordinary_names_remain() -> None:
    assert inert("Zoë O'Neill-Müller") == "Zoë O'Neill-Müller"
    assert inert("orders-prod") == "orders-prod"


@pytest.mark.parametrize(
    ("timing", "zone", "daily_at", "now", "due"),
    [
        ("immediately", "UTC", time(9), "2026-11-28T08:00:00", "2026-11-28T08:01:00"),
        ("hourly", "UTC", time(9), "2026-11-28T08:10:00", "2026-11-28T09:00:00"),
        ("daily", "UTC", time(9), "2026-11-28T08:00:00", "2026-11-28T09:00:00"),
        ("daily", "UTC", time(9), "2026-11-28T09:00:00", "2026-11-29T09:00:00"),
        ("daily", "America/New_York", time(9), "2026-11-28T08:00:00", "2026-11-28T14:00:00"),
        ("daily", "Pacific/Auckland", time(9), "2026-11-28T08:00:00", "2026-11-28T20:00:00"),
        ("daily", "Europe/Berlin", time(2, 30), "2026-03-28T12:00:00", "2026-03-29T01:30:00"),
        ("daily", "Europe/Berlin", time(2, 30), "2026-10-24T12:00:00", "2026-10-25T00:30:00"),
    ],
)
def test_a_digest_comes_at_the_persons_time(timing: str, zone: str, daily_at: time, now: str, due: str) -> None:
    channel = NotificationChannel(timing=timing, time_zone=zone, daily_at=daily_at)
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert first_due(channel, at=at, is_urgent=False) == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert first_due(channel, at=at, is_urgent=True) == at


def test_every_rule_has_a_text() -> None:
    assert set(RULES) == set(_TEMPLATES)


def test_a_new_secret_key_encrypts_everything_again(slack: NotificationChannel, post: Post, settings: Any) -> None:
    Webhook.objects.create(name="x", url="v1:broken", masked="", secret="v1:broken", created_at=post.now)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-another-key-another-key-another-key-another"
    assert reencrypt_secrets() == (1, 2)
    assert reencrypt_secrets() == (0, 2)
    settings.SECRET_KEY_FALLBACKS = []
    slack.refresh_from_db()
    assert decrypt(slack.target, purpose=CHANNEL_TARGET) == SLACK
    assert decrypt(encrypt("x", purpose=WEBHOOK_SECRET), purpose=WEBHOOK_SECRET) == "x"
