"""An existing stack is adopted without touching it, and watched from then on."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from provisioning.aws import AccessDenied
from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.plan_document import AdoptPlan, as_json, digest_of, from_json
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.scan.baseline import take_baselines
from provisioning.lifecycle.scan.regions import scan_region
from provisioning.lifecycle.services.adopt import preview_adoption, request_adoption
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.drift import check_drift
from provisioning.models import DriftReport, Orphan, Request, StackResource
from tests.fixtures.world import REGION, World
from tests.lifecycle.drift.test_detection import advance
from tests.lifecycle.scan.region import Console
from tests.lifecycle.test_crashes import POINTS, DiesAt, to_the_end
from tests.scripted_aws.cloud import ScriptedStack
from tests.scripted_aws.faults import CHANGES

KEPT = {
    "Resources": {
        "Files": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "billing-files"}},
        "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"MasterUserPassword": "in-the-clear"}},
        "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "Files"},
    },
    "Outputs": {"Url": {"Description": "Where it is", "Value": "x"}},
}


@pytest.fixture
def console(world: World) -> Console:
    return Console(world)


@pytest.fixture
def legacy(world: World, console: Console) -> ScriptedStack:
    """A stack that somebody created without the portal."""
    return console.create("billing-legacy", {"owner": "billing"})


def arguments(world: World, console: Console, stack: str = "billing-legacy", **changes: Any) -> dict[str, Any]:
    return {
        "actor": world.bob,
        "team": world.team,
        "name": "billing",
        "size": "dev",
        "account": world.account,
        "region": REGION,
        "stack": stack,
        "request_id": uuid.uuid4(),
        "connect": console.aws_for,
    } | changes


def adopt(world: World, console: Console, **changes: Any) -> Request:
    return request_adoption(**arguments(world, console, **changes))


def approve(world: World, request: Request) -> Request:
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.until_rest(request.environment)
    request.refresh_from_db()
    return request


def test_a_stack_is_adopted_and_nothing_in_it_is_touched(world: World, console: Console, legacy: ScriptedStack) -> None:
    before = len(world.cloud.faults.calls)
    request = adopt(world, console)
    assert (request.state, request.environment.state, request.environment.is_adopted) == ("waiting", "requested", True)
    approve(world, request)
    environment = request.environment
    environment.refresh_from_db()
    assert (request.state, environment.state) == ("done", "running")
    assert not set(world.cloud.faults.calls[before:]) & CHANGES
    assert world.cloud.sent[-1].method == "create_stack", "the last change is that of its creator"
    assert legacy.spec.tags == {"owner": "billing"}

    row = world.stack_row(environment)
    assert (row.stack_id, row.status, row.outputs) == (legacy.stack_id, "CREATE_COMPLETE", row.outputs)
    in_ledger = StackResource.objects.filter(stack=row)
    assert {resource.physical_id for resource in in_ledger} == {
        resource.physical_id for resource in legacy.resources.values()
    }


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_while_it_reads_loses_nothing(
    world: World, console: Console, legacy: ScriptedStack, point: str
) -> None:
    """Every step runs twice."""
    request = adopt(world, console)
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.engine.probe = probe = DiesAt(world, point)
    deaths = to_the_end(world, request.environment)
    assert deaths == len(probe.died_in) >= 1
    assert request.environment.state == "running"
    row = world.stack_row(request.environment)
    assert StackResource.objects.filter(stack=row).count() == len(legacy.resources)
    assert row.stack_id == legacy.stack_id


def test_it_is_watched_like_any_other(world: World, console: Console, legacy: ScriptedStack) -> None:
    environment = approve(world, adopt(world, console)).environment
    assert take_baselines(console.aws_for) == 1
    console.update(legacy)
    scan_region(console.aws_for, world.account, REGION)
    environment.refresh_from_db()
    assert DriftReport.objects.get(environment=environment).status == "waiting"
    check_drift(actor=world.bob, environment=environment)
    advance(console)
    assert DriftReport.objects.get(environment=environment).status == "drifted"


def test_its_plan_knows_what_is_retained_and_stores_no_property(
    world: World, console: Console, legacy: ScriptedStack
) -> None:
    legacy.spec = replace(legacy.spec, body=json.dumps(KEPT))
    request = adopt(world, console)
    plan = from_json(request.plan.content)
    assert isinstance(plan, AdoptPlan)
    assert digest_of(plan) == request.plan.digest
    assert from_json(as_json(plan)) == plan
    body = json.loads(plan.main.body)
    assert body["Resources"]["Files"] == {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    assert body["Resources"]["Database"]["DeletionPolicy"] == "Snapshot", "CloudFormation's default"
    assert body["Outputs"] == {"Url": {"Description": "Where it is"}}
    assert "in-the-clear" not in str(request.plan.content)
    assert plan.main.levels == (("Database", "Files"), ("Topic",))
    assert current_document(request.environment) == plan


def test_yaml_is_read_as_well(world: World, console: Console, legacy: ScriptedStack) -> None:
    body = "Resources:\n  Theirs:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !Ref AWS::Region}\n"
    console.templates[legacy.stack_id] = body
    plan = from_json(adopt(world, console).plan.content)
    assert isinstance(plan, AdoptPlan)
    assert json.loads(plan.main.body)["Resources"] == {"Theirs": {"Type": "AWS::SNS::Topic"}}


def test_a_stack_that_changed_before_the_approval_is_refused(
    world: World, console: Console, legacy: ScriptedStack
) -> None:
    request = adopt(world, console)
    console.update(legacy)
    approve(world, request)
    operation = world.last_operation(request.environment)
    assert (operation.state, operation.cause) == ("refused", "The stack has changed since its adoption was requested.")
    request.environment.refresh_from_db()
    assert request.environment.state == "adopt_failed"
    assert adopt(world, console, name="billing-2").state == "waiting", "it can be requested again"


def test_a_stack_that_is_gone_before_the_approval_fails(world: World, console: Console, legacy: ScriptedStack) -> None:
    request = adopt(world, console)
    console.outsider.delete_stack(legacy)
    console.wait()
    approve(world, request)
    assert world.last_operation(request.environment).state == "failed"


def test_the_sender_sees_what_the_approver_decides_on(world: World, console: Console, legacy: ScriptedStack) -> None:
    sent = arguments(world, console)
    draft = preview_adoption(**sent)
    console.update(legacy)
    with pytest.raises(WrongState, match="has changed since it was shown"):
        request_adoption(**sent, expected_digest=draft.digest)
    request = request_adoption(**sent, expected_digest=preview_adoption(**sent).digest)
    assert request_adoption(**sent) == request, "a double click"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stack": "nothing-there"}, "There is no stack nothing-there in dev in eu-north-1."),
        ({"stack": "arn:aws:cloudformation:eu-north-1:999999999999:stack/x/1"}, "in the AWS account 999999999999"),
        ({"stack": "arn:aws:cloudformation:us-east-1:111111111111:stack/x/1"}, "Choose that region."),
        ({"stack": "not a name"}, "must be the name or the ARN"),
        ({"region": "eu-west-3"}, "is not used in eu-west-3"),
        ({"name": "No Name"}, "No Name"),
    ],
)
def test_what_cannot_be_adopted_is_said_at_once(
    world: World, console: Console, legacy: ScriptedStack, change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence.replace(".", r"\.")):
        adopt(world, console, **change)
    assert Request.objects.count() == 0


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("UPDATE_IN_PROGRESS", "An operation is in progress"),
        ("REVIEW_IN_PROGRESS", "contains only a change set"),
        ("ROLLBACK_COMPLETE", "it is empty"),
        ("DELETE_FAILED", "half deleted"),
    ],
)
def test_a_stack_in_such_a_status_is_not_adopted(
    world: World, console: Console, legacy: ScriptedStack, status: str, sentence: str
) -> None:
    legacy.status = status
    with pytest.raises(Refused, match=sentence):
        adopt(world, console)


def test_a_stack_whose_last_change_failed_is_adopted_as_it_is(
    world: World, console: Console, legacy: ScriptedStack
) -> None:
    legacy.status = "UPDATE_ROLLBACK_FAILED"
    request = approve(world, adopt(world, console))
    request.environment.refresh_from_db()
    assert (request.state, request.environment.state) == ("done", "needs_repair")


def test_no_stack_belongs_to_two_environments(world: World, console: Console, legacy: ScriptedStack) -> None:
    own = world.create("orders")
    with pytest.raises(Refused, match="belongs to an environment of the portal already"):
        adopt(world, console, stack=world.stack_row(own).stack_id)
    first = adopt(world, console)
    with pytest.raises(Refused, match="belongs to an environment of the portal already"):
        adopt(world, console, name="billing-2")
    reject_request(actor=world.olivia, request=first, note="Not yours.")
    assert adopt(world, console, name="billing-2").state == "waiting"


def test_no_team_takes_in_a_stack_of_another(world: World, console: Console) -> None:
    console.create("theirs", {"portal:team": "logistics"})
    with pytest.raises(Refused, match="names another team"):
        adopt(world, console, stack="theirs")
    with pytest.raises(NotAllowed):
        adopt(world, console, actor=world.charlie, stack="theirs")
    with pytest.raises(NotAllowed):
        adopt(world, console, actor=world.olivia, stack="theirs")


def test_nobody_approves_their_own_adoption(world: World, console: Console, legacy: ScriptedStack) -> None:
    request = adopt(world, console)
    for actor in (world.bob, world.alice):
        with pytest.raises(NotAllowed):
            approve_request(actor=actor, request=request, digest=request.plan.digest)


def test_an_orphan_is_adopted_and_is_none_any_more(world: World, console: Console) -> None:
    stack = console.create("stray", {"portal:environment-id": str(uuid.uuid4()), "portal:team": "payments"})
    scan_region(console.aws_for, world.account, REGION)
    assert Orphan.objects.get(ended_at=None).arn == stack.stack_id
    approve(world, adopt(world, console, stack=stack.stack_id))
    scan_region(console.aws_for, world.account, REGION)
    assert not Orphan.objects.filter(ended_at=None).exists()


def test_an_account_that_refuses_the_read_says_so(world: World, console: Console, legacy: ScriptedStack) -> None:
    console.refused[world.account.account_id] = AccessDenied("no")
    with pytest.raises(Refused, match=r"The stack could not be read in dev\."):
        adopt(world, console)


def test_its_teardown_always_needs_an_approval(world: World, console: Console, legacy: ScriptedStack) -> None:
    environment = approve(world, adopt(world, console)).environment
    request = world.tear_down(environment)
    assert request.state == "waiting"
