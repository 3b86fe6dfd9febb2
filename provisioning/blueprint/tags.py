"""The team's own tags on everything of an environment: what AWS takes, and what the portal keeps for itself.

https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html has the characters and lengths,
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html says that a value is never empty, and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html that IAM does not tell upper from lower case in keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioning.blueprint.inputs.types import as_text
from provisioning.blueprint.phrasing import shown
from provisioning.blueprint.syntax.operators import kind_of
from provisioning.design.graph import Value

# AWS takes 50 on a resource; the portal's own and those that components set (Name) need the rest.
MAX_TAGS = 40
MAX_KEY = 128
MAX_VALUE = 256

_OWN = ("aws:", "portal:")
_SIGNS = frozenset(" +-=._:/@")


def tag_problems(tags: Value) -> Iterator[str]:
    """Each complaint completes a sentence that begins with what holds the tags."""
    if not isinstance(tags, dict):
        yield f"should be a map of texts, and is {kind_of(tags)}"
        return
    tags = _with_texts(tags)
    if len(tags) > MAX_TAGS:
        yield f"has {len(tags)} tags; {MAX_TAGS} are allowed, because AWS takes 50 and the portal adds its own"
    seen: dict[str, str] = {}
    for key, value in tags.items():
        yield from _of_key(key)
        yield from _of_value(key, value)
        if key.lower() in seen:
            yield f"has {shown(key)} and {shown(seen[key.lower()])}, which AWS's IAM takes for the same; leave out one"
        seen.setdefault(key.lower(), key)


def _of_key(key: str) -> Iterator[str]:
    if not 1 <= len(key) <= MAX_KEY:
        yield f"has a key of {len(key)} characters, {shown(key)}; it should have 1 to {MAX_KEY}"
    elif key.lower().startswith(_OWN):
        yield f"has the key {shown(key)}; keys that begin with aws: or portal: are not the team's to set"
    elif wrong := _unusable(key):
        yield f"has the key {shown(key)}, and {wrong}"


def _of_value(key: str, value: Value) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"has {kind_of(value)} as the value of {shown(key)}; it should be text"
    elif not 1 <= len(value) <= MAX_VALUE:
        yield f"has a value of {len(value)} characters for {shown(key)}; it should have 1 to {MAX_VALUE}"
    elif wrong := _unusable(value):
        yield f"has a value for {shown(key)} that AWS refuses: {wrong}"


def _unusable(text: str) -> str:
    for character in text:
        if not (character.isalnum() or character in _SIGNS):
            return f"{shown(character)} cannot stand in a tag; letters, digits, spaces and + - = . _ : / @ can"
    return "a space stands at its beginning or end; take it out" if text != text.strip() else ""


def as_tags(tags: Value) -> Mapping[str, str]:
    """Tags without problems, as a design has them."""
    found = _with_texts(tags) if isinstance(tags, dict) else {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _with_texts(tags: dict[str, Value]) -> dict[str, Value]:
    """As in Terraform, a number or a bool becomes its text where text is wanted."""
    return {key: as_text(value) if isinstance(value, bool | int | float) else value for key, value in tags.items()}
