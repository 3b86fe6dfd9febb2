"""When something is sent, and when again."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from provisioning.models import ChannelTiming, NotificationChannel

GATHER: Final = timedelta(seconds=60)
"""Events about the same request within this time become one message."""
MESSAGE_AGE: Final = timedelta(hours=24)
"""A message that could not be delivered for this long after it was due is given up."""
_JITTER: Final = 0.2

MESSAGE_WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720))
WEBHOOK_WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=15),
)
"""Eight attempts within about a day."""
WEBHOOK_AGE: Final = timedelta(hours=36)
LONGEST_RETRY_AFTER: Final = timedelta(hours=12)


def first_due(channel: NotificationChannel, *, at: datetime, is_urgent: bool) -> datetime:
    """When a message of this moment is sent through the channel."""
    if is_urgent:
        return at
    if channel.timing == ChannelTiming.HOURLY:
        return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if channel.timing == ChannelTiming.DAILY:
        return next_daily(channel, at=at)
    return at + GATHER


def next_daily(channel: NotificationChannel, *, at: datetime) -> datetime:
    """The next `daily_at` in the channel's time zone. A time that the clocks skip is the one after
    the change, and of a time that they repeat it is the first.
    """
    here = at.astimezone(ZoneInfo(channel.time_zone))
    today = here.replace(
        hour=channel.daily_at.hour, minute=channel.daily_at.minute, second=0, microsecond=0, tzinfo=None
    )
    for day in range(3):
        due = (today + timedelta(days=day)).replace(tzinfo=ZoneInfo(channel.time_zone), fold=0).astimezone(at.tzinfo)
        if due > at:
            return due
    raise AssertionError("one of three days lies ahead")


def wait_after(
    attempts: int, waits: tuple[timedelta, ...], *, retry_after: timedelta | None = None
) -> timedelta | None:
    """How long to wait after so many attempts, with jitter, and at least what the receiver asks for;
    None after the last one.
    """
    if attempts > len(waits):
        return None
    wait = waits[attempts - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load, protects nothing
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return wait
