"""Environments of the version before plans were typed go on after the upgrade, whatever their
operation was doing.

`upgrades/rows_of_0003.json` and the scripted AWS next to it were written by the code of that time.
Its plans have format 1 of the plan document. Each environment is named for its state; names that
begin with "many" have several stacks, and two plans are bent: changed in the database after they
were approved.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker, Settings

from portal.web.exporting import FORMATS
from provisioning.blueprint import Blueprint
from provisioning.errors import Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.fingerprint import Fingerprint
from provisioning.lifecycle.ownership import tags_to_send
from provisioning.lifecycle.plan_document import CreatePlan, digest_of, from_json
from provisioning.lifecycle.scan.baseline import newest_stacks, take_baselines
from provisioning.lifecycle.scan.regions import scan_region
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.team_resources import PLANNED_BEFORE_STACK_ROLES
from provisioning.models import (
    Account,
    DriftReport,
    Environment,
    Operation,
    Orphan,
    Plan,
    Receipt,
    Request,
    StackResource,
    Team,
    User,
)
from tests.fixtures.old_database import connected_to, upgraded
from tests.fixtures.world import SMALL, World
from tests.scripted_aws.stored import load_cloud

UPGRADES = Path(__file__).parent / "upgrades"
BENT = ("bent", "ends-bent")
STACK_ROLE = "arn:aws:iam::111111111111:role/portal-stacks"
# The state that the operation was in, and the environment's state in the end. What has not begun was
# planned for the former stack role, with which nothing is created any more.
IN_FLIGHT = {
    "begins": ("queued", "create_failed"),
    "bent": ("queued", "create_failed"),
    "builds": ("building", "running"),
    "clears": ("clearing", "running"),
    "deletes": ("deleting", "gone"),
    "empties": ("emptying", "gone"),
    "ends-bent": ("queued", "running"),
    "lost": ("submitting", "running"),
    "many-begin": ("queued", "create_failed"),
    "many-build": ("building", "running"),
    "many-continue": ("continuing", "running"),
    "many-delete": ("deleting", "gone"),
    "many-empty": ("emptying", "gone"),
    "many-go-back": ("continuing", "gone"),
    "many-submit": ("submitting", "running"),
    "prepares": ("preparing", "gone"),
    "rolls": ("rolling_back", "create_failed"),
    "submits": ("submitting", "running"),
    "sweeps": ("sweeping", "gone"),
    "tasks": ("finishing", "running"),
}
APPROVED_NOW = {"ends": "gone"}
WITHDRAWN_NOW = {"waits": "withdrawn", "many-wait": "withdrawn"}
# The stack of “failed” was rolled back. Of “many-failed”, the first stack is complete.
RETRIED_NOW = {"failed": "create_failed", "many-failed": "running", "falls-failed": "gone"}
NOT_CREATED_ANY_MORE = ("begins", "many-begin", "failed")
TORN_DOWN_NOW = {"runs": "gone", "runs-staging": "gone", "many-run": "gone", "tasked-runs": "gone"}
AT_REST = {"gone": "gone", "many-gone": "gone", "gone-in-time": "withdrawn"}


@pytest.fixture(scope="module")
def database(django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    with django_db_blocker.unblock():
        rows = UPGRADES / "rows_of_0003.json"
        yield from upgraded(rows, start="0003_audit_in_order", meanwhile=enter_stack_role)


def enter_stack_role() -> None:
    """An administrator entered the stack role of one account. The other one has none."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE provisioning_account SET stack_role_arn = %s WHERE name = 'dev'", [STACK_ROLE])


@pytest.fixture
def world(
    database: str, django_db_blocker: DjangoDbBlocker, test_blueprints: dict[str, Blueprint], settings: Settings
) -> Iterator[World]:
    """The people, accounts and stacks of that time, a moment later. Changes of a test are rolled
    back.
    """
    settings.BLUEPRINTS_DIR = SMALL
    with django_db_blocker.unblock(), connected_to(database), transaction.atomic():
        documents = [from_json(plan.content) for plan in Plan.objects.all()]
        plans = [document for document in documents if isinstance(document, CreatePlan)]
        bodies = {stack.name: stack.body for plan in plans for stack in plan.stacks}
        cloud = load_cloud(UPGRADES / "scripted_aws_at_0003.json", bodies)
        people = {name: User.objects.get(username=name) for name in ("alice", "bob", "olivia", "charlie")}
        with clock.using(cloud.clock):
            yield World(
                cloud=cloud,
                team=Team.objects.get(slug="payments"),
                account=Account.objects.get(name="dev"),
                prod_account=Account.objects.get(name="prod"),
                blueprints=test_blueprints,
                **people,
            )
        transaction.set_rollback(True)


