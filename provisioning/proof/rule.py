"""A rule: one question about a template, with an id, a title and a reason, and the reporter that
collects its results.

A rule is a function `(view, report)` that registers itself through the decorator `rule`. It calls
`report.passes` with the evidence for a resource that is right, `report.fault` for a fault,
`report.undecided` for something that the template does not decide, and `report.fact` for something
worth knowing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import shown
from provisioning.proof.report import SEVERITIES, Checked, Finding, Severity

if TYPE_CHECKING:
    from provisioning.proof.model.view import View


@dataclass(frozen=True, slots=True)
class Rule:
    """`types` are the resource types that the rule covers; a type that no rule covers is listed as
    not covered.
    """

    id: str
    title: str
    severity: Severity
    why: str
    remedy: str
    source: str
    types: frozenset[str]
    look: Callable[[View, Reporter], None]


@dataclass
class Reporter:
    """Collects the results of one rule for one parameter case."""

    rule: Rule
    looked_at: dict[str, None] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def passes(self, resource: Resource, line: str) -> None:
        self.looked_at[resource.key] = None
        self.evidence.append(shown(line))

    def fact(self, line: str) -> None:
        self.evidence.append(shown(line))

    def fault(
        self,
        resources: Resource | Iterable[Resource],
        sentence: str,
        *evidence: str,
        severity: Severity | None = None,
        remedy: str = "",
        certain: bool = True,
    ) -> None:
        named = [resources] if isinstance(resources, Resource) else list(resources)
        for resource in named:
            self.looked_at[resource.key] = None
        self.findings.append(
            Finding(
                rule=self.rule.id,
                severity=severity or self.rule.severity,
                title=self.rule.title,
                sentence=shown(sentence),
                evidence=tuple(shown(line) for line in evidence),
                resources=tuple(resource.key for resource in named),
                stack=named[0].stack if named else "main",
                remedy=remedy or self.rule.remedy,
                certain=certain and all(resource.certain for resource in named),
            )
        )

    def undecided(self, resource: Resource, sentence: str, *evidence: str, severity: Severity | None = None) -> None:
        """Reports something that the template does not decide. It never counts as safe; its
        severity is one step below the fault's.
        """
        worst = severity or self.rule.severity
        below = SEVERITIES[min(SEVERITIES.index(worst) + 1, SEVERITIES.index("low"))]
        self.fault(resource, sentence, *evidence, severity=below, certain=False)


RULES: dict[str, Rule] = {}


def rule(
    rule_id: str,
    title: str,
    *,
    severity: Severity,
    why: str,
    remedy: str,
    source: str = "",
    types: Iterable[str] = (),
) -> Callable[[Callable[[View, Reporter], None]], Callable[[View, Reporter], None]]:
    """Registers a function as a rule. `source` is the AWS page that documents the fact behind it."""

    def register(look: Callable[[View, Reporter], None]) -> Callable[[View, Reporter], None]:
        if rule_id in RULES:
            raise ValueError(f"Two rules are called {rule_id}.")
        RULES[rule_id] = Rule(rule_id, title, severity, why, remedy, source, frozenset(types), look)
        return look

    return register


def summary(looked_at: int, findings: int, evidence: tuple[str, ...]) -> str:
    """One line about a rule's results: the counts, or its facts if it checked no resource."""
    if findings:
        return f"{findings} of {max(looked_at, findings)} checked do not pass" if looked_at else "does not pass"
    if looked_at:
        return f"{looked_at} checked, all pass"
    return "; ".join(evidence) or "no such resource in the template"


def checked(rule: Rule, reports: list[Reporter]) -> Checked:
    """Combines the results of one rule over all parameter cases."""
    looked_at = {key for report in reports for key in report.looked_at}
    faulty = {finding.resources for report in reports for finding in report.findings}
    evidence = tuple(dict.fromkeys(line for report in reports for line in report.evidence))
    return Checked(
        rule=rule.id,
        title=rule.title,
        why=rule.why,
        severity=rule.severity,
        verdict="broken" if faulty else "holds" if looked_at or evidence else "nothing to look at",
        looked_at=len(looked_at),
        summary=summary(len(looked_at), len(faulty), evidence),
        evidence=evidence,
    )
