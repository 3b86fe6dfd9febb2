"""Users of an OpenID Connect provider: their accounts here, and what the provider's groups give them.

A user is known by issuer and subject. An e-mail address or a user name never connects a person of
the provider with an account that already exists: they connect it themselves, while signed in.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from provisioning.errors import NotAllowed, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import NEW_ROLE, end_former_access, revoke
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.lookalikes import ascii_username, harmless_name
from provisioning.lifecycle.services.deciders import lock_deciders
from provisioning.lifecycle.services.delegations import end_delegations_of_person
from provisioning.lifecycle.services.former_access import has_password_of_others
from provisioning.lifecycle.services.inviters import count_as_owner_of_address, person_with_address
from provisioning.lifecycle.services.members import note_teams_without_owner
from provisioning.models import ExternalIdentity, Membership, Role, Team, User
from provisioning.models.role_change import OutsideRole

log = logging.getLogger(__name__)

FLAGS: Final[Mapping[OutsideRole, str]] = {
    OutsideRole.APPROVER: "is_approver",
    OutsideRole.ADMIN: "is_admin",
    OutsideRole.AUDITOR: "is_auditor",
}
"""The roles outside teams that a group may give. Superusers are only made here."""
_NAME_LENGTH: Final = 150
_BY_GROUPS: Final = "The groups of single sign-on decide on it."
CONNECT_LATER: Final = (
    "Your password was set through a link or by somebody else. Change it under Profile first, then connect your "
    "account."
)


@dataclass(frozen=True, slots=True)
class Grants:
    """What the groups of a person give: a role for slugs of teams, and roles outside teams."""

    teams: Mapping[str, Role] = field(default_factory=dict)
    outside: frozenset[OutsideRole] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the provider describes them. `email` is one that it has verified, or empty."""

    issuer: str
    subject: str
    username: str
    first_name: str
    last_name: str
    email: str


def admit_person(*, person: Person, grants: Grants) -> User:
    """Return the account of this person with the rights of their groups, and create it if needed.

    Raises NotAllowed if the account is deactivated.
    """
    at = clock.now()
    try:
        with transaction.atomic():
            return _admit(person, grants, at)
    except IntegrityError:
        # The same person signed in for the first time in two windows; one of them has made the account.
        with transaction.atomic():
            return _admit(person, grants, at)


def connect_identity(*, actor: User, person: Person, grants: Grants, session_key: str) -> User:
    """Let a signed-in person use the provider from now on. Of the person's sessions, the one with this key
    remains if the provider's groups give a role outside teams. An identity at a former provider is replaced.

    Raises WrongState, also as long as somebody else may know the password.
    """
    at = clock.now()
    with transaction.atomic():
        lock_deciders()
        actor = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
        identity = ExternalIdentity.objects.filter(issuer=person.issuer, subject=person.subject).first()
        if identity is not None and identity.user_id != actor.pk:
            raise WrongState("This identity belongs to another account of the portal.")
        if identity is None:
            if ExternalIdentity.objects.filter(user=actor, issuer=person.issuer).exists():
                raise WrongState("Your account is already connected to another identity.")
            if has_password_of_others(actor):
                raise WrongState(CONNECT_LATER)
            identity = _link(actor, person, at, is_connected=True)
        _apply(actor, identity, grants, at, keep_session=session_key)
    return actor


def end_connected_identity(*, user: User, at: datetime) -> None:
    """End the identity that was connected with an account, with the teams that its groups gave. Somebody
    else sets the password of the account, and may have connected an identity of their own before. Call it
    inside a transaction.
    """
    identity = ExternalIdentity.objects.filter(user=user, is_connected=True).first()
    if identity is None:
        return
    _apply_teams(user, Grants(), at)
    identity.delete()
    audit_event(
        AuditAction.IDENTITY_END,
        actor=None,
        at=at,
        subject=user.get_username(),
        subject_id=user.pk,
        before={"issuer": identity.issuer, "subject": identity.subject},
    )


def _admit(person: Person, grants: Grants, at: datetime) -> User:
    identity = ExternalIdentity.objects.filter(issuer=person.issuer, subject=person.subject).first()
    if identity is None:
        user = User(
            username=_free_username(person),
            first_name=harmless_name(person.first_name)[:_NAME_LENGTH],
            last_name=harmless_name(person.last_name)[:_NAME_LENGTH],
            email=person.email,
            counts_as=person_with_address(person.email),
        )
        user.set_unusable_password()
        user.save()
        identity = _link(user, person, at, is_connected=False)
    if {str(role) for role in grants.outside} != set(identity.roles):
        lock_deciders()  # roles change one at a time
    user = User.objects.select_for_update(no_key=True).get(pk=identity.user_id)
    identity = ExternalIdentity.objects.filter(pk=identity.pk, user=user).first()  # as it is now, under the lock
    if identity is None:
        raise WrongState("Your account is no longer connected. Sign in with your password, and connect it again.")
    if not user.is_active:
        raise NotAllowed("Your account is deactivated. Ask a portal admin.")
    if person.email and user.email != person.email:
        _note_address(user, person.email, at)
    _apply(user, identity, grants, at)
    return User.objects.get(pk=user.pk)


def _note_address(user: User, email: str, at: datetime) -> None:
    """Store the address that the provider has verified: mail and invitations go to it."""
    User.objects.filter(pk=user.pk).update(email=email)
    count_as_owner_of_address(user, email)
    audit_event(
        AuditAction.PERSON_UPDATE,
        actor=user,
        at=at,
        subject=user.get_username(),
        subject_id=user.pk,
        before={"email": user.email},
        after={"email": email},
        why="The provider has verified this address.",
    )


