"""Create, rename and delete teams. Portal admins do this."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from provisioning.design.names import team_key
from provisioning.errors import InvalidFields, Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin, revoke
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.lookalikes import problem_of_name
from provisioning.lifecycle.services.handover import end_offers_to
from provisioning.lifecycle.services.open_invitations import end_invitations
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import (
    AccountTeam,
    Environment,
    Invitation,
    Membership,
    NotificationChannel,
    Team,
    User,
    Webhook,
)

NAME_LIMIT: Final = 80
_ADDRESSES: Final = frozenset({"new"})  # parts of the portal's own addresses under /teams/
SLUG_IS_TAKEN: Final = "Another team has this short name. Choose another one."


def create_team(*, actor: User, name: str, slug: str) -> Team:
    """Create a team without members.

    Raises NotAllowed, and InvalidFields for `name` and `slug`.
    """
    check_admin(actor)
    if slug.strip() in _ADDRESSES:
        raise InvalidFields({"slug": ["This short name is reserved. Choose another one."]})
    team = Team(name=_checked_name(name), slug=slug.strip())
    try:
        with transaction.atomic():
            team.full_clean()
            team.save(force_insert=True)
            audit_event(
                AuditAction.TEAM_CREATE,
                actor=actor,
                at=clock.now(),
                team=team,
                subject=team.name,
                subject_id=team.pk,
                after={"name": team.name, "slug": team.slug},
            )
    except ValidationError as error:
        raise InvalidFields(error.message_dict) from error
    except IntegrityError as error:
        raise InvalidFields({"slug": [SLUG_IS_TAKEN]}) from error
    return team


def rename_team(*, actor: User, team: Team, name: str) -> Team:
    """Change the name that people read. The slug is in the names of the team's resources and
    never changes. Raises NotAllowed, WrongState, and InvalidFields for `name`.
    """
    check_admin(actor)
    checked = _checked_name(name, of=team)
    with transaction.atomic():
        before = lock_team(team).name
        if before == checked:
            return team
        team.name = checked
        team.save(update_fields=["name"])
        audit_event(
            AuditAction.TEAM_RENAME,
            actor=actor,
            at=clock.now(),
            team=team,
            subject=checked,
            subject_id=team.pk,
            before={"name": before},
            after={"name": checked},
        )
    return team


def delete_team(*, actor: User, team: Team, typed_slug: str) -> Team:
    """Delete a team that has no environments. Its slug remains taken.

    Its members and its rights in accounts are removed; what is in AWS is not touched. Raises
    NotAllowed, WrongState, and Refused.
    """
    check_admin(actor)
    if typed_slug.strip() != team.slug:
        raise Refused(f"Type the team’s short name, {team.slug}, to confirm.")
    at = clock.now()
    with transaction.atomic():
        lock_team(team)
        if reason := why_not_delete(team):
            raise Refused(reason)
        before = _remove_what_belongs_to(team, actor=actor, at=at)
        team.deleted_at = at
        team.save(update_fields=["deleted_at"])
        audit_event(
            AuditAction.TEAM_DELETE,
            actor=actor,
            at=at,
            team=team,
            subject=team.name,
            subject_id=team.pk,
            before={"name": team.name, "slug": team.slug, **before},
        )
    return team


def why_not_delete(team: Team) -> str:
    """Why the team cannot be deleted now, as a sentence; empty if it can."""
    living = Environment.objects.exclude(state__in=NO_LONGER_THERE)
    if number := living.filter(team=team).count():
        them = "it" if number == 1 else "them"
        has = f"{team.name} has {number} environment{'' if number == 1 else 's'}."
        return f"{has} Tear {them} down or hand {them} over first."
    roles = AccountTeam.objects.filter(team=team).values("stack_role_arn")
    elsewhere = living.filter(team_key=team_key(team.slug)) | living.filter(stack_role_arn__in=roles)
    if number := elsewhere.count():
        return (
            f"{number} environment{' needs' if number == 1 else 's need'} the stack role of {team.name}, which handed "
            f"{'it' if number == 1 else 'them'} over to another team. Delete {team.name} when "
            f"{'it is' if number == 1 else 'they are'} torn down."
        )
    return ""


def _checked_name(name: str, *, of: Team | None = None) -> str:
    stripped = " ".join(name.split())
    if not stripped:
        raise InvalidFields({"name": ["Enter a name."]})
    if len(stripped) > NAME_LIMIT:
        raise InvalidFields({"name": [f"Name can have up to {NAME_LIMIT} characters."]})
    if sentence := problem_of_name(stripped):
        raise InvalidFields({"name": [sentence]})
    same = Team.objects.filter(name__iexact=stripped, deleted_at=None)
    if (same.exclude(pk=of.pk) if of is not None else same).exists():
        raise InvalidFields({"name": ["Another team has this name. Choose another one."]})
    return stripped


def _remove_what_belongs_to(team: Team, *, actor: User, at: datetime) -> dict[str, list[str]]:
    members = list(Membership.objects.filter(team=team).select_related("user").order_by("user__username"))
    accounts = list(AccountTeam.objects.filter(team=team).values_list("account__name", flat=True))
    # They hold addresses and secrets, and nobody could remove them any more.
    receivers = [
        f"{name}: {masked}"
        for rows in (Webhook.objects, NotificationChannel.objects)
        for name, masked in rows.filter(team=team).values_list("name", "masked")
    ]
    for model in (Membership, AccountTeam, Webhook, NotificationChannel):
        model.objects.filter(team=team).delete()
    end_invitations(Invitation.objects.filter(team=team), actor=actor, at=at, why="The team was deleted.")
    end_offers_to(team, actor=actor, at=at)
    for member in members:
        revoke(member.user, team=team, at=at)
    return {
        "members": [f"{member.user.username}: {member.get_role_display()}" for member in members],
        "accounts": accounts,
        "webhooks and channels": receivers,
    }
