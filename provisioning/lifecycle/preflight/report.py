"""The preflight report: what was checked about an account before a plan runs, as one typed and
versioned record.

`Plan.preflight` stores it as JSON; an empty object means that nothing has been checked yet. It is
pure data: no Django, no AWS. To change it, raise `VERSION` and upgrade older reports in
`from_json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

VERSION: Final = 1


class Outcome(StrEnum):
    """BLOCKING: AWS would refuse the plan as things are now. NOT_CHECKED: nobody knows, and the
    sentence says why.
    """

    PASSED = "passed"
    WARNING = "warning"
    BLOCKING = "blocking"
    NOT_CHECKED = "not_checked"


@dataclass(config=ConfigDict(extra="forbid"), frozen=True, slots=True)
class CheckResult:
    """`check` is the key of the check and `title` its name for people. `address` is the logical id
    or the value that the result is about. A warning and a blocking result have a `remedy`.
    """

    check: str
    title: str
    outcome: Outcome
    sentence: str
    remedy: str = ""
    region: str = ""
    address: str = ""


@dataclass(config=ConfigDict(extra="forbid"), frozen=True, slots=True)
class PreflightReport:
    """`reads` counts the questions that AWS was asked, `seconds` how long the checks took together."""

    checked_at: datetime
    results: tuple[CheckResult, ...]
    reads: int = 0
    seconds: float = 0.0
    version: int = VERSION

    def of(self, *outcomes: Outcome) -> Sequence[CheckResult]:
        return [result for result in self.results if result.outcome in outcomes]

    @property
    def blocking(self) -> Sequence[CheckResult]:
        return self.of(Outcome.BLOCKING)

    def as_json(self) -> dict[str, Any]:
        content: dict[str, Any] = _REPORT.dump_python(self, mode="json")
        return content

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PreflightReport:
        """Raises ValueError for a report of a version that is no longer read."""
        if data.get("version") != VERSION:
            raise ValueError(f"A preflight report of version {data.get('version')} cannot be read.")
        try:
            return _REPORT.validate_python(dict(data))
        except ValidationError as error:
            raise ValueError(f"The stored preflight report cannot be read: {error.errors()[0]['msg']}.") from error


_REPORT: Final = TypeAdapter(PreflightReport)
