"""Roles outside teams: approvers, portal admins, auditors and superusers.

A person who was deactivated has none of them.
"""

from __future__ import annotations

from provisioning.errors import NotAllowed
from provisioning.lifecycle import clock
from provisioning.models import User


def is_approver(user: User) -> bool:
    """Whether the user decides on requests, of any team but never on their own."""
    return user.is_active and user.is_approver


def is_admin(user: User) -> bool:
    """Whether the user sets up accounts, teams and rules."""
    return user.is_active and (user.is_admin or user.is_superuser)


def check_admin(user: User) -> None:
    """Raise NotAllowed unless the user is a portal admin."""
    if not is_admin(user):
        raise NotAllowed("Only portal admins may do this.")


def is_auditor(user: User) -> bool:
    """Whether the user reads the audit log of the whole portal."""
    return user.is_active and (user.is_auditor or user.is_superuser)


def check_auditor(user: User) -> None:
    """Raise NotAllowed unless the user may read the audit log of the whole portal."""
    if not is_auditor(user):
        raise NotAllowed("Only auditors may read the audit log of the whole portal.")


def sees_all_teams(user: User) -> bool:
    """Whether the user sees every team: approvers, and those who decide for one, decide on every
    team's requests, admins set every team up, and auditors read everything.
    """
    return is_approver(user) or is_admin(user) or is_auditor(user) or is_delegate(user)


def is_delegate(user: User) -> bool:
    """Whether the user decides in place of an approver now. The clock is read only if it may be so."""
    return user.is_active and user.delegate_until is not None and user.delegate_until > clock.now()


def may_see_orphans(user: User) -> bool:
    """Whether the user sees stacks and resources that belong to no environment, of every account.

    They may belong to any team, so everyone who sees all teams does.
    """
    return sees_all_teams(user)


def check_may_see_orphans(user: User) -> None:
    if not may_see_orphans(user):
        raise NotAllowed("Only approvers, portal admins and auditors may see orphans.")


def is_superuser(user: User) -> bool:
    """Whether the user gives and takes roles outside teams."""
    return user.is_active and user.is_superuser


def check_superuser(user: User) -> None:
    """Raise NotAllowed unless the user gives and takes roles outside teams."""
    if not is_superuser(user):
        raise NotAllowed("Only superusers may give and take roles outside teams.")


def may_confirm_roles(user: User) -> bool:
    """Whether the user confirms a role outside teams that a superuser has proposed for somebody else."""
    return is_admin(user)


def may_see_people(user: User) -> bool:
    """Whether the user sees everyone who has an account: admins manage them, auditors check them."""
    return is_admin(user) or is_auditor(user)


def check_may_see_people(user: User) -> None:
    if not may_see_people(user):
        raise NotAllowed("Only portal admins and auditors may see everyone who has an account.")


def has_role_outside_teams(user: User) -> bool:
    """Whether the person has such a role, also while deactivated. Only that person changes their own
    name and password: with them, anyone else would have the role.
    """
    return user.is_approver or user.is_admin or user.is_auditor or user.is_superuser or user.is_staff


def is_protected(user: User) -> bool:
    """Whether nobody else may set the person's password: it would give them more than a team's rights.
    That holds for roles outside teams, also while deactivated, and for those who decide in place of an
    approver now.
    """
    return has_role_outside_teams(user) or (user.delegate_until is not None and user.delegate_until > clock.now())


def may_see_blueprint_errors(user: User) -> bool:
    """Whether the catalogue shows file and line of the errors in a broken blueprint."""
    return is_approver(user)


def may_see_rules(user: User) -> bool:
    """Whether the user sees every rule: those who see all teams do. Members see the limits of theirs."""
    return sees_all_teams(user)


def check_may_see_rules(user: User) -> None:
    """Raise NotAllowed unless the user may see every rule."""
    if not may_see_rules(user):
        raise NotAllowed(
            "Only approvers, portal admins and auditors may see all rules. The form of a request shows those that refuse it."
        )
