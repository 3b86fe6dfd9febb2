"""What rules look at: one request, or one environment, without its templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from provisioning.lifecycle.rules.usage import Usage
from provisioning.models import Account, RuleKind, Team
from provisioning.proof.report import Finding


@dataclass(frozen=True, slots=True)
class BlueprintFacts:
    slug: str
    version: str
    maturity: str


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """A finding of the security checks: the id of its rule, and its sentence."""

    rule: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A request as rules see it. What is None is not known yet, and not checked.

    `size` is the size after the request, `size_before` the one that a change starts from: a change
    out of production is also one of production. `is_dangerous` says that it may replace or delete
    data. `is_being_sent` says that somebody is about to send the request, so that it has to keep to
    the rates. `inputs` are parsed values. `tags` are those of the stacks without the portal's own. `usage` does not count the environment itself.
    """

    kind: RuleKind
    team: Team
    account: Account
    size: str
    region: str
    at: datetime
    name: str = ""
    size_before: str = ""
    is_dangerous: bool = False
    blueprint: BlueprintFacts | None = None
    inputs: Mapping[str, object] | None = None
    tags: Mapping[str, str] | None = None
    findings: tuple[FindingFacts, ...] | None = None
    usage: Usage | None = None
    is_being_sent: bool = False


def finding_facts(findings: Iterable[Finding]) -> tuple[FindingFacts, ...]:
    return tuple(FindingFacts(finding.rule, finding.sentence) for finding in findings)
