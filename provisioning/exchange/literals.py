"""Returns the value of a literal expression. References are not resolved and nothing is evaluated."""

from __future__ import annotations

from provisioning.blueprint.syntax.references import flatten
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
from provisioning.design.graph import Value

# The first words of Terraform's references; any other word may be a secret without quotes.
_ROOTS = frozenset({"var", "local", "module", "data", "each", "count", "self", "path", "terraform"})


class NotLiteral(Exception):  # noqa: N818 - never leaves this package
    """The message completes the sentence "<name> …"."""


def literal(expression: Expression) -> Value:
    """Returns the value, or raises NotLiteral."""
    match expression:
        case Literal(value=value):
            return value
        case ListOf(items=items):
            return [literal(item) for item in items]
        case MapOf(items=items):
            return dict(_entry(key, value) for key, value in items)
        case Unary(operator="-", operand=Literal(value=int() | float() as number)) if not isinstance(number, bool):
            return -number
        case Template():
            raise NotLiteral("is text composed from other values (${ … })")
        case Get():
            root, _ = flatten(expression)
            start = f" ({root.name}. …)" if isinstance(root, Name) and root.name in _ROOTS else ""
            raise NotLiteral(f"refers to something else{start}, and references are not resolved")
        case Call():
            raise NotLiteral("calls a function, and functions are not evaluated here")
        case Conditional() | Binary() | Unary():
            raise NotLiteral("is computed from other values")
        case Name():
            raise NotLiteral("is a bare word; put text in quotes")


def _entry(key: Expression, value: Expression) -> tuple[str, Value]:
    name = literal(key)
    if not isinstance(name, str):
        raise NotLiteral("has a key that is not text")
    return name, literal(value)
