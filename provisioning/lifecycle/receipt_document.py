"""The receipt of a teardown as a typed record. `Receipt.lines` and `Receipt.scan` store it as JSON.

This module is pure data, and the only one that knows the keys of that JSON. Receipts are kept for
good, so the keys never change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """A resource and how it ended. `type` is its CloudFormation type, or words for what has none.

    `end` is a value of `models.ResourceEnd`. `policy` is empty unless the resource is retained.
    `ended_at` is None if that time is unknown.
    """

    title: str
    type: str
    physical_id: str
    region: str
    end: str
    logical_id: str = ""
    address: str = ""
    stack: str = ""
    policy: str = ""
    note: str = ""
    ended_at: datetime | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        ended_at = stored["ended_at"]
        return cls(**_known(cls, stored) | {"ended_at": datetime.fromisoformat(ended_at) if ended_at else None})

    @property
    def end_label(self) -> str:
        return "left over" if self.end == "abandoned" else self.end

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ended_at": self.ended_at.isoformat() if self.ended_at else ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class TagScan:
    """The search of all regions for resources with the tag `key`=`value`. The results are ARNs.

    `found` are retained, `stale` are deleted but still listed by AWS, and `left` should have been
    deleted.
    """

    key: str
    value: str
    at: datetime
    regions: Sequence[str]
    found: Sequence[str]
    stale: Sequence[str]
    left: Sequence[str] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**_known(cls, stored) | {"at": datetime.fromisoformat(stored["at"])})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    lines: Sequence[ReceiptLine]
    scan: TagScan

    @classmethod
    def from_json(cls, lines: Sequence[Mapping[str, Any]], scan: Mapping[str, Any]) -> Self:
        """Read the two columns of a stored receipt."""
        return cls([ReceiptLine.from_json(line) for line in lines], TagScan.from_json(scan))


def _known(record: type[ReceiptLine | TagScan], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The stored values of the record's fields. Other keys belong to another version."""
    return {field.name: stored[field.name] for field in fields(record) if field.name in stored}
