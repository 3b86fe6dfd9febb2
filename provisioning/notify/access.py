"""Who manages channels and webhooks. The rules themselves are those of `lifecycle.access`."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from provisioning.errors import NotAllowed, NotFound
from provisioning.lifecycle.access import Permission, check_admin, check_may, is_admin, may, may_see
from provisioning.models import NotificationChannel, Role, Team, User, Webhook

NO_SUCH_CHANNEL = "This channel does not exist, or it is not yours."
NO_SUCH_WEBHOOK = "This webhook does not exist, or it belongs to a team that you are not in."


def owned_teams(user: User) -> list[Team]:
    """Return the teams whose channels and webhooks the user manages, by name. One query."""
    if not user.is_active:
        return []
    owned = Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER, deleted_at=None)
    return list(owned.order_by("name"))


def check_may_manage(user: User, team: Team | None) -> None:
    """Raise NotAllowed unless the user manages webhooks of the team, or without a team of the portal."""
    if team is None:
        check_admin(user)
    else:
        check_may(user, team, Permission.MANAGE)


def channel_for(user: User, pk: UUID) -> NotificationChannel:
    """Return a channel that the user manages: their own, or one of a team that they own. Raises
    NotFound to outsiders, and NotAllowed to members of the team.
    """
    channel = NotificationChannel.objects.select_related("user", "team").filter(pk=pk).first()
    if channel is None:
        raise NotFound(NO_SUCH_CHANNEL)
    if channel.user_id is not None:
        if channel.user_id != user.pk:
            raise NotFound(NO_SUCH_CHANNEL)
    elif channel.team is not None:
        if not may_see(user, channel.team):
            raise NotFound(NO_SUCH_CHANNEL)
        check_may(user, channel.team, Permission.MANAGE)
    return channel


def webhook_for(user: User, pk: UUID) -> Webhook:
    """Return a webhook that the user manages. Raises NotFound to outsiders, NotAllowed to members."""
    hook = Webhook.objects.select_related("team", "created_by").filter(pk=pk).first()
    if hook is None:
        raise NotFound(NO_SUCH_WEBHOOK)
    if hook.team is None and not is_admin(user):
        raise NotFound(NO_SUCH_WEBHOOK)
    if hook.team is not None:
        if not may_see(user, hook.team):
            raise NotFound(NO_SUCH_WEBHOOK)
        check_may(user, hook.team, Permission.MANAGE)
    return hook


def webhooks_of(user: User) -> QuerySet[Webhook]:
    """Return the webhooks that the user manages, the portal's first."""
    mine = Q(team__in=owned_teams(user))
    if is_admin(user):
        mine |= Q(team=None)
    return Webhook.objects.filter(mine).select_related("team").order_by("team__name", "name", "id")


def may_manage_any_webhook(user: User) -> bool:
    return is_admin(user) or bool(owned_teams(user))


def check_may_manage_any_webhook(user: User) -> None:
    if not may_manage_any_webhook(user):
        raise NotAllowed("Only team owners and portal admins may manage webhooks.")


def team_for(user: User, slug: str) -> Team:
    """Return a team whose channels and webhooks the user manages."""
    team = Team.objects.filter(slug=slug, deleted_at=None).first()
    if team is None or not may_see(user, team):
        raise NotFound("This team does not exist, or you are not in it.")
    if not may(user, team, Permission.MANAGE):
        raise NotAllowed(f"Only owners of {team.name} may do this.")
    return team
