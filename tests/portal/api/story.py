"""Every noun of the API in the state that its routes need, as the engine leaves it on a scripted AWS.

The account, the blueprint and the region have the names of the document's examples.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from provisioning.aws import StackSpec
from provisioning.lifecycle import clock
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.connection.report import ConnectionReport, Finding, Outcome
from provisioning.lifecycle.fingerprint import details_of
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.questions import ask_question
from provisioning.lifecycle.services.recover import preview_recovery
from provisioning.lifecycle.services.teardown import preview_teardown
from provisioning.lifecycle.services.tokens import create_personal_token, create_service_token
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import AccountTest, Environment, Membership, Operation, Orphan, Request, Role, User
from tests.fixtures.world import REGION, SMALL, World
from tests.lifecycle.test_fingerprint import STATE
from tests.lifecycle.test_recover import changeable, changed
from tests.portal.api.conftest import EVERYTHING
from tests.portal.api.no_network import no_network
from tests.portal.api.nouns import offered_environment, values_of
from tests.portal.conftest import finish, put
from tests.portal.test_drift_page import STACK, report
from tests.scripted_aws.aws import ScriptedAws
from tests.scripted_aws.outsider import Outsider

SLUG = "static-site"
LEGACY = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


@dataclass(frozen=True)
class Story:
    """Dora may do everything: she owns the team and has all roles outside teams. Bob asks for
    environments. `tokens` have every scope, by user name. `values` are what exists, by operation id
    (`*` for all) and parameter or property.
    """

    world: World
    tokens: Mapping[str, str]
    values: Mapping[str, Mapping[str, Any]]


@pytest.fixture
def story(world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    settings.BLUEPRINTS_DIR = tmp_path
    settings.API_CALLS_PER_MINUTE = settings.API_FAILURES_PER_MINUTE = 1_000_000
    shutil.copytree(SMALL / "small", tmp_path / SLUG)
    world.blueprints = {"small": catalogue().get(SLUG)}
    put(world.account, name="sandbox-dev")
    no_network(world, settings, monkeypatch)
    dora = User.objects.create(
        username="dora", email="dora@example.org", is_approver=True, is_admin=True, is_auditor=True
    )
    Membership.objects.create(team=world.team, user=dora, role=Role.OWNER)
    tokens = {
        user.username: create_personal_token(actor=user, name="everything", scopes=EVERYTHING, days=30).text
        for user in (dora, world.bob, world.charlie)
    }
    return Story(world, tokens, _values(world, dora))


def _values(world: World, dora: User) -> dict[str, Mapping[str, Any]]:
    orders, gone, stuck, failed = _running(world), _gone(world), _stuck(world), _failed(world)
    offer = offered_environment(world, dora)
    unreachable, queued = _unreachable(world), _queued(world)  # the world does not run after them
    waiting = world.request("shop", "prod")
    ask_question(actor=world.olivia, request=waiting, text="Who is on call?")
    drift = report(orders, replace(STACK, stack_id=world.stack_row(orders).stack_id))
    teardown = preview_teardown(actor=dora, environment=orders)
    recovery = preview_recovery(actor=dora, environment=stuck, aws_for=world.aws_for)
    _administration(world, dora, orders)
    spare = create_personal_token(actor=dora, name="spare", scopes=["read"], days=30).token
    request = Request.objects.get(environment=orders, kind="create")
    everywhere = {
        "path.environment_id": str(orders.pk),
        "path.pk": str(request.pk),
        "path.operation_id": str(Operation.objects.get(request=request).pk),
        "path.account_id": str(world.account.pk),
        "path.person_id": str(world.bob.pk),
        "path.token_id": str(spare.pk),
        "path.slug": "payments",
    }
    new = {
        "body.team": "payments",
        "body.account": "sandbox-dev",
        "body.region": REGION,
        "body.size": "dev",
        "body.name": "handbook-dev",
    }
    waits = {"path.pk": str(waiting.pk)}
    recovered = {"path.environment_id": str(stuck.pk)}
    more = values_of(world, dora, slug=SLUG, waiting=waiting, offer=offer)
    return {
        **more,
        "*": everywhere | dict(more["*"]),
        "catalogue_get": {"path.slug": SLUG},
        "catalogue_versions": {"path.slug": SLUG},
        "environments_receipt": {"path.environment_id": str(gone.pk)},
        "teardowns_create": {"body.name": orders.name, "body.expected_digest": teardown.digest},
        "recoveries_preview": recovered,
        "recoveries_create": recovered | {"body.expected_digest": recovery.digest},
        "drift_accept": {"body.report_id": str(drift.pk)},
        "operations_cancel": {"path.operation_id": str(queued.pk)},
        "operations_retry": {"path.operation_id": str(failed.pk)},
        "operations_stop_watching": {"path.operation_id": str(unreachable.pk)},
        "requests_approve": waits | {"body.digest": waiting.plan.digest},
        "requests_reject": waits,
        "requests_withdraw": waits,
        "questions_ask": waits,
        "questions_answer": waits,
        "comments_list": waits,
        "requests_plan_again": {"path.pk": str(Request.objects.get(environment=orders, kind="change").pk)},
        "adoptions_create": new | {"body.stack": "legacy-orders"},
        "requests_create": new | {"body.blueprint": SLUG},
        "plans_preview": new | {"body.blueprint": SLUG},
        "plans_check": new | {"body.blueprint": SLUG},
        "members_add": {"body.username": "charlie"},
        "teams_create": {"body.slug": "search", "body.name": "Search"},
    }


def _running(world: World) -> Environment:
    """With a change that has failed, so that it can be planned again."""
    environment = world.create("orders")
    request_change(
        actor=world.bob,
        environment=environment,
        blueprint=world.blueprints["small"],
        size="dev",
        inputs={"note": "another"},
    )
    environment.refresh_from_db()
    finish(environment, "running", "failed", "failed")
    put(
        world.stack_row(environment), details=details_of(replace(STATE, stack_id=world.stack_row(environment).stack_id))
    )
    return environment


def _gone(world: World) -> Environment:
    environment = world.create("old")
    world.tear_down(environment)
    return world.until_rest(environment)


def _stuck(world: World) -> Environment:
    """Its stack is in UPDATE_ROLLBACK_FAILED, and the cause is gone."""
    environment = world.create("stuck")
    stack = world.aws_stack("stuck")
    logical_id = changeable(stack)
    world.cloud.fail_update[logical_id] = ["Internal Failure"]
    world.cloud.fail_undo[logical_id] = ["The resource was deleted outside of CloudFormation"]
    Outsider(world.cloud).update_stack(stack, lambda template: changed(template, logical_id))
    world.cloud.clock.advance(600)
    world.cloud.settle()
    put(environment, state=str(EnvironmentState.NEEDS_REPAIR))
    return environment


def _queued(world: World) -> Operation:
    return Operation.objects.get(request=world.request("fresh"))


def _failed(world: World) -> Operation:
    logical_id = changeable(world.aws_stack("orders"))
    world.cloud.fail_create[logical_id] = ["Quota exceeded"]
    return world.last_operation(world.until_rest(world.request("broken").environment))


def _unreachable(world: World) -> Operation:
    """It watches an account that has not answered for a while."""
    operation = Operation.objects.get(request=world.request("unseen"))
    since = (clock.now() - timedelta(minutes=20)).isoformat()
    put(operation, state="building", step_data=operation.step_data | {"misses": 9, "missing_since": since})
    return operation


def _administration(world: World, dora: User, orders: Environment) -> None:
    at = clock.now()
    finding = Finding(Outcome.PASSED, "The role can be assumed.")
    AccountTest.objects.create(
        account=world.account,
        tested_at=at,
        tested_by=dora,
        report=ConnectionReport("sandbox-dev", (finding,)).as_json(),
    )
    Orphan.objects.create(
        account=world.account,
        region=REGION,
        arn=f"arn:aws:cloudformation:{REGION}:111111111111:stack/stray/1",
        team_tag="payments",
        environment_id_tag=str(orders.pk),
        reason="Because.",
        status="CREATE_COMPLETE",
        found_at=at,
        seen_at=at,
    )
    create_service_token(actor=dora, team=world.team, name="ci", scopes=["read"], days=30)
    aws = ScriptedAws(world.cloud, world.account.access(REGION))
    aws.create_stack(StackSpec(name="legacy-orders", body=LEGACY), token="console-legacy")
    world.cloud.clock.advance(60)
    world.cloud.settle()
