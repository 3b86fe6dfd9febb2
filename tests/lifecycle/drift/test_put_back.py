"""Bob puts an environment back as designed, and the portal notices what it has changed itself."""

from __future__ import annotations

import uuid

import pytest

from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.drift.report_document import Difference, DriftContent, DriftedResource, StackDrift
from provisioning.lifecycle.drift.reverting import can_revert, not_reverted
from provisioning.lifecycle.fingerprint import Fingerprint
from provisioning.lifecycle.plan_document import ChangePlan, from_json
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.scan.baseline import take_baselines
from provisioning.lifecycle.scan.regions import scan_region
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.drift import accept_drift
from provisioning.lifecycle.services.put_back import request_put_back
from provisioning.models import DriftReport, Environment, Request
from tests.fixtures.world import REGION, World
from tests.lifecycle.drift.test_detection import advance, checked, newest, running
from tests.lifecycle.scan.region import Console

SECRET = "AWS::SecretsManager::Secret"


def drifted(world: World, console: Console) -> Environment:
    environment = running(world, console)
    edit(world, console)
    assert checked(world, console, environment)[0].status == "drifted"
    return environment


def secret(world: World) -> str:
    (name,) = [name for name, resource in world.aws_stack().resources.items() if resource.type == SECRET]
    return name


def edit(world: World, console: Console, text: str = "by hand") -> None:
    console.outsider.edit(world.aws_stack(), secret(world), Description=text)


def again(request: Request) -> Request:
    return Request.objects.select_related("plan", "environment").get(pk=request.pk)


def test_drift_is_reverted_and_checked_again(world: World, console: Console) -> None:
    environment = drifted(world, console)
    design = current_document(environment)
    request = request_put_back(actor=world.bob, environment=environment)
    assert (request.kind, request.state) == ("put_back", "planning")
    world.until_rest(environment)
    request = again(request)
    assert request.state == "done", world.last_operation(environment).cause + world.last_operation(environment).state
    document = from_json(request.plan.content)
    assert isinstance(document, ChangePlan)
    change_set = document.change_set("main")
    assert (change_set.revert_drift, [change.logical_id for change in change_set.changes]) == (True, [secret(world)])
    actual = world.aws_stack().resources[secret(world)].actual
    assert actual["Description"] != "by hand"
    environment.refresh_from_db()
    assert (environment.state, current_document(environment)) == ("running", design)

    report, stack = newest(environment)
    assert (report.status, report.content["why"]) == (
        "waiting",
        "The environment was changed since its drift was found.",
    )
    take_baselines(console.aws_for)
    advance(console)
    report, stack = newest(environment)
    assert (report.status, stack.outside, stack.resources) == ("in_sync", (), ())


def test_what_was_accepted_before_counts_no_longer_after_it(world: World, console: Console) -> None:
    environment = drifted(world, console)
    accept_drift(actor=world.bob, environment=environment, report_id=newest(environment)[0].pk)
    take_baselines(console.aws_for)
    edit(world, console, "something else")
    checked(world, console, environment)
    request_put_back(actor=world.bob, environment=environment)
    world.until_rest(environment)
    take_baselines(console.aws_for)
    advance(console)
    edit(world, console)
    assert checked(world, console, environment)[0].status == "drifted"


def test_a_change_by_the_portal_is_not_mistaken_for_drift(world: World, console: Console) -> None:
    environment = running(world, console)
    before = world.stack_row(environment).fingerprint
    request_change(
        actor=world.bob,
        environment=environment,
        blueprint=world.blueprints["small"],
        size="dev",
        inputs={"note": "something"},
    )
    world.until_rest(environment)
    assert world.stack_row(environment).fingerprint == {}
    assert take_baselines(console.aws_for) == 1
    assert world.stack_row(environment).fingerprint != before
    scan_region(console.aws_for, world.account, REGION)
    assert not DriftReport.objects.exists()


def test_a_change_that_stopped_before_it_changed_anything_hides_nothing(world: World, console: Console) -> None:
    environment = running(world, console)
    before = Fingerprint.from_json(world.stack_row(environment).fingerprint)
    Environment.objects.filter(pk=environment.pk).update(size="prod")
    world.account.sizes = ["dev", "staging", "prod"]
    world.account.save()
    environment.refresh_from_db()
    request = request_change(
        actor=world.bob,
        environment=environment,
        blueprint=world.blueprints["small"],
        size="prod",
        inputs={"note": "something"},
    )
    world.until_rest(environment)
    request = again(request)
    console.update(world.aws_stack())
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.until_rest(environment)
    assert again(request).state == "failed"
    assert Fingerprint.from_json(world.stack_row(environment).fingerprint) == before
    scan_region(console.aws_for, world.account, REGION)
    assert newest(environment)[1].outside


def test_only_drift_that_was_found_can_be_put_back(world: World, console: Console) -> None:
    environment = running(world, console)
    with pytest.raises(WrongState, match="shows nothing to put back"):
        request_put_back(actor=world.bob, environment=environment)
    edit(world, console)
    checked(world, console, environment)
    for outsider in (world.charlie, world.olivia):
        with pytest.raises(NotAllowed):
            request_put_back(actor=outsider, environment=environment)
    request_id = uuid.uuid4()
    first = request_put_back(actor=world.bob, environment=environment, request_id=request_id)
    assert request_put_back(actor=world.bob, environment=environment, request_id=request_id) == first
    with pytest.raises(WrongState):
        request_put_back(actor=world.alice, environment=environment)


def test_an_adopted_stack_is_not_put_back(world: World, console: Console) -> None:
    environment = drifted(world, console)
    Environment.objects.filter(pk=environment.pk).update(is_adopted=True)
    environment.refresh_from_db()
    with pytest.raises(Refused, match="only watched"):
        request_put_back(actor=world.bob, environment=environment)


def content(*resources: DriftedResource) -> DriftContent:
    stack = StackDrift("main", "orders", REGION, "arn:stack", is_checked=True, resources=resources)
    return DriftContent(why="", stacks=(stack,))


def test_what_cannot_be_reverted_is_named() -> None:
    proxy = DriftedResource(
        "Proxy", "p", "AWS::RDS::DBProxy", "MODIFIED", {}, (Difference("/DebugLogging", "false", "true", "NOT_EQUAL"),)
    )
    database = DriftedResource(
        "Database",
        "d",
        "AWS::RDS::DBInstance",
        "MODIFIED",
        {},
        (
            Difference("/StorageEncrypted", "true", "false", "NOT_EQUAL"),
            Difference("/AllocatedStorage", "20", "40", "NOT_EQUAL"),
        ),
    )
    assert not_reverted(content(proxy, database)) == (
        "Proxy: CloudFormation cannot revert drift of the type AWS::RDS::DBProxy.",
        "Database: /StorageEncrypted can only be set when the resource is created, so its drift cannot be reverted.",
    )
    assert can_revert(content(proxy, database))
    assert not can_revert(content(proxy))
    assert can_revert(content(DriftedResource("Topic", "t", "AWS::SNS::Topic", "DELETED", {})))
