"""Who may do what with each operation of the API: one line for each, and one without a line fails its test.

The test walks every operation as every kind of person, on objects of a team that the outsider is not in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.portal.routes import Access

OPERATIONS: Final[Mapping[str, Access]] = {
    "me_get": Access.SIGNED_IN,
    # Environments and what runs in them
    "environments_list": Access.SIGNED_IN,
    "environments_get": Access.SEE,
    "environments_outputs": Access.SEE,
    "environments_resources": Access.SEE,
    "environments_receipt": Access.SEE,
    "environments_events": Access.SEE,
    "operations_list": Access.SEE,
    "operations_get": Access.SEE,
    "operations_cancel": Access.OPERATE,
    "operations_retry": Access.OPERATE,
    "operations_stop_watching": Access.OPERATE,
    "changes_create": Access.OPERATE,
    "teardowns_preview": Access.OPERATE,
    "teardowns_create": Access.OPERATE,
    "recoveries_preview": Access.OPERATE,
    "recoveries_create": Access.OPERATE,
    "drift_get": Access.SEE,
    "drift_check": Access.OPERATE,
    "drift_accept": Access.OPERATE,
    "put_backs_create": Access.OPERATE,
    # Requests and plans
    "requests_list": Access.SIGNED_IN,
    "requests_get": Access.SEE,
    "requests_plan": Access.SEE,
    "requests_template": Access.SEE,
    "requests_approve": Access.DECIDE,
    "requests_reject": Access.DECIDE,
    "requests_withdraw": Access.OPERATE,
    "requests_plan_again": Access.OPERATE,
    "comments_list": Access.SEE,
    "questions_ask": Access.DECIDE,
    "questions_answer": Access.OPERATE,
    # The catalogue
    "catalogue_list": Access.SIGNED_IN,
    "catalogue_get": Access.SIGNED_IN,
    "catalogue_versions": Access.SIGNED_IN,
    # Teams and tokens
    "teams_list": Access.SIGNED_IN,
    "teams_create": Access.ADMIN,
    "teams_rename": Access.TEAM_ADMIN,
    "teams_accounts": Access.SEE,
    "members_list": Access.SEE,
    "members_add": Access.MANAGE_OR_ADMIN,
    "members_remove": Access.MANAGE_OR_ADMIN,
    "tokens_list": Access.SIGNED_IN,
    "tokens_of_team": Access.SEE,
    # What is for those who see all teams
    "accounts_list": Access.ADMIN_OR_AUDITOR,
    "accounts_test": Access.ADMIN_OR_AUDITOR,
    "orphans_list": Access.ALL_TEAMS,
    "audit_list": Access.ANY_OWNER_OR_AUDITOR,
    "environments_export": Access.SEE,
    "environments_evidence": Access.SEE,
    "teardowns_refresh": Access.OPERATE,
    "requests_export": Access.SEE,
    "requests_checks": Access.SEE,
    "requests_check": Access.SEE,
    "catalogue_import": Access.ACT_FOR_A_TEAM,
    "catalogue_compare": Access.SIGNED_IN,
    "audit_get": Access.OWNER_OR_AUDITOR,
    "audit_export": Access.ANY_OWNER_OR_AUDITOR,
    # Delegations and hand-overs
    "delegations_list": Access.SIGNED_IN,
    "handovers_list": Access.SIGNED_IN,
    "handovers_of_environment": Access.MANAGE,
    "handovers_offer": Access.MANAGE,
    "handovers_withdraw": Access.MANAGE,
    # Accounts
    "accounts_get": Access.ADMIN_OR_AUDITOR,
    "accounts_onboarding": Access.ADMIN,
    "accounts_template": Access.ADMIN,
    "accounts_zones": Access.ADMIN,
    "accounts_connect": Access.ADMIN,
    "accounts_change": Access.ADMIN,
    "accounts_read_outputs": Access.ADMIN,
    "accounts_run_test": Access.ADMIN,
    "accounts_open": Access.ADMIN,
    "accounts_close": Access.ADMIN,
    "accounts_remove": Access.ADMIN,
    "account_teams_list": Access.ADMIN_OR_AUDITOR,
    "account_teams_get": Access.ADMIN,
    "account_teams_set": Access.ADMIN,
    "account_teams_remove": Access.ADMIN,
    # People and invitations
    "teams_delete": Access.TEAM_ADMIN,
    "invitations_list": Access.MANAGE_OR_ADMIN,
    "invitations_create": Access.MANAGE_OR_ADMIN,
    "invitations_withdraw": Access.MANAGE_OR_ADMIN,
    "people_list": Access.ADMIN_OR_AUDITOR,
    "people_get": Access.ADMIN_OR_AUDITOR,
    "people_tokens": Access.ADMIN_OR_AUDITOR,
    "role_changes_list": Access.ADMIN_OR_AUDITOR,
    "people_create": Access.ADMIN,
    "people_change": Access.ADMIN,
    "people_deactivate": Access.ADMIN,
    "people_reactivate": Access.ADMIN,
    # Webhooks
    "webhooks_list": Access.ANY_OWNER_OR_ADMIN,
    "webhooks_events": Access.SIGNED_IN,
    "webhooks_create": Access.MANAGE,
    "webhooks_get": Access.MANAGE,
    "webhooks_change": Access.MANAGE,
    "webhooks_remove": Access.MANAGE,
    "webhooks_rotate": Access.MANAGE,
    "webhooks_test": Access.MANAGE,
    "webhooks_deliveries": Access.MANAGE,
    "webhooks_redeliver": Access.MANAGE,
    "destinations_list": Access.ADMIN,
    "destinations_allow": Access.ADMIN,
    "destinations_forbid": Access.ADMIN,
    # Notifications
    "channels_list": Access.SIGNED_IN,
    "channels_services": Access.SIGNED_IN,
    "channels_failures": Access.ADMIN,
    "channels_get": Access.MANAGE,
    "channels_change": Access.MANAGE,
    "channels_remove": Access.MANAGE,
    "channels_test": Access.MANAGE,
    "channels_messages": Access.MANAGE,
    # Rules
    "rules_list": Access.ALL_TEAMS,
    "rules_effective": Access.ALL_TEAMS,
    "rules_get": Access.ALL_TEAMS,
    "rules_versions": Access.ALL_TEAMS,
    "rules_dry_run": Access.ADMIN,
    "rules_save": Access.ADMIN,
}
"""Who is served, with the objects of the story."""

IN_THE_BODY: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("requests_create", "plans_preview", "plans_check", "adoptions_create"), "tests/portal/api/test_requests.py"
    ),
    "channels_create": "tests/portal/api/test_channels.py",
    "delegations_end": "tests/portal/api/test_people.py",
    **dict.fromkeys(("handovers_get", "handovers_accept", "handovers_decline"), "tests/portal/api/test_people.py"),
    "tokens_revoke": "tests/portal/api/test_administration.py",
}
"""Operations whose team is in the body, or whose object is the caller's own, and where they are tried as
other people.
"""
