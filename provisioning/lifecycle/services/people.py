"""People: create, correct, deactivate and reactivate them. Portal admins do this.

A person with a role outside teams is different. Somebody who sets such a person's password or address
could act as that person, so only a superuser deactivates them, and nobody else changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from provisioning.errors import InvalidFields, NotAllowed, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import (
    check_admin,
    check_superuser,
    has_role_outside_teams,
    identities_of,
    is_admin,
    is_protected,
    revoke,
)
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.lookalikes import problem_of_name, problem_of_username
from provisioning.lifecycle.services.deciders import lock_deciders
from provisioning.lifecycle.services.inviters import count_as_nearest, lock_family
from provisioning.lifecycle.services.members import note_teams_without_owner
from provisioning.lifecycle.services.open_invitations import end_invitations
from provisioning.lifecycle.services.outside_roles import take_all_roles
from provisioning.lifecycle.services.provider_identity import end_connected_identity
from provisioning.models import Invitation, Role, Team, User
from provisioning.models.role_change import FLAGS

USERNAME_IS_TAKEN: Final = "Another person has this user name. Choose another one."
NOT_YOUR_ADDRESS: Final = "A user name with @ must be the person’s own e-mail address. Choose another one."
TAKE_ROLES_FIRST: Final = (
    "You cannot change the name, address or password of a person who has a role outside teams, or who decides for an "
    "approver: with them, you could act as that person. Take the roles away first, then propose them again, or wait "
    "until the delegation has ended."
)


@dataclass(frozen=True, slots=True)
class NewPerson:
    username: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """Both parts of a link with which a person sets a password once, within a limited time."""

    user_part: str
    token: str


def create_person(*, actor: User, new: NewPerson) -> User:
    """Create a person who has no password yet. Raises NotAllowed and InvalidFields."""
    check_admin(actor)
    with transaction.atomic():
        return register_person(new, password=None, actor=actor)


def register_person(new: NewPerson, *, password: str | None, actor: User | None) -> User:
    """Check and write a person. Without an actor, the person registers, with the link of an invitation.
    Call it in a transaction.

    A user name that is an address must be the person's own, because owners add people to a team by
    either.
    """
    username = User.normalize_username(new.username.strip())
    if "@" in username and username.lower() != new.email.strip().lower():
        raise InvalidFields({"username": [NOT_YOUR_ADDRESS]})
    user = User(
        username=username,
        first_name=new.first_name.strip(),
        last_name=new.last_name.strip(),
        email=new.email.strip().lower(),
    )
    _check(user)
    if password is None:
        user.set_unusable_password()
    else:
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise InvalidFields({"password": error.messages}) from error
        user.set_password(password)
        user.password_from_link = True
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidFields({"username": [USERNAME_IS_TAKEN]}) from error
    audit_event(
        AuditAction.PERSON_CREATE,
        actor=actor or user,
        at=clock.now(),
        subject=user.get_username(),
        subject_id=user.pk,
        after=_facts(user),
    )
    return user


def update_person(*, actor: User, user: User, first_name: str, last_name: str, email: str) -> User:
    """Correct name and address. Raises NotAllowed, InvalidFields, and Refused for roles outside teams."""
    check_admin(actor)
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        _check_may_act_on(actor, locked)
        before = _facts(locked)
        locked.first_name, locked.last_name = first_name.strip(), last_name.strip()
        locked.email = email.strip().lower()
        _check(locked)
        if _facts(locked) == before:
            return locked
        locked.save(update_fields=["first_name", "last_name", "email"])
        audit_event(
            AuditAction.PERSON_UPDATE,
            actor=actor,
            at=clock.now(),
            subject=locked.get_username(),
            subject_id=locked.pk,
            before=before,
            after=_facts(locked),
        )
    return locked


def create_password_link(*, actor: User, user: User) -> PasswordLink:
    """Create a link with which the person sets a password, also when it was forgotten. An older link
    ends when a password is set. Raises NotAllowed and Refused.
    """
    check_admin(actor)
    if not user.is_active or user.is_service:
        raise Refused(f"{user.get_username()} is deactivated. Reactivate the person first.")
    _check_may_act_on(actor, user)
    with transaction.atomic():
        audit_event(
            AuditAction.PERSON_CREATE_LINK,
            actor=actor,
            at=clock.now(),
            subject=user.get_username(),
            subject_id=user.pk,
        )
    return PasswordLink(urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user))


def note_password_was_set(*, user: User) -> None:
    """Note that a link was used: by the person, or by somebody else who had it first. Call it inside a
    transaction.
    """
    distrust_password(user=user)
    audit_event(
        AuditAction.PERSON_USE_LINK, actor=user, at=clock.now(), subject=user.get_username(), subject_id=user.pk
    )


def distrust_password(*, user: User) -> None:
    """Note that somebody else may know the password, or may have known the one before: see `former_access`.
    Call it inside a transaction.
    """
    User.objects.filter(pk=user.pk).update(password_from_link=True)
    end_connected_identity(user=user, at=clock.now())


def deactivate_person(*, actor: User, user: User) -> User:
    """End all rights of a person at once, also those of open sessions and tokens.

    Roles outside teams are taken away; memberships are kept for a reactivation. Portal admins hear of teams
    that have no owner left. Raises NotAllowed and Refused.
    """
    check_admin(actor)
    if user.is_service:
        raise Refused("This is the user of a service token. Revoke the token.")
    if actor.pk == user.pk:
        raise Refused("You cannot deactivate yourself. Ask another portal admin.")
    if has_role_outside_teams(user):
        check_superuser(actor)
    at = clock.now()
    with transaction.atomic():
        lock_deciders()
        locked = User.objects.select_for_update().get(pk=user.pk)
        if has_role_outside_teams(locked):
            check_superuser(actor)
        before = _facts(locked)
        take_all_roles(actor=actor, user=locked, at=at)
        locked = User.objects.get(pk=user.pk)
        locked.is_active = locked.is_staff = False
        locked.save(update_fields=["is_active", "is_staff"])
        by_person = Invitation.objects.filter(invited_by=locked)
        end_invitations(by_person, actor=actor, at=at, why="The person who invited was deactivated.")
        revoke(locked, at=at)
        owned = Team.objects.filter(memberships__user=locked, memberships__role=Role.OWNER)
        note_teams_without_owner(owned.order_by("name"), at=at)
        audit_event(
            AuditAction.PERSON_DEACTIVATE,
            actor=actor,
            at=at,
            subject=locked.get_username(),
            subject_id=locked.pk,
            before=before,
            after=_facts(locked),
        )
    return locked


def reactivate_person(*, actor: User, user: User) -> User:
    """Let a deactivated person sign in again, with their teams and without roles outside teams."""
    check_admin(actor)
    if user.is_service:
        raise Refused("This is the user of a service token. Create a new token.")
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, is_active=False).update(is_active=True)
        user.is_active = True
        if changed:
            audit_event(
                AuditAction.PERSON_REACTIVATE,
                actor=actor,
                at=clock.now(),
                subject=user.get_username(),
                subject_id=user.pk,
            )
    return user


def confirm_person(*, actor: User, user: User) -> User:
    """Confirm that an invited person is not the one who invited them. Unconfirmed people whom this person
    has invited, directly or through others, count as this person from now on.

    Raises NotAllowed for somebody who counts as the same person, and WrongState.
    """
    if (why_not := why_not_confirm(actor, user)) != "":
        raise NotAllowed(why_not)
    with transaction.atomic():
        root_id = User.objects.values_list("counts_as", flat=True).get(pk=user.pk)
        if root_id is not None:
            lock_family(root_id)
        locked = User.objects.select_for_update(of=("self",), no_key=True).select_related("counts_as").get(pk=user.pk)
        if locked.counts_as_id != root_id:
            raise WrongState("Somebody else confirmed this person or an inviter in the meantime. Reload the page.")
        if locked.counts_as is None:
            return locked
        if (why_not := why_not_confirm(User.objects.get(pk=actor.pk), locked)) != "":
            raise NotAllowed(why_not)
        inviter, locked.counts_as = locked.counts_as, None
        locked.save(update_fields=["counts_as"])
        moved = count_as_nearest(inviter.pk)
        audit_event(
            AuditAction.PERSON_CONFIRM,
            actor=actor,
            at=clock.now(),
            subject=locked.get_username(),
            subject_id=locked.pk,
            before={"counts_as": inviter.get_username()},
            after={"counts_as": None},
            count_as_this_person=[person.get_username() for person in moved],
        )
    return locked


def why_not_confirm(actor: User, user: User) -> str:
    """Why the actor cannot confirm an invited person, as a sentence; empty if they can."""
    if not is_admin(actor):
        return "Only portal admins may confirm people."
    if identities_of(actor) & identities_of(user):
        return (
            "You invited this person, or somebody else invited both of you. Another portal admin has to confirm them."
        )
    return ""


def find_person(text: str) -> User | None:
    """Return the active person with this user name or e-mail address; None if there is not exactly
    one, as when the address of one person is the user name of another.
    """
    wanted = text.strip()
    has_it = Q(username__iexact=wanted) | (Q(email__iexact=wanted) & ~Q(email=""))
    found = list(User.objects.filter(has_it, is_service=False, is_active=True)[:2])
    return found[0] if len(found) == 1 else None


def person_with_address(email: str) -> User | None:
    """Return a person with this address, also a deactivated one."""
    return User.objects.filter(email__iexact=email, is_service=False).exclude(email="").first()


def why_not_acted_on(actor: User, user: User) -> str:
    """Why the actor cannot change name, address and password of the person; empty if they can."""
    if actor.pk != user.pk and is_protected(user):
        return TAKE_ROLES_FIRST
    return ""


def _check_may_act_on(actor: User, user: User) -> None:
    if reason := why_not_acted_on(actor, user):
        raise NotAllowed(reason)


def _check(user: User) -> None:
    """Raise InvalidFields. User names differ by more than their case, so that nobody looks like another."""
    errors: dict[str, list[str]] = {}
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        errors = dict(error.message_dict)
    for name in ("first_name", "last_name"):
        if sentence := problem_of_name(getattr(user, name)):
            errors[name] = [sentence]
    if user._state.adding and (sentence := problem_of_username(user.username)):  # noqa: SLF001 - documented
        errors["username"] = [sentence]
    others = User.objects.exclude(pk=user.pk)
    if user.username and others.filter(username__iexact=user.username).exists():
        errors["username"] = [USERNAME_IS_TAKEN]
    if user.email and others.filter(email__iexact=user.email, is_service=False).exists():
        errors["email"] = ["Another person has this address."]
    if errors:
        raise InvalidFields(errors)


def _facts(user: User) -> dict[str, object]:
    """What audit events say about a person."""
    roles = [role.label for role, flag in FLAGS.items() if getattr(user, flag)]
    return {
        "username": user.username,
        "name": user.get_full_name(),
        "email": user.email,
        "is_active": user.is_active,
        "roles": roles,
    }
