"""What onboarding creates in an account, by name: the two templates and their roles, policies, bucket
and queue.

An administrator of the account deploys `TEMPLATE` as the stack `STACK` once, and `TEAM_TEMPLATE` as
the stack `team_stack(team_key)` for each team. `tests/aws/test_onboarding.py` compares these names
with the templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from provisioning.aws.interface import AccountAccess

ONBOARDING_VERSION: Final = 2
"""The version of the templates that this portal needs. Version 1 had no output for it."""
VERSION_OUTPUT: Final = "OnboardingVersion"
_WITHOUT_OUTPUT: Final = "1"

TEMPLATE: Final = Path(__file__).with_name("onboarding.yaml")
TEAM_TEMPLATE: Final = Path(__file__).with_name("onboarding-team.yaml")
STACK: Final = "portal-onboarding"

PORTAL_ROLE: Final = "portal"
STACK_ROLE_PATH: Final = "/portal/stacks/"
ENVIRONMENT_BOUNDARY: Final = "portal-environment-boundary"
READ_POLICIES: Final = ("portal-reads", "portal-drift-reads")
EVENT_QUEUE: Final = "portal-stack-events"
PORTALS_OWN: Final = "portal"
"""The value of the tag portal:team on what onboarding creates for no team."""

FORMER_STACK_ROLE: Final = "portal-stacks"
FORMER_BOUNDARY: Final = "portal-boundary"
"""The stack role and the boundary of environments from before there was one role per team."""


def deployed_version(outputs: Mapping[str, str]) -> int:
    """Returns the version that the outputs of a deployed stack state; 0 if that is not a number."""
    version = outputs.get(VERSION_OUTPUT, _WITHOUT_OUTPUT)
    return int(version) if version.isdigit() else 0


def team_stack(team_key: str) -> str:
    """Returns the name of a team's onboarding stack."""
    return f"{STACK}-{team_key}"


def portal_role_arn(account_id: str, *, partition: str = "aws") -> str:
    return f"arn:{partition}:iam::{account_id}:role/{PORTAL_ROLE}"


def stack_role_name(team_key: str) -> str:
    return f"portal-stacks-{team_key}"


def stack_role_arn(account_id: str, team_key: str, *, partition: str = "aws") -> str:
    """Returns the ARN of the role that CloudFormation assumes for a team's environments."""
    return f"arn:{partition}:iam::{account_id}:role{STACK_ROLE_PATH}{stack_role_name(team_key)}"


def environment_boundary_arn(account_id: str, *, partition: str = "aws") -> str:
    return f"arn:{partition}:iam::{account_id}:policy/{ENVIRONMENT_BOUNDARY}"


def artefact_bucket(account_id: str, region: str) -> str:
    return f"portal-artefacts-{account_id}-{region}"


def event_queue_arn(account_id: str, region: str, *, partition: str = "aws") -> str:
    return f"arn:{partition}:sqs:{region}:{account_id}:{EVENT_QUEUE}"


def event_queue_url(access: AccountAccess) -> str:
    """Returns the address of the account's event queue. boto3 sends the call to the endpoint of its
    client, so only account and name matter to an emulator.
    """
    domain = "amazonaws.com.cn" if access.region.startswith("cn-") else "amazonaws.com"
    host = access.endpoint_url.rstrip("/") or f"https://sqs.{access.region}.{domain}"
    return f"{host}/{access.account_id}/{EVENT_QUEUE}"
