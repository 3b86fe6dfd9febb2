"""What a command knows of its process. Tests replace it as a whole."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from portal.cli.errors import UsageError
from portal.cli.transport import HttpTransport, Transport


def _read_secret(prompt: str) -> str:
    from getpass import getpass  # noqa: PLC0415 - only `login` needs it

    return getpass(prompt)


@dataclass(frozen=True, slots=True)
class Console:
    environ: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    read_secret: Callable[[str], str] = _read_secret
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    transport: Callable[[str], Transport] = HttpTransport

    @classmethod
    def of_process(cls) -> Console:
        return cls(os.environ, sys.stdin, sys.stdout, sys.stderr)

    def line(self, text: str = "") -> None:
        """Write a result for people on standard output."""
        self.stdout.write(printable(text) + "\n")

    def note(self, text: str) -> None:
        """Write progress, a question or an error on standard error."""
        self.stderr.write(printable(text) + "\n")
        self.stderr.flush()

    def document(self, document: object) -> None:
        """Write a result for programs on standard output. It may be a terminal, so control characters
        are escaped.
        """
        text = json.dumps(document, indent=2, ensure_ascii=False)
        self.stdout.write(
            "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)
        )
        self.stdout.write("\n")

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        texts = [[printable(text) for text in row] for row in (titles, *rows)]
        widths = [max(len(row[column]) for row in texts) for column in range(len(titles))]
        for row in texts:
            cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip() + "\n")

    def ask(self, question: str, *, instead: str) -> str:
        """Ask a person. Raises UsageError with the option to use `instead` if nobody can answer."""
        if not self.stdin.isatty():
            raise UsageError(f"Nobody can be asked here. Use {instead}.")
        self.stderr.write(printable(question) + " ")
        self.stderr.flush()
        return self.stdin.readline().strip()


def printable(text: str) -> str:
    """The text without control characters: names and messages from elsewhere must not steer the terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
