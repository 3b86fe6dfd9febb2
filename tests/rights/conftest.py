"""The former onboarding template, and a catalogue of one blueprint."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from provisioning.aws.calls import ExampleEnvironment
from provisioning.blueprint import Catalogue
from provisioning.policy.documents import Statement, parse_policy
from provisioning.policy.template import RoleSpec, load_template, roles_of
from tests.support.shipped import catalogue

FORMER = Path(__file__).parent / "former"
ACCOUNT_ID = "111122223333"
REGION = "eu-central-1"
ORDERS = ExampleEnvironment(
    account_id=ACCOUNT_ID,
    region=REGION,
    team="payments",
    environment="orders-dev",
    environment_id="7c0f4f2e-0000-4000-8000-000000000001",
    generation="7k2mx",
    blueprint="amply",
    prefix="payments-orders-dev-7k2mx",
    scope="payments/orders-dev-7k2mx",
)


@cache
def former_roles() -> dict[str, RoleSpec]:
    template = load_template((FORMER / "onboarding.yaml").read_text())
    parameters = {"PortalPrincipalArn": f"arn:aws:iam::{ACCOUNT_ID}:role/worker", "ExternalId": "0123456789abcdef"}
    return dict(roles_of(template, parameters, ACCOUNT_ID, REGION))


@cache
def policy_of_aws(name: str) -> tuple[Statement, ...]:
    document = json.loads((FORMER / f"{name}.json").read_text())["PolicyVersion"]["Document"]
    return parse_policy(document, name)


def only(slug: str) -> Catalogue:
    """The shipped catalogue with one blueprint."""
    whole = catalogue()
    return Catalogue(blueprints={slug: whole.blueprints[slug]}, broken=())
