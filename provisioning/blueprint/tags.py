"""The team's own tags on every resource of an environment: AWS's rules, and the keys that the
portal reserves.

Characters and lengths:
https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html. A value is
never empty: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html. Neither
a key nor a value begins with aws:, in capitals or not:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html.
Keys in IAM are not case-sensitive: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioning.blueprint.inputs.types import as_text
from provisioning.blueprint.phrasing import shown
from provisioning.blueprint.syntax.operators import kind_of
from provisioning.design.graph import Value

# AWS allows 50 per resource; the portal's own tags and those of components (Name) need the rest.
MAX_TAGS = 40
MAX_KEY = 128
MAX_VALUE = 256

_AWS = "aws:"
_OWN = (_AWS, "portal:")
_SIGNS = frozenset(" +-=._:/@")


def tag_problems(tags: Value) -> Iterator[str]:
    """Each problem completes a sentence that begins with the name of the argument that has the
    tags.
    """
    if not isinstance(tags, dict):
        yield f"should be a map of texts, and is {kind_of(tags)}"
        return
    tags = _with_texts(tags)
    if len(tags) > MAX_TAGS:
        yield f"has {len(tags)} tags; {MAX_TAGS} are allowed, because AWS allows 50 and the portal adds its own"
    seen: dict[str, str] = {}
    for key, value in tags.items():
        yield from _key_problems(key)
        yield from _value_problems(key, value)
        if key.casefold() in seen:
            yield f"has {shown(key)} and {shown(seen[key.casefold()])}, which AWS IAM treats as the same key; remove one"
        seen.setdefault(key.casefold(), key)


def _key_problems(key: str) -> Iterator[str]:
    if not 1 <= len(key) <= MAX_KEY:
        yield f"has a key of {len(key)} characters, {shown(key)}; it should have 1 to {MAX_KEY}"
    elif key.casefold().startswith(_OWN):
        yield f"has the key {shown(key)}; keys that begin with aws: or portal: are reserved"
    elif wrong := _unusable(key):
        yield f"has the key {shown(key)}, and {wrong}"


def _value_problems(key: str, value: Value) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"has {kind_of(value)} as the value of {shown(key)}; it should be text"
    elif not 1 <= len(value) <= MAX_VALUE:
        yield f"has a value of {len(value)} characters for {shown(key)}; it should have 1 to {MAX_VALUE}"
    elif value.casefold().startswith(_AWS):
        yield f"has a value for {shown(key)} that begins with aws:, which AWS reserves"
    elif wrong := _unusable(value):
        yield f"has a value for {shown(key)} that AWS rejects: {wrong}"


def _unusable(text: str) -> str:
    for character in text:
        if not (character.isalnum() or character in _SIGNS):
            return f"{shown(character)} is not allowed in a tag; letters, digits, spaces and + - = . _ : / @ are"
    return "it begins or ends with a space; remove it" if text != text.strip() else ""


def as_tags(tags: Value) -> Mapping[str, str]:
    """Converts valid tags to the form that a design uses."""
    texts = _with_texts(tags) if isinstance(tags, dict) else {}
    return {key: value for key, value in texts.items() if isinstance(value, str)}


def _with_texts(tags: dict[str, Value]) -> dict[str, Value]:
    """As in Terraform, a number or bool becomes text if text is required."""
    return {key: as_text(value) if isinstance(value, bool | int | float) else value for key, value in tags.items()}
