"""The people of the story, their team and accounts, and environments as rows, as the engine leaves
them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.pages.request_form.forms import PREFIX
from provisioning.aws.onboarding import artefact_bucket
from provisioning.blueprint import Variable, example_inputs
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.plan_document import PlannedResource
from provisioning.lifecycle.receipt_document import digest_of_stored
from provisioning.lifecycle.services.requests import request_environment
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.models import (
    Account,
    Environment,
    Membership,
    Operation,
    Receipt,
    Request,
    Role,
    Stack,
    StackEvent,
    StackResource,
    Team,
    User,
)
from tests.support.accounts import admit
from tests.support.plans import created_by
from tests.support.signed_in import signed_in

REGION = "eu-north-1"
SLUG = "carbon-connect"


@dataclass
class People:
    alice: User
    bob: User
    olivia: User
    charlie: User
    payments: Team
    logistics: Team
    dev: Account
    prod: Account

    def client(self, name: str) -> Client:
        """A client of this person, who has just signed in."""
        return signed_in(getattr(self, name))

    def ask(self, name: str = "orders-dev", *, size: str = "dev", actor: User | None = None, **more: Any) -> Request:
        inputs, _ = example_inputs(catalogue().get(SLUG), size, {})
        return request_environment(
            actor=actor or self.bob,
            team=more.pop("team", self.payments),
            name=name,
            blueprint=catalogue().get(SLUG),
            size=size,
            inputs=inputs,
            account=self.prod if size == "prod" else self.dev,
            region=REGION,
            **more,
        )

    def form(
        self,
        name: str = "orders-dev",
        *,
        size: str = "dev",
        questions: Mapping[str, Variable] | None = None,
        **more: str,
    ) -> dict[str, str]:
        """What a browser posts for the example inputs."""
        variables = (catalogue().get(SLUG).variables if questions is None else questions).values()
        account = self.prod if size == "prod" else self.dev
        return {
            "request_id": str(uuid.uuid4()),
            "size": size,
            "team": str(self.payments.pk),
            "name": name,
            "place": f"{account.pk}/{REGION}",
            "note": "",
            **{PREFIX + v.name: str(v.example) for v in variables if v.required},
            **more,
        }


@pytest.fixture
def people(db: None) -> People:
    def user(name: str, **more: Any) -> User:
        return User.objects.create_user(name, password="correct horse battery", first_name=name.capitalize(), **more)

    payments = Team.objects.create(slug="payments", name="Payments")
    logistics = Team.objects.create(slug="logistics", name="Logistics")
    alice, bob, charlie = user("alice"), user("bob"), user("charlie")
    Membership.objects.create(team=payments, user=alice, role=Role.OWNER)
    Membership.objects.create(team=payments, user=bob)
    Membership.objects.create(team=logistics, user=charlie, role=Role.OWNER)
    regions = ["eu-north-1", "eu-central-1"]
    dev = Account.objects.create(
        name="acme-dev",
        account_id="100000000001",
        regions=regions,
        sizes=["dev", "staging"],
        artefact_bucket=artefact_bucket("100000000001", REGION),
    )
    prod = Account.objects.create(
        name="acme-prod",
        account_id="100000000002",
        regions=regions,
        sizes=["prod"],
        artefact_bucket=artefact_bucket("100000000002", REGION),
    )
    for team in (payments, logistics):
        admit(team, dev, prod)
    return People(
        alice=alice,
        bob=bob,
        olivia=user("olivia", is_approver=True),
        charlie=charlie,
        payments=payments,
        logistics=logistics,
        dev=dev,
        prod=prod,
    )


def put(row: Any, **fields: Any) -> None:
    """Write a state as the engine would have left it."""
    type(row).objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()


def build(environment: Environment, *, ready: int = 0, busy: int = 0, failed: str = "") -> Stack:
    """A stack with the plan's resources: the first so many ready, some at work, one failed with
    this reason.
    """
    plan = environment.plans.earliest("created_at")
    main = created_by(plan).main
    order = [name for level in main.levels for name in level]
    resources = sorted(main.resources, key=lambda resource: order.index(resource.logical_id))
    now = timezone.now()
    stack = Stack.objects.create(
        environment=environment,
        name=environment.name,
        region=environment.region,
        stack_id="arn:stack",
        polled_at=now,
        created_at=now,
    )
    for number, item in enumerate(resources):
        state = "CREATE_COMPLETE" if number < ready else "CREATE_IN_PROGRESS" if number < ready + busy else "PLANNED"
        reason = ""
        if failed and number == ready + busy:
            state, reason = "CREATE_FAILED", failed
        _resource(stack, item, state, reason, at=now - timedelta(seconds=300 - number))
    return stack


def _resource(stack: Stack, item: PlannedResource, state: str, reason: str, *, at: datetime) -> None:
    ended = state in ("CREATE_COMPLETE", "CREATE_FAILED")
    seen = state != "PLANNED"
    StackResource.objects.create(
        stack=stack,
        logical_id=item.logical_id,
        physical_id=f"{stack.name}-{item.logical_id}".lower() if seen else "",
        type=item.type,
        address=item.address,
        status=state,
        reason=reason,
        started_at=at if seen else None,
        finished_at=at + timedelta(seconds=41) if ended else None,
    )
    if seen:
        StackEvent.objects.create(
            stack=stack,
            event_id=str(uuid.uuid4()),
            at=at,
            logical_id=item.logical_id,
            type=item.type,
            status=state,
            reason=reason,
        )


@pytest.fixture
def running(people: People) -> Environment:
    """orders-dev, all there, with outputs."""
    environment = people.ask().environment
    stack = build(environment, ready=1_000)
    arn = "arn:aws:secretsmanager:eu-north-1:100000000001:secret:orders-dev/claude-AbCdEf"
    stack.outputs = {
        "Url": "https://orders.example.com",
        "ClaudeSecretArn": arn,
        "DocumentsBucket": "orders-dev-documents",
    }
    stack.save()
    finish(environment, "running", "succeeded", "done")
    return environment


def finish(environment: Environment, state: str, operation_state: str, request_state: str, **more: Any) -> Operation:
    """End the open operation as the engine does."""
    now = timezone.now()
    operation = Operation.objects.get(environment=environment, ended_at__isnull=True)
    put(operation, state=operation_state, state_changed_at=now, ended_at=now, due_at=None, **more)
    put(operation.request, state=request_state, state_changed_at=now)
    put(environment, state=state, state_changed_at=now, version=environment.version + 5)
    return operation


@pytest.fixture
def failed(people: People) -> Environment:
    environment = people.ask("orders-broken").environment
    build(environment, ready=40, failed="Resource handler returned message: quota exceeded")
    memory = {
        "ended_in": "rolling_back",
        "after": [],
        "failure": {"logical_id": "Postgres", "type": "AWS::RDS::DBInstance", "hint": "Have it raised."},
    }
    finish(
        environment, "create_failed", "failed", "failed",
        cause="The account has reached a quota of AWS with the database.", cause_detail="Resource handler returned message: quota exceeded",
        next_action="try_again", step_data=memory,
    )  # fmt: skip
    return environment


@pytest.fixture
def gone(running: Environment, people: People) -> Environment:
    """Torn down, with a receipt."""
    preview = preview_teardown(actor=people.bob, environment=running)
    request_teardown(actor=people.bob, environment=running, typed_name=running.name, expected_digest=preview.digest)
    operation = finish(running, "gone", "succeeded", "done")
    now = timezone.now()
    StackResource.objects.update(status="DELETE_COMPLETE", end="deleted", ended_at=now)
    lines = [
        {"logical_id": line.logical_id, "type": line.type, "physical_id": line.physical_id, "address": line.address, "title": line.title, "stack": line.stack, "region": line.region,
         "end": "retained" if number == 0 else "deleted", "policy": "Retain" if number == 0 else "", "note": "Holds data.", "ended_at": now.isoformat()}
        for number, line in enumerate(preview.plan.to_delete)
    ]  # fmt: skip
    scan = {
        "key": "portal:environment-id",
        "value": str(running.pk),
        "at": now.isoformat(),
        "regions": [REGION],
        "found": [preview.plan.to_delete[0].physical_id],
        "stale": [],
        "left": [],
    }
    digest = digest_of_stored(lines, scan, plan_digest=operation.request.approved_digest)
    Receipt.objects.create(
        operation=operation, environment=running, lines=lines, scan=scan, written_at=now, digest=digest
    )
    return running


@pytest.fixture
def many(people: People) -> Callable[[int], None]:
    """So many environments of the payments team, by copying one row."""

    def make(number: int) -> None:
        first = Environment.objects.first() or people.ask("copy").environment
        at = timezone.now()
        Environment.objects.bulk_create(
            Environment(
                team=people.payments, name=f"copy-{uuid.uuid4().hex[:12]}", blueprint_version_id=first.blueprint_version_id, size="dev",
                account=people.dev, region=REGION, state="running", state_changed_at=at, created_by=people.bob, created_at=at - timedelta(minutes=n),
            )
            for n in range(number)
        )  # fmt: skip

    return make
