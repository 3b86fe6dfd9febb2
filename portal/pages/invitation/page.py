"""The page of an invitation, for people with and without an account."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from portal.pages.invitation.forms import NewAccountForm
from provisioning.lifecycle.services.invitations import why_not_yours
from provisioning.models import Invitation, User


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """`form` is for visitors who may create an account with a password."""

    invitation: Invitation
    user: User | None
    why_not: str
    form: NewAccountForm | None
    sso_name: str


def invitation_page(invitation: Invitation, user: User | None, *, form: NewAccountForm | None = None) -> InvitationPage:
    creates = user is None and settings.LOCAL_PASSWORDS
    return InvitationPage(
        invitation=invitation,
        user=user,
        why_not=why_not_yours(user, invitation) if user is not None else "",
        form=(form or NewAccountForm()) if creates else None,
        sso_name=settings.SSO_NAME if settings.SSO_ISSUER else "",
    )
