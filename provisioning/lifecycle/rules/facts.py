"""What rules look at: one request, or one environment, without its templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from provisioning.models import Account, RuleKind, Team


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

    `size` is the size after the request, `size_before` the one of a living environment before it:
    a change out of production is also one of production. `inputs` are parsed values.
    """

    kind: RuleKind
    team: Team
    account: Account
    size: str
    region: str
    at: datetime
    name: str = ""
    size_before: str = ""
    blueprint: BlueprintFacts | None = None
    inputs: Mapping[str, object] | None = None
    findings: tuple[FindingFacts, ...] | None = None
    tags: Mapping[str, str] | None = field(default=None)
