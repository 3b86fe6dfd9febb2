"""How many previews one person may ask for: each one plans and proves a whole design."""

from __future__ import annotations

from typing import Final

from django.db import connection

from provisioning.lifecycle import clock
from provisioning.lifecycle.rules.rule_set import RuleSet
from provisioning.models import User

PREVIEWS_A_MINUTE: Final = 120
"""Without a rule: more than a person who types causes, and less than a program can. A check of the account
counts as well, because it plans again.
"""

# Nothing that a user enters is part of the statement.
_COUNT: Final = f"""
INSERT INTO provisioning_previewcount (user_id, minute, count)
VALUES (%(user)s, date_trunc('minute', {clock.SQL}), 1)
ON CONFLICT (user_id) DO UPDATE SET
    count = CASE WHEN provisioning_previewcount.minute = EXCLUDED.minute THEN provisioning_previewcount.count + 1 ELSE 1 END,
    minute = EXCLUDED.minute
RETURNING count
"""  # noqa: S608


def why_no_preview(user: User, rules: RuleSet) -> str:
    """Count a preview of the user. Return why it is one too many, as a sentence; empty if it is not.
    One query.
    """
    limits = [limit for rule in rules.rules if (limit := rule.settings.previews_per_minute) is not None]
    limit = min(limits, default=PREVIEWS_A_MINUTE)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"user": user.pk, "now": clock.parameter()})
        row = cursor.fetchone()
    if row is None or row[0] <= limit:
        return ""
    return f"You have asked for more than {limit} previews within a minute. Wait a minute, then change something."
