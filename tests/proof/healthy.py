"""The healthy templates that mutations break: shipped blueprints in production, and one that we did
not write.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.proof import Proof, Stack, prove
from provisioning.proof.model.template import TaskRun
from provisioning.template.compile import CompiledTemplate, compile_design
from tests.proof.samples import sample
from tests.support.shipped import catalogue, shipped

SIZE = "prod"


@cache
def compiled(slug: str) -> CompiledTemplate:
    return compile_design(shipped(SIZE, slug=slug)).main


@cache
def _sample() -> dict[str, Any]:
    return sample()


def template(on: str) -> dict[str, Any]:
    """A copy of a healthy template, to be changed."""
    if on == "sample":
        return copy.deepcopy(_sample())
    found: dict[str, Any] = json.loads(compiled(on).body)
    return found


def proved(on: str, body: dict[str, Any]) -> Proof:
    """Prove a body instead of the healthy one: created in the same way, in the same region."""
    if on == "sample":
        return prove(Stack(body, "eu-west-1"), policy=SIZE_POLICIES[SIZE])
    whole = compiled(on)
    runs = tuple(TaskRun(step.task_definition, step.security_groups, step.subnets) for step in whole.tasks)
    stack = Stack(
        body,
        whole.region,
        tags=whole.tags,
        termination_protection=whole.termination_protection,
        stack_policy=whole.stack_policy,
        runs=runs,
    )
    return prove(stack, policy=SIZE_POLICIES[SIZE])


@cache
def healthy(on: str) -> Proof:
    return proved(on, template(on))


def slugs() -> list[str]:
    return sorted(catalogue().blueprints)
