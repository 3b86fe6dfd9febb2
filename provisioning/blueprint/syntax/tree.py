"""The syntax tree of a blueprint, independent of the parser. Every node knows its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    line: int
    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Template:
    """Text with expressions; texts and expressions in the order of the file."""

    line: int
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """A bare word. Alone it has no meaning; with steps after it, it is the root of a reference."""

    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Get:
    """`target.key` or `target[key]`."""

    line: int
    target: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Unary:
    line: int
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    line: int
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional:
    line: int
    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class ListOf:
    line: int
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    line: int
    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`list(string)`: a function call. Only a variable's type may have this form."""

    line: int
    name: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = Literal | Template | Name | Get | Unary | Binary | Conditional | ListOf | MapOf | Call


@dataclass(frozen=True, slots=True)
class Argument:
    """`trouble` says why the value (then null) could not be read. Blueprints have none; files of
    other tools may.
    """

    line: int
    name: str
    value: Expression
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    line: int
    kind: str
    labels: tuple[str, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Body:
    arguments: tuple[Argument, ...]
    blocks: tuple[Block, ...]


def children(expression: Expression) -> Iterator[Expression]:
    """The direct subexpressions."""
    match expression:
        case Template(parts=inside) | ListOf(items=inside) | Call(arguments=inside):
            yield from inside
        case Get(target=target, key=key):
            yield from (target, key)
        case Unary(operand=operand):
            yield operand
        case Binary(left=left, right=right):
            yield from (left, right)
        case Conditional(condition=condition, yes=yes, no=no):
            yield from (condition, yes, no)
        case MapOf(items=items):
            for key, value in items:
                yield from (key, value)
        case Literal() | Name():
            return
