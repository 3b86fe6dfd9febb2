"""The result of a connection test: sentences for the administrators of the portal and of the account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

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
    """`remedy` says who has to do what. `details` are the single permissions behind the sentence."""

    outcome: Outcome
    sentence: str
    remedy: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    account: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is missing. What is unknown may still be missing."""
        return not any(one.outcome is Outcome.MISSING for one in self.findings)

    def count(self, outcome: Outcome) -> int:
        return sum(one.outcome is outcome for one in self.findings)


@dataclass
class Findings:
    """Collects findings in the order of the checks."""

    collected: list[Finding] = field(default_factory=list)

    def passed(self, sentence: str) -> None:
        self.collected.append(Finding(Outcome.PASSED, sentence))

    def note(self, sentence: str, remedy: str = "", details: tuple[str, ...] = ()) -> None:
        self.collected.append(Finding(Outcome.NOTE, sentence, remedy, details))

    def missing(self, sentence: str, remedy: str, details: tuple[str, ...] = ()) -> None:
        self.collected.append(Finding(Outcome.MISSING, sentence, remedy, details))

    def unknown(self, sentence: str, remedy: str = "") -> None:
        self.collected.append(Finding(Outcome.UNKNOWN, sentence, remedy))

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
