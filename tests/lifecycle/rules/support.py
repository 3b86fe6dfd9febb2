"""Rules as rows, for tests that do not test how they are written."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.models import Rule, RuleVersion, User


def write_rule(scope: Scope, **settings: Any) -> RuleVersion:
    """The next version of the scope's rule, by ada."""
    ada, _ = User.objects.get_or_create(username="ada", defaults={"first_name": "Ada", "is_admin": True})
    rule, _ = Rule.objects.get_or_create(
        key=scope.key, defaults={"size": scope.size, "account": scope.account, "team": scope.team, "version": 0}
    )
    rule.version += 1
    rule.save()
    return RuleVersion.objects.create(
        rule=rule,
        number=rule.version,
        settings=RuleSettings(**settings).as_json(),
        reason="So agreed.",
        created_by=ada,
        created_at=timezone.now(),
    )