def _link(user: User, person: Person, at: datetime, *, is_connected: bool) -> ExternalIdentity:
    audit_event(
        AuditAction.IDENTITY_LINK,
        actor=user,
        at=at,
        subject=user.get_username(),
        subject_id=user.pk,
        after={"issuer": person.issuer, "subject": person.subject},
    )
    identity, _ = ExternalIdentity.objects.update_or_create(
        user=user,
        defaults={
            "issuer": person.issuer,
            "subject": person.subject,
            "is_connected": is_connected,
            "created_at": at,
            "last_sign_in_at": at,
        },
    )
    return identity


def _free_username(person: Person) -> str:
    """Return a name that nobody has. A person never gets an account because of its name."""
    name = person.username
    if "@" in name and name.lower() != person.email.lower():
        name = name.partition("@")[0]  # owners add people by user name or address, so it must be the person's own
    wanted = ascii_username(name)[: _NAME_LENGTH - 10] or "person"
    name, number = wanted, 1
    while User.objects.filter(username__iexact=name).exists():
        number += 1
        name = f"{wanted}-{number}"
    return name


def note_role_decided_here(user: User, role: OutsideRole, *, holds: bool) -> None:
    """Note that people gave or took a role, so that the groups of the provider do not undo it: a role that
    was given here is not theirs to take, and one that was taken away is not given again before the groups
    have stopped giving it. Call it with the user's row locked.
    """
    identity = ExternalIdentity.objects.filter(user=user).first()
    if identity is None or role not in FLAGS:
        return
    others = {str(other) for other in identity.roles} - {str(role)}
    identity.roles = sorted(others if holds else {*others, str(role)})
    identity.save(update_fields=["roles"])


def _apply(user: User, identity: ExternalIdentity, grants: Grants, at: datetime, *, keep_session: str = "") -> None:
    """Give what the groups give, and take away what they no longer give. What was given here is
    not touched. Call it with the user's row locked.
    """
    before = _rights(user, identity)
    _apply_teams(user, grants, at)
    wanted = {role for role in grants.outside if role in FLAGS}
    former = {OutsideRole(role) for role in identity.roles}
    gained = {role for role in wanted - former if not getattr(user, FLAGS[role])}
    lost = {role for role in former - wanted if getattr(user, FLAGS[role])}
    for role in (*gained, *lost):
        setattr(user, FLAGS[role], role in gained)
        _audit_role(user, role, at, holds=role in gained)
    user.save(update_fields=[FLAGS[role] for role in (*gained, *lost)])
    if gained:
        end_former_access(user, at=at, why=NEW_ROLE, keep_session=keep_session)
    if OutsideRole.APPROVER in lost:
        end_delegations_of_person(user, None, at)
    identity.roles = sorted((former & wanted) | gained)
    identity.last_sign_in_at = at
    identity.save(update_fields=["roles", "last_sign_in_at"])
    after = _rights(user, identity)
    if after != before:
        audit_event(
            AuditAction.IDENTITY_UPDATE,
            actor=user,
            at=at,
            subject=user.get_username(),
            subject_id=user.pk,
            before=before,
            after=after,
        )


def _apply_teams(user: User, grants: Grants, at: datetime) -> None:
    teams = {team.slug: team for team in Team.objects.filter(slug__in=grants.teams, deleted_at=None)}
    for slug in set(grants.teams) - set(teams):
        log.warning("SSO_GROUPS names the team %s, which does not exist.", slug)
    current = {row.team_id: row for row in Membership.objects.filter(user=user).select_related("team")}
    no_longer_owned: list[Team] = []
    for slug, team in teams.items():
        row, role = current.get(team.pk), grants.teams[slug]
        if row is None:
            Membership.objects.create(team=team, user=user, role=role, is_from_provider=True)
            _audit_member(AuditAction.MEMBER_ADD, user, team, at, after=role)
        elif row.is_from_provider and row.role != role:
            if row.role == Role.OWNER:
                no_longer_owned.append(team)
            Membership.objects.filter(pk=row.pk).update(role=role)
            _audit_member(AuditAction.MEMBER_CHANGE_ROLE, user, team, at, before=Role(row.role), after=role)
    kept = {team.pk for team in teams.values()}
    for row in current.values():
        if row.is_from_provider and row.team_id not in kept:
            if row.role == Role.OWNER:
                no_longer_owned.append(row.team)
            row.delete()
            revoke(user, team=row.team, at=at)
            _audit_member(AuditAction.MEMBER_REMOVE, user, row.team, at, before=Role(row.role))
    note_teams_without_owner(no_longer_owned, at=at)


def _audit_member(
    action: AuditAction, user: User, team: Team, at: datetime, *, before: Role | None = None, after: Role | None = None
) -> None:
    audit_event(
        action,
        actor=None,
        at=at,
        team=team,
        subject=user.get_username(),
        subject_id=user.pk,
        before={"role": str(before.label)} if before is not None else None,
        after={"role": str(after.label)} if after is not None else None,
        why=_BY_GROUPS,
    )


def _audit_role(user: User, role: OutsideRole, at: datetime, *, holds: bool) -> None:
    audit_event(
        AuditAction.ROLE_GIVE if holds else AuditAction.ROLE_TAKE,
        actor=None,
        at=at,
        subject=user.get_username(),
        subject_id=user.pk,
        before={str(role.label): not holds},
        after={str(role.label): holds},
        role=str(role.label),
        why=_BY_GROUPS,
    )


def _rights(user: User, identity: ExternalIdentity) -> dict[str, object]:
    """Return what the provider gives at the moment, for the audit log."""
    rows = Membership.objects.filter(user=user, is_from_provider=True).select_related("team").order_by("team__slug")
    roles = [role for role in identity.roles if getattr(user, FLAGS[OutsideRole(role)])]
    return {"teams": {row.team.slug: Role(row.role).label for row in rows}, "roles": roles}
