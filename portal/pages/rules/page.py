"""What the pages of rules show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict

from portal.pages.rules.forms import RuleForm
from provisioning.design.size_policy import SIZES
from provisioning.errors import NotFound
from provisioning.lifecycle.rules import RuleSet, all_rules
from provisioning.lifecycle.rules.dry_run import DryRun
from provisioning.lifecycle.rules.in_effect import EffectiveLine, in_effect
from provisioning.lifecycle.rules.lines import Difference, Line, difference, lines_of
from provisioning.lifecycle.rules.record import RuleInEffect
from provisioning.lifecycle.rules.rule_set import settings_of
from provisioning.lifecycle.rules.scope import Scope, scope_of
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.models import Account, Rule, RuleVersion, Team

VERSIONS_SHOWN = 50
T = TypeVar("T", Account, Team)


@dataclass(frozen=True, slots=True)
class ListedRule:
    rule: RuleInEffect
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Choice:
    """The choices of a scope, and what is chosen."""

    sizes: Sequence[str]
    accounts: Sequence[Account]
    teams: Sequence[Team]
    scope: Scope


@dataclass(frozen=True, slots=True)
class RulesPage:
    """Every rule, and for a chosen team, account and size what their combination comes to."""

    rules: Sequence[ListedRule]
    choice: Choice
    effective: Sequence[EffectiveLine]
    is_admin: bool


@dataclass(frozen=True, slots=True)
class ShownVersion:
    version: RuleVersion
    difference: Difference


@dataclass(frozen=True, slots=True)
class RulePage:
    """One rule: what its current version says, and its history, newest first."""

    rule: Rule
    scope: Scope
    lines: Sequence[Line]
    history: Sequence[ShownVersion]
    is_admin: bool

    @property
    def query(self) -> str:
        return scope_query(self.scope)


@dataclass(frozen=True, slots=True)
class EditPage:
    scope: Scope
    form: RuleForm
    notice: str = ""
    dry_run: DryRun | None = None
    difference: Difference | None = None

    @property
    def query(self) -> str:
        return scope_query(self.scope)


def rules_page(chosen: QueryDict, *, is_admin: bool) -> RulesPage:
    choice = scope_choice(chosen)
    rules = all_rules()
    listed = [ListedRule(rule, list(lines_of(rule.settings))) for rule in rules.rules]
    return RulesPage(listed, choice, _effective(rules, choice.scope), is_admin)


def _effective(rules: RuleSet, scope: Scope) -> list[EffectiveLine]:
    """What applies to the chosen team, account and size; nothing is shown before all are chosen."""
    if not scope.size or scope.account is None or scope.team is None:
        return []
    return in_effect(rules.of(size=scope.size, account_id=scope.account.pk, team_id=scope.team.pk), size=scope.size)


def scope_choice(chosen: QueryDict) -> Choice:
    """Raises NotFound if the query names a size, an account or a team that does not exist."""
    accounts = list(Account.objects.order_by("name"))
    # A rule of a deleted team can still be edited.
    teams = list(Team.objects.filter(Q(deleted_at=None) | Q(rules__isnull=False)).distinct().order_by("name"))
    size = chosen.get("size", "")
    if size not in ("", *SIZES):
        raise NotFound("There is no such size.")
    return Choice(
        SIZES,
        accounts,
        teams,
        Scope(size, _find(accounts, chosen.get("account", "")), _find(teams, chosen.get("team", ""))),
    )


def _find(rows: Sequence[T], key: str) -> T | None:
    if not key:
        return None
    row = next((row for row in rows if str(row.pk) == key), None)
    if row is None:
        raise NotFound("There is no such account or team.")
    return row


def scope_query(scope: Scope) -> str:
    parts = QueryDict(mutable=True)
    if scope.size:
        parts["size"] = scope.size
    if scope.account is not None:
        parts["account"] = str(scope.account.pk)
    if scope.team is not None:
        parts["team"] = str(scope.team.pk)
    return parts.urlencode()


def rule_page(pk: UUID, *, is_admin: bool) -> RulePage:
    rule = Rule.objects.select_related("account", "team").filter(pk=pk).first()
    if rule is None:
        raise NotFound("This rule does not exist.")
    rows = rule.versions.select_related("created_by").order_by("-number")
    versions = list(rows[: VERSIONS_SHOWN + 1])
    settings = [settings_of(version) for version in versions]
    settings.append(RuleSettings())
    history = [
        ShownVersion(version, difference(settings[index + 1], settings[index]))
        for index, version in enumerate(versions[:VERSIONS_SHOWN])
    ]
    return RulePage(rule, scope_of(rule), list(lines_of(settings[0])), history, is_admin)
