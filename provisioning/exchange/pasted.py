"""Pasted or uploaded text after reading: arguments with their lines, literal values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioning.blueprint.errors import BlueprintError, ProblemFound
from provisioning.design.graph import Value

MAX_BYTES = 256_000

_SHORT = re.compile(r'"[^"A-Za-z0-9]{1,4}"')


class Unreadable(BlueprintError):  # noqa: N818 - named after what happened
    """The text cannot be read. The message repeats nothing of it except the line number."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"Line {line}: {message}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Given:
    """One argument. If its value cannot be used, `trouble` completes the sentence "<name> …";
    otherwise it is empty.
    """

    name: str
    line: int
    value: Value = field(default=None, repr=False)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """An argument that was not imported; `why` completes the sentence "<name> …"."""

    name: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Source:
    """One set of arguments: a module block, a file of variables, or an exported request.

    `about` has the values that the portal's own files contain in addition to the inputs: blueprint,
    version, size, name, account, region, and `output_parameters`, which is "true" or missing.
    `tags` are those of the environment.
    """

    title: str
    line: int
    given: tuple[Given, ...]
    left: tuple[Left, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pasted:
    """`sources` can be chosen from; `left` are the parts of the text that are ignored."""

    sources: tuple[Source, ...]
    left: tuple[Left, ...] = ()


def told(problem: ProblemFound) -> str:
    """A problem's message without the words that it quotes from the text, which might be a secret."""
    message = problem.message.replace(" in blueprints", " here").replace("split the blueprint", "paste less")
    start, end = message.find('"'), message.rfind('"')
    if start == end or not _SHORT.sub("", message).count('"'):
        return message
    return f"{message[:start]}“…”{message[end + 1 :]}"


def unreadable(problem: ProblemFound) -> Unreadable:
    return Unreadable(problem.line, told(problem))
