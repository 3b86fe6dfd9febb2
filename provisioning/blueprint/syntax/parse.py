"""Parses HCL text to a syntax tree. The only importer of hcl2; nothing of hcl2 leaves this module.

The text has passed `scan.check`, so its size and depth are limited. The tree is measured here
before recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from hcl2.api import parses_to_tree
from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.phrasing import listed, shown
from provisioning.blueprint.syntax import scan
from provisioning.blueprint.syntax.expressions import expression, last_line
from provisioning.blueprint.syntax.tree import Argument, Block, Body, Literal

Node: TypeAlias = "Tree[Token] | Token"

MAX_TREE_DEPTH = 80
_MOST_EXPECTED = 4
_SPELLED = {
    "RBRACE": "}", "LBRACE": "{", "RSQB": "]", "LSQB": "[", "RPAR": ")", "LPAR": "(", "COMMA": ",", "EQ": "=", "COLON": ":",
    "NAME": "a name", "DBLQUOTE": "a quote", "NL_OR_COMMENT": "a new line", "INT_LITERAL": "a number", "QMARK": "?",
}  # fmt: skip


def parse(text: str, *, longest_line: int = scan.MAX_LINE_CHARACTERS, tolerant: bool = False) -> Body:
    """Returns the file's body, or raises ProblemFound with the line of the first unreadable text.

    `tolerant` is for files of other tools: an unsupported value becomes an argument's problem.
    """
    scan.check(text, longest_line=longest_line)
    try:
        tree = parses_to_tree(text.replace("\r\n", "\n"))
    except UnexpectedInput as error:
        raise _unreadable(error, text) from error
    _check_depth(tree)
    return _body(_only(tree, "body"), tolerant=tolerant)


def _unreadable(error: UnexpectedInput, text: str) -> ProblemFound:
    last = text.count("\n") + 1
    if isinstance(error, UnexpectedToken):
        token = error.token
        if token.type == "$END":
            return ProblemFound(last, "The file ends too early.")
        word = _first_word(str(token))
        wanted = sorted(_SPELLED[name] for name in error.expected | error.accepts if name in _SPELLED)
        hint = f"; {listed(wanted)} could" if 0 < len(wanted) <= _MOST_EXPECTED else ""
        return ProblemFound(min(error.line, last), f"{word} is not allowed here{hint}.")
    line = error.line if isinstance(error, UnexpectedCharacters) and error.line > 0 else last
    column = error.column if isinstance(error, UnexpectedCharacters) else 1
    return ProblemFound(
        line, f"{_first_word(text.split(chr(10))[line - 1][max(column - 1, 0) :])} is not allowed here."
    )


def _first_word(text: str) -> str:
    words = text.partition("\n")[0].split()
    return shown(words[0]) if words else "The end of the line"


def _check_depth(tree: Tree[Token]) -> None:
    """Rejects trees that would exhaust the stack; long chains (`a + b + c …`) are deep trees too."""
    waiting = [(tree, 0, 1)]
    while waiting:
        node, depth, line = waiting.pop()
        line = node.meta.line if node.data in {"attribute", "block", "object_elem"} else line
        if depth > MAX_TREE_DEPTH:
            raise ProblemFound(line, "The expression is too long or too deep; split it.")
        waiting.extend((child, depth + 1, line) for child in node.children if isinstance(child, Tree))


def _only(tree: Tree[Token], name: str) -> Tree[Token]:
    return next(child for child in tree.children if isinstance(child, Tree) and child.data == name)


def _body(tree: Tree[Token], *, tolerant: bool) -> Body:
    arguments: list[Argument] = []
    blocks: list[Block] = []
    previous = 0
    for child in _trees(tree.children):
        if child.data == "new_line_or_comment":
            continue
        if child.meta.line == previous:
            raise ProblemFound(previous, "Two definitions are on one line; start a new line for the second.")
        previous = last_line(child)
        if child.data == "attribute":
            arguments.append(_argument(child, tolerant=tolerant))
        else:
            blocks.append(_block(child, tolerant=tolerant))
    return Body(tuple(arguments), tuple(blocks))


def _argument(tree: Tree[Token], *, tolerant: bool) -> Argument:
    name, value = _trees(tree.children)
    try:
        return Argument(tree.meta.line, _word(name), expression(value))
    except ProblemFound as problem:
        if not tolerant:
            raise
        return Argument(tree.meta.line, _word(name), Literal(problem.line, None), problem.message)


def _block(tree: Tree[Token], *, tolerant: bool) -> Block:
    kind, *rest = _trees(tree.children)
    labels = [part for part in rest if part.data not in {"body", "new_line_or_comment"}]
    return Block(
        tree.meta.line,
        _word(kind),
        tuple(_label(part) for part in labels),
        _body(_only(tree, "body"), tolerant=tolerant),
    )


def _label(tree: Tree[Token]) -> str:
    if tree.data != "string":
        return _word(tree)
    text = expression(tree)
    if isinstance(text, Literal) and isinstance(text.value, str):
        return text.value
    raise ProblemFound(tree.meta.line, "A block's label is plain text, without ${ … }.")


def _word(tree: Tree[Token]) -> str:
    return str(tree.children[0])


def _trees(nodes: Iterable[Node]) -> Iterator[Tree[Token]]:
    return (node for node in nodes if isinstance(node, Tree))
