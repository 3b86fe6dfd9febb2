"""Reads CloudFormation's intrinsic functions in the values of a template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

# `${Name}` and `${Name.Attribute}`; `${!Literal}` is text.
IN_SUB = re.compile(r"\$\{([A-Za-z0-9:]+)(\.[A-Za-z0-9.:]+)?\}")


class Mention(NamedTuple):
    """A name that a value refers to: a resource, a parameter or a pseudo parameter. `attribute` is
    that of the resource; empty for Ref.
    """

    name: str
    attribute: str = ""


def mentions(value: Any) -> Iterator[Mention]:
    """Yield every name that a value refers to by Ref, GetAtt or Sub."""
    if isinstance(value, list):
        for item in value:
            yield from mentions(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            match key, item:
                case "Ref", str():
                    yield Mention(item)
                case "Fn::GetAtt", [str() as name, attribute, *_]:
                    yield Mention(name, str(attribute))
                case "Fn::GetAtt", str():
                    name, _, attribute = item.partition(".")
                    yield Mention(name, attribute)
                case "Fn::Sub", (str() as text) | [str() as text, *_]:
                    own = item[1] if isinstance(item, list) and len(item) > 1 and isinstance(item[1], dict) else {}
                    yield from (Mention(name, dot[1:]) for name, dot in IN_SUB.findall(text) if name not in own)
            if isinstance(item, dict | list):
                yield from mentions(item)


def mentioned_names(value: Any) -> set[str]:
    return {mention.name for mention in mentions(value)}


def functions(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every `Fn::` function that a value calls, with its argument."""
    if isinstance(value, list):
        for item in value:
            yield from functions(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("Fn::"):
                yield key, item
            yield from functions(item)
