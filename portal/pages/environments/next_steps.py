"""What is left for the team to do once an environment is up: values that only they can provide."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.blueprint import Blueprint, ComponentBlock
from provisioning.blueprint.syntax.tree import Literal
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.read.progress import Progress
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - the name of a type


@dataclass(frozen=True, slots=True)
class NextStep:
    title: str
    sentence: str
    command: str


def next_steps(environment: Environment, plan: Mapping[str, Any], now: Progress) -> list[NextStep]:
    """One step for each secret that waits for its value. Nothing when the catalogue has moved on from this blueprint."""
    blueprint = _blueprint(plan.get("content__blueprint") or {})
    if blueprint is None or environment.state != EnvironmentState.RUNNING:
        return []
    secrets = {line.address: line for line in now.resources if line.type == SECRET}
    return [
        _provide(block, secrets[block.address].physical_id, secrets[block.address].region)
        for block in blueprint.components
        if block.kind == "secret" and _literal(block, "provided") is True and block.address in secrets
    ]


def _blueprint(pinned: Mapping[str, str]) -> Blueprint | None:
    found = catalogue().blueprints.get(pinned.get("slug", ""))
    return found if found is not None and found.digest == pinned.get("digest") else None


def _literal(block: ComponentBlock, name: str) -> object:
    argument = block.arguments.get(name)
    return argument.value.value if argument is not None and isinstance(argument.value, Literal) else None


def _provide(block: ComponentBlock, arn: str, region: str) -> NextStep:
    what = _literal(block, "description") or block.name.replace("_", " ")
    return NextStep(
        title=f"Provide the {what}",
        sentence="It holds a random placeholder until you do. A task that runs keeps the value with which it started: "
        "start its services anew afterwards.",
        command=f"aws secretsmanager put-secret-value --region {shlex.quote(region)} --secret-id {shlex.quote(arn)} "
        f'--secret-string "${_literal(block, "variable") or block.name.upper()}"',
    )
