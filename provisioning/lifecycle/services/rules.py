"""Changes rules. Every edit is a new version, with who, when and why; none is ever changed."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from provisioning.errors import InvalidFields, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.rules.problems import setting_problems
from provisioning.lifecycle.rules.rule_set import settings_of
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.models import Rule, RuleVersion, User

CHANGED_MEANWHILE = "This rule has changed in the meantime. Read its new version, then enter your change again."
NO_REASON = "Enter a reason, so that others know why the rule changed."


def save_rule(*, actor: User, scope: Scope, settings: RuleSettings, reason: str, expected_version: int) -> RuleVersion:
    """Store the next version of the scope's rule, which is in effect at once.

    `expected_version` is the number of the version that the editor has read; 0 for a new rule.

    Raises NotAllowed, InvalidFields, and WrongState if the rule has another version by now.
    """
    check_admin(actor)
    at = clock.now()
    with transaction.atomic():
        before = current_settings(scope, expected_version=expected_version)
        problems = setting_problems(settings, before=before, at=at)
        if not reason.strip():
            problems["reason"] = [NO_REASON]
        if problems:
            raise InvalidFields(problems)
        rule = _next_version(scope, expected_version)
        version = RuleVersion.objects.create(
            rule=rule,
            number=rule.version,
            settings=settings.as_json(),
            reason=reason.strip(),
            created_by=actor,
            created_at=at,
        )
        audit_event(
            AuditAction.RULE_CHANGE,
            actor=actor,
            at=at,
            team=scope.team,
            subject=f"rule {scope.title}",
            before=before.as_json(),
            after=settings.as_json(),
            version=rule.version,
            reason=reason.strip(),
        )
    return version


def check_settings(settings: RuleSettings, *, before: RuleSettings) -> None:
    """Raise InvalidFields unless the settings could be stored in place of `before`."""
    if problems := setting_problems(settings, before=before, at=clock.now()):
        raise InvalidFields(problems)


def current_settings(scope: Scope, *, expected_version: int) -> RuleSettings:
    """The settings of the version in effect; those of no rule if the scope has none.

    Raises WrongState unless that is the version with this number.
    """
    current = RuleVersion.objects.filter(rule__key=scope.key).order_by("-number").select_related("rule").first()
    if (current.number if current is not None else 0) != expected_version:
        raise WrongState(CHANGED_MEANWHILE)
    return settings_of(current) if current is not None else RuleSettings()


def _next_version(scope: Scope, expected_version: int) -> Rule:
    if expected_version:
        raised = Rule.objects.filter(key=scope.key, version=expected_version).update(version=expected_version + 1)
        if not raised:
            raise WrongState(CHANGED_MEANWHILE)
        return Rule.objects.get(key=scope.key)
    try:
        with transaction.atomic():
            return Rule.objects.create(
                key=scope.key, size=scope.size, account=scope.account, team=scope.team, version=1
            )
    except IntegrityError as error:
        raise WrongState(CHANGED_MEANWHILE) from error
