"""Parses expressions: one function per node of python-hcl2's tree. Unsupported syntax is rejected
by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeAlias

from lark import Token, Tree

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.phrasing import shown
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

Branch: TypeAlias = "Tree[Token]"

MAX_DIGITS = 15
MAX_LIST_ITEMS = 1_000

_WORDS = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_REFUSED = {
    "for_tuple_expr": 'A "for" expression is not available in blueprints: write the items out.',
    "for_object_expr": 'A "for" expression is not available in blueprints: write the items out.',
    "attr_splat_expr_term": 'A splat (".*") is not available in blueprints: name the items one by one.',
    "full_splat_expr_term": 'A splat ("[*]") is not available in blueprints: name the items one by one.',
    "template_string": "An escaped quote cannot begin text here: use plain quotes.",
}


def expression(tree: Branch) -> Expression:
    """Returns the syntax tree of one expression, or raises ProblemFound for syntax that blueprints
    do not support.
    """
    name = str(tree.data)
    if name in _REFUSED:
        raise ProblemFound(tree.meta.line, _REFUSED[name])
    shape = _SHAPES.get(name)
    if shape is None:
        raise ProblemFound(tree.meta.line, f"This kind of expression ({name}) is not available in blueprints.")
    return shape(tree)


def last_line(tree: Branch) -> int:
    """The line on which a node ends, without the line break after it, which the parser includes."""
    last: Branch | Token = tree
    while isinstance(last, Tree):
        last = next(
            child
            for child in reversed(last.children)
            if isinstance(child, Token) or child.data != "new_line_or_comment"
        )
    return last.line or tree.meta.end_line


def _trees(tree: Branch) -> list[Branch]:
    return [child for child in tree.children if isinstance(child, Tree) and child.data != "new_line_or_comment"]


def _text(tree: Branch) -> str:
    return str(tree.children[0])


def _term(tree: Branch) -> Expression:
    return expression(_trees(tree)[0])


def _name(tree: Branch) -> Expression:
    return Name(tree.meta.line, _text(tree))


def _word(tree: Branch) -> Expression:
    return Literal(tree.meta.line, _WORDS[_text(tree)])


def _integer(tree: Branch) -> Expression:
    text = _text(tree)
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise ProblemFound(tree.meta.line, f"The number {shown(text)} has more than {MAX_DIGITS} digits.")
    return Literal(tree.meta.line, int(text))


def _float(tree: Branch) -> Expression:
    text = _text(tree)
    value = float(text)
    if not math.isfinite(value) or abs(value) >= 10**MAX_DIGITS:
        raise ProblemFound(tree.meta.line, f"The number {shown(text)} is too large.")
    return Literal(tree.meta.line, value)


def _string(tree: Branch) -> Expression:
    parts: list[Expression] = []
    for part in _trees(tree):
        inside = part.children[0]
        if isinstance(inside, Token):
            if inside.type in {"ESCAPED_INTERPOLATION", "ESCAPED_DIRECTIVE"}:
                text = str(inside)[1:]
            else:
                text = _ESCAPE.sub(lambda escape: _unescape(escape[1], tree.meta.line), str(inside))
            parts.append(Literal(tree.meta.line, text))
        elif inside.data == "interpolation":
            parts.append(expression(_trees(inside)[0]))
        else:
            raise ProblemFound(tree.meta.line, "Template directives (%{ … }) are not available in blueprints.")
    if all(isinstance(part, Literal) and isinstance(part.value, str) for part in parts):
        return Literal(tree.meta.line, "".join(str(part.value) for part in parts if isinstance(part, Literal)))
    return Template(tree.meta.line, tuple(parts))


def _unescape(escape: str, line: int) -> str:
    if escape in _ESCAPES:
        return _ESCAPES[escape]
    if len(escape) > 1:
        point = int(escape[1:], 16)
        if point <= _LAST_CODE_POINT and point not in _SURROGATES:
            return chr(point)
    raise ProblemFound(
        line,
        f'"\\{escape}" is no escape sequence; the escape sequences are \\n, \\r, \\t, \\", \\\\, \\uNNNN and \\UNNNNNNNN.',
    )


def _list(tree: Branch) -> Expression:
    items = tuple(expression(item) for item in _trees(tree))
    if len(items) > MAX_LIST_ITEMS:
        raise ProblemFound(tree.meta.line, f"The list has {len(items)} items; {MAX_LIST_ITEMS} are allowed.")
    return ListOf(tree.meta.line, items)


def _map(tree: Branch) -> Expression:
    items: list[tuple[Expression, Expression]] = []
    seen: dict[str, int] = {}
    ended = 0
    for child in tree.children:
        if isinstance(child, Token):
            ended = 0 if child.type == "COMMA" else ended
            continue
        if child.data != "object_elem":
            continue
        if child.meta.line == ended:
            raise ProblemFound(ended, "Two entries of a map are on one line; put a comma between them.")
        ended = last_line(child)
        key, value = _trees(child)
        name = _key(key)
        if isinstance(name, Literal) and isinstance(name.value, str):
            if name.value in seen:
                raise ProblemFound(
                    child.meta.line, f"{shown(name.value)} is already in this map (line {seen[name.value]})."
                )
            seen[name.value] = child.meta.line
        items.append((name, expression(value)))
    return MapOf(tree.meta.line, tuple(items))


def _key(tree: Branch) -> Expression:
    """A bare word as a map's key is text; anything else is an expression."""
    inside = tree.children[0]
    if isinstance(inside, Tree) and inside.data == "keyword":
        return Literal(tree.meta.line, _text(inside))
    key = expression(_trees(tree)[0])
    if isinstance(key, Name):
        return Literal(key.line, key.name)
    if isinstance(key, Literal) and not isinstance(key.value, str):
        raise ProblemFound(tree.meta.line, "A map's key is text: put it in quotes.")
    return key


def _get_attribute(tree: Branch) -> Expression:
    target, step = _trees(tree)
    return Get(tree.meta.line, expression(target), Literal(step.meta.line, _text(_trees(step)[0])))


def _get_index(tree: Branch) -> Expression:
    target, index = _trees(tree)
    if index.data == "short_index":
        number = str(index.children[-1])
        raise ProblemFound(tree.meta.line, f'".{number}" is not available in blueprints: write [{number}].')
    return Get(tree.meta.line, expression(target), expression(_trees(index)[0]))


def _call(tree: Branch) -> Expression:
    name, *rest = _trees(tree)
    arguments = [argument for part in rest if part.data == "arguments" for argument in _trees(part)]
    return Call(tree.meta.line, _text(name), tuple(expression(argument) for argument in arguments))


def _unary(tree: Branch) -> Expression:
    return Unary(tree.meta.line, str(tree.children[0]), expression(_trees(tree)[0]))


def _binary(tree: Branch) -> Expression:
    left, term = _trees(tree)
    operator, right = _trees(term)
    return Binary(tree.meta.line, _text(operator).strip(), expression(left), expression(right))


def _conditional(tree: Branch) -> Expression:
    condition, yes, no = (expression(part) for part in _trees(tree))
    return Conditional(tree.meta.line, condition, yes, no)


_SHAPES: dict[str, Callable[[Branch], Expression]] = {
    "expr_term": _term,
    "identifier": _name,
    "literal_value": _word,
    "int_lit": _integer,
    "float_lit": _float,
    "string": _string,
    "tuple": _list,
    "object": _map,
    "get_attr_expr_term": _get_attribute,
    "index_expr_term": _get_index,
    "function_call": _call,
    "unary_op": _unary,
    "binary_op": _binary,
    "conditional": _conditional,
}
