"""What people do in the portal, at random: request, approve, reject, withdraw, retry, tear down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provisioning.blueprint import example_inputs
from provisioning.errors import PortalError
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.requests import request_environment, withdraw_request
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.models import Environment, Request
from tests.fixtures.world import REGION
from tests.simulation.scheduler import Process
from tests.simulation.world import SimulatedWorld

WANTED = 2
"""Environments that people request in a seed."""


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
            world.scheduler.sleep(world.random.uniform(5, 90))

    def _act(self) -> None:
        world = self.world
        if len(world.requested) < WANTED:
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
            approve_request(actor=world.olivia, request=request, digest=request.plan.digest, accept_findings=True)

    def _act_on(self, environment: Environment) -> None:
        acts: list[tuple[Callable[[Environment], None], float]] = []
        if environment.state in ("create_failed", "teardown_failed"):
            acts += [(self._retry, 0.6), (self._tear_down, 0.3)]
        elif environment.state == "running":
            acts.append((self._tear_down, 0.3))
        elif environment.state == "requested":
            acts.append((self._withdraw, 0.05))
        for act, share in acts:
            if self.world.chance(share):
                act(environment)
                return

    def _retry(self, environment: Environment) -> None:
        self.world.trace.add(f"bob retries {environment.name}", "people")
        retry_operation(actor=self.world.bob, environment=environment)

    def _tear_down(self, environment: Environment) -> None:
        self.world.trace.add(f"bob requests the teardown of {environment.name}", "people")
        preview = preview_teardown(actor=self.world.bob, environment=environment)
        request_teardown(
            actor=self.world.bob,
            environment=environment,
            typed_name=environment.name,
            expected_digest=preview.digest,
        )

    def _withdraw(self, environment: Environment) -> None:
        request = Request.objects.filter(environment=environment, state="waiting").first()
        if request is not None:
            self.world.trace.add(f"bob withdraws {environment.name}", "people")
            withdraw_request(actor=self.world.bob, request=request)
