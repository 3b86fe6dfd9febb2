"""The former onboarding template, and a catalogue of one blueprint."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from provisioning.blueprint import Catalogue
from provisioning.policy.documents import Statement, parse_policy
from provisioning.policy.template import RoleSpec, load_template, roles_of
from tests.support.example_environment import ACCOUNT_ID, REGION
from tests.support.shipped import catalogue

FORMER = Path(__file__).parent / "former"


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
