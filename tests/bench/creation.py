"""From submit to a running environment in the sandbox at full speed, compared with bare
CloudFormation with the same template.
"""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from portal.demo.sample import onboard, onboard_team
from provisioning.aws.onboarding import portal_role_arn
from provisioning.blueprint import example_inputs
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.poller.poller import Poller
from provisioning.lifecycle.reconciler import run_due
from provisioning.lifecycle.services.requests import request_environment
from provisioning.models import Account, Environment, Membership, Team, User
from tests.bench.measure import Figure, once
from tests.fixtures.sandbox import Sandbox
from tests.support.accounts import admit

REGION = "eu-north-1"
ACCOUNT_ID = "300000000001"
PATIENCE_SECONDS = 120


def figures() -> Iterator[Figure]:
    sandbox = Sandbox(Path(tempfile.mkdtemp(prefix="portal-bench-"))).start()
    try:
        account = Account.objects.create(
            name="bench",
            account_id=ACCOUNT_ID,
            sizes=["dev", "staging", "prod"],
            regions=[REGION],
            endpoint_url=sandbox.url,
            artefact_bucket=f"portal-artefacts-{ACCOUNT_ID}-{REGION}",
            is_sandbox=True,
            role_arn=portal_role_arn(ACCOUNT_ID),
        )
        onboard(account)
        team = Team.objects.create(slug="bench", name="Bench")
        onboard_team(*admit(team, account))
        user = User.objects.create(username="bench")
        Membership.objects.create(team=team, user=user)
        create(account, team, user, "warm-up")
        for round_number in (1, 2, 3):
            name = f"bench-{round_number}"
            portal_seconds = once(lambda name=name: create(account, team, user, name))
            environment = Environment.objects.get(name=name)
            body = environment.plans.get().content["stacks"][-1]["body"]
            # Names contain the generation, also where the name itself is shortened.
            bare = body.replace(name, f"bare-{round_number}").replace(environment.generation, f"bare{round_number}")
            bare_seconds = once(lambda bare=bare, number=round_number: create_bare(sandbox, f"bare-{number}", bare))
            yield Figure(
                f"submit → running, sandbox at full speed, {resources(body)} resources",
                portal_seconds,
                "bare CloudFormation",
                bare_seconds,
            )
    finally:
        sandbox.close()


def create(account: Account, team: Team, user: User, name: str) -> None:
    """Request it, and run the poller and the engine in this process until the environment runs: what a
    worker does without its pauses.
    """
    poller = Poller()
    blueprint = catalogue().get("carbon-connect")
    inputs, _ = example_inputs(blueprint, "dev", {})
    request = request_environment(
        actor=user,
        team=team,
        name=name,
        blueprint=blueprint,
        size="dev",
        inputs=inputs,
        account=account,
        region=REGION,
        request_id=uuid.uuid4(),
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (state := Environment.objects.values_list("state", flat=True).get(pk=request.environment_id)) != "running":
        if state == "create_failed" or time.monotonic() > deadline:
            raise RuntimeError(f"{name} is {state}.")
        if not poller.run_due() + run_due():
            time.sleep(0.02)


def create_bare(sandbox: Sandbox, name: str, body: str) -> None:
    status = sandbox.create(name, body, account=ACCOUNT_ID)
    if status != "CREATE_COMPLETE":
        raise RuntimeError(f"{name} is {status}.")


def resources(body: str) -> int:
    return len(json.loads(body)["Resources"])