def called(name: str) -> Environment:
    return Environment.objects.select_related("team").get(name=name)


def test_the_rows_have_an_operation_in_every_state(world: World) -> None:
    open_ones = Operation.objects.filter(ended_at=None).values_list("environment__name", "state")
    assert dict(open_ones) == {name: state for name, (state, _) in IN_FLIGHT.items()}
    everything = {*IN_FLIGHT, *APPROVED_NOW, *WITHDRAWN_NOW, *RETRIED_NOW, *TORN_DOWN_NOW, *AT_REST}
    assert set(Environment.objects.values_list("name", flat=True)) == everything


def test_every_plan_keeps_its_digest_and_every_approval_is_of_it(world: World) -> None:
    plans = Plan.objects.all()
    assert {from_json(plan.content).format for plan in plans} == {1}
    changed = [plan for plan in plans if digest_of(from_json(plan.content)) != plan.digest]
    assert sorted(plan.environment.name for plan in changed) == sorted(BENT)
    for request in Request.objects.select_related("plan"):
        assert request.approved_digest == (
            "" if request.decided_at is None and request.environment.size == "prod" else request.plan.digest
        )


def test_every_environment_keeps_the_stack_role_and_the_names_that_it_was_created_with(world: World) -> None:
    world.account.stack_role_arn = f"{STACK_ROLE}-later"
    world.account.save()
    for environment in Environment.objects.select_related("account"):
        role = STACK_ROLE if environment.account == world.account else ""
        assert (environment.generation, environment.role_for_stacks) == ("", role)
    runs = called("runs")
    world.tear_down(runs)
    world.until_rest(runs)
    (stack,) = world.cloud.named(runs.name)
    assert set(stack.delete_role_arns) == {STACK_ROLE}


def test_a_process_of_the_earlier_version_still_inserts_environments(world: World) -> None:
    """It knows neither of the new columns, and relies on the constraint that it knows."""
    columns = (
        "team_id, name, blueprint_version_id, size, account_id, region, places, inputs, state, state_changed_at, "
        "created_by_id, created_at, version"
    )
    insert = (
        f"INSERT INTO provisioning_environment (id, {columns}) SELECT gen_random_uuid(), {columns} "  # noqa: S608
        "FROM provisioning_environment WHERE name = %s"
    )
    gone, runs = called("gone"), called("runs")
    Environment.objects.filter(pk=gone.pk).update(account=world.account)
    with connection.cursor() as cursor:
        cursor.execute(insert, [gone.name])
        with pytest.raises(IntegrityError, match="environment_name_once") as refused, transaction.atomic():
            cursor.execute(insert, [runs.name])
    assert refused.value.__cause__.diag.constraint_name == "environment_name_once"  # type: ignore[union-attr]
    world.account.refresh_from_db()
    inserted = Environment.objects.filter(name=gone.name).exclude(pk=gone.pk).get()
    assert (inserted.generation, inserted.stack_role_arn, inserted.role_for_stacks) == ("", "", STACK_ROLE)


def withdraw_what_cannot_be_created(world: World) -> None:
    for name in WITHDRAWN_NOW:
        request = Request.objects.select_related("environment__team", "plan").get(environment__name=name)
        with pytest.raises(Refused, match=r"planned before teams had stack roles of their own.* send it again"):
            approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
        withdraw_request(actor=world.bob, request=request)


