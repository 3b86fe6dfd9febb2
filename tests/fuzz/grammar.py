"""What to feed the loaders: texts that are nearly right, texts that are none, and bytes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

_ROOT = Path(__file__).resolve().parent.parent.parent

WORDS = [
    "{", "}", "[", "]", "(", ")", '"', "=", ",", ".", ":", "?", "${", "%{", "$${", "%%{", "<<EOT", "<<-E", "EOT", "\n", "\r\n", " ", "\t",
    "#", "//", "/*", "*/", "\\", '\\"', "\\u", "\\u0024", "\\UFFFFFFFF", "true", "false", "null", "for", "in", "if", "=>", "...", "*", ".*", "[*]",
    "-", "!", "&&", "||", "==", "0", "1", "-1.5", "1e9", "1e999", "9" * 40, "a", "var.a", "size.tasks", "component.bucket.a", "module", "variable",
    "blueprint", "component", "size", '"x"', "é", "\ufeff", "\u2028", "\x00", "\x1b", "𝕏", "\u202e", "~",
]  # fmt: skip
JSON_WORDS = [
    "{", "}", "[", "]", ":", ",", '"', '"a"', '"module"', '"//"', '"blueprint"', '"inputs"', "1", "-", "1e999", "NaN", "Infinity", "null", "true",
    "\n", " ", "\\", '"\\ud800"', "9" * 40, "0x1",
]  # fmt: skip

TYPES = ["string", "number", "bool", "list(string)", "map(string)", "list(number)", "map(bool)"]


@cache
def shipped() -> list[str]:
    return [path.read_text() for path in sorted((_ROOT / "blueprints").glob("*/blueprint.hcl"))]


def soup(words: list[str]) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(words), max_size=60).map(
        lambda found: "".join(found).encode(errors="surrogatepass")
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _hcl(value: object) -> str:
    """Nearly HCL: what JSON writes, with an equals sign for its colon."""
    return json.dumps(value).replace(": ", " = ")


@st.composite
def variables(draw: st.DrawFn) -> bytes:
    """A file of variables, or a module block, that is nearly right."""
    names = st.sampled_from(
        ["api_image", "domain", "environment", "region", "name", "github_repository", "count"]
    ) | st.text(max_size=6)
    lines = [f"{draw(names)} = {_hcl(draw(values))}" for _ in range(draw(st.integers(0, 6)))]
    text = "\n".join(lines)
    if draw(st.booleans()):
        text = f'module "x" {{\n{text}\n}}\n'
    return text.encode(errors="surrogatepass")


@st.composite
def json_variables(draw: st.DrawFn) -> bytes:
    data = draw(
        st.dictionaries(
            st.sampled_from(["api_image", "domain", "module", "blueprint", "inputs", "//"]) | st.text(max_size=6),
            values,
        )
    )
    return json.dumps(data).encode()


@st.composite
def nearly(draw: st.DrawFn, texts: list[bytes]) -> bytes:
    """One of the texts with pieces of it cut out, doubled, moved, or replaced by something else."""
    text = bytearray(draw(st.sampled_from(texts)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(text) - 1, 0)))
        end = min(len(text), start + draw(st.sampled_from([1, 2, 7, 40, 400])))
        piece = draw(st.sampled_from(["cut", "double", "noise", "word"]))
        if piece == "cut":
            del text[start:end]
        elif piece == "double":
            text[start:start] = text[start:end]
        elif piece == "noise":
            text[start:end] = draw(st.binary(max_size=12))
        else:
            text[start:end] = draw(st.sampled_from(WORDS)).encode()
    return bytes(text)


answers = st.tuples(st.sampled_from(TYPES), values).map(lambda pair: json.dumps(pair).encode())
