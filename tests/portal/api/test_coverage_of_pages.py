"""Everything that the pages can do, the API can do: each page has its operations, or a reason why it has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any, Final

from django.test import RequestFactory
from django.urls import URLPattern

from portal.api.published import openapi_document
from portal.urls import pages

OPERATIONS: Final[Mapping[str, str]] = {
    "home": "environments_list requests_list",
    # The catalogue and a new request
    "catalogue": "catalogue_list",
    "blueprint": "catalogue_get",
    "versions": "catalogue_versions",
    "pick_versions": "catalogue_compare",
    "compare_versions": "catalogue_compare",
    "request_form": "requests_create",
    "preview": "plans_preview",
    "preflight": "plans_check",
    "import_terraform": "catalogue_import",
    # Requests and decisions
    "requests": "requests_list",
    "request": "requests_get requests_plan requests_checks comments_list",
    "request_live": "requests_get",
    "request_template": "requests_template",
    "request_export": "requests_export",
    "approve": "requests_approve",
    "reject": "requests_reject",
    "ask_question": "questions_ask",
    "answer_question": "questions_answer",
    "check_account": "requests_check",
    "withdraw": "requests_withdraw",
    "plan_again": "requests_plan_again",
    "end_delegation": "delegations_list delegations_end",
    # Environments
    "environments": "environments_list",
    "environment": "environments_get environments_outputs environments_resources environments_events operations_list",
    "environment_live": "operations_get",
    "environment_export": "environments_export",
    "evidence": "environments_evidence",
    "try_again": "operations_retry",
    "cancel": "operations_cancel",
    "stop_watching": "operations_stop_watching",
    "recover": "recoveries_preview recoveries_create",
    "read_recovery": "recoveries_preview",
    "drift": "drift_get",
    "check_drift": "drift_check",
    "accept_drift": "drift_accept",
    "put_back": "put_backs_create",
    "change": "changes_create",
    "teardown": "teardowns_preview teardowns_create",
    "refresh_teardown": "teardowns_refresh",
    "receipt": "environments_receipt",
    "adopt": "adoptions_create",
    "orphans": "orphans_list",
    "hand_over": "handovers_of_environment handovers_offer",
    "withdraw_offer": "handovers_withdraw",
    "offer": "handovers_get",
    "accept_offer": "handovers_accept",
    "decline_offer": "handovers_decline",
    # Notifications and webhooks
    "notifications": "channels_list channels_messages",
    "add_channel": "channels_services channels_create",
    "own_mail": "channels_get channels_change",
    "test_own_mail": "channels_test",
    "failed_messages": "channels_failures",
    "team_notifications": "channels_list",
    "add_team_channel": "channels_create",
    "channel": "channels_get channels_change",
    "test_channel": "channels_test",
    "switch_on_channel": "channels_change",
    "remove_channel": "channels_remove",
    "webhooks": "webhooks_list",
    "add_webhook": "webhooks_events webhooks_create",
    "webhook": "webhooks_get webhooks_deliveries",
    "change_webhook": "webhooks_change",
    "rotate_webhook": "webhooks_rotate",
    "test_webhook": "webhooks_test",
    "switch_webhook": "webhooks_change",
    "remove_webhook": "webhooks_remove",
    "redeliver_webhook": "webhooks_redeliver",
    "destinations": "destinations_list destinations_allow",
    "forbid_destination": "destinations_forbid",
    # The audit log and rules
    "audit": "audit_list",
    "audit_event": "audit_get",
    "audit_export": "audit_export",
    "rules": "rules_list rules_effective",
    "rule": "rules_get rules_versions",
    "edit_rule": "rules_dry_run rules_save",
    # Accounts
    "accounts": "accounts_list",
    "account": "accounts_get accounts_test accounts_onboarding account_teams_list",
    "connect_account": "accounts_connect",
    "onboarding_template": "accounts_template",
    "change_account": "accounts_change",
    "read_account_outputs": "accounts_read_outputs",
    "test_account": "accounts_run_test",
    "open_account": "accounts_open",
    "close_account": "accounts_close",
    "remove_account": "accounts_remove",
    "choose_account_team": "account_teams_get",
    "account_team": "account_teams_get account_teams_set",
    "account_zones": "accounts_zones",
    "remove_account_team": "account_teams_remove",
    # Teams and people
    "revoke_token": "tokens_revoke",
    "teams": "teams_list",
    "new_team": "teams_create",
    "team": "members_list invitations_list teams_accounts handovers_list",
    "rename_team": "teams_rename",
    "delete_team": "teams_delete",
    "add_member": "members_add invitations_create",
    "change_member_role": "members_add",
    "remove_member": "members_remove",
    "withdraw_invitation": "invitations_withdraw",
    "people": "people_list role_changes_list",
    "new_person": "people_create",
    "person": "people_get people_tokens",
    "update_person": "people_change",
    "deactivate_person": "people_deactivate",
    "reactivate_person": "people_reactivate",
}
"""The operations of each page."""

_SIGNING_IN: Final = "A person signs in with a browser. A program has a token, and a session is worth nothing to it."
_CREDENTIALS: Final = "A thief of the token could lock the person out, or keep the access after the token is revoked."
_ROLES: Final = (
    "A role outside teams outlives the token with which it was given, and decides about all teams. Two people give "
    "it, each after a recent sign-in. `people_list` and `role_changes_list` read roles and proposals."
)
_DOCUMENTATION: Final = "It is the same in every installation of this version, and shows nothing of this one."
_NEW_TOKENS: Final = (
    "A token that makes tokens would never end. People create them after a recent sign-in; `tokens_list` and "
    "`tokens_of_team` read them."
)

IN_THE_BROWSER: Final[Mapping[str, str]] = {
    "healthz": "Load balancers ask it, without a token.",
    **dict.fromkeys(
        (
            "sign_in",
            "sign_in_code",
            "sign_in_sso",
            "sign_in_sso_callback",
            "sign_in_sso_again",
            "continue",
            "sign_out",
        ),
        _SIGNING_IN,
    ),
    **dict.fromkeys(
        (
            "profile",
            "change_password",
            "second_factor",
            "start_second_factor",
            "confirm_second_factor",
            "remove_second_factor",
            "renew_recovery_codes",
            "end_sessions",
        ),
        _CREDENTIALS,
    ),
    "password_link": "With the link, one signs in as the person: an admin’s stolen token would become everybody.",
    "set_password": "The person who has the link has no account to make a token with.",
    **dict.fromkeys(("invitation", "open_invitation"), "The invited person has no account to make a token with."),
    **dict.fromkeys(("give_role", "take_role", "decide_role"), _ROLES),
    "delegation": (
        "A delegation outlives the token of the approver, whose thief could keep the right to decide. `delegations_list` "
        "reads delegations, and `delegations_end` ends them."
    ),
    "confirm_person": "It says that two accounts are two people, on which every decision by two people rests.",
    **dict.fromkeys(("tokens", "team_tokens"), _NEW_TOKENS),
    **dict.fromkeys(("components", "component", "api_reference", "audit_verifier", "cli_wheel"), _DOCUMENTATION),
    "setup": "A checklist with links to other pages. Each of its steps has its operation.",
    "dismiss_setup": "It hides the checklist from the person’s own home page.",
}
"""Pages without an operation, and why."""

_DECIDES: Final = "The scope `approve` is for this. Nobody decides on their own request, with whatever token."
_TYPED: Final = "The scope `operate`, the digest of what was read, and where data may be lost the typed name."
_ADMINISTERS: Final = "The scope `admin`, which only portal admins can use, and which no service token can have."

BY_TOKEN: Final[Mapping[str, str]] = {
    "approve": _DECIDES,
    "reject": _DECIDES,
    "teardown": _TYPED,
    "recover": _TYPED,
    "put_back": f"{_TYPED} Only what the approved plan says is put back.",
    "delete_team": f"{_ADMINISTERS} The slug is typed once more, and a team with environments remains.",
    "hand_over": "The scope `manage`, and the typed name. An owner of the other team has to accept.",
    "accept_offer": "The scope `manage`. The environment was offered by an owner of its team.",
    "update_person": f"{_ADMINISTERS} People with a role outside teams are changed by nobody else.",
    "deactivate_person": f"{_ADMINISTERS} People with a role outside teams are deactivated by superusers only.",
    "reactivate_person": f"{_ADMINISTERS} The person gets no role outside teams back.",
}
"""What needs a recent sign-in on its page, and why a token may do it. Creating a token needs one."""

WRITE_NOTHING: Final = {"preview", "preflight", "import_terraform", "read_recovery"}
"""Pages whose POST only reads."""


def patterns() -> Iterator[tuple[str, URLPattern]]:
    for pattern in pages:
        assert isinstance(pattern, URLPattern)
        assert pattern.name
        yield pattern.name, pattern


def takes_a_post(pattern: URLPattern) -> bool:
    """Whether the view accepts POST, as its answer to another method says."""
    if (view_class := getattr(pattern.callback, "view_class", None)) is not None:
        return hasattr(view_class, "post")
    answer = pattern.callback(RequestFactory().put("/"), **dict.fromkeys(pattern.pattern.converters, "x"))
    assert answer.status_code == 405, pattern.name
    return "POST" in answer.headers["Allow"]


def needs_a_recent_sign_in(view: Any) -> bool:
    """Whether the view, or one that it wraps, is decorated by `requires_recent_sign_in`."""
    if not isinstance(view, FunctionType):
        return False
    if view.__code__.co_qualname.startswith("requires_recent_sign_in."):
        return True
    return any(needs_a_recent_sign_in(cell.cell_contents) for cell in view.__closure__ or ())


def operations() -> Mapping[str, tuple[str, str]]:
    """The method and the scope of each operation of the document."""
    return {
        operation["operationId"]: (method, operation["security"][0]["Token"][0])
        for methods in openapi_document()["paths"].values()
        for method, operation in methods.items()
    }


def test_each_page_has_its_operations_or_a_reason() -> None:
    names = {name for name, _ in patterns()}
    assert names - set(OPERATIONS) - set(IN_THE_BROWSER) == set(), "add a line to one of the two tables"
    assert set(OPERATIONS) & set(IN_THE_BROWSER) == set()
    assert (set(OPERATIONS) | set(IN_THE_BROWSER)) - names == set(), "the page is gone"
    assert {name for name, reason in IN_THE_BROWSER.items() if not reason.endswith(".")} == set()


def test_what_a_page_changes_its_operations_change_as_well() -> None:
    known, seen = operations(), 0
    for name, pattern in patterns():
        ids = OPERATIONS.get(name, "").split()
        assert set(ids) <= set(known), name
        if ids and takes_a_post(pattern) and name not in WRITE_NOTHING:
            assert {known[one][0] for one in ids} - {"get"}, f"{name} changes something, and {ids} only read"
            seen += 1
    assert seen > 60


def test_what_needs_a_recent_sign_in_has_a_decision_about_tokens() -> None:
    known = operations()
    asking = {name for name, pattern in patterns() if needs_a_recent_sign_in(pattern.callback)}
    assert asking - set(IN_THE_BROWSER) == set(BY_TOKEN)
    for name in BY_TOKEN:
        scopes = {known[one][1] for one in OPERATIONS[name].split() if known[one][0] != "get"}
        assert scopes, name
        assert scopes <= {"operate", "approve", "manage", "admin"}, name
