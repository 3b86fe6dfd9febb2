"""Webhooks: signed, at least once, retried with growing pauses, and switched off at the end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import AuditEvent, DeliveryState, Team, User, Webhook, WebhookAttempt, WebhookDelivery
from provisioning.models.webhook import WEBHOOK_SECRET, WEBHOOK_URL
from provisioning.notify import dispatch
from provisioning.notify.dispatch import Dispatcher, Sending
from provisioning.notify.outbox import Claim, claim
from provisioning.notify.schedule import WEBHOOK_WAITS
from provisioning.notify.webhooks import delivery as delivering
from provisioning.notify.webhooks.delivery import deliver_webhooks
from provisioning.notify.webhooks.signing import new_secret
from provisioning.notify.webhooks.verification_example import verify
from provisioning.outgoing import Answer, ForbiddenDestinationError, OutgoingError
from provisioning.secret_text import encrypt
from tests.notify.conftest import Post, Receiver

URL = "https://hooks.example.com/in?token=abc"
MakeHook = Callable[..., Webhook]


@pytest.fixture
def team(post: Post) -> Team:
    return Team.objects.create(slug="payments", name="Payments")


@pytest.fixture
def make_hook(post: Post, team: Team) -> MakeHook:
    def make(**fields: Any) -> Webhook:
        return Webhook.objects.create(
            **{
                "team": team,
                "name": "CI",
                "url": encrypt(URL, purpose=WEBHOOK_URL),
                "masked": "https://hooks.example.com/…",
                "secret": encrypt(new_secret(), purpose=WEBHOOK_SECRET),
                "created_at": post.now,
                **fields,
            }
        )

    return make


def happen(post: Post, team: Team | None, action: AuditAction = AuditAction.DRIFT_CHECK, **more: Any) -> AuditEvent:
    event = audit_event(action, actor=None, at=post.now, team=team, subject="orders", **more)
    post.spread()
    return event


def run(post: Post, receiver: Receiver, *, seconds: float = 0.0) -> int:
    post.clock.advance(seconds)
    return deliver_webhooks(poster=receiver)


def test_an_event_arrives_signed_as_the_example_verifies(
    post: Post, team: Team, make_hook: MakeHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, previous = new_secret(), new_secret()
    make_hook(
        secret=encrypt(secret, purpose=WEBHOOK_SECRET),
        previous_secret=encrypt(previous, purpose=WEBHOOK_SECRET),
        previous_until=post.now + timedelta(hours=1),
    )
    event = happen(post, team)
    receiver = Receiver()
    assert run(post, receiver) == 1
    ((url, headers, body),) = receiver.letters
    assert url == URL
    content = json.loads(body)
    assert (content["type"], content["data"]["id"], content["data"]["team"]["slug"]) == (
        "drift.check",
        event.pk,
        "payments",
    )
    now = int(headers["webhook-timestamp"])
    monkeypatch.setattr(time, "time", lambda: now + 299)
    assert verify(secret, headers, body)
    assert verify(previous, headers, body)
    assert not verify(new_secret(), headers, body)
    assert not verify(secret, headers, body + b" ")
    assert not verify(secret, {**headers, "webhook-id": "other"}, body)
    monkeypatch.setattr(time, "time", lambda: now + 301)
    assert not verify(secret, headers, body)
    post.clock.advance(3601)
    happen(post, team)
    run(post, receiver)
    assert len(receiver.letters[-1][1]["webhook-signature"].split()) == 1


def test_a_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks libraries."""
    from provisioning.notify.webhooks.signing import signature  # noqa: PLC0415

    signed = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_hook_gets_what_it_wants(post: Post, team: Team, make_hook: MakeHook) -> None:
    other = Team.objects.create(slug="logistics", name="Logistics")
    ours, theirs = make_hook(name="ours"), make_hook(name="theirs", team=other)
    everything = make_hook(name="portal", team=None)
    picky = make_hook(name="picky", events=["drift.accept"])
    make_hook(name="off", disabled_at=post.now)
    happen(post, team)
    assert set(WebhookDelivery.objects.values_list("webhook", flat=True)) == {ours.pk, everything.pk}
    happen(post, team, AuditAction.DRIFT_ACCEPT)
    assert WebhookDelivery.objects.filter(webhook=picky).count() == 1
    happen(post, None, AuditAction.SIGN_IN_FAIL)
    assert WebhookDelivery.objects.filter(webhook=everything).count() == 3
    assert not WebhookDelivery.objects.filter(webhook=theirs).exists()


