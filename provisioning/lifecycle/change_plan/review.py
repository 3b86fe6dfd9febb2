"""What pages show in addition to the plan of a change, and no digest covers.

`Plan.review` stores it as JSON. Values come from AWS's second answer, findings from reads of the
account at that time. Both may be incomplete without making the plan wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from provisioning.lifecycle.fingerprint import Fingerprint

_STRICT: Final = ConfigDict(extra="forbid", strict=True)


@dataclass(config=_STRICT, frozen=True, slots=True)
class ValueChange:
    """One property of a resource, before and after. None: it has no value, or AWS gave none."""

    stack: str
    logical_id: str
    path: str
    before: str | None
    after: str | None


@dataclass(config=_STRICT, frozen=True, slots=True)
class ChangeFinding:
    """A known pitfall that this change falls into. A blocking one refuses the change."""

    rule: str
    stack: str
    logical_id: str
    sentence: str
    remedy: str
    source: str
    is_blocking: bool


@dataclass(config=_STRICT, frozen=True, slots=True)
class ChangeReview:
    """`fingerprints` are those of the live stacks when the plan was made, by stack key.

    `outputs` are the names of outputs that are added (`+`), removed (`-`) or changed (`~`).
    """

    values: tuple[ValueChange, ...]
    findings: tuple[ChangeFinding, ...]
    fingerprints: Mapping[str, Fingerprint]
    outputs: tuple[str, ...] = ()
    planned_at: str = ""
    format: Literal[1] = 1

    def as_json(self) -> dict[str, Any]:
        content: dict[str, Any] = _REVIEW.dump_python(self, mode="json")
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ChangeReview | None:
        """None for a plan that AWS has not planned yet. Raises ValueError for any other content."""
        return _REVIEW.validate_json(json.dumps(content)) if content else None

    def values_of(self, stack: str, logical_id: str) -> tuple[ValueChange, ...]:
        return tuple(value for value in self.values if (value.stack, value.logical_id) == (stack, logical_id))


_REVIEW: Final = TypeAdapter(ChangeReview)
