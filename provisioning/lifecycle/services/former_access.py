"""What ends when a person gets a role outside teams, and what has to happen before.

A portal admin can create a link that sets a person's password. Used before the person has the role,
it would let the admin in as an approver afterwards: with the password, a session, a token, or an
identity at the provider of single sign-on that the admin connected meanwhile. So sessions and tokens
end with each new role, and with each delegation to somebody who has no role. A password that was set
through a link has to be replaced by its person before the role. Until then no identity can be
connected, and one that was connected before ends when the link is used.

A person whose account began with a sign-in at the provider would not notice such a password. It ends
with the role.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from provisioning.lifecycle.access import on_new_role
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import ExternalIdentity, User


def why_not_yet(user: User) -> str:
    """Why the person cannot get a role yet, as a sentence; empty if they can."""
    if not has_password_of_others(user) or began_with_single_sign_on(user):
        return ""
    name = user.get_full_name() or user.get_username()
    return (
        f"The password of {name} was set through a link or in /admin/, so others may know it. Ask {name} to sign in and "
        "change it under Profile first."
    )


def what_ends(user: User) -> str:
    """What ends when the person gets a role, as a sentence."""
    name = user.get_full_name() or user.get_username()
    if user.password_from_link and began_with_single_sign_on(user):
        return f"With the role, all sessions, tokens and the password of {name} end, which was set through a link."
    return f"With the role, all sessions and tokens of {name} end."


def has_password_of_others(user: User) -> bool:
    """Whether somebody else may know the password that lets the person in."""
    return user.password_from_link and user.has_usable_password()


def uses_single_sign_on(user: User) -> bool:
    """Whether the person can sign in at the provider that the settings name now."""
    return ExternalIdentity.objects.filter(user=user, issuer=settings.SSO_ISSUER).exists()


def began_with_single_sign_on(user: User) -> bool:
    """Whether the account began with a sign-in at this provider, so that its person needs no password."""
    return ExternalIdentity.objects.filter(user=user, issuer=settings.SSO_ISSUER, is_connected=False).exists()


def is_own_after_change(user: User) -> bool:
    """Whether a password that the signed-in person has changed counts as their own: see the module."""
    return not (user.password_from_link and began_with_single_sign_on(user))


@on_new_role
def _end_password_from_link(user: User, at: datetime, why: str, keep_session: str) -> None:
    del keep_session
    if not has_password_of_others(user):
        return
    user.set_unusable_password()
    user.password_from_link = False
    user.save(update_fields=["password", "password_from_link"])
    audit_event(AuditAction.PASSWORD_END, actor=None, at=at, subject=user.get_username(), subject_id=user.pk, why=why)