def test_a_failed_delivery_is_tried_for_about_a_day_with_the_same_id(
    post: Post, team: Team, make_hook: MakeHook
) -> None:
    make_hook()
    happen(post, team)
    receiver = Receiver([503])
    assert run(post, receiver) == 1
    for wait in WEBHOOK_WAITS:
        assert run(post, receiver, seconds=wait.total_seconds() * 0.79) == 0
        assert run(post, receiver, seconds=wait.total_seconds() * 0.42) == 1
    assert run(post, receiver, seconds=200_000) == 0
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts) == (DeliveryState.FAILED, 8)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.letters}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in receiver.letters}) == 8
    assert len({body for _, _, body in receiver.letters}) == 1
    assert timedelta(hours=20) < sum(WEBHOOK_WAITS, timedelta()) < timedelta(hours=28)
    attempts = WebhookAttempt.objects.order_by("number").values_list("number", "status_code", "error")
    assert attempts.first() == (1, 503, "The answer was 503, not 200 to 299.")


def test_the_receiver_says_how_long_to_wait(post: Post, team: Team, make_hook: MakeHook) -> None:
    make_hook()
    happen(post, team)
    receiver = Receiver([(429, "7200"), 200])
    run(post, receiver)
    assert run(post, receiver, seconds=7_100) == 0
    assert run(post, receiver, seconds=101) == 1
    assert WebhookDelivery.objects.get().state == DeliveryState.DELIVERED


def test_a_forbidden_address_is_not_tried_again(post: Post, team: Team, make_hook: MakeHook) -> None:
    make_hook()
    happen(post, team)
    run(post, Receiver([ForbiddenDestinationError("hooks.example.com resolves to 10.0.0.5.")]))
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempt_rows.get().error) == (
        DeliveryState.FAILED,
        "hooks.example.com resolves to 10.0.0.5.",
    )


def test_the_guard_is_asked_before_each_attempt(post: Post, team: Team, make_hook: MakeHook) -> None:
    """Without a stand-in for the connection: the real one refuses before it connects."""
    make_hook(url=encrypt("https://127.0.0.1/", purpose=WEBHOOK_URL))
    happen(post, team)
    deliver_webhooks()
    assert "own machine" in WebhookDelivery.objects.get().attempt_rows.get().error


def test_a_worker_that_ends_while_it_posts_sends_the_same_delivery_again(
    post: Post, team: Team, make_hook: MakeHook
) -> None:
    class Died(BaseException):
        pass

    make_hook()
    happen(post, team)
    receiver = Receiver()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivering, "_finish", lambda *_: (_ for _ in ()).throw(Died))
        with pytest.raises(Died):
            run(post, receiver)
    assert run(post, receiver) == 0
    assert run(post, receiver, seconds=301) == 1
    first, second = receiver.letters
    assert (first[1]["webhook-id"], first[2]) == (second[1]["webhook-id"], second[2])
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 2)
    assert "worker ended" in row.attempt_rows.get(number=1).error


def test_two_workers_never_post_the_same_delivery(post: Post, team: Team, make_hook: MakeHook) -> None:
    make_hook()
    happen(post, team)
    mine = claim(delivering.QUEUE, limit=5)
    assert (len(mine), claim(delivering.QUEUE, limit=5)) == (1, [])


def test_one_receiver_does_not_hold_up_the_others(post: Post, team: Team, make_hook: MakeHook) -> None:
    make_hook(name="slow")
    for _ in range(20):
        happen(post, team)
    post.clock.advance(1)
    quick = make_hook(name="quick")
    happen(post, team)
    assert len(claim(delivering.QUEUE, limit=16)) == 2
    assert WebhookDelivery.objects.get(webhook=quick).state == DeliveryState.SENDING


def test_servers_that_hang_hold_up_no_other_team(post: Post, team: Team, make_hook: MakeHook) -> None:
    """More receivers of one team than there are places answer only when the other team has got everything."""
    logistics = Team.objects.create(slug="logistics", name="Logistics")
    hanging = "https://hangs.example.com/"
    for number in range(17):
        make_hook(name=f"hangs {number}", url=encrypt(hanging, purpose=WEBHOOK_URL))
    make_hook(name="quick", team=logistics)
    for _ in range(3):
        happen(post, team)
    post.clock.advance(1)
    for _ in range(3):
        happen(post, logistics)
    served, letters = threading.Event(), Receiver()

    def poster(url: str, **letter: Any) -> Answer:
        if url == hanging:
            assert served.wait(10)
        answer = letters(url, **letter)
        if sum(to == URL for to, _, _ in letters.letters) == 3:
            served.set()
        return answer

    assert deliver_webhooks(poster=poster) == 54
    assert [to for to, _, _ in letters.letters[:3]] == [URL] * 3
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}


