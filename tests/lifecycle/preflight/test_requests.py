"""When preflight runs and what its findings do: bob requests, olivia approves, charlie is an
outsider.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from provisioning.aws import interface
from provisioning.blueprint import example_inputs
from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.planning import draft_create
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.preflight import (
    check_draft,
    check_request,
    check_unchecked_requests,
    stored_report,
)
from provisioning.models import AccountTeam, AuditEvent, Request
from tests.fixtures.world import REGION, World
from tests.scripted_aws.aws import ScriptedAws
from tests.scripted_aws.cloud import Living, Place

REQUEST_IDS = {size: uuid.uuid4() for size in ("dev", "prod")}


def arguments_of(world: World, size: str = "dev") -> dict[str, Any]:
    """The arguments of one request, whose id is the same from the form to the end."""
    blueprint = world.blueprints["small"]
    return {
        "actor": world.bob,
        "team": world.team,
        "name": "orders",
        "blueprint": blueprint,
        "size": size,
        "inputs": example_inputs(blueprint, size, {})[0],
        "account": world.prod_account if size == "prod" else world.account,
        "region": REGION,
        "request_id": REQUEST_IDS[size],
    }


@pytest.fixture(autouse=True)
def onboarded(world: World) -> None:
    """The accounts have the role of alice's team."""
    for account_team in AccountTeam.objects.select_related("account"):
        name = account_team.stack_role_arn.rpartition("/")[2]
        place = Place(account_team.account.account_id, REGION)
        role = Living("AWS::IAM::Role", name, account_team.stack_role_arn, {})
        world.cloud.living[place, "AWS::IAM::Role", name] = role


def take_the_name(world: World, size: str = "dev") -> None:
    """Somebody else creates a stack of the name that the plan needs, so that AWS would refuse it."""
    arguments = arguments_of(world, size)
    aws = ScriptedAws(world.cloud, arguments["account"].access(REGION))
    spec = interface.StackSpec(
        name=draft_create(**arguments).document.main.name, body='{"Resources":{"Theirs":{"Type":"AWS::SNS::Topic"}}}'
    )
    aws.create_stack(spec, token=f"theirs-{uuid.uuid4()}")
    world.cloud.clock.advance(60)


def check(world: World, size: str = "dev", **changes: Any) -> None:
    arguments = arguments_of(world, size) | changes
    check_draft(draft=draft_create(**arguments), account=arguments["account"], connect=world.aws_for)


def test_a_request_stores_the_report_that_its_sender_saw(world: World) -> None:
    check(world)
    calls = len(world.cloud.faults.calls)
    request = world.request(request_id=REQUEST_IDS["dev"])
    report = stored_report(request.plan)
    assert report is not None
    assert report.results
    assert not report.blocking
    assert len(world.cloud.faults.calls) == calls  # sending asks AWS nothing
    assert check_unchecked_requests(connect=world.aws_for) == 0


def test_the_form_asks_aws_once_a_minute(world: World) -> None:
    check(world)
    calls = len(world.cloud.faults.calls)
    check(world)
    assert len(world.cloud.faults.calls) == calls
    check(world, name="orders-two")  # another plan: only its own names are new
    asked = world.cloud.faults.calls[calls:]
    assert set(asked) <= {"describe_stack", "exists", "secret"}
    assert asked
    world.cloud.clock.advance(61)
    check(world)
    assert len(world.cloud.faults.calls) == 2 * calls + len(asked)


def test_the_worker_checks_a_request_that_was_sent_without_a_report(world: World) -> None:
    request = world.request(size="prod")
    assert stored_report(request.plan) is None
    assert check_unchecked_requests(connect=world.aws_for) == 1
    request.plan.refresh_from_db()
    assert stored_report(request.plan) is not None
    assert check_unchecked_requests(connect=world.aws_for) == 0


def test_a_plan_at_which_the_check_fails_does_not_keep_others_from_being_checked(world: World) -> None:
    broken, other = world.request(size="prod"), world.request("shop", "prod")
    broken.plan.content["stacks"][0]["body"] = "no JSON"
    broken.plan.save()
    assert [check_unchecked_requests(connect=world.aws_for) for _ in range(3)] == [1, 1, 0]
    for request, sentence in ((broken, "The portal made an error while it checked this."), (other, "No stack in")):
        request.plan.refresh_from_db()
        report = stored_report(request.plan)
        assert report is not None
        assert any(result.sentence.startswith(sentence) for result in report.results)


def test_what_has_been_created_is_not_checked_any_more(world: World) -> None:
    request = world.create().requests.get()
    calls = len(world.cloud.faults.calls)
    with pytest.raises(WrongState, match="This request is “completed”"):
        check_request(actor=world.bob, request=request, connect=world.aws_for)
    assert len(world.cloud.faults.calls) == calls


def test_a_size_without_approval_starts_only_when_its_findings_are_accepted(world: World) -> None:
    take_the_name(world)
    check(world)
    request_id = REQUEST_IDS["dev"]
    with pytest.raises(Refused, match="exists in eu-north-1 already"):
        world.request(request_id=request_id)
    assert not Request.objects.exists()
    assert world.request(request_id=request_id, accept_findings=True).pk == request_id
    event = AuditEvent.objects.get(action="request:create")
    assert (event.actor, event.detail["accepted_findings"]) == (world.bob, 1)


def test_the_sender_of_a_request_that_needs_approval_accepts_nothing(world: World) -> None:
    take_the_name(world, "prod")
    check(world, "prod")
    request = world.request(size="prod", request_id=REQUEST_IDS["prod"])
    report = stored_report(request.plan)
    assert report is not None
    assert report.blocking
    assert AuditEvent.objects.get(action="request:create").detail["accepted_findings"] == 0


def test_an_approver_confirms_that_a_plan_starts_although_aws_would_refuse_it(world: World) -> None:
    take_the_name(world, "prod")
    request = world.request(size="prod", request_id=REQUEST_IDS["prod"])
    report = check_request(actor=world.olivia, request=request, connect=world.aws_for)
    assert report.blocking
    request.plan.refresh_from_db()
    digest = request.plan.digest
    with pytest.raises(Refused, match="AWS would refuse this plan"):
        approve_request(actor=world.olivia, request=request, digest=digest)
    approve_request(actor=world.olivia, request=request, digest=digest, accept_findings=True)
    event = AuditEvent.objects.filter(action="request:approve").latest("id")
    assert event.detail["accepted_findings"] == len(report.blocking)


def test_an_outsider_checks_nothing(world: World) -> None:
    request = world.request(size="prod")
    calls = len(world.cloud.faults.calls)
    with pytest.raises(NotAllowed):
        check_request(actor=world.charlie, request=request, connect=world.aws_for)
    assert len(world.cloud.faults.calls) == calls


def test_the_plans_digest_does_not_cover_the_report(world: World) -> None:
    request = world.request(size="prod")
    check_request(actor=world.bob, request=request, connect=world.aws_for)
    request.plan.refresh_from_db()
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)


def test_reads_are_those_of_the_plans_regions(world: World) -> None:
    check(world)
    assert {place.region for place in world.cloud.scripts} <= {REGION, "us-east-1"}
    assert Place(world.account.account_id, REGION) in world.cloud.scripts
