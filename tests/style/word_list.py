"""Reports words that our prose avoids, in templates, Python prose, Markdown and HCL: `python -m
tests.style.word_list`.

Prose in Python is its comments and strings; names are not checked. A line that contains the marker
`word-list: allow` may use any word, and so may the phrases in `ALLOWED`, which are terms of AWS or
of another tool. Exits with 1 if it finds a word.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.style.words import WORDS

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = (".html", ".py", ".md", ".hcl")
MARKER = "word-list: allow"

# The list itself; migrations, which never change again; and the code of functions that a template
# refers to by its hash, so that a comment there would change the template.
EXCLUDED = (
    "tests/style/",
    "provisioning/migrations/",
    "blueprints/webhook-pipeline/loki/",
    "blueprints/webhook-pipeline/receiver/",
)
# Folders whose prose has not been rewritten yet. Remove a folder when it is clean.
NOT_YET: tuple[str, ...] = ()

# Terms of AWS and other tools that contain one of the words.
ALLOWED = (
    re.compile(r"<picture\b|</picture>"),  # HTML's element
    re.compile(r"\bclass=\"[^\"]*\""),  # names of CSS classes
    re.compile(r"`[^`\n]+`"),  # names of code
    re.compile(r"\bcontent, picture, proof\b"),  # columns in SQL
)


@dataclass(frozen=True, slots=True)
class Hit:
    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: "{self.word}": write {self.instead}'


def check(path: str, text: str) -> Iterator[Hit]:
    """Yields each avoided word in a file's prose, with the line on which it begins."""
    lines = text.splitlines()
    for start, passage in _passages(path, text):
        cleaned = passage
        for phrase in ALLOWED:
            cleaned = phrase.sub(lambda match: " " * len(match[0]), cleaned)
        # A phrase may run over a line break: blanks and the comment sign at the break become one sign each.
        joined = re.sub(r"\n[ \t]*(?:#[ \t]*)?", lambda match: "\n" + "\0" * (len(match[0]) - 1), cleaned)
        kept = [index for index, sign in enumerate(joined) if sign != "\0"]
        flat = "".join(" " if joined[index] == "\n" else joined[index] for index in kept)
        for word in WORDS:
            if word.only and not path.endswith(word.only):
                continue
            for match in word.pattern.finditer(flat):
                line = start + passage.count("\n", 0, kept[match.start()])
                if MARKER not in lines[line - 1]:
                    yield Hit(path, line, match[0], word.instead)


def _passages(path: str, text: str) -> Iterator[tuple[int, str]]:
    """The stretches of prose in a file, each with its first line."""
    if not path.endswith(".py"):
        yield 1, text
        return
    comment: tuple[int, str] | None = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if comment and comment[0] + comment[1].count("\n") + 1 == token.start[0]:
                comment = (comment[0], f"{comment[1]}\n{token.string}")
                continue
            if comment:
                yield comment
            comment = (token.start[0], token.string)
        elif token.type == tokenize.STRING and " " in token.string:
            yield token.start[0], token.string
    if comment:
        yield comment


def files() -> list[str]:
    """Every file that the list covers, as Git names it."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\n")
    return [
        path
        for path in listed
        if path.endswith(SUFFIXES) and not path.startswith((*EXCLUDED, *NOT_YET)) and (ROOT / path).is_file()
    ]


def main() -> int:
    hits = [hit for path in files() for hit in check(path, (ROOT / path).read_text())]
    for hit in hits:
        print(hit)  # noqa: T201
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
