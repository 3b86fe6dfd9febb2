"""Patterns of policy elements: `*`, `?` and policy variables, compiled once.

Source: IAM user guide, "IAM policy elements: Variables and tags" (reference_policies_variables).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

Context = Mapping[str, str | tuple[str, ...]]
"""The condition keys of one request, in lower case, with one value or with several."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
# A wildcard that is meant literally, from `${*}` or from a variable's value, is one of these in a pattern.
_AS_LITERAL = str.maketrans({"*": "\ue000", "?": "\ue001"})
_REGEX = {"*": ".*", "?": ".", "\ue000": r"\*", "\ue001": r"\?"}


@lru_cache(maxsize=16384)
def compiled_glob(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    text = "".join(_REGEX.get(character) or re.escape(character) for character in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def covers(pattern: str, text: str) -> bool:
    return pattern == "*" or compiled_glob(pattern).fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`; `key` is in lower case."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Glob:
    """Text of a policy that may contain wildcards and variables. Without variables `parts` is empty."""

    pattern: str
    parts: tuple[str | Variable, ...] = ()

    def expanded(self, context: Context, *, as_pattern: bool) -> str | None:
        """Fill in the variables; with `as_pattern`, wildcards in their values are literal.

        None stands for a variable that has no value, or several, and no default: nothing equals it
        ("Policy variables with no value").
        """
        if not self.parts:
            return self.pattern
        texts = []
        for part in self.parts:
            if isinstance(part, str):
                texts.append(part if as_pattern else part.replace("\ue000", "*").replace("\ue001", "?"))
                continue
            actual = context.get(part.key)
            text = actual if isinstance(actual, str) else part.default
            if text is None:
                return None
            texts.append(text.translate(_AS_LITERAL) if as_pattern else text)
        return "".join(texts)

    def matches(self, text: str, context: Context) -> bool:
        pattern = self.expanded(context, as_pattern=True)
        return pattern is not None and covers(pattern, text)


@lru_cache(maxsize=16384)
def parse_glob(pattern: str, *, with_variables: bool) -> Glob:
    """Split a pattern at its variables. Documents of version 2008-10-17 have none: `${…}` is plain text there."""
    if not with_variables or "${" not in pattern:
        return Glob(pattern)
    parts: list[str | Variable] = []
    end = 0
    for variable in _VARIABLE.finditer(pattern):
        parts.append(pattern[end : variable.start()])
        key, comma, default = (part.strip() for part in variable.group(1).partition(","))
        if key in ("*", "?", "$"):
            parts.append(key.translate(_AS_LITERAL))
        else:
            parts.append(Variable(key.lower(), default.strip("'") if comma else None))
        end = variable.end()
    return Glob(pattern, (*parts, pattern[end:]))
