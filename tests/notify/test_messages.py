"""Messages about requests: who gets them, what they say, and that each comes once."""

from __future__ import annotations

import pytest
from django.core import mail

from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.handover import (
    accept_offer,
    decline_offer,
    expire_due_offers,
    offer_environment,
    withdraw_offer,
)
from provisioning.models import (
    DeliveryState,
    HandoverOffer,
    Membership,
    NotificationChannel,
    NotificationDelivery,
    NotificationMessage,
    Role,
)
from provisioning.notify.delivery import deliver_messages
from provisioning.notify.expiry import note_expiring
from provisioning.notify.fan_out import spread_events
from tests.fixtures.world import World
from tests.notify.conftest import DAY, Post, give_addresses


@pytest.fixture
def office(post: Post, world: World) -> World:
    """The world on the clock of its own cloud; `post.clock` is that clock."""
    post.clock = world.cloud.clock
    give_addresses()
    return world


def test_an_approver_hears_of_a_pending_request_once(office: World, post: Post) -> None:
    request = office.request("orders", "prod")
    (sent,) = post.run()
    assert sent.to == ["olivia@example.org"]
    assert sent.subject == "Approval needed: creation of orders (Payments)"
    assert f"https://portal.example.org/requests/{request.pk}/" in sent.body
    assert "bob of Payments requested the creation of orders, size prod" in sent.body
    assert post.run() == []


def test_the_requester_hears_of_the_decision_and_the_end(office: World, post: Post) -> None:
    request = office.request("orders", "prod")
    post.run()
    approve_request(actor=office.olivia, request=request, digest=request.plan.digest)
    (approved,) = post.run()
    assert (approved.to, approved.subject) == (["bob@example.org"], "Approved: creation of orders (Payments)")
    office.until_rest(request.environment)
    (done,) = post.run()
    assert (done.to, done.subject) == (["bob@example.org"], "Completed: creation of orders (Payments)")
    assert f"/environments/{request.environment_id}/" in done.body


def test_events_about_one_request_within_a_minute_become_one_message(office: World, post: Post) -> None:
    request = office.request("orders", "prod")
    post.run()
    reject_request(actor=office.olivia, request=request, note="The database is too small: secret-word")
    audit_event(
        AuditAction.REQUEST_EXPIRE, actor=None, at=post.now, environment=request.environment, request=str(request.pk)
    )
    (sent,) = post.run()
    assert sent.subject == "Expired: creation of orders (Payments) (+1)"
    assert "olivia rejected the creation of orders." in sent.body
    assert "secret-word" not in sent.body
    assert NotificationMessage.objects.filter(channel__user=office.bob).count() == 2


def test_a_dev_request_that_needs_nobody_disturbs_nobody(office: World, post: Post) -> None:
    office.request("orders", "dev")
    assert post.run() == []


def test_a_request_that_was_decided_meanwhile_awaits_nobody(office: World, post: Post) -> None:
    request = office.request("orders", "prod")
    reject_request(actor=office.olivia, request=request, note="no")
    assert [sent.to for sent in post.run()] == [["bob@example.org"]]


def test_whoever_left_the_team_hears_nothing_more(office: World, post: Post) -> None:
    request = office.request("orders", "prod")
    post.run()
    reject_request(actor=office.olivia, request=request, note="no")
    post.spread()
    office.bob.memberships.all().delete()
    assert post.run() == []
    assert NotificationDelivery.objects.get(channel__user=office.bob).state == DeliveryState.SKIPPED


