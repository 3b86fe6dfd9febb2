"""The story's people with mail addresses, and what the portal sends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from provisioning.lifecycle import clock
from provisioning.models import AuditCursor, User
from provisioning.notify.delivery import deliver_messages
from provisioning.notify.fan_out import spread_events
from provisioning.notify.feed import CURSOR, newest_position
from provisioning.outgoing import Answer
from tests.scripted_aws.cloud import ManualClock


def seal() -> None:
    """Do what a commit does: seal the events that were written so far."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@dataclass
class Post:
    """Spreads events and delivers messages, on a clock that the test moves."""

    clock: ManualClock

    def spread(self) -> int:
        seal()
        return spread_events()

    def run(self, seconds: float = 61.0) -> list[mail.EmailMessage]:
        """Spread what has happened, let time pass, deliver. Returns the mails that were sent by that."""
        before = len(mail.outbox)
        while self.spread():
            pass
        self.clock.advance(seconds)
        while deliver_messages():
            pass
        return list(mail.outbox[before:])

    @property
    def now(self) -> Any:
        return self.clock.now()


@dataclass
class Receiver:
    """Stands for the connection of a webhook: gives one answer after the other, and keeps what was
    posted. An answer that is an exception is raised.
    """

    answers: list[Any] = field(default_factory=lambda: [200])
    letters: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, url: str, *, body: bytes, headers: Any, guard: Any) -> Answer:
        self.letters.append((url, dict(headers), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, retry_after = answer if isinstance(answer, tuple) else (answer, "")
        return Answer(status=status, duration_ms=12, retry_after=retry_after)


@pytest.fixture
def post(db: None, settings: Any) -> Iterator[Post]:
    settings.EMAIL_HOST = "smtp.example.org"
    settings.PORTAL_URL = "https://portal.example.org"
    seal()
    AuditCursor.objects.update_or_create(name=CURSOR, defaults={"position": newest_position()})
    manual = ManualClock()
    with clock.using(manual):
        yield Post(manual)


def give_addresses() -> None:
    for person in User.objects.all():
        person.email = f"{person.get_username()}@example.org"
        person.save(update_fields=["email"])


DAY = timedelta(days=1).total_seconds()
