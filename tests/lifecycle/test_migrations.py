"""A database from before several stacks can still be used, with its requested, approved and running
operations.

`upgrades/rows_of_0001.json` was written by the code of that time. Its environments are named for
what they are about: one waits, one begins, one is lost by its worker just after CreateStack, one
grows, one runs, one falls, one is gone, the end of one waits for an approver, and the plan of one
is bent: changed in the database after it was approved.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker, Settings

from portal.web.exporting import FORMATS
from provisioning import migrations
from provisioning.blueprint import Blueprint
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit_chain import newest_anchor, rows_by_position
from provisioning.lifecycle.plan_document import FORMAT, TeardownPlan, as_json, digest_of, from_json
from provisioning.lifecycle.planning import draft_create, places_of
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.lifecycle.services.teardown import preview_teardown
from provisioning.lifecycle.verify_audit_export import ChainCheck
from provisioning.lifecycle.version_registry import register_versions
from provisioning.models import (
    Account,
    AuditEvent,
    BlueprintArchive,
    BlueprintVersion,
    Environment,
    Operation,
    Plan,
    Receipt,
    Request,
    Team,
    Transition,
    User,
)
from tests.fixtures.old_database import connected_to, upgraded
from tests.fixtures.world import REGION, SMALL, World
from tests.scripted_aws.cloud import Cloud, ManualClock
from tests.support.accounts import admit
from tests.support.plans import created_by

ROWS = Path(__file__).parent / "upgrades" / "rows_of_0001.json"
DELIVERED = {
    "0001_initial": "6482d700a8eeb7f0795af1fa1b74f405c707247358b84bf74a64a07962ccc9bb",
    "0002_several_stacks": "f4c234193d9243e89c4dd402a5d18c4e983f2d30334c9792d485166a4082ac23",
    "_plans_by_stack": "5a3312c6bb1ad467d57fb612c4bf6b9ae1ca94aeb2c1ebc618baaef4f1331710",
    "0003_audit_in_order": "d109e3b323bb6f5b791f9bc7acde1502ac475ec3d7015a090f3621dd50e7ba7c",
}
# A moment after the last of the rows was written.
JUST_AFTER = datetime(2026, 11, 2, 9, 2, 10, tzinfo=UTC)
OLD_DIGEST_OF_WAITS = "2cae897251c79026b20dcd3c32838b2c0f71bfb0d4f05d2911f3e41617584345"
BENT = ("bent", "grows")
ENVIRONMENTS = ("waits", "begins", "lost", "grows", "runs", "falls", "gone", "ends", "bent")


def bend() -> None:
    """Somebody writes another template into plans that are approved."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE provisioning_plan SET content = jsonb_set(content, '{body}', to_jsonb(content->>'body' || ' '))
               WHERE environment_id IN (SELECT id FROM provisioning_environment WHERE name = ANY(%s))""",
            [list(BENT)],
        )
        assert cursor.rowcount == len(BENT)


@pytest.fixture(scope="module")
def database(django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    with django_db_blocker.unblock():
        yield from upgraded(ROWS, start="0001_initial", meanwhile=bend)


@pytest.fixture
def world(
    database: str, django_db_blocker: DjangoDbBlocker, test_blueprints: dict[str, Blueprint], settings: Settings
) -> Iterator[World]:
    """The people and accounts of the old rows, a moment later; whatever a test does to them is
    rolled back.
    """
    settings.BLUEPRINTS_DIR = SMALL
    manual = ManualClock(JUST_AFTER)
    with (
        django_db_blocker.unblock(),
        connected_to(database),
        transaction.atomic(),
        clock.using(manual),
    ):
        people = {name: User.objects.get(username=name) for name in ("alice", "bob", "olivia", "charlie")}
        yield World(
            cloud=Cloud(clock=manual),
            team=Team.objects.get(slug="payments"),
            account=Account.objects.get(name="dev"),
            prod_account=Account.objects.get(name="prod"),
            blueprints=test_blueprints,
            **people,
        )
        transaction.set_rollback(True)


def called(name: str) -> Environment:
    return Environment.objects.get(name=name)


def waiting(name: str) -> Request:
    return Request.objects.select_related("environment__team", "plan").get(environment__name=name, state="waiting")


# Content of the rows


def test_the_rows_are_those_of_the_stories(world: World) -> None:
    states = dict(Environment.objects.values_list("name", "state"))
    assert sorted(states) == sorted(ENVIRONMENTS)
    operations = {
        name: Operation.objects.filter(environment__name=name).latest("started_at").state for name in ENVIRONMENTS[1:]
    }
    assert operations == {
        "begins": "queued",
        "lost": "submitting",
        "grows": "queued",  # it was building, and its plan is bent
        "runs": "succeeded",
        "falls": "deleting",
        "gone": "succeeded",
        "ends": "succeeded",
        "bent": "queued",
    }


def test_new_columns_have_true_values(world: World) -> None:
    assert {(row.stack, row.region) for row in Operation.objects.all()} == {("main", REGION)}
    assert all(row.step_data["stacks"] == [["main", REGION]] for row in Operation.objects.all())
    assert {row.last_seen_at - row.first_seen_at for row in BlueprintVersion.objects.all()} == {timedelta(0)}
    for environment in Environment.objects.all():
        plan = created_by(environment.plans.earliest("created_at"))
        assert environment.places == places_of(plan) == [f"{REGION}/{environment.name}"]
    assert (world.account.artefact_bucket, world.account.artefact_region) == ("acme-code", REGION)
    assert world.prod_account.artefact_region == ""
    assert world.prod_account.artefact_bucket_in("us-east-1") == "portal-artefacts-222222222222-us-east-1"


def test_audit_events_are_numbered_by_their_time_and_the_next_comes_behind(world: World) -> None:
    written = json.loads(ROWS.read_text())["provisioning_auditevent"]
    rows = list(AuditEvent.objects.order_by("id"))
    assert [row.pk for row in rows] == list(range(1, len(written) + 1))
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert sorted(row.action for row in rows) == sorted(row["action"] for row in written)
    next_one = AuditEvent.objects.create(at=JUST_AFTER, action="request:create", environment=called("runs"))
    assert next_one.pk > len(written)


def test_audit_events_of_earlier_versions_are_sealed_in_their_order(world: World) -> None:
    rows = list(rows_by_position(up_to=newest_anchor().position))
    check = ChainCheck()
    for row in rows:
        check.add(row)
    check.finish()
    assert [int(row.event_id) for row in rows] == list(AuditEvent.objects.order_by("id").values_list("id", flat=True))


def test_every_plan_has_the_digest_of_its_content_and_every_approval_is_of_it(world: World) -> None:
    plans = Plan.objects.exclude(environment__name__in=BENT)
    assert plans.count() == 10
    for plan in plans:
        assert plan.digest == digest_of(from_json(plan.content))
        asked = plan.requests.get()
        assert asked.approved_digest == ("" if asked.state == "waiting" else plan.digest)


def test_a_plan_that_was_changed_keeps_a_digest_that_is_not_its_own_and_loses_its_approval(world: World) -> None:
    for name in BENT:
        plan = called(name).plans.get()
        assert plan.digest != digest_of(from_json(plan.content))
        assert plan.requests.get().approved_digest == ""


def test_a_plan_says_what_a_plan_made_today_says(world: World) -> None:
    admit(world.team, world.prod_account)
    asked = waiting("waits")
    today = draft_create(
        actor=world.bob,
        team=world.team,
        name="today",
        blueprint=world.blueprints["small"],
        size="prod",
        inputs={},
        account=world.prod_account,
        region=REGION,
        request_id=asked.pk,
    ).document
    then = created_by(asked.plan)
    assert (then.format, today.format) == (1, FORMAT)
    assert then.main.resources == today.main.resources
    assert [kept.logical_id for kept in then.main.retained] == [kept.logical_id for kept in today.main.retained]
    assert then.inputs == today.inputs
    assert as_json(then) == asked.plan.content


def test_a_teardown_s_plan_says_what_its_preview_says_today(world: World) -> None:
    asked = waiting("ends")
    preview = preview_teardown(actor=world.bob, environment=asked.environment)
    plan = from_json(asked.plan.content)
    assert isinstance(plan, TeardownPlan)
    account_id = asked.environment.account.account_id  # plans of earlier formats do not name it
    assert plan.account_id == ""
    assert replace(plan, format=FORMAT, account_id=account_id) == preview.plan
    assert asked.plan.digest == digest_of(plan) != preview.digest


def test_the_files_of_a_version_that_was_seen_before_files_were_kept_are_kept_at_a_later_look(world: World) -> None:
    small = world.blueprints["small"]
    BlueprintVersion.objects.update(digest=small.digest, maturity=small.maturity)  # its folder is what it was
    assert not BlueprintArchive.objects.exists()
    world.cloud.clock.advance(30 * 86_400)
    assert register_versions([small]) == {}
    assert BlueprintArchive.objects.get().digest == small.digest


# What people do with them


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_pages_show_it(world: World, name: str) -> None:
    client = Client()
    client.force_login(world.olivia)
    environment = called(name)
    page = client.get(reverse("environment", args=[environment.pk]))
    assert page.status_code == 200
    assert name in page.content.decode()
    for asked in Request.objects.filter(environment=environment):
        page = client.get(reverse("request", args=[asked.pk]))
        assert page.status_code == 200
        assert asked.plan.digest[:12] in page.content.decode()
        if asked.kind == "create":
            assert client.get(reverse("request_template", args=[asked.pk])).status_code == 200
            for format_ in FORMATS:
                assert client.get(reverse("request_export", args=[asked.pk]), {"as": format_}).status_code == 200


def test_what_waits_is_not_approved_but_withdrawn_and_requested_again(world: World) -> None:
    asked = waiting("waits")
    with pytest.raises(Refused, match=r"planned before teams had stack roles of their own.* send it again"):
        approve_request(actor=world.olivia, request=asked, digest=asked.plan.digest)
    assert waiting("waits").approved_digest == ""
    withdraw_request(actor=world.bob, request=asked)
    admit(world.team, world.prod_account)
    again = world.request("waits", "prod")
    approve_request(actor=world.olivia, request=again, digest=again.plan.digest)
    assert world.until_rest(again.environment).state == "running"


def test_a_form_that_was_opened_before_the_upgrade_approves_nothing(world: World) -> None:
    asked = waiting("waits")
    with pytest.raises(WrongState, match="differs from the one that you read"):
        approve_request(actor=world.olivia, request=asked, digest=OLD_DIGEST_OF_WAITS)
    assert waiting("waits").approved_digest == ""


def test_what_was_approved_and_has_not_begun_is_refused_and_torn_down(world: World) -> None:
    environment = world.until_rest(called("begins"))
    operation = world.last_operation(environment)
    assert (environment.state, operation.state) == ("create_failed", "refused")
    assert "planned before teams had stack roles of their own" in operation.cause
    assert operation.next_action == "teardown"
    assert world.cloud.named("begins") == []
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"


def test_what_was_handed_over_is_handed_over_again_with_the_same_token(world: World) -> None:
    environment = called("lost")
    assert world.until_rest(environment).state == "running"
    assert world.aws_stack("lost").token == world.last_operation(environment).token


@pytest.mark.parametrize("name", BENT)
def test_a_plan_that_was_changed_does_not_run(world: World, name: str) -> None:
    environment = world.until_rest(called(name))
    operation = world.last_operation(environment)
    assert (environment.state, operation.state) == ("create_failed", "refused")
    assert "differs from the one that was approved" in operation.cause
    assert world.cloud.named(name) == []


def test_an_attempt_that_is_set_back_says_so_in_its_history(world: World) -> None:
    step = Transition.objects.get(
        subject="operation", environment__name="grows", to_state="queued", from_state="building"
    )
    assert "proved again" in step.reason


def test_the_teardown_of_what_runs_is_shown_and_carried_out(world: World) -> None:
    environment = called("runs")
    client = Client()
    client.force_login(world.bob)
    page = client.get(reverse("teardown", args=[environment.pk]))
    assert page.status_code == 200
    preview = preview_teardown(actor=world.bob, environment=environment)
    assert {line.logical_id for line in preview.plan.to_retain} == {"BucketFiles", "BucketFilesPolicy"}
    assert preview.regions == [REGION]
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"


def test_a_teardown_that_waits_is_approved_and_ends(world: World) -> None:
    asked = waiting("ends")
    approve_request(actor=world.olivia, request=asked, digest=asked.plan.digest, typed_name=asked.environment.name)
    assert world.until_rest(asked.environment).state == "gone"


def test_a_teardown_under_way_comes_to_its_end(world: World) -> None:
    environment = world.until_rest(called("falls"))
    assert environment.state == "gone"
    assert {line["region"] for line in Receipt.objects.get(environment=environment).lines} == {REGION}


def test_an_old_receipt_is_shown(world: World) -> None:
    environment = called("gone")
    client = Client()
    client.force_login(world.bob)
    page = client.get(reverse("receipt", args=[environment.pk])).content.decode()
    assert "gone-files" in page
    receipt = Receipt.objects.get(environment=environment)
    assert receipt.scan["regions"] == [REGION]
    assert {(line["stack"], line["region"]) for line in receipt.lines} == {("main", REGION)}


# The migrations themselves


@pytest.mark.parametrize("name", DELIVERED)
def test_a_delivered_migration_never_changes(name: str) -> None:
    text = (Path(migrations.__file__).parent / f"{name}.py").read_bytes()
    assert hashlib.sha256(text).hexdigest() == DELIVERED[name], "Others have run it: add a migration instead."


def test_the_models_have_no_change_without_a_migration(world: World) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
