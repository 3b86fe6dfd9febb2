"""The limits of one team, as its members see them: what is used, what is allowed, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provisioning.lifecycle import clock
from provisioning.lifecycle.rules.lines import lines_of
from provisioning.lifecycle.rules.record import RuleInEffect, RuleReference
from provisioning.lifecycle.rules.rule_set import rules_of
from provisioning.lifecycle.rules.usage import Usage, usage_of, within
from provisioning.models import Team

NEAR: Final = 80
"""From this percentage on, a limit is called near."""
_COUNTED: Final = ("Environments of each team", "Requests an hour, each team")


@dataclass(frozen=True, slots=True)
class Limit:
    """`Environments, Production`: 27 of 30."""

    title: str
    used: int
    limit: int
    at_the_limit: str
    rule: RuleReference

    @property
    def percent(self) -> int:
        """The share that is used; at most 100, also of a limit of nothing."""
        return min(100, self.used * 100 // self.limit) if self.limit else 100

    @property
    def is_near(self) -> bool:
        return self.percent >= NEAR


@dataclass(frozen=True, slots=True)
class AppliedLine:
    """Another line of a rule that applies to the team."""

    title: str
    text: str
    rule: RuleReference


@dataclass(frozen=True, slots=True)
class TeamLimits:
    limits: tuple[Limit, ...]
    others: tuple[AppliedLine, ...]


def limits_of(team: Team) -> TeamLimits:
    """The limits of all rules that can apply to the team. Three queries."""
    rules = rules_of(team).rules
    usage = usage_of(team, actor=None, at=clock.now())
    return TeamLimits(
        limits=tuple(limit for rule in rules for limit in _limits(rule, usage)),
        others=tuple(
            AppliedLine(f"{line.title}, {rule.scope.title}", line.text, rule.reference)
            for rule in rules
            for line in lines_of(rule.settings)
            if not line.title.startswith(_COUNTED)
        ),
    )


def _limits(rule: RuleInEffect, usage: Usage) -> Iterator[Limit]:
    settings = rule.settings
    environments, sent = usage.environments_within(rule.scope), within(rule.scope, usage.by_team)
    for title, limit, used, at_the_limit in (
        ("Environments", settings.environments, environments, "New requests are refused"),
        ("Requests an hour", settings.requests_per_hour_of_team, sent, "Further requests wait an hour"),
    ):
        if limit is not None:
            yield Limit(f"{title}, {rule.scope.title}", used, limit, at_the_limit, rule.reference)