def test_slow_teams_share_a_quarter_of_the_places(post: Post, make_hook: MakeHook) -> None:
    dispatcher: Dispatcher[None] = Dispatcher(delivering.QUEUE)
    for number in range(6):
        slow = Team.objects.create(slug=f"slow-{number}", name=f"Slow {number}")
        make_hook(team=slow)
        happen(post, slow)

    def takes_long() -> None:
        post.clock.advance(4)

    dispatcher.run(lambda *_: Sending(takes_long, lambda _: None, unexpected=None), limit=6)
    assert len(dispatcher.slow) == 6
    WebhookDelivery.objects.update(state=DeliveryState.PENDING)
    quick = Team.objects.create(slug="quick", name="Quick")
    make_hook(team=quick)
    happen(post, quick)
    claimed = dispatcher._claim([], limit=500)
    assert (len(claimed), claimed[-1].lane) == (5, str(quick.pk))
    assert dispatcher._claim(claimed, limit=500) == []


def test_a_quick_answer_makes_a_lane_quick_again(post: Post, team: Team, make_hook: MakeHook) -> None:
    make_hook()
    happen(post, team)
    dispatcher: Dispatcher[None] = Dispatcher(delivering.QUEUE, slow={str(team.pk)})
    assert dispatcher.run(lambda *_: Sending(lambda: None, lambda _: None, unexpected=None)) == 1
    assert dispatcher.slow == set()


def test_an_unexpected_error_ends_only_its_own_attempt(
    post: Post, team: Team, make_hook: MakeHook, caplog: pytest.LogCaptureFixture
) -> None:
    make_hook(name="broken", url=encrypt("https://broken.example.com/", purpose=WEBHOOK_URL))
    make_hook()
    happen(post, team)

    def poster(url: str, **letter: Any) -> Answer:
        if "broken" in url:
            raise RuntimeError(url)
        return Receiver()(url, **letter)

    assert deliver_webhooks(poster=poster) == 2
    assert sorted(WebhookDelivery.objects.values_list("state", flat=True)) == ["delivered", "pending"]
    assert "RuntimeError" in caplog.text
    assert "broken.example.com" not in caplog.text


@pytest.mark.parametrize("place", ["begin", "finish", "claim"])
def test_an_error_of_the_portal_costs_no_other_delivery_its_result(
    post: Post, team: Team, make_hook: MakeHook, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    for name in ("first", "second", "third"):
        make_hook(name=name)
    happen(post, team)
    dispatcher: Dispatcher[None] = Dispatcher(delivering.QUEUE)
    calls = {"begin": 0, "finish": 0, "claim": 0}
    finished = list[UUID]()

    def count(where: str) -> None:
        calls[where] += 1
        if where == place and calls[where] == (2 if where == "claim" else 1):
            raise ValueError(where)

    def begin(delivery_id: UUID, _holder: UUID) -> Sending[None]:
        count("begin")

        def finish(_result: None) -> None:
            count("finish")
            finished.append(delivery_id)

        return Sending(lambda: None, finish, unexpected=None)

    def claim_next(*arguments: Any, **more: Any) -> list[Claim]:
        count("claim")
        return claim(*arguments, **more)

    monkeypatch.setattr(dispatch, "claim", claim_next)
    if place == "claim":
        with pytest.raises(ValueError, match="claim"):
            dispatcher.run(begin)
    else:
        assert dispatcher.run(begin) == 3
    assert len(finished) == 2


@pytest.mark.parametrize("answer", [410, 500])
def test_a_webhook_that_is_gone_or_fails_for_days_is_switched_off_and_its_owners_hear_of_it(
    post: Post, team: Team, make_hook: MakeHook, answer: int
) -> None:
    hook = make_hook(failing_since=post.now - timedelta(days=3) if answer == 500 else None)
    happen(post, team)
    run(post, Receiver([answer]))
    hook.refresh_from_db()
    assert hook.disabled_at is not None
    event = AuditEvent.objects.get(action="webhook:stop")
    assert (event.team, event.subject) == (team, "CI")
    alice = User.objects.create_user("alice", email="alice@example.org")
    team.memberships.create(user=alice, role="owner")
    (sent,) = post.run()
    assert (sent.to, sent.subject) == (["alice@example.org"], "Webhook switched off: CI")


def test_one_success_ends_a_row_of_failures(post: Post, team: Team, make_hook: MakeHook) -> None:
    hook = make_hook()
    happen(post, team)
    receiver = Receiver([OutgoingError("hooks.example.com refused the connection."), 204])
    run(post, receiver)
    hook.refresh_from_db()
    assert hook.failing_since is not None
    run(post, receiver, seconds=10)
    hook.refresh_from_db()
    assert (hook.failing_since, hook.delivered_at is not None) == (None, True)


def test_a_long_detail_is_left_out(post: Post, team: Team, make_hook: MakeHook) -> None:
    make_hook()
    happen(post, team, text="x" * 9_000)
    body = WebhookDelivery.objects.get().body
    assert json.loads(body)["data"]["detail"] == {"left_out": True}
