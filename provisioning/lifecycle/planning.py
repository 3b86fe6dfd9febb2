"""From a wish to the plan that is shown, decided on and run: the same text in all three. Nothing here writes a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID, uuid5

from provisioning.blueprint import Blueprint, Inputs, parse_inputs, resolve
from provisioning.components.graph import Design, EnvironmentContext
from provisioning.design import CompiledTemplate, DesignError, compile_design, dependency_order, draw
from provisioning.errors import Refused
from provisioning.lifecycle.catalogue import check_unchanged
from provisioning.lifecycle.digests import digest_of_plan
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Account, Environment, Team

NAME_LIMIT = 32
_NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
NO_LONGER_THERE = (EnvironmentState.GONE, EnvironmentState.WITHDRAWN)

ENVIRONMENT_TAG = "portal:environment-id"
OPERATION_TAG = "portal:operation"


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """`content` is what Plan.content stores; `digest` is what people decide on."""

    digest: str
    content: dict[str, Any]
    picture: str
    design: Design
    inputs: Inputs
    requires_approval: bool


def environment_id_for(request_id: UUID) -> UUID:
    """The environment's id follows from the request's, so that the tag is known before either exists."""
    return uuid5(request_id, "environment")


def draft_create(
    *,
    team: Team,
    name: str,
    blueprint: Blueprint,
    size: str,
    inputs: Mapping[str, object],
    account: Account,
    region: str,
    request_id: UUID,
) -> PlanDraft:
    """Plan a new environment without asking for it.

    Raises InputErrors and other BlueprintErrors of the blueprint, and Refused where a rule of the portal says no.
    """
    _check_place(blueprint=blueprint, size=size, account=account, region=region)
    check_unchanged(blueprint)
    _check_name(name, account=account, region=region, request_id=request_id)
    parsed = parse_inputs(blueprint, size, inputs)
    context = EnvironmentContext(
        name=name, team=team.slug, region=region, account_id=account.account_id, request_id=str(request_id)
    )
    design = resolve(blueprint, size=size, inputs=parsed, environment=context)
    try:
        compiled = compile_design(design).main
    except DesignError as error:
        raise Refused(str(error)) from error
    content = _content(compiled, design=design, account=account, blueprint=blueprint, request_id=request_id)
    content["inputs"] = {key: value for key, value in parsed.items() if not blueprint.variables[key].sensitive}
    requires_approval = blueprint.sizes[size].requires_approval
    content["requires_approval"] = requires_approval
    return PlanDraft(
        digest=digest_of_plan(content),
        content=content,
        picture=draw(design),
        design=design,
        inputs=parsed,
        requires_approval=requires_approval,
    )


def _content(
    compiled: CompiledTemplate, *, design: Design, account: Account, blueprint: Blueprint, request_id: UUID
) -> dict[str, Any]:
    return {
        "kind": "create",
        "stack_name": design.environment.name,
        "body": compiled.body,
        "parameters": dict(compiled.parameters),
        "tags": {**compiled.tags, ENVIRONMENT_TAG: str(environment_id_for(request_id))},
        "capabilities": CAPABILITIES,
        "termination_protection": compiled.termination_protection,
        "stack_policy": compiled.stack_policy,
        "express": compiled.express,
        "region": compiled.region,
        "account_id": account.account_id,
        "resources": [asdict(resource) for resource in compiled.resources],
        "after": [_plain(asdict(step)) for step in compiled.after],
        "retained": [asdict(kept) for kept in compiled.retained],
        "outputs": list(compiled.outputs),
        "blueprint": {"slug": blueprint.slug, "version": blueprint.version, "digest": blueprint.digest},
        "size": design.size,
        "waves": dependency_order(compiled.body),
    }


def _plain(step: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives it back, so that the digest is the same before and after the database."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in step.items()}


def _check_place(*, blueprint: Blueprint, size: str, account: Account, region: str) -> None:
    if size not in blueprint.sizes:
        raise Refused(f"{blueprint.title} has no size {size}; choose one of {', '.join(blueprint.sizes)}.")
    if blueprint.maturity == "deprecated":
        raise Refused(f"{blueprint.title} {blueprint.version} is deprecated; choose another blueprint.")
    if size not in account.sizes:
        takes = ", ".join(account.sizes) or "none"
        raise Refused(
            f"The account {account.name} does not take size {size} (it takes {takes}); choose another account."
        )
    if region not in account.regions or region not in blueprint.regions:
        both = [known for known in blueprint.regions if known in account.regions]
        hint = f"choose one of {', '.join(both)}" if both else "choose another account"
        raise Refused(f"{blueprint.title} is not offered in {region} in the account {account.name}; {hint}.")


def _check_name(name: str, *, account: Account, region: str, request_id: UUID) -> None:
    if not _NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        raise Refused(
            f"The name “{name[: NAME_LIMIT + 8]}” must be at most {NAME_LIMIT} lowercase letters, digits and single hyphens, "
            "begin with a letter and not end with a hyphen."
        )
    taken = Environment.objects.filter(account=account, region=region, name=name)
    taken = taken.exclude(state__in=NO_LONGER_THERE).exclude(pk=environment_id_for(request_id))
    if taken.exists():
        raise Refused(name_is_taken(name, account=account, region=region))


def name_is_taken(name: str, *, account: Account, region: str) -> str:
    return f"The name “{name}” is taken in {account.name} in {region}; choose another."
