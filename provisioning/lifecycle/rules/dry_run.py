"""A dry run: whom and what a change of a rule would have affected. Nothing is written.

It compares the version in effect with the one that is being edited, on the requests of the last 90
days and on the environments that exist. The number of queries does not depend on either. Requests
are judged by the size that their environment has now; sensitive inputs are not stored, so they are
not judged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.rules.approvals import combined
from provisioning.lifecycle.rules.checks import CHECKS
from provisioning.lifecycle.rules.dry_run_rows import (
    REQUESTS_AT_MOST,
    EnvironmentRow,
    RequestRow,
    Wanted,
    environment_rows,
    lives_in,
    request_rows,
)
from provisioning.lifecycle.rules.facts import BlueprintFacts, Facts
from provisioning.lifecycle.rules.record import RuleInEffect, RuleReference
from provisioning.lifecycle.rules.rule_set import RuleSet, all_rules
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.lifecycle.rules.usage import RATE_PERIOD, Usage
from provisioning.models import Account, RuleKind, Team, User

PERIOD: Final = timedelta(days=90)
SHOWN: Final = 50
"""How many rows of each kind are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A request or an environment, and why. `request_id` is None for an environment."""

    name: str
    team: str
    size: str
    environment_id: UUID
    reasons: tuple[str, ...]
    request_id: UUID | None = None
    at: datetime | None = None


@dataclass(slots=True)
class Group:
    """What is affected in one way: the first rows, and all of them counted by the name of the team."""

    first: list[Affected] = field(default_factory=list)
    by_team: Counter[str] = field(default_factory=Counter)

    def add(self, affected: Affected) -> None:
        self.by_team[affected.team] += 1
        if len(self.first) < SHOWN:
            self.first.append(affected)

    @property
    def count(self) -> int:
        return self.by_team.total()

    @property
    def more(self) -> int:
        return self.count - len(self.first)

    @property
    def teams(self) -> list[tuple[str, int]]:
        return self.by_team.most_common()


@dataclass(frozen=True, slots=True)
class DryRun:
    """`refused` are requests that the new version would have refused and the old one did not;
    `approvals` those that would have needed other approvals. `outside` are environments that the new
    version would not allow to be created, or to live any longer.

    `examined` is the number of requests that were looked at, the newest ones if `is_partial`.
    """

    refused: Group
    approvals: Group
    outside: Group
    examined: int
    is_partial: bool

    @property
    def is_empty(self) -> bool:
        return not (self.refused.count or self.approvals.count or self.outside.count)


def dry_run(*, actor: User, scope: Scope, settings: RuleSettings) -> DryRun:
    """Say what the settings would have affected if they had been the scope's rule.

    Raises NotAllowed.
    """
    check_admin(actor)
    at = clock.now()
    rules = all_rules()
    before = next((rule for rule in rules.rules if rule.scope.key == scope.key), _rule(scope, RuleSettings()))
    after = _rule(scope, settings)
    wanted = Wanted.by(before.settings, settings)
    comparison = _Comparison(
        before=before,
        after=after,
        others=tuple(rule for rule in rules.rules if rule.scope.key != scope.key),
        teams=Team.objects.in_bulk(),
        accounts=Account.objects.in_bulk(),
    )
    rows = request_rows(scope, since=at - PERIOD, wanted=wanted)
    history = _History.of(scope, rows, since=at - PERIOD, has_quota=settings.environments is not None)
    result = DryRun(Group(), Group(), Group(), min(len(rows), REQUESTS_AT_MOST), len(rows) > REQUESTS_AT_MOST)
    for row in rows[:REQUESTS_AT_MOST]:
        usage = history.usage_at(row)
        if reasons := comparison.new_refusals(comparison.facts_of(row, usage)):
            result.refused.add(comparison.affected(row, reasons))
        elif other := comparison.other_approvals(row):
            result.approvals.add(comparison.affected(row, (other,)))
    for living, reasons in comparison.environments_outside(environment_rows(scope, wanted=wanted), at=at):
        team = comparison.teams[living.team_id].name
        result.outside.add(Affected(living.name, team, living.size, living.environment_id, reasons))
    return result


def _without_freezes(rule: RuleInEffect) -> RuleInEffect:
    return replace(rule, settings=replace(rule.settings, freezes=()))


def _rule(scope: Scope, settings: RuleSettings) -> RuleInEffect:
    return RuleInEffect(RuleReference(scope.title), scope, settings)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two versions of one rule, and the rules of the other scopes."""

    before: RuleInEffect
    after: RuleInEffect
    others: tuple[RuleInEffect, ...]
    teams: Mapping[UUID, Team]
    accounts: Mapping[UUID, Account]

    def facts_of(self, row: RequestRow | EnvironmentRow, usage: Usage | None) -> Facts:
        return Facts(
            kind=row.kind,
            team=self.teams[row.team_id],
            account=self.accounts[row.account_id],
            size=row.size,
            size_before="" if row.kind in (RuleKind.CREATE, RuleKind.ADOPT) else row.size,
            region=row.region,
            at=row.at,
            name=row.name,
            blueprint=BlueprintFacts(*row.blueprint) if row.blueprint[0] else None,
            inputs=row.inputs,
            tags=row.tags,
            findings=row.findings,
            usage=usage,
            is_being_sent=True,
        )

    def new_refusals(self, facts: Facts) -> tuple[str, ...]:
        """The sentences of the new version about what the old one did not refuse."""
        if facts.kind is RuleKind.RECOVER:
            return ()
        old = {problem for check in CHECKS for problem in check(facts, self.before)}
        if old and facts.usage is not None:  # a request that was refused anyway
            return ()
        new = [problem for check in CHECKS for problem in check(facts, self.after)]
        return tuple(sentence for sentence, field in new if (sentence, field) not in old)

    def other_approvals(self, row: RequestRow) -> str:
        """How the approvals of a request would differ, as a sentence; empty if they would not."""
        if self.before.settings.approvals == self.after.settings.approvals:
            return ""
        kind = RuleKind.DANGEROUS_CHANGE if row.is_dangerous else row.kind
        old, new = (
            combined(
                RuleSet((*self.others, version)).of(size=row.size, account_id=row.account_id, team_id=row.team_id),
                kind=kind,
                size=row.size,
                required=row.requires_approval,
            )
            for version in (self.before, self.after)
        )
        if [(need.group, need.count) for need in old.needs] == [(need.group, need.count) for need in new.needs]:
            return ""
        return f"{new.sentence} instead of {old.sentence[0].lower()}{old.sentence[1:]}"

    def affected(self, row: RequestRow, reasons: tuple[str, ...]) -> Affected:
        return Affected(
            row.name, self.teams[row.team_id].name, row.size, row.environment_id, reasons, row.request_id, row.at
        )

    def environments_outside(
        self, rows: Iterable[EnvironmentRow], *, at: datetime
    ) -> Iterable[tuple[EnvironmentRow, tuple[str, ...]]]:
        """The environments that the new version does not allow, and the old one did. `rows` begin
        with the oldest: the newest ones are those above a quota. A freeze concerns what begins in it, so it
        concerns none of them.
        """
        counts: Counter[UUID] = Counter()
        calm = replace(self, before=_without_freezes(self.before), after=_without_freezes(self.after))
        for row in rows:
            counts[row.team_id] += 1
            reasons = list(calm.new_refusals(calm.facts_of(row, None)))
            limit, former = self.after.settings.environments, self.before.settings.environments
            number = counts[row.team_id]
            if limit is not None and limit < number and (former is None or number <= former):
                reasons.append(f"It is number {number} of its team, and {limit} are allowed.")
            days, former_days = self.after.settings.lifetime_days, self.before.settings.lifetime_days
            age = (at - row.created_at).days
            if days is not None and age >= days and (former_days is None or age < former_days):
                reasons.append(f"It is {age} days old, and {days} are allowed.")
            if reasons:
                yield row, tuple(reasons)


