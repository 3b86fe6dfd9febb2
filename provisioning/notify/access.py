"""Who manages channels and webhooks. The rules themselves are those of `lifecycle.access`."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from provisioning.errors import NotAllowed, NotFound
from provisioning.lifecycle.access import Permission, check_admin, check_manages, check_may, is_admin, role_in
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import NotificationChannel, Role, Team, User, Webhook, WebhookDelivery

NO_SUCH_TEAM = "This team does not exist, or you are not in it."
NO_SUCH_CHANNEL = "This channel does not exist, or it is not yours."
NO_SUCH_WEBHOOK = "This webhook does not exist, or it belongs to a team that you are not in."
_PORTAL_LOCK: Final = 6_120_947_358_201_174


def owned_teams(user: User) -> list[Team]:
    """Return the teams whose channels and webhooks the user manages, by name. One query."""
    return list(_owned(user).order_by("name")) if user.is_active else []


def _owned(user: User) -> QuerySet[Team]:
    return Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER, deleted_at=None)


def check_may_manage(user: User, team: Team | None) -> None:
    """Raise NotAllowed unless the user manages webhooks of the team, or without a team of the portal."""
    if team is None:
        check_admin(user)
    else:
        check_may(user, team, Permission.MANAGE)


def lock_managed(user: User, team: Team | None) -> None:
    """Lock the webhooks and channels of the team, or without a team the webhooks of the portal, so that they
    are counted and written one at a time. Call it inside a transaction.

    Raises WrongState if the team was deleted, and NotAllowed if the user no longer manages it.
    """
    if team is not None:
        lock_team(team, no_key=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PORTAL_LOCK])
    check_may_manage(user, team)


def channel_for(user: User, pk: UUID) -> NotificationChannel:
    """Return a channel that the user manages: their own, or one of a team that they own. Raises
    NotFound to outsiders, and NotAllowed to members of the team.
    """
    rows = NotificationChannel.objects.select_related("user", "team").annotate(own_role=role_in(user))
    channel = rows.filter(pk=pk).first()
    if channel is None or (channel.team is None and channel.user_id != user.pk):
        raise NotFound(NO_SUCH_CHANNEL)
    if channel.team is not None:
        check_manages(user, channel.team, role=channel.own_role, hidden=NO_SUCH_CHANNEL)
    return channel


def webhook_for(user: User, pk: UUID) -> Webhook:
    """Return a webhook that the user manages. Raises NotFound to outsiders, NotAllowed to members."""
    hook = Webhook.objects.select_related("team", "created_by").annotate(own_role=role_in(user)).filter(pk=pk).first()
    if hook is None or (hook.team is None and not is_admin(user)):
        raise NotFound(NO_SUCH_WEBHOOK)
    if hook.team is not None:
        check_manages(user, hook.team, role=hook.own_role, hidden=NO_SUCH_WEBHOOK)
    return hook


def webhook_delivery_for(user: User, pk: UUID) -> WebhookDelivery:
    """Return a delivery of a webhook that the user manages. Raises as `webhook_for`."""
    delivery = WebhookDelivery.objects.filter(pk=pk).first()
    if delivery is None:
        raise NotFound(NO_SUCH_WEBHOOK)
    delivery.webhook = webhook_for(user, delivery.webhook_id)
    return delivery


def webhooks_of(user: User) -> QuerySet[Webhook]:
    """Return the webhooks that the user manages, by team, and those of the portal last. One query."""
    mine = Q(team__in=_owned(user))
    if is_admin(user):
        mine |= Q(team=None)
    rows = Webhook.objects.filter(mine).select_related("team", "created_by")
    return rows.order_by("team__name", "name", "id")


def may_manage_any_webhook(user: User) -> bool:
    return is_admin(user) or bool(owned_teams(user))


def check_may_manage_any_webhook(user: User) -> None:
    if not may_manage_any_webhook(user):
        raise NotAllowed("Only team owners and portal admins may manage webhooks.")


def team_for(user: User, slug: str) -> Team:
    """Return a team whose channels and webhooks the user manages."""
    rows = Team.objects.filter(slug=slug, deleted_at=None).annotate(own_role=role_in(user, "pk"))
    if (team := rows.first()) is None:
        raise NotFound(NO_SUCH_TEAM)
    check_manages(user, team, role=team.own_role, hidden=NO_SUCH_TEAM)
    return team
