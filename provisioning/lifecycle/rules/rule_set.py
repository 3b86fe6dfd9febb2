"""The rules in effect for a team and an account, read with one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from provisioning.caching import Cache
from provisioning.lifecycle.rules.record import RuleInEffect, RuleReference
from provisioning.lifecycle.rules.scope import Scope, scope_of
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.models import Account, RuleVersion, Team, User

_VERSIONS_KEPT: Final = 500
# A stored version never changes, so its settings are read once.
_settings: Cache[int, RuleSettings] = Cache(max_size=_VERSIONS_KEPT)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules of several scopes, the widest first. All that apply hold together, so that the strictest
    decides.
    """

    rules: tuple[RuleInEffect, ...] = ()

    def of(self, *, size: str, account_id: UUID, team_id: UUID) -> RuleSet:
        """The rules that apply to an environment of this size, account and team."""
        return RuleSet(
            tuple(rule for rule in self.rules if rule.scope.covers(size=size, account_id=account_id, team_id=team_id))
        )


def rules_of(team: Team, account: Account | None = None) -> RuleSet:
    """The rules that can apply to environments of the team, of every size: in this account, or in
    any. One query.
    """
    applies = Q(rule__team=None) | Q(rule__team=team)
    if account is not None:
        applies &= Q(rule__account=None) | Q(rule__account=account)
    return rule_set(current_versions().filter(applies))


def all_rules() -> RuleSet:
    """Every rule in effect. One query."""
    return rule_set(current_versions())


def rule_of_scope(scope: Scope) -> RuleInEffect:
    """The rule of exactly this scope; without one, version 0, which restricts nothing. One query."""
    version = current_versions().filter(rule__key=scope.key).first()
    return rule_in_effect(version) if version else RuleInEffect(RuleReference(scope.title), scope, RuleSettings())


def current_versions() -> QuerySet[RuleVersion]:
    return RuleVersion.objects.filter(number=F("rule__version")).select_related(
        "rule__account", "rule__team", "created_by"
    )


def rule_set(versions: Iterable[RuleVersion]) -> RuleSet:
    rules = [rule_in_effect(version) for version in versions]
    return RuleSet(tuple(sorted(rules, key=lambda rule: (_parts(rule), rule.scope.title))))


def rule_in_effect(version: RuleVersion) -> RuleInEffect:
    scope = scope_of(version.rule)
    return RuleInEffect(
        RuleReference(scope.title, version.number, name_of(version.created_by), version.rule_id),
        scope,
        settings_of(version),
    )


def settings_of(version: RuleVersion) -> RuleSettings:
    return _settings.get_or_compute(version.pk, lambda: RuleSettings.from_json(version.settings))


def name_of(user: User) -> str:
    return user.get_full_name() or user.get_username()


def _parts(rule: RuleInEffect) -> int:
    scope = rule.scope
    return bool(scope.size) + (scope.account is not None) + (scope.team is not None)