@dataclass(frozen=True, slots=True)
class _History:
    """What lived and was sent when, sorted, by team or person."""

    created: Mapping[UUID, list[datetime]]
    ended: Mapping[UUID, list[datetime]]
    sent: Mapping[UUID, list[datetime]]

    @classmethod
    def of(cls, scope: Scope, rows: Iterable[RequestRow], *, since: datetime, has_quota: bool) -> _History:
        created, ended, sent = (defaultdict[UUID, list[datetime]](list) for _ in range(3))
        for team_id, begins_at, ends_at in lives_in(scope, since=since) if has_quota else ():
            created[team_id].append(begins_at)
            if ends_at is not None:
                ended[team_id].append(ends_at)
        for row in rows:
            if row.kind is not RuleKind.RECOVER:
                sent[row.team_id].append(row.at)
                sent[row.person_id].append(row.at)
        for times in (*created.values(), *ended.values(), *sent.values()):
            times.sort()
        return cls(created, ended, sent)

    def usage_at(self, row: RequestRow) -> Usage:
        """What the figures were right before a request."""
        place = (row.size, row.account_id)
        living = bisect_left(self.created.get(row.team_id, []), row.at)
        living -= bisect_right(self.ended.get(row.team_id, []), row.at)
        return Usage(
            living={place: living},
            by_team={place: self._sent(row.team_id, row.at)},
            by_person={place: self._sent(row.person_id, row.at)},
        )

    def _sent(self, who: UUID, at: datetime) -> int:
        times = self.sent.get(who, [])
        return bisect_left(times, at) - bisect_right(times, at - RATE_PERIOD)