def test_a_worker_that_ends_while_it_writes_messages_loses_and_doubles_nothing(
    office: World, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.request("orders", "prod")
    office.request("billing", "prod")
    seen = 0

    def fails(*_arguments: object, **_more: object) -> object:
        nonlocal seen
        seen += 1
        if seen == 2:
            raise KeyboardInterrupt
        return original(*_arguments, **_more)

    from provisioning.notify import fan_out  # noqa: PLC0415

    original = fan_out.text_for
    with monkeypatch.context() as patch:
        patch.setattr(fan_out, "text_for", fails)
        with pytest.raises(KeyboardInterrupt):
            post.spread()
    assert NotificationMessage.objects.count() == 0
    subjects = [sent.subject for sent in post.run()]
    assert sorted(subjects) == [
        "Approval needed: creation of billing (Payments)",
        "Approval needed: creation of orders (Payments)",
    ]


def test_an_event_that_cannot_be_told_holds_up_no_other(
    office: World, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    environment = office.request("orders", "dev").environment
    audit_event(AuditAction.OPERATION_SUCCEED, actor=None, at=post.now, environment=environment, kind="nonsense")
    office.request("billing", "prod")
    (sent,) = post.run()
    assert sent.subject == "Approval needed: creation of billing (Payments)"
    assert "has become no message" in caplog.text


def test_the_same_event_read_twice_is_one_message(office: World, post: Post) -> None:
    from provisioning.models import AuditCursor  # noqa: PLC0415

    office.request("orders", "prod")
    post.spread()
    AuditCursor.objects.update(position=0)
    assert spread_events() > 0
    assert NotificationMessage.objects.count() == 1
    assert len(post.run()) == 1


def test_a_mail_whose_worker_ended_while_it_was_sent_is_not_sent_again(office: World, post: Post) -> None:
    office.request("orders", "prod")
    post.spread()
    post.clock.advance(61)

    class Died(BaseException):
        pass

    def fails(*_arguments: object) -> object:
        raise Died

    from provisioning.notify import delivery  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "send_mail", fails)
        with pytest.raises(Died):
            deliver_messages()
    row = NotificationDelivery.objects.get()
    assert row.state == DeliveryState.SENDING
    assert deliver_messages() == 0
    post.clock.advance(301)
    assert deliver_messages() == 0
    row.refresh_from_db()
    assert (row.state, mail.outbox) == (DeliveryState.UNKNOWN, [])
    assert "may have arrived" in row.last_error


def test_a_person_chooses_what_to_hear_about(office: World, post: Post) -> None:
    office.request("orders", "prod")
    post.run()
    NotificationChannel.objects.filter(user=office.olivia).update(topics=["results"])
    office.request("billing", "prod")
    assert post.run() == []


def test_without_a_mail_server_nothing_piles_up(office: World, post: Post, settings: object) -> None:
    settings.EMAIL_HOST = ""  # type: ignore[attr-defined]
    office.request("orders", "prod")
    assert post.run() == []
    assert NotificationDelivery.objects.count() == 0


def test_a_digest_gathers_what_happened(office: World, post: Post) -> None:
    office.request("orders", "prod")
    post.run()
    NotificationChannel.objects.filter(user=office.olivia).update(timing="hourly")
    office.request("billing", "prod")
    office.request("search", "prod")
    assert post.run() == []
    (sent,) = post.run(3600)
    assert sent.subject == "2 updates from the portal"
    assert "creation of billing" in sent.body
    assert "creation of search" in sent.body


def test_a_request_that_expires_soon_is_announced_once(office: World, post: Post) -> None:
    request = office.request("orders", "prod")
    post.run()
    assert request.expires_at is not None
    post.clock.advance((request.expires_at - post.now).total_seconds() - 23 * 3600)
    note_expiring()
    note_expiring()
    sent = post.run()
    assert sorted(mail.to[0] for mail in sent) == ["bob@example.org", "olivia@example.org"]
    assert {mail.subject for mail in sent} == {"Expires soon: creation of orders (Payments)"}


def test_of_many_requests_that_expire_soon_each_is_announced(office: World, post: Post) -> None:
    expires_at = office.request("orders", "prod").expires_at
    office.request("billing", "prod")
    assert expires_at is not None
    post.clock.advance((expires_at - post.now).total_seconds() - 23 * 3600)
    assert [note_expiring(limit=1) for _ in range(3)] == [1, 1, 0]


def test_security_events_come_at_once_whatever_was_chosen(office: World, post: Post) -> None:
    audit_event(AuditAction.PASSWORD_CHANGE, actor=office.bob, at=post.now, subject="bob")
    post.run(0)
    NotificationChannel.objects.filter(user=office.bob).update(topics=[], timing="daily", disabled_at=post.now)
    audit_event(AuditAction.PASSWORD_CHANGE, actor=office.bob, at=post.now, subject="bob")
    (sent,) = post.run(0)
    assert (sent.to, sent.subject) == (["bob@example.org"], "Your password was changed")
    assert "https://portal.example.org/profile/" in sent.body


def test_a_person_hears_that_a_command_has_removed_their_second_factor(office: World, post: Post) -> None:
    about = {"subject": "bob", "subject_id": office.bob.pk}
    audit_event(AuditAction.SECOND_FACTOR_REMOVE, actor=None, at=post.now, **about)
    (sent,) = post.run(0)
    assert sent.to == ["bob@example.org"]


def test_a_person_hears_of_a_team_that_they_have_left(office: World, post: Post) -> None:
    office.bob.memberships.all().delete()
    audit_event(
        AuditAction.MEMBER_REMOVE,
        actor=office.alice,
        at=post.now,
        team=office.team,
        subject="bob",
        subject_id=office.bob.pk,
    )
    (sent,) = post.run()
    assert (sent.to, sent.subject) == (["bob@example.org"], "Removed from Payments: bob")


def test_owners_hear_of_an_offer_and_of_its_end(office: World, post: Post) -> None:
    Membership.objects.filter(user=office.charlie).update(role=Role.OWNER)
    environment = office.create()
    post.run()

    def heard() -> dict[str, str]:
        return {mail.to[0].split("@")[0]: mail.subject for mail in post.run()}

    def offer() -> HandoverOffer:
        return offer_environment(
            actor=office.alice, environment=environment, receiver="logistics", typed_name=environment.name
        )

    made = offer()
    assert heard() == {"charlie": "Hand-over offered: orders"}
    withdraw_offer(actor=office.alice, offer=made)
    assert heard() == dict.fromkeys(("bob", "charlie"), "Hand-over no longer offered: orders")
    made = offer()
    heard()
    decline_offer(actor=office.charlie, offer=made)
    assert heard() == dict.fromkeys(("alice", "bob"), "Hand-over declined: orders")
    offer()
    heard()
    post.clock.advance(8 * DAY)
    expire_due_offers()
    post.spread()
    Membership.objects.filter(user=office.charlie).update(role=Role.OPERATOR)
    assert heard() == dict.fromkeys(("alice", "bob"), "Hand-over no longer offered: orders")
    Membership.objects.filter(user=office.charlie).update(role=Role.OWNER)
    accept_offer(actor=office.charlie, offer=offer())
    assert heard()["alice"] == "Handed over: orders"


def test_a_question_reaches_the_requester_and_its_answer_those_who_decide(office: World, post: Post) -> None:
    request = office.request("orders", "prod")
    post.run()
    about = {"environment": request.environment, "request": str(request.pk), "at": post.now}
    audit_event(AuditAction.REQUEST_ASK, actor=office.olivia, **about)
    (question,) = post.run()
    assert (question.to, question.subject) == (["bob@example.org"], "Question: creation of orders (Payments)")
    audit_event(AuditAction.REQUEST_ANSWER, actor=office.bob, **about)
    (answer,) = post.run()
    assert answer.to == ["olivia@example.org"]
