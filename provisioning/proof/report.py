"""The result of a proof: findings with evidence, what was checked and passed, and what was not
covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeVar

VERSION: Final = 1
"""Of the stored JSON. Proofs stored before there was a version are of version 1."""

Severity = Literal["high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "info")
Verdict = Literal["holds", "broken", "nothing to look at"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, or something undecidable (`certain` is False). `resources` are logical ids; `stack`
    is the stack of the first one.
    """

    rule: str
    severity: Severity
    title: str
    sentence: str
    evidence: tuple[str, ...]
    resources: tuple[str, ...]
    stack: str
    remedy: str
    certain: bool = True
    when: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "severity": self.severity,
            "title": self.title,
            "sentence": self.sentence,
            "evidence": list(self.evidence),
            "resources": list(self.resources),
            "stack": self.stack,
            "remedy": self.remedy,
            "certain": self.certain,
            "when": list(self.when),
        }


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule and the number of resources it checked. `evidence` supports what passed, and states
    facts that are no faults.
    """

    rule: str
    title: str
    why: str
    severity: Severity
    verdict: Verdict
    looked_at: int
    summary: str
    evidence: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "title": self.title,
            "why": self.why,
            "severity": self.severity,
            "verdict": self.verdict,
            "looked_at": self.looked_at,
            "summary": self.summary,
            "evidence": list(self.evidence),
        }


@dataclass(frozen=True, slots=True)
class Admission:
    """A row of the network access table: who may reach a group on which ports, and what in the
    template requires it.
    """

    group: str
    members: tuple[str, ...]
    peer: str
    ports: str
    asked_by: tuple[str, ...]
    evidence: str

    def as_json(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "members": list(self.members),
            "from": self.peer,
            "ports": self.ports,
            "asked_by": list(self.asked_by),
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission of a role: one statement of one of its policies."""

    role: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: str
    evidence: str

    def as_json(self) -> dict[str, Any]:
        return {
            "role": self.role,
            "effect": self.effect,
            "actions": list(self.actions),
            "resources": list(self.resources),
            "condition": self.condition,
            "evidence": self.evidence,
        }


@dataclass(frozen=True)
class Proof:
    findings: tuple[Finding, ...]
    checked: tuple[Checked, ...]
    not_covered: tuple[str, ...]
    admissions: tuple[Admission, ...] = ()
    grants: tuple[Grant, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def worst(self) -> Severity | None:
        """The most severe severity among the findings; None without a finding."""
        severities = {finding.severity for finding in self.findings}
        return next((severity for severity in SEVERITIES if severity in severities), None)

    def of(self, *severities: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity in severities)

    def counts(self) -> dict[Severity, int]:
        return {severity: len(self.of(severity)) for severity in SEVERITIES}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Restore a stored proof. Raise ValueError for one of another version or of another shape."""
        if data.get("version", 1) != VERSION:
            raise ValueError(f"The proof has version {data['version']}; version {VERSION} is read.")
        try:
            return cls(
                findings=_records(Finding, data["findings"]),
                checked=_records(Checked, data["checked"]),
                not_covered=tuple(data["not_covered"]),
                admissions=_records(Admission, data["admissions"]),
                grants=_records(Grant, data["grants"]),
                assumed=tuple(data["assumed"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"The proof is not one that was stored: {error!r}") from error

    def as_json(self) -> dict[str, Any]:
        """Plain data. Equal templates give equal data: keys, order and sentences."""
        return {
            "version": VERSION,
            "worst": self.worst,
            "counts": self.counts(),
            "findings": [finding.as_json() for finding in self.findings],
            "checked": [checked.as_json() for checked in self.checked],
            "admissions": [admission.as_json() for admission in self.admissions],
            "grants": [grant.as_json() for grant in self.grants],
            "assumed": list(self.assumed),
            "not_covered": list(self.not_covered),
        }


Record = TypeVar("Record", Finding, Checked, Admission, Grant)


def _records(kind: type[Record], rows: Iterable[Mapping[str, Any]]) -> tuple[Record, ...]:
    """Restore records from their JSON, in which every tuple is a list."""
    records = []
    for row in rows:
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
        if "from" in values:
            values["peer"] = values.pop("from")
        records.append(kind(**values))
    return tuple(records)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.rule, f.resources, f.sentence)))
