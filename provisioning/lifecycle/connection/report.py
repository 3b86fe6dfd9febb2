"""The result of a connection test: sentences for the administrators of the portal and of the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from provisioning.aws import AwsError
from provisioning.policy.errors import PolicyError


class Outcome(StrEnum):
    """UNKNOWN: the portal could not find out, and the sentence says why. NOTE: nothing fails because of it."""

    PASSED = "passed"
    NOTE = "note"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` says who has to do what. `details` are the single permissions behind the sentence. `area`
    is the heading under which pages show it.
    """

    outcome: Outcome
    sentence: str
    remedy: str = ""
    details: tuple[str, ...] = ()
    area: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """`reached` is whether the portal could use the account at all. `unfinished` is whether AWS took so
    long that some checks were not made.
    """

    account: str
    findings: tuple[Finding, ...]
    reached: bool = True
    unfinished: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing is missing. What is unknown may still be missing."""
        return not any(one.outcome is Outcome.MISSING for one in self.findings)

    def count(self, outcome: Outcome) -> int:
        return sum(one.outcome is outcome for one in self.findings)

    @property
    def by_area(self) -> list[tuple[str, list[Finding]]]:
        """The findings under their headings, in the order of the checks."""
        areas: dict[str, list[Finding]] = {}
        for one in self.findings:
            areas.setdefault(one.area, []).append(one)
        return list(areas.items())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        findings = tuple(
            Finding(Outcome(one["outcome"]), one["sentence"], one["remedy"], tuple(one["details"]), one.get("area", ""))
            for one in stored["findings"]
        )
        return cls(stored["account"], findings, stored.get("reached", True), stored.get("unfinished", False))


@dataclass
class Findings:
    """Collects the findings of one area in the order of the checks."""

    area: str = ""
    collected: list[Finding] = field(default_factory=list)

    def passed(self, sentence: str) -> None:
        self._add(Outcome.PASSED, sentence)

    def note(self, sentence: str, remedy: str = "", details: tuple[str, ...] = ()) -> None:
        self._add(Outcome.NOTE, sentence, remedy, details)

    def missing(self, sentence: str, remedy: str, details: tuple[str, ...] = ()) -> None:
        self._add(Outcome.MISSING, sentence, remedy, details)

    def unknown(self, sentence: str, remedy: str = "") -> None:
        self._add(Outcome.UNKNOWN, sentence, remedy)

    def _add(self, outcome: Outcome, sentence: str, remedy: str = "", details: tuple[str, ...] = ()) -> None:
        self.collected.append(Finding(outcome, sentence, remedy, details, self.area))

    @contextmanager
    def reading(self, subject: str) -> Iterator[None]:
        """Turn what AWS refuses, and a policy that cannot be evaluated, into a finding about `subject`."""
        try:
            yield
        except AwsError as error:
            self.unknown(f"{subject} could not be checked. AWS: {error}", error.advice)
        except PolicyError as error:
            self.unknown(
                f"{subject} could not be checked: {error}.", "Ask an administrator of the account to correct it."
            )
