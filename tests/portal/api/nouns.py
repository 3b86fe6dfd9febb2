"""What the story has besides environments and their requests: webhooks, channels, rules, offers, spare accounts.

`values_of` names it for the operations that need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from portal.api.v1.channels import MAIL
from provisioning.lifecycle import clock
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.services.handover import offer_environment
from provisioning.lifecycle.services.invitations import invite
from provisioning.lifecycle.services.preflight import check_request
from provisioning.models import (
    AllowedDestination,
    AuditEvent,
    ChannelKind,
    ChannelTiming,
    Delegation,
    HandoverOffer,
    Invitation,
    Membership,
    NotificationChannel,
    NotificationDelivery,
    Request,
    Role,
    Team,
    User,
    WebhookAttempt,
    WebhookDelivery,
)
from provisioning.notify.services.channels import ChannelChoice, add_channel
from provisioning.notify.services.webhooks import WebhookChoice, create_webhook
from tests.fixtures.world import World, make_account
from tests.lifecycle.rules.support import write_rule
from tests.support.accounts import admit

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
HOOK = "https://hooks.example.com/in"
Values = Mapping[str, Mapping[str, Any]]


def values_of(world: World, dora: User, *, slug: str, waiting: Request, offer: HandoverOffer) -> Values:
    """What exists, by operation id and parameter or property; `*` for all operations."""
    checked = world.request("checked", "prod")
    check_request(actor=dora, request=checked, connect=world.aws_for)
    version = catalogue().get(slug).version
    offered, received = {"path.environment_id": str(offer.environment_id)}, {"path.offer_id": str(offer.pk)}
    spare = make_account("spare", "333333333333", ["dev"])
    Team.objects.create(slug="unused", name="Unused")
    scope = {"body.account": "sandbox-dev", "body.team": "payments"}
    return {
        "*": _everywhere(world, dora),
        "requests_checks": {"path.pk": str(checked.pk)},
        "requests_check": {"path.pk": str(waiting.pk)},
        "catalogue_import": {"path.slug": slug, "body.text": 'note = "hello"\n', "body.size": "dev"},
        "catalogue_compare": {"path.slug": slug, "query.before": version, "query.after": version, "query.size": "dev"},
        "handovers_offer": {"body.receiver": "research", "body.name": "orders"},
        **dict.fromkeys(("handovers_of_environment", "handovers_withdraw"), offered),
        **dict.fromkeys(("handovers_get", "handovers_accept", "handovers_decline"), received),
        "teams_delete": {"path.slug": "unused", "query.confirm": "unused"},
        "invitations_create": {"body.email": "erin@example.org"},
        "people_create": {"body.username": "erin", "body.email": "erin@example.org"},
        "people_change": {"body.email": "bob@example.org"},
        "accounts_connect": {"body.name": "acme-new", "body.account_id": "444444444444", "body.endpoint_url": ""},
        "accounts_remove": {"path.account_id": str(spare.pk), "query.name": "spare"},
        "account_teams_remove": {"path.team": "logistics"},
        "rules_effective": {"query.team": "payments", "query.account": "sandbox-dev", "query.size": "dev"},
        "rules_dry_run": scope,
        "rules_save": scope | {"body.expected_version": 0},
        "channels_create": {"body.team": "payments", "body.address": SLACK, "body.time_zone": "UTC"},
        "channels_change": {"path.channel_id": MAIL},
        "webhooks_create": {"body.team": "payments", "body.url": HOOK},
        "webhooks_change": {"body.url": HOOK},
        "destinations_allow": {"body.what": "10.2.0.0/16"},
    }


def offered_environment(world: World, dora: User) -> HandoverOffer:
    """Offered to another team of dora's."""
    research = Team.objects.create(slug="research", name="Research")
    Membership.objects.create(team=research, user=dora, role=Role.OWNER)
    admit(research, world.account)
    return offer_environment(
        actor=dora, environment=world.create("offered"), receiver="research", typed_name="offered", note="It is yours."
    )


def _everywhere(world: World, dora: User) -> dict[str, Any]:
    at, rule = clock.now(), write_rule(Scope(), lifetime_days=30).rule
    invite(actor=dora, team=world.team, email="new@example.org", role=Role.VIEWER)
    allowed = AllowedDestination.objects.create(network="10.1.0.0/16", ports=[9000], created_by=dora, created_at=at)
    received = Delegation.objects.create(
        delegator=world.olivia, delegate=dora, reason="Away", begins_at=at, ends_at=at + timedelta(days=5)
    )
    hook = create_webhook(actor=dora, team=world.team, choice=WebhookChoice(name="CI", url=HOOK)).webhook
    delivery = WebhookDelivery.objects.create(
        webhook=hook, type="request.approve", body="{}", state="failed", created_at=at, due_at=at, expires_at=at
    )
    WebhookAttempt.objects.create(delivery=delivery, number=1, at=at, status_code=500, duration_ms=12)
    return {
        "path.rule_id": str(rule.pk),
        "path.invitation_id": str(Invitation.objects.get().pk),
        "path.destination_id": str(allowed.pk),
        "path.delegation_id": str(received.pk),
        "path.webhook_id": str(hook.pk),
        "path.delivery_id": str(delivery.pk),
        "path.channel_id": str(_channel(dora).pk),
        "path.template": "onboarding",
        "path.team": "payments",
        "path.event_id": AuditEvent.objects.filter(team=world.team).latest("id").pk,
    }


def _channel(dora: User) -> NotificationChannel:
    """With a message that was not delivered."""
    at = clock.now()
    choice = ChannelChoice(name="#ops", address=SLACK, topics=["failures"], timing=ChannelTiming.IMMEDIATELY)
    channel = add_channel(actor=dora, choice=choice, team=None, kind=ChannelKind.CHAT)
    NotificationDelivery.objects.create(
        channel=channel, gathers="orders", subject="orders", state="failed", created_at=at, due_at=at, expires_at=at
    )
    return channel
