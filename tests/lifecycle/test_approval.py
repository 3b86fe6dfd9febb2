"""People decide: who may, on what, and for how long."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError

from provisioning.blueprint import InputErrors
from provisioning.design.names import generation_of
from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.plan_document import as_json
from provisioning.lifecycle.planning import draft_create, environment_id_for
from provisioning.lifecycle.read.actions import actions_for
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.requests import request_environment, withdraw_request
from provisioning.models import AccountTeam, AuditEvent, Environment, Operation, Request, Team
from tests.fixtures.world import REGION, World
from tests.support.accounts import admit


def test_prod_waits_and_nothing_is_called(world: World) -> None:
    request = world.request(size="prod")
    world.tick(60)
    assert request.state == "waiting"
    assert world.cloud.faults.calls == []
    assert not Operation.objects.exists()


def test_olivia_approves_and_it_starts(world: World) -> None:
    request = world.request(size="prod")
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest, note="fine")
    environment = world.until_rest(request.environment)
    assert environment.state == "running"
    request.refresh_from_db()
    assert (request.state, request.decided_by, request.decision_note) == ("done", world.olivia, "fine")


def test_it_refuses_the_requester_even_an_approver(world: World) -> None:
    world.bob.is_approver = True
    world.bob.save()
    request = world.request(size="prod")
    with pytest.raises(NotAllowed, match="decide on your own request"):
        approve_request(actor=world.bob, request=request, digest=request.plan.digest)


@pytest.mark.parametrize("name", ["alice", "charlie"])
def test_it_refuses_who_is_no_approver(world: World, name: str) -> None:
    request = world.request(size="prod")
    with pytest.raises(NotAllowed):
        approve_request(actor=getattr(world, name), request=request, digest=request.plan.digest)
    with pytest.raises(NotAllowed):
        reject_request(actor=getattr(world, name), request=request, note="no")


def test_another_digest_is_a_conflict_that_names_both(world: World) -> None:
    request = world.request(size="prod")
    with pytest.raises(WrongState) as caught:
        approve_request(actor=world.olivia, request=request, digest="0" * 64)
    assert (caught.value.expected, caught.value.actual) == ("0" * 64, request.plan.digest)


def test_a_second_approval_is_a_conflict(world: World) -> None:
    request = world.request(size="prod")
    seen_by_both = Request.objects.get(pk=request.pk)
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    with pytest.raises(WrongState):
        approve_request(actor=world.olivia, request=seen_by_both, digest=request.plan.digest)
    assert Operation.objects.count() == 1


def test_a_refusal_says_why_and_frees_the_name(world: World) -> None:
    request = world.request(size="prod")
    with pytest.raises(Refused):
        reject_request(actor=world.olivia, request=request, note=" ")
    reject_request(actor=world.olivia, request=request, note="too dear")
    environment = Environment.objects.get(pk=request.environment_id)
    assert (environment.state, request.decision_note) == ("withdrawn", "too dear")
    assert world.request(size="prod").state == "waiting"


def test_a_member_withdraws_what_waits(world: World) -> None:
    request = world.request(size="prod")
    with pytest.raises(NotAllowed):
        withdraw_request(actor=world.charlie, request=request)
    withdraw_request(actor=world.alice, request=request)
    assert request.environment.state == "withdrawn"
    with pytest.raises(WrongState):
        withdraw_request(actor=world.alice, request=request)


def test_what_nobody_decides_on_expires(world: World) -> None:
    request = world.request(size="prod")
    world.tick(8 * 86_400)
    request.refresh_from_db()
    assert request.state == "expired"
    with pytest.raises(WrongState):
        approve_request(actor=world.olivia, request=request, digest=request.plan.digest)


@pytest.mark.parametrize("name", ["charlie", "olivia"])
def test_it_refuses_people_outside_the_team(world: World, name: str) -> None:
    with pytest.raises(NotAllowed):
        world.request(actor=getattr(world, name))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": "Orders"}, "lowercase"),
        ({"name": "o--o"}, "lowercase"),
        ({"name": "x" * 33}, "at most 32"),
        ({"size": "huge"}, "no size huge"),
        ({"region": "eu-west-1"}, "not offered in eu-west-1"),
    ],
)
def test_it_refuses_what_cannot_be(world: World, changed: dict[str, str], says: str) -> None:
    blueprint = world.blueprints["small"]
    asked = {"name": "orders", "size": "dev", "region": REGION, **changed}
    with pytest.raises(Refused, match=says):
        request_environment(
            actor=world.bob, team=world.team, blueprint=blueprint, inputs={}, account=world.account, **asked
        )


def test_an_account_takes_only_its_sizes(world: World) -> None:
    with pytest.raises(Refused, match="does not accept size prod"):
        world.request(size="prod", account=world.account)


def test_inputs_are_the_forms_own_errors(world: World) -> None:
    with pytest.raises(InputErrors):
        world.request(inputs={"colour": "blue"})


def test_a_name_is_taken_once_per_team_account_and_region(world: World) -> None:
    world.request("orders")
    with pytest.raises(Refused, match="is taken by another environment of Payments"):
        world.request("orders")
    assert world.request("orders", region="us-east-1").state == "approved"


def test_two_teams_have_environments_of_one_name_with_a_stack_role_each(world: World) -> None:
    logistics = Team.objects.get(slug="logistics")
    theirs = world.create("orders", actor=world.charlie, team=logistics)
    ours = world.create("orders")
    names = [f"{slug}-orders-{each.generation}" for slug, each in (("logistics", theirs), ("payments", ours))]
    stacks = {stack.spec.name: stack.role_arn for stack in world.cloud.stacks}
    assert stacks == {
        names[0]: "arn:aws:iam::111111111111:role/portal/stacks/portal-stacks-logistics",
        names[1]: "arn:aws:iam::111111111111:role/portal/stacks/portal-stacks-payments",
    }
    world.tear_down(ours)
    world.until_rest(ours)
    (deleted,) = [stack for stack in world.cloud.stacks if stack.spec.name == names[1]]
    assert set(deleted.delete_role_arns) == {deleted.role_arn}


def test_a_generation_that_another_environment_has_by_chance_is_refused(world: World) -> None:
    """Even of an environment that is gone: what it retained keeps its name."""
    request_id = uuid.uuid4()
    theirs = world.request("theirs", actor=world.charlie, team=Team.objects.get(slug="logistics")).environment
    Environment.objects.filter(pk=theirs.pk).update(
        generation=generation_of(environment_id_for(request_id)), state="gone"
    )
    with pytest.raises(Refused, match=r"By chance, .* Open a new form"):
        world.request(request_id=request_id)
    assert world.request().state == "approved"


def test_a_team_uses_an_account_only_if_an_administrator_has_added_it(world: World) -> None:
    AccountTeam.objects.filter(team=world.team, account=world.account).delete()
    with pytest.raises(Refused, match=r"Payments may not use the account dev\. .* portal-onboarding-payments in it"):
        world.request()
    admit(world.team, world.account)
    assert world.request().state == "approved"


@pytest.mark.parametrize("change", ["removed", "another role"])
def test_a_team_that_may_no_longer_use_the_account_gets_nothing(world: World, change: str) -> None:
    environment = world.request().environment
    rows = AccountTeam.objects.filter(team=world.team, account=world.account)
    if change == "removed":
        rows.delete()
    else:
        rows.update(stack_role_arn="arn:aws:iam::111111111111:role/other")
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert (environment.state, operation.state) == ("create_failed", "refused")
    sentence = "may no longer use the account dev" if change == "removed" else "is now another one"
    assert sentence in operation.cause
    assert world.cloud.stacks == []


class ShownTooLong(str):
    """A digest at whose comparison somebody else has asked for the same name: it was free when it
    was looked for.
    """

    __slots__ = ("world",)
    world: World

    def __ne__(self, _actual: object) -> bool:
        self.world.request("orders", actor=self.world.alice)
        return False

    __hash__ = str.__hash__


def test_a_name_that_is_taken_in_the_same_moment_is_told(world: World) -> None:
    shown = ShownTooLong("digest")
    shown.world = world
    with pytest.raises(Refused, match="“orders” is taken"):
        world.request("orders", expected_digest=shown)
    assert Environment.objects.get().created_by == world.alice


def test_what_else_the_database_refuses_is_never_told_as_a_name(world: World) -> None:
    with pytest.raises(IntegrityError, match='null value in column "note"'):
        world.request("orders", note=None)


def test_a_double_click_makes_one_environment(world: World) -> None:
    request_id = uuid.uuid4()
    first = world.request(request_id=request_id)
    assert world.request(request_id=request_id) == first
    assert Environment.objects.count() == 1
    with pytest.raises(Refused, match="sent by someone else"):
        world.request(request_id=request_id, actor=world.alice)


def test_what_was_shown_is_what_is_asked_for(world: World) -> None:
    request_id = uuid.uuid4()
    shown = draft_create(
        actor=world.bob,
        team=world.team,
        name="orders",
        blueprint=world.blueprints["small"],
        size="dev",
        inputs={},
        account=world.account,
        region=REGION,
        request_id=request_id,
    )
    with pytest.raises(WrongState) as caught:
        world.request(request_id=request_id, inputs={"note": "other"}, expected_digest=shown.digest)
    assert caught.value.expected == shown.digest != caught.value.actual
    request = world.request(request_id=request_id, inputs={}, expected_digest=shown.digest)
    assert request.plan.digest == shown.digest
    assert request.plan.content == as_json(shown.document)


def test_a_sensitive_input_is_not_kept(world: World) -> None:
    request = world.request(inputs={"hint": "hunter2", "note": "seen"})
    assert request.environment.inputs == {"note": "seen"}
    assert "hunter2" not in str(Request.objects.values("plan__content", "note").get())


def test_a_published_version_never_changes(world: World) -> None:
    from dataclasses import replace  # noqa: PLC0415 - only here

    world.request("one", blueprint="carbon-connect")
    world.blueprints = {
        **world.blueprints,
        "carbon-connect": replace(world.blueprints["carbon-connect"], digest="0" * 64),
    }
    with pytest.raises(Refused, match="published and its files have changed"):
        world.request("two", blueprint="carbon-connect")


def test_every_service_leaves_an_audit_event(world: World) -> None:
    request = world.request(size="prod")
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.until_rest(request.environment)
    told = list(AuditEvent.objects.order_by("at", "id").values_list("action", "actor__username"))
    assert told == [("request:create", "bob"), ("request:approve", "olivia"), ("operation:succeeded", None)]


def test_actions_are_the_teams_own(world: World) -> None:
    environment = world.create()
    assert [action.key for action in actions_for(actor=world.bob, environment=environment)] == [
        "change",
        "teardown",
    ]
    assert actions_for(actor=world.olivia, environment=environment) == []
    assert actions_for(actor=world.charlie, environment=environment) == []


# Just before it runs


def waits_to_start(world: World) -> Request:
    request = world.request(size="prod")
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    return request


def refused_without_a_call(world: World, request: Request, says: str) -> None:
    environment = world.until_rest(request.environment)
    operation = world.last_operation(environment)
    assert operation.state == "refused"
    assert says in operation.cause
    assert world.cloud.faults.calls == []
    assert environment.state == "create_failed"


def test_a_plan_that_was_tampered_with_is_not_run(world: World) -> None:
    request = waits_to_start(world)
    (main,) = request.plan.content["stacks"]
    main["body"] = main["body"].replace("KEY", "KEY2").replace("Bucket", "Bukket")
    request.plan.save()
    refused_without_a_call(world, request, "differs from the one that was approved")
    assert request.approved_digest in world.last_operation(request.environment).cause_detail


def test_an_approval_that_expired_meanwhile_is_worth_nothing(world: World) -> None:
    request = waits_to_start(world)
    world.cloud.clock.advance(8 * 86_400)
    refused_without_a_call(world, request, "expired")
    request.refresh_from_db()
    assert request.state == "expired"


def test_an_account_that_no_longer_takes_the_size_gets_nothing(world: World) -> None:
    request = waits_to_start(world)
    world.prod_account.sizes = ["staging"]
    world.prod_account.save()
    refused_without_a_call(world, request, "no longer accepts size prod")


def test_an_account_that_became_another_one_gets_nothing(world: World) -> None:
    request = waits_to_start(world)
    world.prod_account.account_id = "333333333333"
    world.prod_account.save()
    refused_without_a_call(world, request, "now a different AWS account")