def test_everything_under_way_waiting_or_failed_comes_to_its_end(world: World) -> None:
    for name in APPROVED_NOW:
        request = Request.objects.select_related("environment__team", "plan").get(
            environment__name=name, state="waiting"
        )
        approve_request(actor=world.olivia, request=request, digest=request.plan.digest, typed_name=name)
    withdraw_what_cannot_be_created(world)
    for name in RETRIED_NOW:
        retry_operation(actor=world.bob, environment=called(name))
    for name in TORN_DOWN_NOW:
        if called(name).size != "prod":
            world.tear_down(called(name))
    for _ in range(400):
        world.tick(5)
        if not Operation.objects.filter(ended_at=None).exists():
            break
    expected = {name: end for name, (_, end) in IN_FLIGHT.items()}
    expected |= APPROVED_NOW | WITHDRAWN_NOW | RETRIED_NOW | TORN_DOWN_NOW | AT_REST
    assert dict(Environment.objects.values_list("name", "state")) == expected
    for name in BENT:
        operation = world.last_operation(called(name))
        assert operation.state == "refused"
        assert "differs from the one that was approved" in operation.cause
    last = [world.last_operation(called(name)) for name in NOT_CREATED_ANY_MORE]
    assert {(operation.state, operation.cause) for operation in last} == {("refused", PLANNED_BEFORE_STACK_ROLES)}
    for name in ("bent", "begins", "many-begin", *WITHDRAWN_NOW):
        assert world.cloud.named(name) == []
    assert max(world.cloud.creates.values()) == 1
    torn_down = [name for name, state in expected.items() if state == "gone"]
    assert Receipt.objects.filter(environment__name__in=torn_down).count() == len(torn_down)
    for request in Request.objects.filter(state="done").select_related("plan"):
        assert request.approved_digest == request.plan.digest == digest_of(from_json(request.plan.content))


def test_running_environments_get_a_ledger_and_a_fingerprint_and_keep_their_tags(world: World) -> None:
    """Their stacks have the tags of that time, one of which names an operation. Nothing is sent to
    AWS that changes something, and the same again does nothing more.
    """
    running = list(newest_stacks().filter(environment__state="running"))
    assert {stack.environment.name for stack in running} >= {"runs", "runs-staging", "many-run", "tasked-runs"}
    StackResource.objects.filter(stack__in=running).delete()
    tags = {stack.stack_id: dict(stack.spec.tags) for stack in world.cloud.stacks}
    Operation.objects.filter(environment__state="running", ended_at=None).update(ended_at=world.now)
    while take_baselines(world.aws_for):
        pass
    for stack in newest_stacks().filter(environment__state="running"):
        fingerprint = Fingerprint.from_json(stack.fingerprint)
        assert fingerprint.is_full
        assert fingerprint.tags == tags[stack.stack_id]
        assert "portal:operation" in fingerprint.tags
        (aws_stack,) = [found for found in world.cloud.stacks if found.stack_id == stack.stack_id]
        assert set(stack.resources.values_list("physical_id", flat=True)) == {
            resource.physical_id for resource in aws_stack.resources.values()
        }
        # A change of today sends exactly these tags, so that nothing is modified by them.
        planned = {key: value for key, value in fingerprint.tags.items() if key != "portal:operation"}
        assert tags_to_send(aws_stack.spec.tags, planned) == tags[stack.stack_id]
    assert {stack.stack_id: dict(stack.spec.tags) for stack in world.cloud.stacks} == tags
    assert world.cloud.sent == []
    for account, region in {(stack.environment.account, stack.region) for stack in running}:
        scan_region(world.aws_for, account, region)
    assert not DriftReport.objects.exists()
    living = Environment.objects.exclude(state__in=("gone", "withdrawn"))
    names = set(Orphan.objects.values_list("environment_id_tag", flat=True))
    assert not names & {str(pk) for pk in living.values_list("pk", flat=True)}


def test_pages_show_every_environment_and_request(world: World) -> None:
    client = Client()
    client.force_login(world.olivia)
    for environment in Environment.objects.all():
        page = client.get(reverse("environment", args=[environment.pk]))
        assert (page.status_code, environment.name in page.content.decode()) == (200, True)
    for request in Request.objects.select_related("plan"):
        page = client.get(reverse("request", args=[request.pk]))
        assert (page.status_code, request.plan.digest[:12] in page.content.decode()) == (200, True)
        if request.kind == "create":
            assert client.get(reverse("request_template", args=[request.pk])).status_code == 200
            for format_ in FORMATS:
                assert client.get(reverse("request_export", args=[request.pk]), {"as": format_}).status_code == 200
