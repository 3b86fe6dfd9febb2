"""Invite people to a team with a link, which works once and for one e-mail address.

The link contains a token of 256 random bits. Only its SHA-256 is stored, so the link is shown once,
when it is created. Accepting needs nobody else: the owner who invited has decided already, and must
still be allowed to. In decisions on requests, the new person counts as this owner until a portal admin
confirms them (`access.decisions`).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from provisioning.errors import InvalidFields, NotAllowed, NotFound, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may_manage_members, may_manage_members
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.services.inviters import count_as_inviter
from provisioning.lifecycle.services.members import check_role, name_of
from provisioning.lifecycle.services.open_invitations import end_invitations
from provisioning.lifecycle.services.people import NewPerson, person_with_address, register_person
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import Invitation, Membership, Team, User

VALID_FOR: Final = timedelta(days=7)
NO_LONGER_VALID: Final = (
    "This invitation does not exist, was used or withdrawn, or has expired. Ask the person who invited you for a new "
    "one."
)


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation with the token of its link, which exists only now."""

    invitation: Invitation
    token: str = field(repr=False)


def invite(*, actor: User, team: Team, email: str, role: str) -> IssuedInvitation:
    """Invite the holder of an e-mail address who has no account yet. An open invitation of the same
    address ends.

    Raises NotAllowed, WrongState, Refused, and InvalidFields for `email`.
    """
    check_may_manage_members(actor, team)
    check_role(role)
    address = _checked_address(email)
    token = secrets.token_urlsafe(32)
    at = clock.now()
    with transaction.atomic():
        lock_team(team)
        check_may_manage_members(actor, team)
        earlier = Invitation.objects.filter(team=team, email=address)
        end_invitations(earlier, actor=actor, at=at, why="The address was invited again.")
        invitation = Invitation.objects.create(
            team=team,
            email=address,
            role=role,
            token_sha256=digest_of(token),
            invited_by=actor,
            invited_at=at,
            expires_at=at + VALID_FOR,
        )
        audit_event(
            AuditAction.INVITATION_CREATE,
            actor=actor,
            at=at,
            team=team,
            subject=address,
            subject_id=invitation.pk,
            after={"role": invitation.get_role_display(), "expires_at": invitation.expires_at.isoformat()},
        )
    return IssuedInvitation(invitation, token)


def withdraw_invitation(*, actor: User, invitation: Invitation) -> None:
    """End an open invitation. Raises NotAllowed, and WrongState if it has ended."""
    check_may_manage_members(actor, invitation.team)
    at = clock.now()
    with transaction.atomic():
        if not Invitation.objects.filter(pk=invitation.pk, ended_at=None).update(ended_at=at):
            raise WrongState("This invitation was accepted or withdrawn in the meantime. Reload the page.")
        audit_event(
            AuditAction.INVITATION_WITHDRAW,
            actor=actor,
            at=at,
            team=invitation.team,
            subject=invitation.email,
            subject_id=invitation.pk,
        )


def digest_of(token: str) -> str:
    """Return what the database has of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_invitation(token_sha256: str) -> Invitation:
    """Return the open invitation of a link. Raises NotFound."""
    rows = Invitation.objects.filter(token_sha256=token_sha256, ended_at=None, expires_at__gt=clock.now())
    invitation = rows.select_related("team", "invited_by").first()
    if invitation is None:
        raise NotFound(NO_LONGER_VALID)
    if not may_manage_members(invitation.invited_by, invitation.team):
        raise NotFound(
            f"The person who invited you no longer manages {invitation.team.name}. Ask for a new invitation."
        )
    return invitation


def accept_invitation(*, actor: User, token_sha256: str) -> Membership:
    """Accept as the person who is signed in. Raises NotFound, and NotAllowed for another address."""
    invitation = find_invitation(token_sha256)
    if actor.email.lower() != invitation.email:
        raise NotAllowed(why_not_yours(actor, invitation))
    with transaction.atomic():
        return _accept(actor, invitation)


def accept_as_new_person(
    *, token_sha256: str, username: str, first_name: str, last_name: str, password: str
) -> Membership:
    """Create an account with the invitation's address, and join the team.

    Raises NotFound, Refused if the address has an account already, and InvalidFields for the other
    fields.
    """
    invitation = find_invitation(token_sha256)
    with transaction.atomic():
        new = NewPerson(username=username, first_name=first_name, last_name=last_name, email=invitation.email)
        if person_with_address(invitation.email) is not None:
            raise Refused("This address has an account already. Sign in with it, then open the link again.")
        user = register_person(new, password=password, actor=None)
        count_as_inviter(user, invitation)
        return _accept(user, invitation)


def why_not_yours(user: User, invitation: Invitation) -> str:
    """Why this person cannot accept, as a sentence; empty if they can."""
    if user.email.lower() == invitation.email:
        return ""
    own = user.email or "no address"
    return (
        f"This invitation is for {invitation.email}. You are signed in as {name_of(user)}, with {own}. Sign in with the "
        "other account, or ask a portal admin to correct your address."
    )


def _accept(user: User, invitation: Invitation) -> Membership:
    """Only one of two simultaneous visits accepts. A member keeps the role that they have."""
    at = clock.now()
    lock_team(invitation.team)
    find_invitation(invitation.token_sha256)  # again: the owner who invited may have left before the lock
    still_open = Invitation.objects.filter(pk=invitation.pk, ended_at=None)
    if not still_open.update(ended_at=at, accepted_by=user):
        raise NotFound(NO_LONGER_VALID)
    membership, _ = Membership.objects.get_or_create(
        team=invitation.team, user=user, defaults={"role": invitation.role}
    )
    audit_event(
        AuditAction.INVITATION_ACCEPT,
        actor=user,
        at=at,
        team=invitation.team,
        subject=invitation.email,
        subject_id=invitation.pk,
        after={"role": membership.get_role_display()},
        invited_by=invitation.invited_by.get_username(),
    )
    return membership


def _checked_address(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidFields({"email": ["Enter an e-mail address, such as name@example.com."]}) from error
    if person_with_address(address) is not None:
        raise InvalidFields({"email": ["This person has an account. Add them as a member."]})
    return address
