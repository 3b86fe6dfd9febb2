"""More rows of each noun of the story, to see that no call needs a query for each."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Model

from provisioning.models import (
    AccountTeam,
    AllowedDestination,
    ApiToken,
    BlueprintVersion,
    Delegation,
    Environment,
    HandoverOffer,
    Invitation,
    Membership,
    NotificationChannel,
    NotificationDelivery,
    Operation,
    Orphan,
    Receipt,
    Request,
    RequestComment,
    Rule,
    RuleVersion,
    StackResource,
    User,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
)
from tests.portal.api.story import Story


def more_rows(story: Story) -> None:
    """Three more of each noun, where the routes of the table read them."""
    world, orders = story.world, Environment.objects.get(name="orders")
    bob = world.bob
    for number in range(3):
        team = copy(world.team, slug=f"team-{number}", name=f"Team {number}")
        copy(Membership.objects.get(user=bob, team=world.team), team=team)
        person = User.objects.create(username=f"person-{number}")
        Membership.objects.create(team=world.team, user=person)
        account = copy(world.account, name=f"account-{number}", account_id=f"33333333333{number}")
        copy(AccountTeam.objects.get(team=world.team, account=world.account), account=account)
        copy(ApiToken.objects.filter(owner=bob).first(), digest=f"digest-{number}")
        copy(ApiToken.objects.filter(team=world.team).first(), digest=f"service-{number}")
        environment = copy(orders, name=f"orders-{number}", generation=f"more{number}")
        for request in Request.objects.filter(environment=orders):
            operation = Operation.objects.get(request=request)
            copied = copy(request, environment=environment)
            copy(operation, environment=environment, request=copied)
            copy(operation, request=copy(request))
        copy(RequestComment.objects.first())
        copy(Receipt.objects.first(), operation=Operation.objects.filter(environment=environment).first())
        copy(Orphan.objects.first(), arn=f"arn:aws:cloudformation:eu-north-1:111111111111:stack/stray-{number}/1")
        copy(StackResource.objects.filter(stack__environment=orders).first(), logical_id=f"More{number}")
        copy(BlueprintVersion.objects.first(), version=f"0.0.{number}")
        copy(HandoverOffer.objects.first(), environment=environment)
        _more_of_people(story, person, number)


def _more_of_people(story: Story, person: User, number: int) -> None:
    copy(Invitation.objects.first(), email=f"new-{number}@example.org", token_sha256=f"digest-{number}")
    copy(Delegation.objects.first(), delegator=person, delegate=story.world.bob)
    copy(AllowedDestination.objects.first(), network=f"10.{number + 3}.0.0/16")
    rule = copy(Rule.objects.first(), size=("dev", "staging", "prod")[number], key=f"more-{number}")
    copy(RuleVersion.objects.first(), rule=rule)
    copy(RuleVersion.objects.first(), number=number + 2)
    copy(NotificationDelivery.objects.first(), channel=copy(NotificationChannel.objects.filter(kind="chat").first()))
    copy(NotificationDelivery.objects.first())
    copy(WebhookDelivery.objects.first(), webhook=copy(Webhook.objects.first()))
    copy(WebhookAttempt.objects.first(), delivery=copy(WebhookDelivery.objects.first()))


def copy(row: Model | None, **changes: Any) -> Any:
    """Insert the row once more with these changes."""
    assert row is not None
    copied = type(row)._default_manager.get(pk=row.pk)
    is_uuid = isinstance(row.pk, uuid.UUID)
    copied.pk = uuid.uuid4() if is_uuid else None
    for name, value in changes.items():
        setattr(copied, name, value)
    copied._state.adding = True
    copied.save(force_insert=True)
    return copied
