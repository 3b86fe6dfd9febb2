"""What ends when a person gets a role outside teams, and what has to happen before.

A portal admin can create a link that sets a person's password. Used before the person has the role,
it would let the admin in as an approver afterwards: with the password, a session, or a token. So
sessions and tokens end with each new role, and with each delegation to somebody who has no role. A
password that was set through a link has to be replaced by its person before the role; that of
somebody who uses single sign-on, who would not notice it, ends with the role.
"""

from __future__ import annotations

from datetime import datetime

from provisioning.lifecycle.access import on_new_role
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import ExternalIdentity, User


def why_not_yet(user: User) -> str:
    """Why the person cannot get a role yet, as a sentence; empty if they can."""
    if not user.password_from_link or not user.has_usable_password() or uses_single_sign_on(user):
        return ""
    name = user.get_full_name() or user.get_username()
    return (
        f"The password of {name} was set through a link, which others may have used. Ask {name} to sign in and change it "
        "under Profile first."
    )


def what_ends(user: User) -> str:
    """What ends when the person gets a role, as a sentence."""
    name = user.get_full_name() or user.get_username()
    if user.password_from_link and uses_single_sign_on(user):
        return f"With the role, all sessions, tokens and the password of {name} end, which was set through a link."
    return f"With the role, all sessions and tokens of {name} end."


def uses_single_sign_on(user: User) -> bool:
    return ExternalIdentity.objects.filter(user=user).exists()


def is_own_after_change(user: User) -> bool:
    """Whether a password that the signed-in person has changed counts as their own: see the module."""
    return not (user.password_from_link and uses_single_sign_on(user))


@on_new_role
def _end_password_from_link(user: User, at: datetime, keep_session: str) -> None:
    del keep_session
    if not user.password_from_link or not user.has_usable_password():
        return
    user.set_unusable_password()
    user.password_from_link = False
    user.save(update_fields=["password", "password_from_link"])
    audit_event(AuditAction.PASSWORD_END, actor=None, at=at, subject=user.get_username(), subject_id=user.pk)
