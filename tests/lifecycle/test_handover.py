"""Alice hands an environment over to Logistics, where charlie accepts. Names and stack role in AWS stay
those of Payments, and everything that can be done with an environment still works.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning.blueprint import InputErrors, example_inputs
from provisioning.design.names import team_key
from provisioning.errors import NotAllowed, NotFound, Refused, WrongState
from provisioning.jobs.periodic import TASKS
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.services import handover
from provisioning.lifecycle.services.account_teams import TeamRights, admit_team
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.changes import preview_change, request_change
from provisioning.lifecycle.services.handover import (
    accept_offer,
    decline_offer,
    expire_due_offers,
    offer_environment,
    offers_to,
    why_not_accept,
    withdraw_offer,
)
from provisioning.lifecycle.services.teams import delete_team
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.lifecycle.services.tokens import create_service_token, find_token
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import (
    AccountTeam,
    AuditEvent,
    Environment,
    HandoverOffer,
    Membership,
    Request,
    Role,
    Team,
    Transition,
    User,
)
from tests.fixtures.world import World
from tests.lifecycle.rules.support import write_rule


@pytest.fixture
def logistics(world: World) -> Team:
    """Charlie owns the team."""
    team = Team.objects.get(slug="logistics")
    Membership.objects.filter(team=team, user=world.charlie).update(role=Role.OWNER)
    return team


def offer(world: World, environment: Environment) -> HandoverOffer:
    return offer_environment(
        actor=world.alice, environment=environment, receiver="logistics", typed_name=environment.name
    )


def hand_over(world: World, environment: Environment) -> Environment:
    accept_offer(actor=world.charlie, offer=offer(world, environment))
    environment.refresh_from_db()
    return environment


def change(world: World, environment: Environment, *, actor: User, **inputs: object) -> Request:
    blueprint = world.blueprints["small"]
    given = example_inputs(blueprint, "dev", {})[0] | inputs
    asked = request_change(actor=actor, environment=environment, blueprint=blueprint, size="dev", inputs=given)
    world.until_rest(environment)
    asked.refresh_from_db()
    return asked


def test_an_environment_is_created_handed_over_changed_and_torn_down(world: World, logistics: Team) -> None:
    environment = hand_over(world, world.create())
    stack = world.aws_stack()
    assert (environment.team, environment.key_in_aws) == (logistics, "payments")
    assert stack.spec.name.startswith("payments-orders-")

    asked = change(world, environment, actor=world.charlie, note="changed")
    assert asked.state == "waiting", "another team's stack role is used, so an approver decides"
    with pytest.raises(NotAllowed):
        approve_request(actor=world.charlie, request=asked, digest=asked.plan.digest)
    approve_request(actor=world.olivia, request=asked, digest=asked.plan.digest)
    world.until_rest(environment)
    environment.refresh_from_db()
    after = world.aws_stack()
    assert (environment.state, "changed" in after.spec.body) == ("running", True)
    assert (after.stack_id, after.spec.tags["portal:team"]) == (stack.stack_id, "payments")
    assert after.role_arn.endswith("/portal-stacks-payments")

    digest = preview_teardown(actor=world.charlie, environment=environment).digest
    end = request_teardown(
        actor=world.charlie, environment=environment, typed_name=environment.name, expected_digest=digest
    )
    approve_request(actor=world.olivia, request=end, digest=digest, typed_name=end.environment.name)
    world.until_rest(environment)
    assert environment.state == "gone"
    (gone,) = world.cloud.named("orders")
    assert (gone.status, set(gone.delete_role_arns)) == ("DELETE_COMPLETE", {after.role_arn})


def test_the_giving_team_loses_the_environment_and_the_history_says_so(world: World, logistics: Team) -> None:
    environment = world.create()
    stale = Environment.objects.select_related("team").get(pk=environment.pk)
    environment = hand_over(world, environment)
    with pytest.raises(NotAllowed, match="of Logistics"):
        preview_change(
            actor=world.alice,
            environment=environment,
            blueprint=world.blueprints["small"],
            size="dev",
            inputs={},
            request_id=environment.pk,
        )
    with pytest.raises(WrongState, match="handed over to another team"):
        change(world, stale, actor=world.alice, note="too late")
    newest = Transition.objects.filter(environment=environment).latest("id")
    assert newest.reason == "Handed over from Payments to Logistics."
    seen = {(event.action, event.team) for event in AuditEvent.objects.filter(environment=environment)}
    assert {("environment:hand_over", world.team), ("environment:take_over", logistics)} <= seen


def test_a_new_environment_of_the_same_name_has_other_names_in_aws(world: World, logistics: Team) -> None:
    """In both teams: the key or the generation differs."""
    first = hand_over(world, world.create("orders"))
    second = world.create("orders")
    names = {world.stack_row(environment).name for environment in (first, second)}
    assert len(names) == 2
    with pytest.raises(Refused, match="taken by another environment of Logistics"):
        hand_over(world, second)


def test_both_teams_must_be_allowed_to_use_what_a_change_names(world: World, logistics: Team) -> None:
    """Charlie gets nothing of Payments with its stack role, and AWS refuses what only Logistics may use."""
    for entry in AccountTeam.objects.filter(account=world.account):
        mine = "shared/both", f"shared/{entry.team.slug}"
        AccountTeam.objects.filter(pk=entry.pk).update(secrets=list(mine))
    blueprint = world.blueprints["webhook-pipeline"]
    inputs = example_inputs(blueprint, "dev", {})[0] | {"loki_url": "https://loki.example.com/loki/api/v1/push"}
    environment = hand_over(world, world.create(blueprint="webhook-pipeline", inputs=inputs))

    def plan(secret: str) -> None:
        preview_change(
            actor=world.charlie,
            environment=environment,
            blueprint=blueprint,
            size="dev",
            inputs=inputs | {"loki_login_secret": secret},
            request_id=environment.pk,
        )

    plan("shared/both")
    for secret in ("shared/payments", "portal/payments/orders"):
        with pytest.raises(InputErrors, match="which Logistics may not use"):
            plan(secret)
    for secret in ("shared/logistics", "portal/logistics/orders"):
        with pytest.raises(InputErrors, match="with whose stack role this environment was created"):
            plan(secret)


def test_a_team_accepts_only_what_it_may_use(world: World, logistics: Team) -> None:
    blueprint = world.blueprints["webhook-pipeline"]
    inputs = example_inputs(blueprint, "dev", {})[0] | {
        "loki_url": "https://loki.example.com/loki/api/v1/push",
        "loki_login_secret": "portal/payments/loki",
    }
    made = offer(world, world.create(blueprint="webhook-pipeline", inputs=inputs))
    entry = AccountTeam.objects.filter(account=world.account, team=logistics)
    entry.update(regions=["us-east-1"], sizes=["staging"], hosted_zones=[])
    with pytest.raises(Refused) as refusal:
        accept_offer(actor=world.charlie, offer=made)
    sentences = refusal.value.sentence
    assert "Logistics may not create size dev in the account dev" in sentences
    assert "Logistics may not use eu-north-1 in the account dev" in sentences
    assert "names the secret “portal/payments/loki”, which Logistics may not use" in sentences
    entry.delete()
    assert why_not_accept(made)[0].startswith("Logistics may not use the account dev.")
    assert Environment.objects.get(pk=made.environment_id).team == world.team


def test_a_team_accepts_nothing_beyond_its_quota(world: World, logistics: Team) -> None:
    made = offer(world, world.create())
    write_rule(Scope(team=logistics), environments=0)
    with pytest.raises(Refused, match="Logistics"):
        accept_offer(actor=world.charlie, offer=made)


def test_nothing_is_handed_over_while_something_is_in_progress(world: World, logistics: Team) -> None:
    environment = world.create()
    made = offer(world, environment)
    change(world, environment, actor=world.bob, note="in between")
    world.tear_down(environment)
    with pytest.raises(Refused, match="An operation on orders is in progress"):
        accept_offer(actor=world.charlie, offer=made)
    prod = world.request("shop", "prod").environment
    with pytest.raises(WrongState, match="A request for shop is open"):
        offer(world, prod)
    world.until_rest(environment)
    with pytest.raises(Refused, match="There is nothing to hand over"):
        accept_offer(actor=world.charlie, offer=made)


def test_offers_end_once(world: World, logistics: Team) -> None:
    environment = world.create()
    first = offer(world, environment)
    with pytest.raises(WrongState, match="is offered to Logistics already"):
        offer(world, environment)
    withdraw_offer(actor=world.alice, offer=first)
    with pytest.raises(WrongState, match="was withdrawn"):
        accept_offer(actor=world.charlie, offer=HandoverOffer.objects.get(pk=first.pk))
    second = offer(world, environment)
    decline_offer(actor=world.charlie, offer=second)
    third = offer(world, environment)
    assert [found.pk for found in offers_to(logistics)] == [third.pk]
    world.cloud.clock.advance(timedelta(days=8).total_seconds())
    assert not offers_to(logistics).exists()
    with pytest.raises(WrongState, match="has expired"):
        accept_offer(actor=world.charlie, offer=HandoverOffer.objects.get(pk=third.pk))
    assert offer(world, environment).pk != third.pk, "an expired offer is in nobody's way"
    ends = AuditEvent.objects.filter(action="environment:withdraw_offer").order_by("id")
    assert [event.actor for event in ends] == [world.alice, None], "the portal has ended the expired one"


def test_an_offer_is_worth_as_much_as_the_right_of_the_owner_who_made_it(world: World, logistics: Team) -> None:
    made = offer(world, world.create())
    alices = Membership.objects.filter(team=world.team, user=world.alice)
    refused = pytest.raises(Refused, match="alice, who offered orders, is no longer an owner of Payments")
    alices.update(role=Role.OPERATOR)
    with refused:
        accept_offer(actor=world.charlie, offer=made)
    alices.update(role=Role.OWNER)
    User.objects.filter(pk=world.alice.pk).update(is_active=False)
    with refused:
        accept_offer(actor=world.charlie, offer=made)
    User.objects.filter(pk=world.alice.pk).update(is_active=True)
    assert accept_offer(actor=world.charlie, offer=made).team == logistics


def test_an_offer_expires_by_itself(world: World, logistics: Team) -> None:
    first, second = (offer(world, world.create(name)) for name in ("orders", "billing"))
    assert expire_due_offers() == 0
    world.cloud.clock.advance(timedelta(days=8).total_seconds())
    assert expire_due_offers in {task.run for task in TASKS}
    assert (expire_due_offers(limit=1), expire_due_offers(limit=1), expire_due_offers(limit=1)) == (1, 1, 0)
    assert set(HandoverOffer.objects.values_list("pk", "state")) == {(first.pk, "expired"), (second.pk, "expired")}
    ends = AuditEvent.objects.filter(action="environment:withdraw_offer")
    assert [(end.actor, end.team, end.detail["why"]) for end in ends] == [
        (None, world.team, "Nobody accepted it in time.")
    ] * 2


def test_a_team_that_is_deleted_has_not_declined_what_had_expired(world: World, logistics: Team) -> None:
    ada = User.objects.create_user("ada", is_admin=True)
    made = offer(world, world.create())
    world.cloud.clock.advance(timedelta(days=8).total_seconds())
    AccountTeam.objects.filter(team=logistics).delete()
    delete_team(actor=ada, team=logistics, typed_slug="logistics")
    assert HandoverOffer.objects.get(pk=made.pk).state == "expired"
    assert not AuditEvent.objects.filter(action="environment:decline_offer").exists()


def test_nothing_is_offered_to_a_team_that_is_deleted_meanwhile(
    world: World, logistics: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = world.create()

    def lock_after_deletion(team: Team, **how: bool) -> Team:
        Team.objects.filter(pk=team.pk).update(deleted_at=world.cloud.clock.now())
        return lock_team(team, **how)

    monkeypatch.setattr(handover, "lock_team", lock_after_deletion)
    with pytest.raises(WrongState, match="Logistics was deleted in the meantime"):
        offer(world, environment)


def test_only_owners_hand_over(world: World, logistics: Team) -> None:
    environment = world.create()
    for actor in (world.bob, world.olivia, world.charlie):
        with pytest.raises(NotAllowed):
            offer_environment(actor=actor, environment=environment, receiver="logistics", typed_name="orders")
    with pytest.raises(Refused, match="Type the environment’s name"):
        offer_environment(actor=world.alice, environment=environment, receiver="logistics", typed_name="order")
    with pytest.raises(NotFound, match="no team with the short name “sales”"):
        offer_environment(actor=world.alice, environment=environment, receiver="sales", typed_name="orders")
    made = offer(world, environment)
    for actor in (world.alice, world.olivia):
        with pytest.raises(NotAllowed):
            accept_offer(actor=actor, offer=made)
    Membership.objects.filter(user=world.alice).delete()
    with pytest.raises(NotAllowed):
        withdraw_offer(actor=world.alice, offer=made)


def test_the_giving_team_is_not_deleted_while_its_stack_role_is_needed(world: World, logistics: Team) -> None:
    ada = User.objects.create(username="ada", is_admin=True)
    environment = hand_over(world, world.create())
    with pytest.raises(Refused, match="1 environment needs the stack role of Payments"):
        delete_team(actor=ada, team=world.team, typed_slug="payments")
    AccountTeam.objects.filter(team=world.team).delete()
    with pytest.raises(Refused, match="whose team may no longer use the account dev"):
        change(world, environment, actor=world.charlie, note="x")


def test_a_row_of_an_earlier_version_has_the_key_of_its_team(world: World) -> None:
    environment = world.create()
    Environment.objects.filter(pk=environment.pk).update(team_key="")
    environment.refresh_from_db()
    assert (environment.key_in_aws, environment.was_handed_over) == (team_key(world.team.slug), False)


def test_a_team_that_is_deleted_accepts_nothing_any_more_and_its_programs_end(world: World, logistics: Team) -> None:
    ada = User.objects.create_user("ada", is_admin=True)
    stale = Team.objects.get(pk=logistics.pk)
    made = offer(world, world.create())
    token = create_service_token(actor=world.charlie, team=logistics, name="ci", scopes=["read"], days=1)
    AccountTeam.objects.filter(team=logistics).delete()
    delete_team(actor=ada, team=logistics, typed_slug="logistics")
    event = AuditEvent.objects.get(action="environment:decline_offer")
    assert (event.team, event.environment, event.detail["why"]) == (
        world.team,
        made.environment,
        "Logistics was deleted.",
    )
    assert HandoverOffer.objects.get(pk=made.pk).state == "declined"
    assert find_token(token.text) is None
    with pytest.raises(WrongState, match="was deleted in the meantime"):
        admit_team(actor=ada, account=world.account, team=stale, rights=TeamRights())
    with pytest.raises(WrongState, match="was deleted in the meantime"):
        create_service_token(actor=world.charlie, team=stale, name="ci", scopes=["read"], days=1)
