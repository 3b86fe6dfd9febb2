"""The report of one look at an environment's drift, as a typed record. `DriftReport.content` stores
it as JSON.

This module is pure data: no Django, no AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from itertools import chain
from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

FORMAT: Final = 1
_STRICT: Final = ConfigDict(extra="forbid", strict=True)


class DriftStatus(StrEnum):
    """The state of a report, as `DriftReport.status` stores it."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    WAITING = "waiting", "Waiting for a drift detection"
    CHECKING = "checking", "Drift detection in progress"
    IN_SYNC = "in_sync", "As designed"
    DRIFTED = "drifted", "Changed outside the portal"
    NOT_CHECKED = "not_checked", "Not checked"
    GONE = "gone", "A stack is gone"


UNFINISHED: Final = frozenset({DriftStatus.WAITING, DriftStatus.CHECKING})


@dataclass(config=_STRICT, frozen=True, slots=True)
class Difference:
    """A property that differs. `expected` and `actual` are JSON texts; secrets are masked."""

    path: str
    expected: str
    actual: str
    change_type: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class DriftedResource:
    """`status` is MODIFIED or DELETED. `hashes` are of the values as AWS gave them
    (`fingerprint.drift_hashes`), so that an accepted drift is recognised.
    """

    logical_id: str
    physical_id: str
    type: str
    status: str
    hashes: Mapping[str, str]
    differences: tuple[Difference, ...] = ()


@dataclass(config=_STRICT, frozen=True, slots=True)
class IgnoredDifference:
    """A difference that is known to mean nothing. `source` is a public page or issue."""

    logical_id: str
    type: str
    path: str
    why: str
    source: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class UncheckedResource:
    logical_id: str
    type: str
    why: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class StackDrift:
    """What is known about one stack. `outside` are changes through CloudFormation that the portal
    did not make, in sentences. `detection_id` is that of a detection that was started; `failure`
    says why it gave no full result. `accepted` counts differences that somebody has accepted.
    """

    key: str
    name: str
    region: str
    stack_id: str
    outside: tuple[str, ...] = ()
    is_gone: bool = False
    detection_id: str = ""
    started_at: str = ""
    is_checked: bool = False
    failure: str = ""
    resources: tuple[DriftedResource, ...] = ()
    ignored: tuple[IgnoredDifference, ...] = ()
    unchecked: tuple[UncheckedResource, ...] = ()
    in_sync: int = 0
    accepted: int = 0

    @property
    def is_done(self) -> bool:
        return self.is_gone or self.is_checked or bool(self.failure)

    @property
    def status(self) -> DriftStatus:
        if self.is_gone:
            return DriftStatus.GONE
        if not self.is_done:
            return DriftStatus.CHECKING if self.detection_id else DriftStatus.WAITING
        if self.outside or self.resources:
            return DriftStatus.DRIFTED
        return DriftStatus.NOT_CHECKED if self.failure else DriftStatus.IN_SYNC


@dataclass(config=_STRICT, frozen=True, slots=True)
class DriftContent:
    """`why` is the reason for the look, as a sentence."""

    why: str
    stacks: tuple[StackDrift, ...]
    format: Literal[1] = FORMAT

    @property
    def status(self) -> DriftStatus:
        """The status that concerns people most, of all stacks."""
        statuses = {stack.status for stack in self.stacks}
        order = (
            DriftStatus.GONE,
            DriftStatus.CHECKING,
            DriftStatus.WAITING,
            DriftStatus.DRIFTED,
            DriftStatus.NOT_CHECKED,
            DriftStatus.IN_SYNC,
        )
        return next((status for status in order if status in statuses), DriftStatus.NOT_CHECKED)

    @property
    def resources(self) -> tuple[DriftedResource, ...]:
        return tuple(chain.from_iterable(stack.resources for stack in self.stacks))

    def as_json(self) -> dict[str, Any]:
        content: dict[str, Any] = _CONTENT.dump_python(self, mode="json")
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> DriftContent:
        return _CONTENT.validate_json(json.dumps(content))


_CONTENT: Final = TypeAdapter(DriftContent)
