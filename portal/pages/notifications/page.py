"""The pages of channels, of one channel and of what was not delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.pages.notifications.forms import ChannelForm
from portal.web.cursor import Cursor
from portal.web.listing import PER_PAGE, Listing, listing_of
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin, is_admin
from provisioning.models import ChannelKind, NotificationChannel, Team, User
from provisioning.notify.access import owned_teams
from provisioning.notify.channels.mail import is_mail_configured
from provisioning.notify.channels.services import SERVICES, Service
from provisioning.notify.fan_out import mail_channel_of
from provisioning.notify.read import DeliveryLine, channels_of, delivery_lines, failed_deliveries, own_mail_of
from provisioning.notify.topics import FOR_PEOPLE, FOR_TEAMS, Topic


@dataclass(frozen=True, slots=True)
class ChannelCard:
    channel: NotificationChannel
    topics: list[str]

    @property
    def is_mail(self) -> bool:
        return self.channel.kind == ChannelKind.MAIL

    @property
    def is_own_mail(self) -> bool:
        return self.is_mail and self.channel.user_id is not None


@dataclass(frozen=True, slots=True)
class NotificationsPage:
    """`team` is empty for the person's own channels."""

    user: User
    team: Team | None
    cards: list[ChannelCard]
    deliveries: list[DeliveryLine]
    teams: Sequence[Team]
    has_mail_server: bool
    sees_failures: bool


def own_page(user: User) -> NotificationsPage:
    """The person's own channels. Their mail is there from the start, also before its first message."""
    channels = channels_of(user)
    if not any(channel.kind == ChannelKind.MAIL for channel in channels):
        channels.insert(0, own_mail_of(user))
    cards = _cards(channels, FOR_PEOPLE)
    return NotificationsPage(
        user=user,
        team=None,
        cards=cards,
        deliveries=delivery_lines([card.channel for card in cards]),
        teams=owned_teams(user),
        has_mail_server=is_mail_configured(),
        sees_failures=is_admin(user),
    )


def team_page(user: User, team: Team) -> NotificationsPage:
    cards = _cards(channels_of(team), FOR_TEAMS)
    return NotificationsPage(
        user=user,
        team=team,
        cards=cards,
        deliveries=delivery_lines([card.channel for card in cards]),
        teams=(),
        has_mail_server=is_mail_configured(),
        sees_failures=False,
    )


def _cards(channels: Sequence[NotificationChannel], topics: Sequence[Topic]) -> list[ChannelCard]:
    """Labels are in the order of `topics`."""
    return [
        ChannelCard(
            channel,
            [
                topic.for_team if channel.team_id is not None else topic.for_person
                for topic in topics
                if topic in channel.topics
            ],
        )
        for channel in channels
    ]


def own_mail(user: User) -> NotificationChannel:
    return mail_channel_of(user, at=clock.now())


@dataclass(frozen=True, slots=True)
class ChannelPage:
    form: ChannelForm
    team: Team | None
    channel: NotificationChannel | None
    services: Sequence[Service] = SERVICES


@dataclass(frozen=True, slots=True)
class FailuresPage:
    listing: Listing[DeliveryLine]


def failures_page(user: User, *, cursor: str) -> FailuresPage:
    """Raises NotAllowed."""
    check_admin(user)
    after = Cursor.parse(cursor)
    rows = failed_deliveries(before=(after.at, after.id) if after else None, limit=PER_PAGE + 1)
    return FailuresPage(listing_of(rows, lambda row: row.at))
