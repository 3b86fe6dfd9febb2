"""Who adds webhooks and channels at the moment at which a team is deleted or an owner removed, and what
the audit log says of tests and removals.
"""

from __future__ import annotations

import pytest

from provisioning.errors import NotAllowed, NotFound, PortalError, WrongState
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import (
    AuditEvent,
    ChannelKind,
    Membership,
    NotificationChannel,
    Role,
    Team,
    User,
    Webhook,
)
from provisioning.notify import access
from provisioning.notify.services import channels, webhooks
from provisioning.notify.services.channels import ChannelChoice
from provisioning.notify.services.webhooks import WebhookChoice
from tests.notify.conftest import Post

CHANNEL = ChannelChoice("Team", "team@example.org", ["results"])
HOOK = WebhookChoice("CI", "https://93.184.216.34/in")


@pytest.fixture
def team(post: Post) -> Team:
    """Alice and dora own it."""
    team = Team.objects.create(slug="payments", name="Payments")
    for name in ("alice", "dora"):
        Membership.objects.create(team=team, user=User.objects.create_user(name), role=Role.OWNER)
    return team


@pytest.fixture
def alice(team: Team) -> User:
    return User.objects.get(username="alice")


def add_channel(actor: User, team: Team) -> NotificationChannel:
    return channels.add_channel(actor=actor, choice=CHANNEL, team=team, kind=ChannelKind.MAIL)


def add_webhook(actor: User, team: Team | None) -> Webhook:
    return webhooks.create_webhook(actor=actor, team=team, choice=HOOK).webhook


@pytest.mark.parametrize("add", [add_channel, add_webhook])
@pytest.mark.parametrize(("what", "error"), [("team", WrongState), ("owner", NotAllowed)])
def test_nothing_is_added_to_a_team_that_was_deleted_or_left_meanwhile(  # noqa: PLR0917 - two facts of two services
    team: Team,
    alice: User,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    add: object,
    what: str,
    error: type[PortalError],
) -> None:
    def lock_afterwards(locked: Team, **how: bool) -> Team:
        if what == "team":
            Team.objects.update(deleted_at=post.now)
        else:
            Membership.objects.filter(user=alice).delete()
        return lock_team(locked, **how)

    monkeypatch.setattr(access, "lock_team", lock_afterwards)
    with pytest.raises(error):
        add(alice, team)  # type: ignore[operator]
    assert not Webhook.objects.exists()
    assert not NotificationChannel.objects.exists()


@pytest.mark.parametrize("of_team", [True, False])
def test_the_audit_log_has_each_test_and_each_removal_once(team: Team, alice: User, of_team: bool) -> None:
    User.objects.filter(pk=alice.pk).update(is_admin=True)
    alice.refresh_from_db()
    hook = add_webhook(alice, team if of_team else None)
    channel = channels.add_channel(
        actor=alice,
        choice=CHANNEL
        if of_team
        else ChannelChoice("Slack", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", []),
        team=team if of_team else None,
        kind=ChannelKind.MAIL if of_team else ChannelKind.CHAT,
    )
    webhooks.send_test(actor=alice, webhook=hook)
    channels.send_test(actor=alice, channel=channel)
    webhooks.remove_webhook(actor=alice, webhook=hook)
    channels.remove_channel(actor=alice, channel=channel)
    for again in (
        lambda: webhooks.remove_webhook(actor=alice, webhook=hook),
        lambda: webhooks.send_test(actor=alice, webhook=hook),
        lambda: channels.remove_channel(actor=alice, channel=channel),
        lambda: channels.send_test(actor=alice, channel=channel),
    ):
        with pytest.raises(NotFound):
            again()
    written = [(event.action, event.team, event.actor) for event in AuditEvent.objects.order_by("id")]
    assert written == [
        (action, team if of_team else None, alice)
        for action in (
            "webhook:create",
            "channel:add",
            "webhook:send_test",
            "channel:send_test",
            "webhook:remove",
            "channel:remove",
        )
    ]
