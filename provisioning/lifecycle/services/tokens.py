"""Create and revoke tokens of the API, and find the token that a caller presents."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
import uuid
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from django.conf import settings
from django.db import transaction

from provisioning.errors import NotAllowed, NotFound, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import (
    Permission,
    check_may,
    check_may_see_people,
    is_admin,
    is_protected,
    may,
    may_see,
    may_see_people,
    on_new_role,
    on_revocation,
    visible,
)
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import ApiToken, Membership, Role, Team, User

PREFIX: Final = "ptl_"
_ALPHABET: Final = string.ascii_letters + string.digits
_RANDOM_CHARACTERS: Final = 32  # 190 bits
_CHECKSUM_CHARACTERS: Final = 6
NAME_LENGTH: Final = 64
USED_EVERY: Final = timedelta(minutes=1)
"""How exactly `last_used_at` is kept."""


class Scope(StrEnum):
    """What a token may be used for. It never allows more than its owner may do."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    READ = "read", "See environments, requests, plans and outputs."
    OPERATE = "operate", "Request, change, retry, cancel and tear down environments."
    APPROVE = "approve", "Approve and reject requests of other people. Never available to service tokens."
    MANAGE = "manage", "Manage members, hand-overs, notifications, webhooks and tokens, as far as the owner may."
    ADMIN = "admin", "Change accounts, rules, teams and people. Only of use to portal admins."


SERVICE_SCOPES: Final = frozenset({Scope.READ, Scope.OPERATE})


@dataclass(frozen=True, slots=True)
class NewToken:
    """`text` is the token itself. It is shown once and stored nowhere."""

    token: ApiToken
    text: str


@transaction.atomic
def create_personal_token(*, actor: User, name: str, scopes: Collection[str], days: int) -> NewToken:
    """Create a token that acts as the actor. Raises Refused, NotAllowed for a service user and for
    somebody who was deactivated, and WrongState if the actor has got a role outside teams or a delegation
    meanwhile, which ends sessions and tokens.
    """
    if actor.is_service:
        raise NotAllowed("A service token cannot create tokens.")
    locked = _locked(actor)  # a new role waits, or was first
    if is_protected(locked) and not is_protected(actor):
        raise WrongState("You have got a role outside teams or a delegation. Sign in again, then create the token.")
    return _create(actor=actor, owner=actor, team=None, name=name, scopes=scopes, days=days)


def _locked(actor: User) -> User:
    """Return the row of the actor, locked. Raises NotAllowed for somebody who was deactivated meanwhile."""
    locked = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if not locked.is_active:
        raise NotAllowed("Your account is deactivated. Ask a portal admin.")
    return locked


@transaction.atomic
def create_service_token(*, actor: User, team: Team, name: str, scopes: Collection[str], days: int) -> NewToken:
    """Create a token that belongs to the team and outlives the membership of the actor.

    It acts as a user of its own: a viewer of the team, or an operator if its scopes include that.
    Raises Refused, WrongState for a deleted team, and NotAllowed unless the actor is an owner of it who
    can sign in.
    """
    locked = _locked(actor)
    lock_team(team)
    check_may(locked, team, Permission.MANAGE)
    if forbidden := sorted(set(scopes) - {str(scope) for scope in SERVICE_SCOPES}):
        raise Refused(f"A service token cannot have the scope {', '.join(forbidden)}. Use a personal token for that.")
    _check(name, scopes, days)
    owner = User.objects.create(
        username=f"service-{uuid.uuid4().hex}", first_name=name, is_service=True, password=_UNUSABLE
    )
    role = Role.OPERATOR if Scope.OPERATE in scopes else Role.VIEWER
    Membership.objects.create(team=team, user=owner, role=role)
    return _create(actor=actor, owner=owner, team=team, name=name, scopes=scopes, days=days)


_UNUSABLE: Final = "!"
"""Django's mark of a password that nobody can type."""


def _create(*, actor: User, owner: User, team: Team | None, name: str, scopes: Collection[str], days: int) -> NewToken:
    _check(name, scopes, days)
    at = clock.now()
    text = new_text()
    with transaction.atomic():
        token = ApiToken.objects.create(
            owner=owner,
            team=team,
            name=name.strip(),
            digest=digest_of(text),
            hint=text[-4:],
            scopes=sorted(set(scopes)),
            created_by=actor,
            created_at=at,
            expires_at=at + timedelta(days=days),
        )
        audit_event(
            AuditAction.TOKEN_CREATE,
            actor=actor,
            at=at,
            team=team,
            subject=f"token {token.name}",
            token=str(token.pk),
            scopes=token.scopes,
            expires_at=token.expires_at.isoformat(),
        )
    return NewToken(token, text)


def _check(name: str, scopes: Collection[str], days: int) -> None:
    if not name.strip() or len(name.strip()) > NAME_LENGTH or not name.isprintable():
        raise Refused(f"Enter a name of at most {NAME_LENGTH} characters, such as what uses the token.")
    if not scopes:
        raise Refused("Choose at least one scope.")
    if unknown := sorted(set(scopes) - set(Scope)):
        raise Refused(f"There is no scope {', '.join(unknown)}. The scopes are {', '.join(Scope)}.")
    if not 1 <= days <= settings.TOKEN_MAX_DAYS:
        raise Refused(f"A token is valid for 1 to {settings.TOKEN_MAX_DAYS} days. Enter a number in between.")


