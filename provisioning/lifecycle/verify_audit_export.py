"""Verifies an export of the portal's audit log, without the portal.

    python verify_audit_export.py FILE [--anchor POSITION:HASH] [--after POSITION:HASH] [--excerpt]

It needs Python 3.9 or newer and nothing else. It names the first row that does not verify and ends
with code 1, or prints the newest position and hash, the anchor, and ends with code 0. Keep anchors
outside the portal: only with one can you detect that the newest rows were cut off, or that the
whole log was rewritten.

Each line of an export is JSON:

    {"position": 7, "sealed_at": "…", "previous_hash": "…", "hash": "…", "event": {…}}

Positions are 1, 2, 3 … without gaps. `hash` is the SHA-256, in hexadecimal, of four lines in UTF-8
with a newline between them: position, sealed_at, previous_hash, and the event exactly as it is
in the export, from its opening brace to its closing brace. That is the text that PostgreSQL writes
for a jsonb object of all columns of the event that are not null, with times in UTC. `previous_hash`
is the hash of the row before, and 64 zeros in the first row. A tool that formats the lines again, with
other spaces or another order, invalidates the hashes.

The portal's `manage.py verify_audit` checks the database with the same class.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Optional

START = "0" * 64
_EVENT = '"event": '


@dataclass(frozen=True)
class Row:
    """`event` is the canonical text of the event; None if the seal's event does not exist."""

    position: int
    sealed_at: str
    previous_hash: str
    hash: str
    event: Optional[str]  # noqa: UP045 - for Python 3.9
    event_id: str

    def digest(self) -> str:
        text = f"{self.position}\n{self.sealed_at}\n{self.previous_hash}\n{self.event}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Anchor:
    """A position of the log and the hash there, noted earlier."""

    position: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Raises ValueError."""
        position, _, digest = text.strip().partition(":")
        number = int(position)
        if number < 0 or len(bytes.fromhex(digest)) != 32:  # noqa: PLR2004 - SHA-256
            raise ValueError("An anchor is a position and a hash of 64 hexadecimal digits, as 12:ab….")
        return cls(number, digest.lower())

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


class ChainError(Exception):
    """The message names the first row that does not verify."""


@dataclass
class ChainCheck:
    """Checks rows one after the other. `last` is the anchor of the newest row that was checked.

    `anchors` were noted earlier and have to hold; each needs its row among those that are checked. With
    `is_excerpt`, rows may be missing between others; each row is then checked alone, and against the one
    before it where that is there.
    """

    last: Anchor = field(default_factory=lambda: Anchor(0, START))
    anchors: tuple[Anchor, ...] = ()
    is_excerpt: bool = False
    count: int = 0
    _held: set[Anchor] = field(default_factory=set)
    _doubtful: Optional[Row] = None  # noqa: UP045 - for Python 3.9

    def __post_init__(self) -> None:
        self._held.update((Anchor(0, START), self.last))

    def add(self, row: Row) -> None:
        """Raises ChainError."""
        expected = self.last.position + 1
        if self._doubtful is not None:
            self._blame(self._doubtful, row if row.position == expected else None)
        if row.position < expected:
            raise ChainError(
                f"Position {row.position} comes after position {self.last.position}: rows are out of order."
            )
        if row.position > expected and not self.is_excerpt:
            raise ChainError(f"{_missing(expected, row.position - 1)}.")
        if row.position == expected and row.previous_hash != self.last.hash:
            raise ChainError(
                f"{_name(row)}: the seal does not continue the seal of position {self.last.position}. "
                "One of the two was changed, or rows were replaced or exchanged."
            )
        if row.event is None:
            raise ChainError(f"Position {row.position}: its event, number {row.event_id}, is missing.")
        self.last = Anchor(row.position, row.hash)
        self.count += 1
        if row.digest() != row.hash:
            self._doubtful = row  # the next row tells what was changed
            return
        self._check_anchors(row)

    def finish(self) -> None:
        """Check what is known only at the end. Raises ChainError."""
        if self._doubtful is not None:
            self._blame(self._doubtful, None)
        for anchor in self.anchors:
            if anchor.position > self.last.position and not self.is_excerpt:
                missing = _missing(self.last.position + 1, anchor.position)
                raise ChainError(f"{missing} at the end: the anchor {anchor} was written when they were there.")
            if anchor not in self._held:
                raise ChainError(
                    f"The anchor {anchor} could not be checked, because the export has no row at position "
                    f"{anchor.position}. Verify an export that has it."
                )

    def _check_anchors(self, row: Row) -> None:
        for anchor in self.anchors:
            if anchor.position != row.position:
                continue
            if anchor.hash != row.hash:
                raise ChainError(
                    f"{_name(row)}: the hash is not that of the anchor {anchor}. "
                    "This row or one before it was replaced, and the log was sealed again."
                )
            self._held.add(anchor)

    @staticmethod
    def _blame(row: Row, following: Optional[Row]) -> NoReturn:  # noqa: UP045 - for Python 3.9
        if following is None:
            raise ChainError(f"{_name(row)}: the event or its seal was changed.")
        what = (
            "the hash of the seal" if following.previous_hash == row.digest() else "the event, or the time of its seal,"
        )
        raise ChainError(f"{_name(row)}: {what} was changed.")


def read_line(line: str) -> Row:
    """Raises ChainError for a line that is no row of an export."""
    text = line.rstrip("\n")
    try:
        seal = json.loads(text)
        event = text[text.index(_EVENT) + len(_EVENT) : -1]
        row = Row(
            position=int(seal["position"]),
            sealed_at=str(seal["sealed_at"]),
            previous_hash=str(seal["previous_hash"]),
            hash=str(seal["hash"]),
            event=event,
            event_id=str(seal["event"]["id"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ChainError(f"This line is no row of an export: {text[:120]}") from error
    if write_line(row) != f"{text}\n":  # such as a second event in front, which some programs would read
        raise ChainError(f"{_name(row)}: the line contains more than the row, or was formatted again.")
    return row


def write_line(row: Row) -> str:
    """Return the line of an export, with its newline."""
    return (
        f'{{"position": {row.position}, "sealed_at": "{row.sealed_at}", "previous_hash": "{row.previous_hash}", '
        f'"hash": "{row.hash}", {_EVENT}{row.event}}}\n'
    )


def verify_lines(lines: Iterable[str], check: ChainCheck) -> None:
    """Raises ChainError."""
    for line in lines:
        if line.strip():
            check.add(read_line(line))
    check.finish()


def _missing(first: int, last: int) -> str:
    return f"Position {first} is missing" if first == last else f"Positions {first} to {last} are missing"


def _name(row: Row) -> str:
    event = json.loads(row.event or "{}")
    what = f"{event.get('action', '')} at {event.get('at', '')}"
    return f"Position {row.position}, event {row.event_id} ({what})"


def main() -> int:
    parser = argparse.ArgumentParser(description="Verifies an export of the portal's audit log.")
    parser.add_argument("file", type=Path, help="the export, in JSON Lines")
    parser.add_argument("--anchor", type=Anchor.parse, action="append", default=[], metavar="POSITION:HASH",
                        help="a position and hash that were noted earlier; may be repeated")  # fmt: skip
    parser.add_argument("--after", type=Anchor.parse, default=Anchor(0, START), metavar="POSITION:HASH",
                        help="the row before the first one, where the export does not begin with position 1")  # fmt: skip
    parser.add_argument(
        "--excerpt", action="store_true", help="the export was filtered, so rows are missing between others"
    )
    options = parser.parse_args()
    check = ChainCheck(last=options.after, anchors=tuple(options.anchor), is_excerpt=options.excerpt)
    try:
        with options.file.open(encoding="utf-8", newline="\n") as lines:
            verify_lines(lines, check)
    except ChainError as error:
        print(f"NOT VERIFIED. {error}", file=sys.stderr)  # noqa: T201
        return 1
    except UnicodeDecodeError as error:
        print(f"NOT VERIFIED. The file is not UTF-8: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        parser.error(str(error))
    if not check.count:
        print("NOT VERIFIED. The file has no rows.", file=sys.stderr)  # noqa: T201
        return 1
    print(f"{check.count} rows verify. Anchor: {check.last}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
