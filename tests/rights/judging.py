"""Asks checkov and cloudsplaining about the onboarding templates, offline, and reads the table in
which their findings are explained.
"""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from provisioning.management.rights.onboarding import (
    ACCOUNT_TEMPLATE,
    FOLDER,
    TEAM_TEMPLATE,
    OnboardedTeam,
)
from provisioning.policy.template import load_template, properties_of
from tests.proof.judging import checkov

_ROOT = Path(__file__).resolve().parents[2]
JUDGES_PYTHON = _ROOT / ".venv-judges" / "bin" / "python"
_TABLE = Path(__file__).with_name("judges.toml")
# Cloudsplaining's own library, in the judges' environment; the command line prints no JSON.
_CLOUDSPLAINING = """
import json, sys
from cloudsplaining.scan.policy_document import PolicyDocument
kinds = {}
for name, document in json.load(sys.stdin).items():
    policy = PolicyDocument(document)
    kinds[name] = {
        "PrivilegeEscalation": [entry["type"] for entry in policy.allows_privilege_escalation],
        "DataExfiltration": policy.allows_data_exfiltration_actions,
        "ResourceExposure": policy.permissions_management_without_constraints,
        "InfrastructureModification": policy.infrastructure_modification,
        "CredentialsExposure": policy.credentials_exposure,
        "ServiceWildcard": policy.service_wildcard,
    }
print(json.dumps(kinds))
"""


@dataclass(frozen=True)
class Explained:
    """One finding of a judge. If `actions` are given, these and no others are explained."""

    judge: str
    check: str
    resource: str
    reason: str
    actions: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.judge, self.check, self.resource


@cache
def table() -> tuple[Explained, ...]:
    entries = tomllib.loads(_TABLE.read_text(encoding="utf-8"))["finding"]
    return tuple(Explained(**{**entry, "actions": tuple(entry.get("actions", ()))}) for entry in entries)


def policies(team: OnboardedTeam) -> dict[str, Any]:
    """Every policy of both templates as IAM will store it, former environments included."""
    documents: dict[str, Any] = {}
    for file, parameters in (
        (ACCOUNT_TEMPLATE, {**team.account_parameters, "FormerEnvironments": "true"}),
        (TEAM_TEMPLATE, team.team_parameters),
    ):
        template = load_template((FOLDER / file).read_text(encoding="utf-8"))
        place = (parameters, team.account_id, team.region)
        for logical_id, policy in properties_of(template, "AWS::IAM::ManagedPolicy", *place).items():
            documents[f"{file} {logical_id}"] = policy["PolicyDocument"]
        for logical_id, role in properties_of(template, "AWS::IAM::Role", *place).items():
            for inline in role.get("Policies", []):
                documents[f"{file} {logical_id}.{inline['PolicyName']}"] = inline["PolicyDocument"]
    return documents


def _without_conditional_denials(document: Mapping[str, Any]) -> dict[str, Any]:
    """The policy without its denials of every action under a condition."""
    statements = [
        one
        for one in document["Statement"]
        if not (one["Effect"] == "Deny" and one.get("Action") == "*" and "Condition" in one)
    ]
    return {**document, "Statement": statements}


def ask_cloudsplaining(documents: Mapping[str, Any], folder: Path) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """Returns the actions of each finding that has any.

    cloudsplaining ignores a denial's condition. One of everything would hide what the policy allows.
    """
    documents = {name: _without_conditional_denials(document) for name, document in documents.items()}
    # An address without a listener: a judge that uses the network fails here.
    offline = {"PATH": os.environ["PATH"], "HOME": str(folder), "https_proxy": "http://127.0.0.1:9"}
    ended = subprocess.run(
        [str(JUDGES_PYTHON), "-c", _CLOUDSPLAINING],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=True,
        env=offline,
        timeout=170,
    )
    return {
        ("cloudsplaining", kind, name): tuple(sorted(actions))
        for name, kinds in json.loads(ended.stdout).items()
        for kind, actions in kinds.items()
        if actions
    }


def ask_checkov(folder: Path) -> set[tuple[str, str, str]]:
    """Returns the failed checks of both templates."""
    files = {}
    for name in (ACCOUNT_TEMPLATE, TEAM_TEMPLATE):
        body = load_template((FOLDER / name).read_text(encoding="utf-8"))
        files[name.removesuffix(".yaml")] = json.dumps(
            {
                "AWSTemplateFormatVersion": "2010-09-09",
                "Parameters": body.parameters,
                "Conditions": body.conditions,
                "Resources": body.resources,
            }
        )
    return {
        ("checkov", check, f"{where.partition(' ')[0]}.yaml {where.rpartition('.')[2]}")
        for check, places in checkov(files, folder).items()
        for where in places
    }