def revoke_token(*, actor: User, token: ApiToken) -> ApiToken:
    """End a token at once. Its owner and portal admins may, and for a service token the owners of the
    team. A token that has ended is not changed. Raises NotAllowed.
    """
    if token.team is None:
        if token.owner_id != actor.pk and not is_admin(actor):
            raise NotAllowed("Only its owner or a portal admin may revoke this token.")
    elif not may_revoke_tokens_of(actor, token.team):
        raise NotAllowed(f"Only owners of {token.team.name} and portal admins may revoke this token.")
    _revoke([token.pk], actor=actor, at=clock.now())
    token.refresh_from_db()
    return token


def may_revoke_tokens_of(actor: User, team: Team) -> bool:
    """Whether the actor may end the service tokens of the team: a portal admin need not become an owner first."""
    return is_admin(actor) or may(actor, team, Permission.MANAGE)


@transaction.atomic
def _revoke(token_ids: Collection[uuid.UUID], *, actor: User | None, at: datetime, why: str = "") -> None:
    tokens = ApiToken.objects.select_for_update(of=("self",)).filter(pk__in=token_ids, revoked_at=None)
    for token in tokens.select_related("team", "owner"):
        token.revoked_at, token.revoked_by = at, actor
        token.save(update_fields=["revoked_at", "revoked_by"])
        by_another = actor is not None and token.team is None and token.owner_id != actor.pk
        of = token.team.name if token.team is not None else token.owner.get_username() if by_another else ""
        audit_event(
            AuditAction.TOKEN_REVOKE,
            actor=actor,
            at=at,
            team=token.team,
            subject=f"token {token.name} of {of}" if of else f"token {token.name}",
            subject_id=token.owner_id if by_another else "",  # who gets a message
            token=str(token.pk),
            why=why,
        )


@on_revocation
def revoke_tokens_of_person(user: User, team: Team | None, at: datetime) -> None:
    """End the personal tokens of a person who is deactivated, and the service tokens of a team that is
    deleted. In a team that a person has left, their own tokens have no right any more, because each
    call reads the memberships.
    """
    if team is None or user.is_service:
        why = "The team was deleted." if user.is_service else "The person was deactivated."
        _revoke(list(user.api_tokens.values_list("pk", flat=True)), actor=None, at=at, why=why)


@on_new_role
def revoke_tokens_from_before(user: User, at: datetime, why: str, keep_session: str) -> None:
    """End the personal tokens of a person who gets a role outside teams, or a delegation: somebody else may
    have made them.
    """
    del keep_session
    _revoke(list(user.api_tokens.filter(team=None).values_list("pk", flat=True)), actor=None, at=at, why=why)


def get_token(*, actor: User, token_id: uuid.UUID) -> ApiToken:
    """Return a token that the actor may see. Raises NotFound."""
    token = ApiToken.objects.select_related("team", "owner", "created_by").filter(pk=token_id).first()
    if token is None or not _may_see(actor, token):
        raise NotFound("This token does not exist, or it is not yours.")
    return token


def _may_see(actor: User, token: ApiToken) -> bool:
    if token.team is None:
        return token.owner_id == actor.pk or may_see_people(actor)
    return may_see(actor, token.team)


def tokens_of_person(actor: User, *, person: User | None = None) -> list[ApiToken]:
    """Return the personal tokens of the actor, or those of another person for an actor who may see
    people, newest first. Raises NotAllowed.
    """
    if person is not None and person.pk != actor.pk:
        check_may_see_people(actor)
    return list(ApiToken.objects.filter(owner=person or actor, team=None).order_by("-created_at"))


def is_valid(token: ApiToken, *, at: datetime) -> bool:
    return token.revoked_at is None and token.expires_at > at


def tokens_of_team(*, actor: User, team: Team) -> list[ApiToken]:
    """Return the service tokens of a team, newest first; none for an actor who may not see the team. One
    query.
    """
    rows = ApiToken.objects.filter(visible(actor), team=team)
    return list(rows.select_related("created_by").order_by("-created_at"))


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token that was valid at the time `at`."""

    token: ApiToken
    at: datetime


def find_token(text: str) -> PresentedToken | None:
    """Return the token with this text, with its owner and team, if it is valid now. One query, and none
    for a wrong checksum.
    """
    if not has_checksum(text):
        return None
    now = clock.expression()
    rows = ApiToken.objects.select_related("owner", "team").annotate(presented_at=now)
    valid = rows.filter(digest=digest_of(text), revoked_at=None, owner__is_active=True, expires_at__gt=now)
    token = valid.first()
    return PresentedToken(token, token.presented_at) if token is not None else None


def note_use(token: ApiToken, *, at: datetime) -> None:
    """Keep the time of the last use, at most once a minute."""
    if token.last_used_at is None or at - token.last_used_at >= USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)


def new_text() -> str:
    """Return a new token: a prefix that scanners recognise, random characters, and a checksum."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return f"{PREFIX}{body}{_checksum(body)}"


def has_checksum(text: str) -> bool:
    """Whether the text can be a token. A token that was cut off or mistyped cannot."""
    body = text.removeprefix(PREFIX)
    is_long_enough = len(body) == _RANDOM_CHARACTERS + _CHECKSUM_CHARACTERS and text.startswith(PREFIX)
    return is_long_enough and body.isascii() and body.endswith(_checksum(body[:_RANDOM_CHARACTERS]))


def _checksum(body: str) -> str:
    """CRC-32 in six characters, as in GitHub's tokens."""
    number = zlib.crc32(body.encode())
    return base64.b32encode(number.to_bytes(4, "big")).decode()[:_CHECKSUM_CHARACTERS]


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
