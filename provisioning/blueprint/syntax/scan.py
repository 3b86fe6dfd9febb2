"""Scans a blueprint's text in one pass before it is parsed, and rejects text that would cost the
parser time or depth.

Text that passes has few tokens, short lines, balanced and shallow brackets, closed strings, and no
construct whose lexer pattern backtracks (heredocs). The parser's work is therefore limited, which a
test measures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.phrasing import shown

MAX_BYTES = 1_000_000
MAX_LINES = 20_000
MAX_LINE_CHARACTERS = 1_000
MAX_TOKENS = 12_000
MAX_DEPTH = 24
MAX_NAME_CHARACTERS = 100

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)")
_CODE = re.compile(
    r"""(?P<blank>[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*(?s:.*?)\*/)
      | (?P<unclosed>/\*)
      | (?P<heredoc><<-?[A-Za-z_"'])
      | (?P<quote>")
      | (?P<open>[{(\[])
      | (?P<close>[})\]])
      | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | (?P<operator>[0-9]+|[.=+\-*/%<>!&|?:,])
      | (?P<other>.)""",
    re.VERBOSE,
)
_TEXT = re.compile(
    r"""(?P<characters>[^"\\$%\n]+|\\[^\n]|\$\$\{[^}"\\\n]*\}|%%\{[^}"\\\n]*\})
      | (?P<escaped>\$\$\{|%%\{)
      | (?P<open>\$\{)
      | (?P<directive>%\{)
      | (?P<quote>")
      | (?P<newline>\n|\\\n|\\$)
      | (?P<other>[$%])""",
    re.VERBOSE,
)
_CLOSES = {"{": "}", "(": ")", "[": "]", "${": "}"}
_INSTEAD = {
    "'": "Put text in double quotes.",
    ";": "One argument per line needs no semicolon.",
    "\\": "A backslash is allowed inside quotes only.",
    "~": 'White-space markers ("~") are not available in blueprints: leave it out.',
}


@dataclass
class _Place:
    """The position of the scan, and the open brackets and quotes, each with its line."""

    line: int = 1
    tokens: int = 0
    open: list[tuple[str, int]] = field(default_factory=list)

    def push(self, opening: str) -> None:
        self.open.append((opening, self.line))
        if len(self.open) > MAX_DEPTH:
            raise ProblemFound(self.line, f"Nested more than {MAX_DEPTH} deep; write it flatter.")

    def pop(self, closing: str) -> None:
        if not self.open:
            raise ProblemFound(self.line, f'This "{closing}" closes nothing; remove it, or add the opening bracket.')
        opening, line = self.open.pop()
        if _CLOSES[opening] != closing:
            raise ProblemFound(
                self.line,
                f'This "{closing}" does not match the "{opening}" of line {line}; "{_CLOSES[opening]}" is missing.',
            )

    def count(self) -> None:
        self.tokens += 1
        if self.tokens > MAX_TOKENS:
            raise ProblemFound(self.line, f"There are more than {MAX_TOKENS} words and symbols; split the blueprint.")


def decode(data: bytes) -> str:
    """Returns the text of a file, or names the invalid byte."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise ProblemFound(1, "The file begins with a byte order mark; save it as UTF-8 without one.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProblemFound(line, f"Byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8.") from error
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        raise ProblemFound(line, f"There is a control character (U+{ord(control[0][0]):04X}) in the text; remove it.")
    return text


def check(text: str, *, longest_line: int = MAX_LINE_CHARACTERS) -> None:
    """Raises ProblemFound if the text must not reach the parser."""
    for start, _ in heredocs(text, lambda _, position, __: position):
        line = text.count("\n", 0, start) + 1
        raise ProblemFound(
            line, "Heredocs (<<) are not available in blueprints: write the text in quotes, with \\n for a new line."
        )
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise ProblemFound(MAX_LINES, f"There are more than {MAX_LINES} lines; split the blueprint.")
    for number, content in enumerate(lines, start=1):
        if len(content) > longest_line:
            raise ProblemFound(number, f"The line has {len(content)} characters; {longest_line} are allowed: split it.")


def heredocs(text: str, end_of: Callable[[str, int, int], int]) -> Iterator[tuple[int, int]]:
    """Scans the text and yields the start and end of each heredoc; `end_of` finds the end, given
    text, position and line.
    """
    place = _Place()
    position = 0
    while position < len(text):
        in_text = bool(place.open) and place.open[-1][0] == '"'
        token = (_TEXT if in_text else _CODE).match(text, position)
        if token is None:  # A lone line break or backslash: both patterns match every other character.
            raise ProblemFound(place.line, "The text ends in the middle of an expression.")
        end = token.end()
        if token.lastgroup == "heredoc":
            end = end_of(text, position, place.line)
            yield position, end
            place.line += text.count("\n", position, end)
            place.count()
        else:
            (_in_text if in_text else _in_code)(place, token)
        position = end
    if place.open:
        opening, line = place.open[-1]
        raise ProblemFound(line, f"This {opening} is never closed.")


def _in_code(place: _Place, found: re.Match[str]) -> None:
    piece = found[0]
    match found.lastgroup:
        case "blank":
            place.line += piece.count("\n")
            return
        case "unclosed":
            raise ProblemFound(place.line, "This comment is never closed; end it with */.")
        case "quote" | "open":
            place.push(piece)
        case "close":
            place.pop(piece)
        case "name" if len(piece) > MAX_NAME_CHARACTERS:
            raise ProblemFound(place.line, f"The name {shown(piece)} has more than {MAX_NAME_CHARACTERS} characters.")
        case "other":
            raise ProblemFound(
                place.line,
                f"{shown(piece)} is not allowed here. {_INSTEAD.get(piece, 'If it is text, put it in quotes.')}",
            )
    place.count()


def _in_text(place: _Place, found: re.Match[str]) -> None:
    piece = found[0]
    match found.lastgroup:
        case "open":
            place.push("${")
        case "quote":
            place.open.pop()
        case "newline":
            raise ProblemFound(
                place.line, "The quotes that open on this line are not closed on it; write \\n for a new line."
            )
        case "directive":
            raise ProblemFound(
                place.line,
                "Template directives (%{ … }) are not available in blueprints: use a conditional, "
                '"${condition ? "this" : "that"}".',
            )
        case "escaped":
            raise ProblemFound(place.line, f'"{piece}" needs its closing brace in the same text, before any quote.')
    place.count()
