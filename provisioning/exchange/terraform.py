"""Reads Terraform's language: files of variables (`.tfvars`), and `module` blocks in any file."""

from __future__ import annotations

import json
import re

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.phrasing import shown
from provisioning.blueprint.syntax.parse import parse
from provisioning.blueprint.syntax.tree import Argument, Block
from provisioning.blueprint.tags import MAX_KEY, MAX_VALUE
from provisioning.exchange.heredocs import WithoutHeredocs, take_out
from provisioning.exchange.literals import NotLiteral, literal
from provisioning.exchange.pasted import Given, Left, Pasted, Source, told, unreadable

# An input has at most 4,096 characters, and the escape sequence of a character has at most six.
LONGEST_LINE = 26_000
ABOUT = ("blueprint", "version", "size", "team", "account", "region", "name")

_HEADER = re.compile(r"^#\s*portal:\s*(\{.*\})\s*$", re.MULTILINE)
# A header with the most and the longest tags is shorter.
_FIRST = 24_000
_LONGEST_FACT = 100


def read_terraform(text: str) -> Pasted:
    """Returns every module block, and the arguments outside of blocks. Raises Unreadable."""
    try:
        without = take_out(text if text.endswith("\n") else f"{text}\n")
        body = parse(without.text, longest_line=LONGEST_LINE, tolerant=True)
    except ProblemFound as problem:
        raise unreadable(problem) from None  # The cause would repeat the text.
    sources, left = [], []
    for block in body.blocks:
        if block.kind != "module":
            left.append(Left(_name_of_block(block), block.line, "is no module block and is ignored"))
            continue
        given = tuple(_given(argument, without) for argument in block.body.arguments)
        unread = tuple(
            Left(_name_of_block(inner), inner.line, "is a block inside the module; only arguments are inputs")
            for inner in block.body.blocks
        )
        label = shown(block.labels[0]).strip('"') if block.labels else "without a name"
        sources.append(Source(f"module {label}", block.line, given, unread))
    header = header_in(text)
    about, tags = about_of(header), tags_of(header)
    # The portal's file of a request without any inputs consists of its header only.
    if body.arguments or (about and not sources):
        given = tuple(_given(argument, without) for argument in body.arguments)
        sources.insert(0, Source("variables", given[0].line if given else 1, given, about=about, tags=tags))
    return Pasted(tuple(sources), tuple(left))


def header_in(text: str) -> object:
    """Reads the header that the portal exports in a file of variables; None without one."""
    header = _HEADER.search(text[:_FIRST])
    try:
        return json.loads(header[1]) if header else None
    except (ValueError, RecursionError):
        return None


def about_of(data: object) -> dict[str, str]:
    known = data if isinstance(data, dict) else {}
    chosen = {"output_parameters": "true"} if known.get("output_parameters") is True else {}
    return chosen | {
        key: value
        for key, value in known.items()
        if key in ABOUT and isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST_FACT
    }


def tags_of(data: object) -> dict[str, str]:
    """The tags in a header. What could be none is left out; the form says what else is wrong."""
    known = data.get("tags") if isinstance(data, dict) else None
    return {
        key: value
        for key, value in (known.items() if isinstance(known, dict) else ())
        if isinstance(value, str) and f"{key}{value}".isprintable() and len(key) <= MAX_KEY and len(value) <= MAX_VALUE
    }


def _name_of_block(block: Block) -> str:
    return " ".join([block.kind, *(shown(label) for label in block.labels)])


def _given(argument: Argument, without: WithoutHeredocs) -> Given:
    name, line = argument.name, argument.line
    if argument.trouble:
        why = told(ProblemFound(line, argument.trouble)).rstrip(".")
        return Given(name, line, trouble=f"cannot be imported: {why[:1].lower()}{why[1:]}")
    try:
        return Given(name, line, without.fill_in(literal(argument.value)))
    except NotLiteral as refusal:
        return Given(name, line, trouble=str(refusal))
