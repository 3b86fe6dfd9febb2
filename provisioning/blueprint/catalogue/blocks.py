"""Checks a block against the arguments and blocks that it may have, and collects all problems
instead of stopping at the first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from provisioning.blueprint.errors import Problem, ProblemFound
from provisioning.blueprint.phrasing import known, listed, readable, shown
from provisioning.blueprint.syntax.evaluate import constant
from provisioning.blueprint.syntax.operators import kind_of
from provisioning.blueprint.syntax.tree import Argument, Block
from provisioning.design.graph import Source, Value

LONGEST_MESSAGE = 800
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Report:
    """The problems of one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: dict[tuple[int, str], None] = {}

    def add(self, line: int, message: str) -> None:
        """Records a problem. The message may repeat anything from the file, so it is reduced to one
        printable line.
        """
        clean = readable(message)
        self._found[line, clean if len(clean) <= LONGEST_MESSAGE else f"{clean[:LONGEST_MESSAGE]}…"] = None

    def __contains__(self, found: tuple[int, str]) -> bool:
        return found in self._found

    def source(self, line: int) -> Source:
        return Source(self.path, line)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Each problem once, in the order of the file."""
        return tuple(Problem(self.source(line), message) for line, message in sorted(self._found))

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Records a problem that ends the enclosed code, and continues after it."""
        try:
            yield
        except ProblemFound as problem:
            self.add(problem.line, problem.message)


class Fields:
    """The arguments of one block. Unknown and repeated arguments are reported at once."""

    def __init__(
        self, report: Report, block: Block, what: str, *, arguments: Collection[str], blocks: Collection[str] = ()
    ) -> None:
        self.report = report
        self.block = block
        self.what = what
        self._arguments = by_name(report, block, what)
        for name, argument in self._arguments.items():
            if name not in arguments:
                report.add(argument.line, f"{what} has no argument {shown(name)}; {known(name, arguments)}")
        for inner in block.body.blocks:
            if inner.kind in arguments:
                report.add(inner.line, f'In {what}, "{inner.kind}" is an argument: write {inner.kind} = ….')
            elif inner.kind not in blocks:
                report.add(
                    inner.line, f"{what} has no block {shown(inner.kind)}; {known(inner.kind, [*blocks, *arguments])}"
                )

    def argument(self, name: str, *, required: bool = False) -> Argument | None:
        argument = self._arguments.get(name)
        if argument is None and required:
            self.report.add(self.block.line, f'{self.what} needs the argument "{name}".')
        return argument

    def value(self, name: str, *, required: bool = False) -> Value:
        """The constant value of an argument, or None."""
        argument = self.argument(name, required=required)
        if argument is not None:
            with self.report.collecting():
                return constant(argument.value)
        return None

    def text(self, name: str, *, required: bool = False, at_most: int = 300, one_of: Collection[str] = ()) -> str:
        value = self.value(name, required=required)
        if value is None:
            self._refuse_null(name)
            return ""
        if not isinstance(value, str):
            self.refuse(name, f"should be text, not {kind_of(value)}")
            return ""
        if one_of and value not in one_of:
            self.refuse(name, f"should be {listed(one_of)}, not {shown(value)}")
        elif not value.strip() and required:
            self.refuse(name, "is empty")
        elif not value.isprintable():
            self.refuse(name, "contains a control character or a line break")
        elif len(value) > at_most:
            self.refuse(name, f"has {len(value)} characters; {at_most} are allowed")
        return value

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if value is None:
            self._refuse_null(name)
            return False
        if not isinstance(value, bool):
            self.refuse(name, f"should be true or false, not {kind_of(value)}")
        return value is True

    def texts(self, name: str, *, required: bool = False) -> tuple[str, ...] | None:
        """A list of texts without repetition, at least one; None if it is missing or invalid."""
        value = self.value(name, required=required)
        if value is None:
            self._refuse_null(name)
            return None
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            self.refuse(name, 'should be a list of texts: ["…", "…"]')
            return None
        items = tuple(item for item in value if isinstance(item, str))
        if len(set(items)) < len(items):
            self.refuse(name, "names something twice")
        return items

    def refuse(self, name: str, why: str) -> None:
        argument = self._arguments.get(name)
        self.report.add(argument.line if argument else self.block.line, f'"{name}" of {self.what} {why}.')

    def _refuse_null(self, name: str) -> None:
        argument = self._arguments.get(name)
        if argument is not None and getattr(argument.value, "value", "") is None:
            self.refuse(name, "is null; omit it instead")


def by_name(report: Report, block: Block, what: str) -> dict[str, Argument]:
    """The block's arguments by name; a repeated name is reported."""
    arguments: dict[str, Argument] = {}
    for argument in block.body.arguments:
        if argument.name in arguments:
            report.add(
                argument.line, f'"{argument.name}" is already set in {what} (line {arguments[argument.name].line}).'
            )
        else:
            arguments[argument.name] = argument
    return arguments


def label(report: Report, block: Block) -> str | None:
    """The name of a block such as `variable "x"`."""
    if len(block.labels) != 1:
        report.add(block.line, f'A {block.kind} block has one name: {block.kind} "<name>" {{ … }}.')
        return None
    if block.kind != "size" and not IDENTIFIER.fullmatch(block.labels[0]):
        report.add(block.line, bad_name(block.labels[0]))
        return None
    return block.labels[0]


def bad_name(name: str) -> str:
    return f"The name {shown(name)} cannot be used: begin with a lowercase letter, go on with those, digits and _, at most 40."
