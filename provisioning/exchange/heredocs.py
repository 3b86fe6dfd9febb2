"""Removes heredocs from a Terraform file before parsing: the parser's pattern for them backtracks,
ours does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.syntax import scan
from provisioning.design.graph import Value
from provisioning.exchange.literals import NotLiteral

_START = re.compile(r"<<(-?)([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*\r?\n")
_CODE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")


@dataclass(frozen=True, slots=True)
class Heredoc:
    """Its lines, without the closing word."""

    lines: tuple[str, ...]

    def value(self) -> str:
        """Its only line; several lines cannot be an input. Raises NotLiteral."""
        if any(_CODE.search(line) for line in self.lines):
            raise NotLiteral("is text composed from other values (${ … })")
        if len(self.lines) != 1:
            raise NotLiteral("has several lines, but an input has one")
        return self.lines[0].replace("$${", "${").replace("%%{", "%{")


@dataclass(frozen=True, slots=True)
class WithoutHeredocs:
    """A file with a mark instead of each heredoc; every line keeps its number."""

    text: str
    mark: str
    heredocs: tuple[Heredoc, ...]

    def fill_in(self, value: Value) -> Value:
        """A value with heredocs instead of their marks. Raises NotLiteral."""
        match value:
            case str() if value.startswith(self.mark):
                return self.heredocs[int(value.removeprefix(self.mark))].value()
            case list():
                return [self.fill_in(item) for item in value]
            case dict():
                return {key: self.fill_in(item) for key, item in value.items()}
            case _:
                return value


def take_out(text: str) -> WithoutHeredocs:
    """Raises ProblemFound for a heredoc that never ends, and for everything that `scan.check`
    rejects.
    """
    mark = "heredoc:"
    while mark in text:
        mark += ":"
    heredocs: list[Heredoc] = []
    pieces: list[str] = []
    done = 0
    for start, end in scan.heredocs(text, _end_of):
        pieces.append(f'{text[done:start]}"{mark}{len(heredocs)}"' + "\n" * text.count("\n", start, end))
        first, *lines = text[start:end].replace("\r\n", "\n").split("\n")[:-1]
        if first.startswith("<<-"):
            margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
            lines = [line[margin:] for line in lines]
        heredocs.append(Heredoc(tuple(lines)))
        done = end
    return WithoutHeredocs("".join([*pieces, text[done:]]), mark, tuple(heredocs))


def _end_of(text: str, position: int, line: int) -> int:
    """The position at which the heredoc ends: after its closing word, before the line break."""
    opening = _START.match(text, position)
    if opening is None:
        raise ProblemFound(line, "A heredoc (<<) begins with a bare word and a line end behind it.")
    marker, at = opening[2], opening.end()
    while at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if text[at:end].strip() == marker:
            return end
        at = end + 1
    raise ProblemFound(line, "This heredoc is never closed; end it with its word on a line of its own.")
