"""The receipt of a teardown as a typed record. `Receipt.lines` and `Receipt.scan` store it as JSON.

This module is pure data, and the only one that knows the keys of that JSON. Receipts are kept for
good, so the keys never change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Self

_LABELS: Final[Mapping[str, str]] = {"abandoned": "left over", "unverified": "not verified"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """A resource and how it ended. `type` is its CloudFormation type, or words for what has none.

    `end` is a value of `models.ResourceEnd`. `policy` is empty unless the resource is retained.
    `ended_at` is None if that time is unknown. `reason` says why a resource is left over or not
    verified, in AWS's words where AWS gave any. Until `restorable_until` a deleted secret or key can
    be restored.
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
    reason: str = ""
    restorable_until: datetime | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        times = {name: _time(stored.get(name)) for name in ("ended_at", "restorable_until")}
        return cls(**_known(cls, stored) | times)

    @property
    def end_label(self) -> str:
        return _LABELS.get(self.end, self.end)

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "ended_at": _text(self.ended_at),
            "restorable_until": _text(self.restorable_until),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TagScan:
    """The search of all regions for resources with the tag `key`=`value`. The results are ARNs.

    `found` are retained, `stale` are deleted but still listed by AWS, and `left` should have been
    deleted. `unsearched` says why AWS refused to search a region, which is then not among `regions`.
    `settled_until` is how long late calls were waited for before it; None if no call was open.
    """

    key: str
    value: str
    at: datetime
    regions: Sequence[str]
    found: Sequence[str]
    stale: Sequence[str]
    left: Sequence[str] = ()
    unsearched: Mapping[str, str] = field(default_factory=dict)
    settled_until: datetime | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        times = {"at": datetime.fromisoformat(stored["at"]), "settled_until": _time(stored.get("settled_until"))}
        return cls(**_known(cls, stored) | times)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat(), "settled_until": _text(self.settled_until)}


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    lines: Sequence[ReceiptLine]
    scan: TagScan

    @classmethod
    def from_json(cls, lines: Sequence[Mapping[str, Any]], scan: Mapping[str, Any]) -> Self:
        """Read the two columns of a stored receipt."""
        return cls([ReceiptLine.from_json(line) for line in lines], TagScan.from_json(scan))

    def digest(self, *, plan_digest: str) -> str:
        """Return the SHA-256 that signs the receipt: of its canonical JSON and the plan's digest."""
        return digest_of_stored([line.as_json() for line in self.lines], self.scan.as_json(), plan_digest=plan_digest)


def digest_of_stored(lines: Sequence[Mapping[str, Any]], scan: Mapping[str, Any], *, plan_digest: str) -> str:
    """Return the digest of a receipt as it is stored, so that a change of any key shows."""
    content = {"lines": lines, "plan": plan_digest, "scan": scan}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _known(record: type[ReceiptLine | TagScan], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The stored values of the record's fields. Other keys belong to another version."""
    return {field.name: stored[field.name] for field in fields(record) if field.name in stored}


def _time(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _text(at: datetime | None) -> str:
    return at.isoformat() if at else ""
