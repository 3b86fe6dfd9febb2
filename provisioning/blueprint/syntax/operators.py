"""Applies the operators of an expression to values as Terraform does, with a sentence for each
invalid operand.
"""

from __future__ import annotations

from collections.abc import Callable

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.phrasing import known, shown
from provisioning.blueprint.syntax.expressions import MAX_DIGITS
from provisioning.design.graph import Joined, Reference, Value

Number = int | float

_ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": lambda left, right: left % right,
}
_COMPARISON: dict[str, Callable[[Number, Number], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def kind_of(value: Value) -> str:  # noqa: PLR0911 - one case a type
    """Names a value's type in the words of a blueprint's author."""
    match value:
        case None:
            return "null"
        case bool():
            return "a bool"
        case int() | float():
            return "a number"
        case str() | Joined():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a map"
        case Reference():
            return f"a reference ({value})"


def truth(line: int, value: Value, what: str) -> bool:
    if isinstance(value, bool):
        return value
    raise ProblemFound(line, f"{what} is {kind_of(value)}, not true or false; compare it with something.")


def unary(line: int, operator: str, value: Value) -> Value:
    if operator == "!":
        return not truth(line, value, 'The operand of "!"')
    return -_number(line, operator, value)


def binary(line: int, operator: str, left: Value, right: Value) -> Value:
    if operator == "==":
        return same(left, right)
    if operator == "!=":
        return not same(left, right)
    first, second = _number(line, operator, left), _number(line, operator, right)
    if operator in _COMPARISON:
        return _COMPARISON[operator](first, second)
    if operator in "/%" and second == 0:
        raise ProblemFound(line, f'"{operator}" by zero.')
    result = _ARITHMETIC[operator](first, second)
    if not abs(result) < 10**MAX_DIGITS:
        raise ProblemFound(line, f"The result has more than {MAX_DIGITS} digits.")
    return int(result) if isinstance(result, float) and result.is_integer() else result


def _number(line: int, operator: str, value: Value) -> Number:
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = (
            ' Text is joined in a template: "${…}${…}".' if operator == "+" and isinstance(value, str | Joined) else ""
        )
        raise ProblemFound(line, f'"{operator}" works on numbers, and this is {kind_of(value)}.{hint}')
    return value


def same(left: Value, right: Value) -> bool:
    """Terraform's equality: values of different types differ, so that true is not 1."""
    match left, right:
        case bool() | None, _:
            return left is right
        case ((int() | float()), (int() | float())):
            return not isinstance(right, bool) and left == right
        case list(), list():
            return len(left) == len(right) and all(map(same, left, right))
        case dict(), dict():
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        case _:
            return type(left) is type(right) and left == right


def index(line: int, value: Value, key: Value) -> Value:
    """`value.key` or `value[key]`."""
    match value, key:
        case dict(), str():
            if key not in value:
                raise ProblemFound(line, f"The map has no {shown(key)}; {known(key, value)}")
            return value[key]
        case list(), int() if not isinstance(key, bool):
            if not 0 <= key < len(value):
                raise ProblemFound(line, f"The list has {len(value)} items, counted from 0; there is no [{key}].")
            return value[key]
        case dict(), _:
            raise ProblemFound(line, f"A map is indexed with text, not with {kind_of(key)}.")
        case list(), _:
            raise ProblemFound(line, f"A list is indexed with a whole number, not with {kind_of(key)}.")
    inside = shown(key) if isinstance(key, str) else f"[{key}]"
    raise ProblemFound(line, f"There is nothing inside {kind_of(value)}, so {inside} cannot be read from it.")


def text_of(line: int, value: Value) -> tuple[str | Reference, ...]:
    """The pieces that a value contributes to a text."""
    match value:
        case bool():
            return ("true" if value else "false",)
        case int():
            return (str(value),)
        case float():
            return (str(int(value)) if value.is_integer() else repr(value),)
        case str():
            return (value,)
        case Joined():
            return value.parts
        case Reference(attribute=str()):
            return (value,)
        case Reference():
            raise ProblemFound(
                line, f"{value} is a whole component and cannot be part of a text; name one of its attributes."
            )
        case _:
            raise ProblemFound(line, f"{kind_of(value).capitalize()} cannot be part of a text.")
