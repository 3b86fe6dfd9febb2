"""Who may do what at each URL of the site: one line for each, and a URL without a line fails its test.

The test walks every URL as every kind of person, on objects of a team that the outsider is not in.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Access(Enum):
    """Whom a URL serves. Everybody else gets 404 for what belongs to a team that they do not see, and
    403 for the rest.
    """

    PUBLIC = "also without signing in"
    SIGNED_IN = "everyone who has signed in"
    SEE = "those who see the team: its members, approvers, portal admins and auditors"
    OPERATE = "operators and owners of the team"
    MANAGE = "owners of the team"
    DECIDE = "approvers, but not the requester"
    ACT_FOR_A_TEAM = "operators and owners of any team"
    ALL_TEAMS = "approvers, portal admins and auditors"
    ADMIN = "portal admins"
    MANAGE_OR_ADMIN = "owners of the team, and portal admins"
    TEAM_ADMIN = "portal admins, about a team"
    OWNER_OR_AUDITOR = "owners of the team, and auditors"
    ANY_OWNER_OR_ADMIN = "owners of any team, and portal admins"
    ANY_OWNER_OR_AUDITOR = "owners of any team, and auditors"
    ADMIN_OR_AUDITOR = "portal admins and auditors"


SITE: Final[Mapping[str, Access]] = {
    "healthz": Access.PUBLIC,
    "sign_in": Access.PUBLIC,
    "sign_out": Access.SIGNED_IN,
    "home": Access.SIGNED_IN,
    "catalogue": Access.SIGNED_IN,
    "blueprint": Access.SIGNED_IN,
    "versions": Access.SIGNED_IN,
    "pick_versions": Access.SIGNED_IN,
    "compare_versions": Access.SIGNED_IN,
    "components": Access.SIGNED_IN,
    "component": Access.SIGNED_IN,
    "request_form": Access.ACT_FOR_A_TEAM,
    "preview": Access.ACT_FOR_A_TEAM,
    "preflight": Access.ACT_FOR_A_TEAM,
    "import_terraform": Access.ACT_FOR_A_TEAM,
    "adopt": Access.ACT_FOR_A_TEAM,
    "requests": Access.SIGNED_IN,
    "request": Access.SEE,
    "request_template": Access.SEE,
    "request_export": Access.SEE,
    "check_account": Access.SEE,
    "request_live": Access.SEE,
    "ask_question": Access.DECIDE,
    "answer_question": Access.OPERATE,
    "delegation": Access.SIGNED_IN,
    "approve": Access.DECIDE,
    "reject": Access.DECIDE,
    "withdraw": Access.OPERATE,
    "plan_again": Access.OPERATE,
    "environments": Access.SIGNED_IN,
    "environment": Access.SEE,
    "environment_live": Access.SEE,
    "environment_export": Access.SEE,
    "receipt": Access.SEE,
    "drift": Access.SEE,
    "try_again": Access.OPERATE,
    "cancel": Access.OPERATE,
    "stop_watching": Access.OPERATE,
    "recover": Access.OPERATE,
    "read_recovery": Access.OPERATE,
    "check_drift": Access.OPERATE,
    "accept_drift": Access.OPERATE,
    "put_back": Access.OPERATE,
    "change": Access.OPERATE,
    "teardown": Access.OPERATE,
    "refresh_teardown": Access.OPERATE,
    "orphans": Access.ALL_TEAMS,
    "sign_in_code": Access.PUBLIC,
    "sign_in_sso": Access.PUBLIC,
    "sign_in_sso_callback": Access.PUBLIC,
    "admin_sign_in": Access.PUBLIC,
    "set_password": Access.PUBLIC,
    "invitation": Access.PUBLIC,
    "open_invitation": Access.PUBLIC,
    "sign_in_sso_again": Access.SIGNED_IN,
    "continue": Access.SIGNED_IN,
    "profile": Access.SIGNED_IN,
    "change_password": Access.SIGNED_IN,
    "second_factor": Access.SIGNED_IN,
    "start_second_factor": Access.SIGNED_IN,
    "confirm_second_factor": Access.SIGNED_IN,
    "remove_second_factor": Access.SIGNED_IN,
    "renew_recovery_codes": Access.SIGNED_IN,
    "end_sessions": Access.SIGNED_IN,
    "notifications": Access.SIGNED_IN,
    "add_channel": Access.SIGNED_IN,
    "own_mail": Access.SIGNED_IN,
    "test_own_mail": Access.SIGNED_IN,
    "failed_messages": Access.ADMIN,
    "team_notifications": Access.MANAGE,
    "add_team_channel": Access.MANAGE,
    "webhooks": Access.ANY_OWNER_OR_ADMIN,
    "add_webhook": Access.ANY_OWNER_OR_ADMIN,
    "destinations": Access.ADMIN,
    "audit": Access.ANY_OWNER_OR_AUDITOR,
    "audit_event": Access.OWNER_OR_AUDITOR,
    "audit_export": Access.ANY_OWNER_OR_AUDITOR,
    "audit_verifier": Access.SIGNED_IN,
    "evidence": Access.SEE,
    "rules": Access.ALL_TEAMS,
    "edit_rule": Access.ADMIN,
    "setup": Access.ADMIN,
    "dismiss_setup": Access.ADMIN,
    "accounts": Access.ADMIN_OR_AUDITOR,
    "account": Access.ADMIN_OR_AUDITOR,
    "connect_account": Access.ADMIN,
    "onboarding_template": Access.ADMIN,
    "change_account": Access.ADMIN,
    "read_account_outputs": Access.ADMIN,
    "test_account": Access.ADMIN,
    "open_account": Access.ADMIN,
    "close_account": Access.ADMIN,
    "remove_account": Access.ADMIN,
    "choose_account_team": Access.ADMIN,
    "account_team": Access.ADMIN,
    "account_zones": Access.ADMIN,
    "remove_account_team": Access.ADMIN,
    "api_reference": Access.SIGNED_IN,
    "tokens": Access.SIGNED_IN,
    "team_tokens": Access.SEE,
    "cli_wheel": Access.SIGNED_IN,
    "teams": Access.SIGNED_IN,
    "new_team": Access.ADMIN,
    "team": Access.SEE,
    "rename_team": Access.TEAM_ADMIN,
    "delete_team": Access.TEAM_ADMIN,
    "add_member": Access.MANAGE_OR_ADMIN,
    "change_member_role": Access.MANAGE_OR_ADMIN,
    "people": Access.ADMIN_OR_AUDITOR,
    "person": Access.ADMIN_OR_AUDITOR,
    "new_person": Access.ADMIN,
    "update_person": Access.ADMIN,
    "password_link": Access.ADMIN,
    "confirm_person": Access.ADMIN,
    "deactivate_person": Access.ADMIN,
    "reactivate_person": Access.ADMIN,
    "give_role": Access.ADMIN,
    "take_role": Access.ADMIN,
    "hand_over": Access.MANAGE,
}
"""Who is served, with the objects of the story."""

ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "channel",
            "test_channel",
            "switch_on_channel",
            "remove_channel",
            "webhook",
            "change_webhook",
            "rotate_webhook",
            "test_webhook",
            "switch_webhook",
            "remove_webhook",
            "redeliver_webhook",
            "forbid_destination",
        ),
        "tests/notify",
    ),
    **dict.fromkeys(
        (
            "end_delegation",
            "remove_member",
            "withdraw_invitation",
            "decide_role",
            "withdraw_offer",
            "offer",
            "accept_offer",
            "decline_offer",
        ),
        "tests/lifecycle",
    ),
    "rule": "tests/portal",
    "revoke_token": "tests/portal",
}
"""URLs of objects that the story does not have, and where they are tried as other people."""
