"""Independent judges look at the onboarding templates; a table explains each of their findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.aws.calls import example_resource
from provisioning.management.rights.onboarding import OnboardedTeam, read_onboarding
from provisioning.policy.decide import decide
from provisioning.policy.reference import REFERENCE
from tests.rights.judging import JUDGES_PYTHON, ask_checkov, ask_cloudsplaining, policies, table
from tests.support.example_environment import ACCOUNT_ID, ORDERS, REGION

judged = pytest.mark.skipif(
    not JUDGES_PYTHON.exists(), reason="the judges are not installed: make setup makes .venv-judges"
)
PAYMENTS = OnboardedTeam(
    account_id=ACCOUNT_ID,
    region=REGION,
    team="payments",
    hosted_zones=("Z0123456789ABCDEFGHIJ",),
    secrets=("stripe",),
)
_STACK_SERVICES = ("cloudsplaining", "ResourceExposure", "onboarding-team.yaml StackServices")


def test_each_reason_says_something_and_stands_once() -> None:
    keys = [entry.key for entry in table()]
    assert len(set(keys)) == len(keys)
    assert all(len(entry.reason) > 60 for entry in table())


@judged
@pytest.mark.long
def test_checkov_finds_only_what_is_explained(tmp_path: Path) -> None:
    explained = {entry.key for entry in table() if entry.judge == "checkov"}
    assert ask_checkov(tmp_path) == explained


@judged
@pytest.mark.long
def test_cloudsplaining_finds_only_what_is_explained(tmp_path: Path) -> None:
    findings = ask_cloudsplaining(policies(PAYMENTS), tmp_path)
    explained = {entry.key: entry.actions for entry in table() if entry.judge == "cloudsplaining"}
    assert set(findings) == set(explained)
    others = {key: set(findings[key]) ^ set(actions) for key, actions in explained.items() if actions}
    assert {key: actions for key, actions in others.items() if actions} == {}


@judged
@pytest.mark.long
def test_what_exposes_resources_is_denied_on_those_of_other_teams(tmp_path: Path) -> None:
    """cloudsplaining looks at one policy at a time, and StackFences denies what StackServices allows."""
    stack_role = read_onboarding(PAYMENTS).stack_role.principal()
    exposing = ask_cloudsplaining(policies(PAYMENTS), tmp_path)[_STACK_SERVICES]
    assert len(exposing) > 20
    foreign = {**ORDERS.tags, "portal:team": "logistics"}
    allowed = [
        action
        for action in exposing
        if decide(stack_role, action, ORDERS.fill(example_resource(action)), resource_tags=foreign).allowed
    ]
    assert allowed == []


@judged
@pytest.mark.long
def test_the_judges_are_really_asked(tmp_path: Path) -> None:
    administrator = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    kinds = {kind for _, kind, _ in ask_cloudsplaining({"administrator": administrator}, tmp_path)}
    assert {"PrivilegeEscalation", "CredentialsExposure", "DataExfiltration", "ServiceWildcard"} <= kinds


def test_the_table_names_actions_that_there_are() -> None:
    assert [
        action for entry in table() for action in entry.actions if ":" in action and not REFERENCE.has(action)
    ] == []
