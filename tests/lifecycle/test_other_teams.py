"""Charlie, of logistics, tries to reach what belongs to payments in the same account. Each attempt is
refused, and the same request with his team's own names is planned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from provisioning.blueprint import InputErrors, example_inputs
from provisioning.errors import NotAllowed, Refused
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.models import AccountTeam, Environment, Request, Team
from tests.fixtures.world import World

SECRET = "portal/payments/orders-7k2mx/database-main"
REGISTRY = "111111111111.dkr.ecr.eu-north-1.amazonaws.com"
CERTIFICATE = "arn:aws:acm:eu-north-1:111111111111:certificate"


@dataclass(frozen=True)
class Attempt:
    """`own` are the inputs with which the same request is planned."""

    blueprint: str
    inputs: Mapping[str, Any]
    own: Mapping[str, Any]
    size: str = "dev"


LOKI = {"loki_url": "https://loki.example.com/loki/api/v1/push"}
ATTEMPTS = {
    "a dynamic reference in a command": Attempt(
        "amply",
        {"worker_command": ["sh", "-c", f"echo {{{{resolve:secretsmanager:{SECRET}:SecretString}}}}"]},
        {"worker_command": ["sh", "-c", "echo done"]},
    ),
    "a dynamic reference in prod": Attempt(
        "amply",
        {"health_check": f"/{{{{resolve:secretsmanager:{SECRET}:SecretString}}}}"},
        {"health_check": "/health"},
        size="prod",
    ),
    "a dynamic reference in an image": Attempt(
        "carbon-connect",
        {"api_image": f"public.ecr.aws/x/{{{{resolve:secretsmanager:{SECRET}}}}}"},
        {"api_image": "public.ecr.aws/x/api:1"},
    ),
    "a secret of an environment": Attempt(
        "webhook-pipeline",
        {"loki_login_secret": SECRET, **LOKI},
        {"loki_login_secret": "portal/logistics/loki", **LOKI},
    ),
    "a secret of a former environment": Attempt(
        "webhook-pipeline",
        {"pagerduty_secret": "orders-dev/claude"},
        {"pagerduty_secret": "portal/logistics/pagerduty"},
    ),
    "a secret that is listed for another team": Attempt(
        "webhook-pipeline", {"pagerduty_secret": "shared/payments"}, {"pagerduty_secret": "shared/logistics"}
    ),
    "an administrator's role": Attempt(
        "portal",
        {"account_roles": ["arn:aws:iam::111111111111:role/Admin"]},
        {"account_roles": ["arn:aws:iam::111111111111:role/portal"]},
    ),
    "roles of every account": Attempt(
        "portal",
        {"account_roles": ["arn:aws:iam::*:role/OrganizationAccountAccessRole"]},
        {"account_roles": ["arn:aws:iam::222222222222:role/portal"]},
    ),
    "the stack role of payments": Attempt(
        "portal",
        {"account_roles": ["arn:aws:iam::111111111111:role/portal/stacks/portal-stacks-payments"]},
        {"account_roles": ["arn:aws:iam::111111111111:role/portal"]},
    ),
    "a hosted zone": Attempt(
        "amply",
        {"hosted_zone_id": "ZPAYMENTS", "domain": "evil.example.com"},
        {"hosted_zone_id": "ZLOGISTICS", "domain": "logistics.example.com"},
    ),
    "a certificate": Attempt(
        "carbon-connect",
        {"certificate_arn": f"{CERTIFICATE}/payments"},
        {"certificate_arn": f"{CERTIFICATE}/logistics"},
    ),
    "an image": Attempt(
        "carbon-connect",
        {"api_image": f"{REGISTRY}/payments/api:1"},
        {"api_image": f"{REGISTRY}/logistics/api:1"},
    ),
    "an image of another account": Attempt(
        "carbon-connect",
        {"api_image": "999999999999.dkr.ecr.eu-north-1.amazonaws.com/logistics/api:1"},
        {"api_image": "docker.io/library/nginx:1.29"},
    ),
}


@pytest.fixture
def charlies(world: World) -> Callable[[Attempt, Mapping[str, Any]], Request]:
    """Requests as charlie, in accounts that both teams use."""
    regions = {region for blueprint in world.blueprints.values() for region in blueprint.regions}
    for account in (world.account, world.prod_account):
        account.regions = sorted(regions)
        account.artefact_bucket = f"portal-artefacts-{account.account_id}-eu-north-1"
        account.save()
    for row in AccountTeam.objects.select_related("team"):
        key = row.team.slug
        row.hosted_zones.append(f"Z{key.upper()}")
        row.certificates.append(f"{CERTIFICATE}/{key}")
        row.secrets.append(f"shared/{key}")
        row.save()
    logistics = Team.objects.get(slug="logistics")

    def ask(attempt: Attempt, inputs: Mapping[str, Any]) -> Request:
        blueprint = world.blueprints[attempt.blueprint]
        filled = example_inputs(blueprint, attempt.size, {})[0] | dict(inputs)
        return world.request(
            "parcels", attempt.size, blueprint=attempt.blueprint, actor=world.charlie, team=logistics, inputs=filled
        )

    return ask


@pytest.mark.parametrize("what", ATTEMPTS)
def test_what_belongs_to_payments_is_refused_and_his_own_is_not(
    charlies: Callable[[Attempt, Mapping[str, Any]], Request], what: str
) -> None:
    attempt = ATTEMPTS[what]
    with pytest.raises((InputErrors, Refused)) as refused:
        charlies(attempt, attempt.inputs)
    assert "Payments" not in str(refused.value)
    assert not Environment.objects.exists()
    assert charlies(attempt, attempt.own).state in ("approved", "waiting")


def test_a_refusal_is_at_the_input_that_names_it(charlies: Callable[[Attempt, Mapping[str, Any]], Request]) -> None:
    attempt = ATTEMPTS["a hosted zone"]
    with pytest.raises(InputErrors) as refused:
        charlies(attempt, attempt.inputs)
    (sentence, *_) = refused.value.errors["hosted_zone_id"]
    assert sentence.startswith(
        "hosted_zone_id names the hosted zone “ZPAYMENTS”, which Logistics may not use in the account dev."
    )
    assert set(refused.value.errors) == {"hosted_zone_id"}


def test_names_of_payments_are_not_told(world: World) -> None:
    """Charlie gets the name that payments has, as if nobody had it."""
    world.create("orders")
    logistics = Team.objects.get(slug="logistics")
    theirs = world.request("orders", actor=world.charlie, team=logistics)
    assert theirs.state == "approved"
    with pytest.raises(Refused) as refused:
        world.request("orders", actor=world.charlie, team=logistics)
    assert refused.value.sentence == (
        "The name “orders” is taken by another environment of Logistics in dev in eu-north-1. Choose another name."
    )


def test_environments_of_payments_are_not_his_to_operate(world: World) -> None:
    environment = world.create("orders")
    waiting = world.request("shop", "prod")
    digest = preview_teardown(actor=world.bob, environment=environment).digest
    attempts: list[Callable[[], object]] = [
        lambda: world.request("parcels", actor=world.charlie),
        lambda: preview_teardown(actor=world.charlie, environment=environment),
        lambda: request_teardown(
            actor=world.charlie, environment=environment, typed_name="orders", expected_digest=digest
        ),
        lambda: retry_operation(actor=world.charlie, environment=environment),
        lambda: withdraw_request(actor=world.charlie, request=waiting),
        lambda: approve_request(actor=world.charlie, request=waiting, digest=waiting.plan.digest),
    ]
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            attempt()
    environment.refresh_from_db()
    waiting.refresh_from_db()
    assert (environment.state, waiting.state) == ("running", "waiting")
