"""The security checks: findings, checks with their evidence, network access, and what each role may
do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from portal.panels.registry import Place, PlanView
from provisioning.proof.report import Admission, Finding, Grant, Proof

TONES = {"high": "bad", "medium": "busy", "low": "idle", "info": "idle"}
WORDS = {"high": "High", "medium": "Medium", "low": "Low", "info": "Info"}


@dataclass(frozen=True, slots=True)
class FindingLine:
    tone: str
    word: str
    title: str
    sentence: str
    evidence: Sequence[str]
    remedy: str
    when: Sequence[str]
    rule: str


@dataclass(frozen=True, slots=True)
class CheckLine:
    """`more` is the number of lines of evidence that are left out."""

    title: str
    why: str
    summary: str
    holds: bool
    evidence: Sequence[str]
    more: int


@dataclass(frozen=True, slots=True)
class ProofPanel:
    template: ClassVar[str] = "panels/proof.html"
    place: ClassVar[Place] = Place.COLUMN
    order: ClassVar[int] = 30

    headline: str
    tone: str
    findings: list[FindingLine]
    checks: list[CheckLine]
    admissions: Sequence[Admission]
    grants: Sequence[Grant]
    assumed: Sequence[str]
    not_covered: Sequence[str]

    @property
    def held(self) -> int:
        return sum(check.holds for check in self.checks)


def panel(view: PlanView) -> ProofPanel | None:
    proof = view.proof
    if proof is None:
        return None
    checks = [
        CheckLine(
            title=check.title,
            why=check.why,
            summary=check.summary,
            holds=check.verdict == "holds",
            evidence=check.evidence[: view.evidence_lines],
            more=max(0, len(check.evidence) - view.evidence_lines),
        )
        for check in proof.checked
        if check.verdict != "nothing to look at"
    ]
    return ProofPanel(
        headline=_headline(proof),
        tone=TONES[proof.worst] if proof.worst in ("high", "medium") else "ok",
        findings=[_finding(finding) for finding in proof.findings],
        checks=checks,
        admissions=proof.admissions,
        grants=proof.grants,
        assumed=proof.assumed,
        not_covered=proof.not_covered,
    )


def _headline(proof: Proof) -> str:
    counts = proof.counts()
    parts = [f"{counts[severity]} {severity}" for severity in ("high", "medium", "low") if counts[severity]]
    if not parts:
        return "no findings"
    is_one = sum(counts[severity] for severity in ("high", "medium", "low")) == 1
    return f"{', '.join(parts)} {'finding' if is_one else 'findings'}"


def _finding(finding: Finding) -> FindingLine:
    return FindingLine(
        tone=TONES[finding.severity],
        word=WORDS[finding.severity],
        title=finding.title,
        sentence=finding.sentence,
        evidence=finding.evidence,
        remedy=finding.remedy,
        when=finding.when,
        rule=finding.rule,
    )
