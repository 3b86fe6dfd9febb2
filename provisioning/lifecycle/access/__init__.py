"""Access rules: who may see, operate and decide on what, and which accounts a team may use.

This package is the only place with such rules. Services check them before they act, and pages and
the API ask the same functions before they offer something. `permissions` says what a role in a team
allows, `outside_roles` what approvers, portal admins, auditors and superusers may do, and `teams`,
`decisions` and `accounts` apply both.
"""

from provisioning.lifecycle.access.accounts import (
    account_team_for,
    account_teams_of,
    check_may_use_account,
    how_to_admit,
)
from provisioning.lifecycle.access.decisions import check_may_decide, decidable, may_decide
from provisioning.lifecycle.access.outside_roles import (
    check_admin,
    check_auditor,
    check_may_see_orphans,
    check_superuser,
    has_role_outside_teams,
    is_admin,
    is_approver,
    is_auditor,
    is_superuser,
    may_confirm_roles,
    may_see_blueprint_errors,
    may_see_orphans,
    may_see_people,
    sees_all_teams,
)
from provisioning.lifecycle.access.permissions import PERMISSIONS, Permission, holders, permissions_of
from provisioning.lifecycle.access.revocation import RevocationHook, on_revocation, revoke
from provisioning.lifecycle.access.teams import (
    acting_teams,
    check_may,
    check_may_act_for_a_team,
    check_may_manage_members,
    check_may_operate,
    check_may_see,
    living_teams,
    may,
    may_manage_members,
    may_operate,
    may_see,
    memberships_of,
    no_team_to_act_for,
    permissions_in,
    teams_user_may_act_for,
    visible,
)

__all__ = [
    "PERMISSIONS",
    "Permission",
    "RevocationHook",
    "account_team_for",
    "account_teams_of",
    "acting_teams",
    "check_admin",
    "check_auditor",
    "check_may",
    "check_may_act_for_a_team",
    "check_may_decide",
    "check_may_manage_members",
    "check_may_operate",
    "check_may_see",
    "check_may_see_orphans",
    "check_may_use_account",
    "check_superuser",
    "decidable",
    "has_role_outside_teams",
    "holders",
    "how_to_admit",
    "is_admin",
    "is_approver",
    "is_auditor",
    "is_superuser",
    "living_teams",
    "may",
    "may_confirm_roles",
    "may_decide",
    "may_manage_members",
    "may_operate",
    "may_see",
    "may_see_blueprint_errors",
    "may_see_orphans",
    "may_see_people",
    "memberships_of",
    "no_team_to_act_for",
    "on_revocation",
    "permissions_in",
    "permissions_of",
    "revoke",
    "sees_all_teams",
    "teams_user_may_act_for",
    "visible",
]
