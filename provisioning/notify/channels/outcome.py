"""What came of one attempt to send a message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Result(Enum):
    SENT = auto()
    RETRY = auto()
    """Surely not delivered, and perhaps later."""
    REFUSED = auto()
    """Surely not delivered, and not later either."""
    UNCLEAR = auto()
    """The connection ended after the message was handed over: it may have been delivered."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`reason` is a sentence for the holder of the channel, without secrets."""

    result: Result
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """`key` identifies the message, the same in each attempt. `link` is an absolute address."""

    key: str
    subject: str
    lines: tuple[str, ...]
    link: str
    footer: str

    @property
    def body(self) -> str:
        return "\n\n".join((*self.lines, self.link, self.footer))
