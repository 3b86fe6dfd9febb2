"""Reads JSON with the line of every key: `.tfvars.json`, `.tf.json`, and requests that this portal
exported.

Text that would cost the parser depth or time (nesting, numbers with thousands of digits) is
rejected first, and so are repeated keys.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from provisioning.blueprint.phrasing import shown
from provisioning.blueprint.syntax.expressions import MAX_DIGITS
from provisioning.exchange.pasted import Given, Pasted, Source, Unreadable
from provisioning.exchange.terraform import about_of, tags_of

MAX_DEPTH = 8
MAX_MEMBERS = 2_000
# Matches to the end if a quote is never closed, without backtracking: each character is read once.
_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"?')
_BLANK = re.compile(r"[ \t\r\n]*")
_BRACKETS = re.compile(r"[\[{\]}]")
_CODE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
_LONGEST_KEY = 100
_NOT_JSON = "This is not valid JSON; check quotes, commas and brackets."


class _Wrong(ValueError):  # noqa: N818 - never leaves this module
    """A value that the hooks reject; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Member:
    key: str
    line: int
    start: int
    value: Any


def read_json(text: str) -> Pasted:
    """Returns the content of the single object. Raises Unreadable."""
    _check_depth(text)
    members = _members(text, _blanks(text, 0), alone=True)
    by_key = {member.key: member for member in members}
    parts_of_a_request = (("blueprint", str), ("inputs", dict))
    if all(key in by_key and isinstance(by_key[key].value, kind) for key, kind in parts_of_a_request):
        header = {key: member.value for key, member in by_key.items()}
        inputs = _given(_members(text, by_key["inputs"].start))
        return Pasted((Source("request", 1, inputs, about=about_of(header), tags=tags_of(header)),))
    if "module" in by_key and isinstance(by_key["module"].value, dict):
        modules = [
            Source(f"module {_readable(module.key)}", module.line, _given(_members(text, module.start), templates=True))
            for module in _members(text, by_key["module"].start)
            if isinstance(module.value, dict)
        ]
        return Pasted(tuple(modules))
    comment = by_key["//"].value if "//" in by_key else None
    return Pasted((Source("variables", 1, _given(members), about=about_of(comment), tags=tags_of(comment)),))


def _given(members: list[Member], *, templates: bool = False) -> tuple[Given, ...]:
    """`//` is a comment. In files with blocks Terraform evaluates `${…}` in text; in files of
    variables it does not.
    """
    return tuple(
        _as_text_of_blocks(member) if templates else Given(_readable(member.key), member.line, member.value)
        for member in members
        if member.key != "//"
    )


def _as_text_of_blocks(member: Member) -> Given:
    name, text = _readable(member.key), json.dumps(member.value, ensure_ascii=False)
    if _CODE.search(text):
        return Given(name, member.line, trouble="is text composed from other values (${ … })")
    return Given(name, member.line, json.loads(text.replace("$${", "${").replace("%%{", "%{")))


def _readable(key: str) -> str:
    """A printable key; a long or unprintable key is never a variable's name."""
    return key if key.isprintable() and len(key) <= _LONGEST_KEY else shown(key).strip('"')


def _check_depth(text: str) -> None:
    depth = 0
    for sign in _BRACKETS.finditer(_QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)):
        depth += 1 if sign[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise Unreadable(_line(text, sign.start()), f"Nested more than {MAX_DEPTH} deep; inputs are flatter.")


def _members(text: str, position: int, *, alone: bool = False) -> list[Member]:
    """The members of the object that begins here; `alone` means that nothing may follow it."""
    members: dict[str, Member] = {}
    try:
        position = _expect(text, position, "{")
        line, counted = _line(text, position), position
        while text[position : position + 1] != "}":
            if members:
                position = _expect(text, position, ",")
            start = _expect(text, position, '"', blanks=False)
            line, counted = line + text.count("\n", counted, start), start
            key, position = scanstring(text, start)
            position = _expect(text, _blanks(text, position), ":")
            value, end = _DECODER.raw_decode(text, position)
            if key in members:
                raise Unreadable(line, f"{shown(key)} is already there (line {members[key].line}).")
            members[key] = Member(key, line, position, value)
            if len(members) > MAX_MEMBERS:
                raise Unreadable(line, f"There are more than {MAX_MEMBERS} entries; paste fewer.")
            position = _blanks(text, end)
        position = _blanks(text, position + 1)
    except json.JSONDecodeError as error:
        raise Unreadable(error.lineno, _NOT_JSON) from None
    except _Wrong as wrong:
        raise Unreadable(line, str(wrong)) from None
    if alone and position < len(text):
        raise Unreadable(_line(text, position), _NOT_JSON)
    return list(members.values())


def _expect(text: str, position: int, sign: str, *, blanks: bool = True) -> int:
    if text[position : position + 1] != sign:
        raise json.JSONDecodeError("", text, position)
    return _blanks(text, position + 1) if blanks else position + 1


def _blanks(text: str, position: int) -> int:
    blanks = _BLANK.match(text, position)
    return blanks.end() if blanks else position


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _number(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise _Wrong(f"There is a number of more than {MAX_DIGITS} digits; inputs are smaller.")
    return int(text)


def _constant(_text: str) -> float:
    raise _Wrong("NaN and Infinity are not allowed.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Wrong("An object in this entry has a key twice.")
    return members


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_number, parse_constant=_constant)
