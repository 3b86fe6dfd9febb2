"""Evaluates an expression at limited cost: a design reads at most `MAX_READ` characters and items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.phrasing import shown
from provisioning.blueprint.syntax.operators import binary, index, text_of, truth, unary
from provisioning.blueprint.syntax.references import bare_word, flatten, leading_names, no_functions
from provisioning.blueprint.syntax.tree import (
    Binary,
    Call,
    Conditional,
    Expression,
    Get,
    ListOf,
    Literal,
    MapOf,
    Name,
    Template,
    Unary,
)
from provisioning.design.graph import Joined, Reference, Value

MAX_READ = 200_000


class Scope(Protocol):
    """Provides the values of references."""

    def read(self, line: int, root: str, keys: list[str]) -> tuple[Value, int]:
        """Returns the value of a reference and the number of keys it used, or raises ProblemFound."""


class _Nothing:
    """The scope of places that allow literal values only."""

    def read(self, line: int, root: str, keys: list[str]) -> tuple[Value, int]:
        raise ProblemFound(line, f"A reference ({root}.{'.'.join(keys)}) is not allowed here; write the value itself.")


@dataclass
class Budget:
    """Stops designs that grow exponentially: a value that is read a thousand times counts a
    thousand times.
    """

    left: int = MAX_READ

    def charge(self, line: int, value: Value) -> Value:
        waiting: list[Value] = [value]
        while waiting:
            part = waiting.pop()
            self.left -= 1 + (len(part) if isinstance(part, str) else 0)
            if self.left < 0:
                raise ProblemFound(
                    line, "The references of this blueprint copy too much; refer to smaller things, or less often."
                )
            if isinstance(part, list):
                waiting.extend(part)
            elif isinstance(part, dict):
                self.left -= sum(map(len, part))
                waiting.extend(part.values())
            elif isinstance(part, Joined):
                waiting.extend(part.parts)
        return value


def constant(expression: Expression) -> Value:
    """Returns the value of an expression without references."""
    return evaluate(expression, _Nothing())


def evaluate(expression: Expression, scope: Scope) -> Value:  # noqa: C901, PLR0911 - one case a shape
    """Returns the value of the expression, or raises ProblemFound with the line of the problem."""
    match expression:
        case Literal(value=value):
            return value
        case Template():
            return _template(expression, scope)
        case Get():
            return _get(expression, scope)
        case ListOf(items=items):
            return [evaluate(item, scope) for item in items]
        case MapOf():
            return _map(expression, scope)
        case Conditional(line=line, condition=condition, yes=yes, no=no):
            chosen = truth(line, evaluate(condition, scope), "The condition before ?")
            return evaluate(yes if chosen else no, scope)
        case Binary(operator="&&" | "||"):
            return _logic(expression, scope)
        case Binary(line=line, operator=operator, left=left, right=right):
            return binary(line, operator, evaluate(left, scope), evaluate(right, scope))
        case Unary(line=line, operator=operator, operand=operand):
            return unary(line, operator, evaluate(operand, scope))
        case Call():
            raise no_functions(expression)
        case Name():
            raise bare_word(expression)


def _logic(expression: Binary, scope: Scope) -> bool:
    """The right side is evaluated only if the left side does not decide."""
    name = f'The left side of "{expression.operator}"'
    left = truth(expression.line, evaluate(expression.left, scope), name)
    if left == (expression.operator == "||"):
        return left
    return truth(expression.line, evaluate(expression.right, scope), name.replace("left", "right"))


def _get(expression: Get, scope: Scope) -> Value:
    root, keys = flatten(expression)
    if isinstance(root, Name):
        value, taken = scope.read(expression.line, root.name, leading_names(keys))
        keys = keys[taken:]
    else:
        value = evaluate(root, scope)
    for key in keys:
        value = index(expression.line, value, evaluate(key, scope))
    return value


def _map(expression: MapOf, scope: Scope) -> Value:
    result: dict[str, Value] = {}
    for key, value in expression.items:
        name = evaluate(key, scope)
        if not isinstance(name, str):
            raise ProblemFound(key.line, "A map's key must come to text.")
        if name in result:
            raise ProblemFound(key.line, f"{shown(name)} is already in this map.")
        result[name] = evaluate(value, scope)
    return result


def _template(expression: Template, scope: Scope) -> Value:
    """A single expression keeps its type, as in Terraform; several are joined to text."""
    if len(expression.parts) == 1:
        return evaluate(expression.parts[0], scope)
    parts: list[str | Reference] = []
    for part in expression.parts:
        for piece in text_of(expression.line, evaluate(part, scope)):
            if isinstance(piece, str) and parts and isinstance(parts[-1], str):
                parts[-1] += piece
            else:
                parts.append(piece)
    if all(isinstance(piece, str) for piece in parts):
        return "".join(piece for piece in parts if isinstance(piece, str))
    return Joined(tuple(parts))
