"""What people do in the portal, at random: request, approve, reject, withdraw, retry, tear down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from provisioning.aws import AwsError
from provisioning.blueprint import example_inputs
from provisioning.errors import PortalError
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.cancel import cancel_operation, stop_watching
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.drift import check_drift
from provisioning.lifecycle.services.put_back import request_put_back
from provisioning.lifecycle.services.recover import preview_recovery, request_recovery
from provisioning.lifecycle.services.requests import request_environment, withdraw_request
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.services.teardown import Removal, preview_teardown, request_teardown
from provisioning.models import Environment, Request
from tests.fixtures.world import REGION
from tests.simulation.scheduler import Process
from tests.simulation.world import SimulatedWorld

Act: TypeAlias = tuple[Callable[[Environment], None], float]


@dataclass
class People:
    world: SimulatedWorld

    def start(self) -> None:
        self.world.scheduler.spawn(Process("people"), "page", self.run)

    def run(self) -> None:
        world = self.world
        while True:
            try:
                self._act()
            except PortalError as refusal:
                world.trace.add(f"was refused: {refusal.sentence[:90]}", "people")
            except AwsError as error:
                world.trace.add(f"met an error: {error}", "people")
            world.scheduler.sleep(world.random.uniform(5, 90))

    def _act(self) -> None:
        world = self.world
        if len(world.requested) < world.wanted:
            self._request()
            return
        for request in Request.objects.filter(state="waiting").select_related("plan", "environment__team"):
            if world.chance(0.5) or world.is_calm:
                self._decide(request)
                return
        environments = [
            environment for environment in world.environments() if environment.state not in ("gone", "withdrawn")
        ]
        if environments:
            self._act_on(world.random.choice(environments))

    def _request(self) -> None:
        world = self.world
        name = f"env-{len(world.requested)}"
        size = world.random.choice(["dev", "dev", "staging", "prod"])
        blueprint = world.blueprints[world.random.choice(["small", "small", "signpost"])]
        arguments: dict[str, Any] = {
            "actor": world.bob,
            "team": world.team,
            "name": name,
            "blueprint": blueprint,
            "size": size,
            "inputs": example_inputs(blueprint, size, {})[0],
            "account": world.accounts["prod" if size == "prod" else "dev"],
            "region": REGION,
        }
        world.requested.append(name)
        world.trace.add(f"bob requests {name}, {blueprint.slug} {size}", "people")
        request_environment(**arguments)

    def _decide(self, request: Request) -> None:
        world = self.world
        if world.chance(0.1) and not world.is_calm:
            world.trace.add(f"olivia rejects {request.kind} of {request.environment.name}", "people")
            reject_request(actor=world.olivia, request=request, note="Not now.")
        else:
            world.trace.add(f"olivia approves {request.kind} of {request.environment.name}", "people")
            approve_request(
                actor=world.olivia,
                request=request,
                digest=request.plan.digest,
                accept_findings=True,
                typed_name=request.environment.name,
            )

    def _act_on(self, environment: Environment) -> None:
        acts = (
            self._ways_out(environment)
            if self.world.is_calm
            else [*self._ways_out(environment), *self._whims(environment)]
        )
        for act, share in acts:
            if self.world.chance(share):
                act(environment)
                return

    def _ways_out(self, environment: Environment) -> list[Act]:
        """What ends what was begun."""
        match environment.state:
            case "create_failed":
                return [(self._retry, 0.5), (self._tear_down, 0.5)]
            case "change_failed" | "needs_repair":
                return [(self._recover, 0.4), (self._retry, 0.2), (self._tear_down, 0.3)]
            case "teardown_failed":
                return [(self._retry, 0.5), (self._tear_down_and_leave, 0.7)]
            case "running":
                return [(self._tear_down, 0.5 if self.world.is_calm else 0.1)]
        return []

    def _whims(self, environment: Environment) -> list[Act]:
        match environment.state:
            case "running":
                return [(self._change, 0.5), (self._check_drift, 0.1), (self._put_back, 0.2)]
            case "requested":
                return [(self._withdraw, 0.05)]
            case "creating" | "changing" | "planning" | "tearing_down" | "recovering":
                return [(self._cancel, 0.05), (self._stop_watching, 0.02)]
        return []

    def _change(self, environment: Environment) -> None:
        world = self.world
        last = Request.objects.filter(environment=environment, kind="create").latest("requested_at")
        document = last.plan.content
        blueprint = world.blueprints[document["blueprint"]["slug"]]
        note = world.random.choice(["nothing", "one", "two"])
        inputs = {"note": note} if "note" in blueprint.variables else {}
        world.trace.add(f"bob requests a change of {environment.name} to {inputs}", "people")
        request_change(
            actor=world.bob, environment=environment, blueprint=blueprint, size=document["size"], inputs=inputs
        )

    def _recover(self, environment: Environment) -> None:
        world = self.world
        skip = world.chance(0.3)
        preview = preview_recovery(actor=world.bob, environment=environment, skip=skip, aws_for=world.aws_for)
        world.trace.add(f"bob requests the recovery of {environment.name}, skipping: {skip}", "people")
        request_recovery(
            actor=world.bob,
            environment=environment,
            expected_digest=preview.digest,
            skip=skip,
            typed_name=environment.name,
            aws_for=world.aws_for,
        )

    def _check_drift(self, environment: Environment) -> None:
        self.world.trace.add(f"bob checks {environment.name} for drift", "people")
        check_drift(actor=self.world.bob, environment=environment)

    def _put_back(self, environment: Environment) -> None:
        self.world.trace.add(f"bob puts {environment.name} back", "people")
        request_put_back(actor=self.world.bob, environment=environment)

    def _cancel(self, environment: Environment) -> None:
        self.world.trace.add(f"bob cancels what happens to {environment.name}", "people")
        cancel_operation(actor=self.world.bob, environment=environment)
        self.world.cancelled.add(str(environment.pk))

    def _stop_watching(self, environment: Environment) -> None:
        self.world.trace.add(f"bob stops watching {environment.name}", "people")
        stop_watching(actor=self.world.bob, environment=environment)

    def _retry(self, environment: Environment) -> None:
        self.world.trace.add(f"bob retries {environment.name}", "people")
        retry_operation(actor=self.world.bob, environment=environment)

    def _tear_down(self, environment: Environment, removal: Removal = Removal.DELETE) -> None:
        self.world.trace.add(f"bob requests the teardown of {environment.name} ({removal})", "people")
        preview = preview_teardown(actor=self.world.bob, environment=environment, removal=removal)
        request_teardown(
            actor=self.world.bob,
            environment=environment,
            typed_name=environment.name,
            expected_digest=preview.digest,
            removal=removal,
        )

    def _tear_down_and_leave(self, environment: Environment) -> None:
        """What could not be deleted remains in the account, and the receipt says so."""
        self._tear_down(environment, self.world.random.choice([Removal.DELETE, Removal.LEAVE]))

    def _withdraw(self, environment: Environment) -> None:
        request = Request.objects.filter(environment=environment, state="waiting").first()
        if request is not None:
            self.world.trace.add(f"bob withdraws {environment.name}", "people")
            withdraw_request(actor=self.world.bob, request=request)
