"""The tags of a request: what CloudFormation refuses.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html has the lengths, and
aws-quickstart/quickstart-amazon-eks#42 quotes the refusal of keys that begin with aws:.
"""

from __future__ import annotations

from typing import Any, Final

from provisioning.sandbox.private import helpers

MAX_TAGS: Final = 50
_LENGTHS: Final = (("Key", 128), ("Value", 256))
RESERVED: Final = "aws: prefixed tag key names are not allowed for external use."


def tag_problem(params: dict[str, Any]) -> str:
    """Why the tags are refused; empty if they are not."""
    tags = helpers.extract_members(params, "Tags")
    if len(tags) > MAX_TAGS:
        return _constraint("tags", "less", MAX_TAGS)
    for number, tag in enumerate(tags, start=1):
        for name, most in _LENGTHS:
            place, length = f"tags.{number}.member.{name.lower()}", len(str(tag.get(name, "")))
            if not length:
                return _constraint(place, "greater", 1)
            if length > most:
                return _constraint(place, "less", most)
        if str(tag["Key"]).lower().startswith("aws:"):
            return RESERVED
    return ""


def _constraint(place: str, side: str, limit: int) -> str:
    return (
        f"1 validation error detected: Value at '{place}' failed to satisfy constraint: Member must have length "
        f"{side} than or equal to {limit}"
    )
