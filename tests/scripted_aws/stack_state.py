"""A stack as DescribeStacks and ListStacks return it, now or some time ago."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from provisioning.aws import interface
from tests.scripted_aws.records import Place, ScriptedStack
from tests.scripted_aws.rendering import Template

if TYPE_CHECKING:
    from tests.scripted_aws.cloud import Cloud

SSM_TYPE = "AWS::SSM::Parameter::Value<"
MASKED = "****"


def state_of(cloud: Cloud, stack: ScriptedStack) -> interface.StackState:
    outputs = outputs_of(cloud, stack) if stack.status.endswith("E_COMPLETE") else {}
    return interface.StackState(
        stack_id=stack.stack_id,
        name=stack.spec.name,
        status=stack.status,
        status_reason=stack.reason,
        created_at=stack.created_at,
        outputs=outputs,
        tags=dict(stack.spec.tags),
        termination_protection=stack.protected,
        last_updated_at=stack.updated_at,
        parameters=parameters_of(cloud, stack.place, stack.spec),
        capabilities=tuple(stack.spec.capabilities),
        role_arn=stack.role_arn,
        notification_arns=stack.notification_arns,
        change_set_id=stack.change_set_id,
        last_operation=stack.operations[0] if stack.operations else ("", ""),
        express=stack.express,
        disable_rollback=stack.disable_rollback,
        drift_status=stack.drift_status,
    )


def summary_of(state: interface.StackState) -> interface.StackState:
    """What ListStacks tells of it."""
    return interface.StackState(
        stack_id=state.stack_id,
        name=state.name,
        status=state.status,
        status_reason=state.status_reason,
        created_at=state.created_at,
        last_updated_at=state.last_updated_at,
        last_operation=state.last_operation,
        parent_id=state.parent_id,
        drift_status=state.drift_status,
    )


def state_at(stack: ScriptedStack, at: datetime) -> interface.StackState | None:
    """As it was described at that time; None before its creation."""
    return next((state for since, state in reversed(stack.seen) if since <= at), None)


def outputs_of(cloud: Cloud, stack: ScriptedStack) -> dict[str, str]:
    """A value of its own for each output of the template, and `Url`."""
    declared = parsed(stack.spec.body).get("Outputs", {})
    values = {name: f"{stack.name}:{name}" for name in declared}
    given = cloud.output_values.get(stack.spec.name, {})
    return {"Url": f"https://{stack.name}.example", **values, **given}


def parameters_of(cloud: Cloud, place: Place, spec: interface.StackSpec) -> dict[str, tuple[str, str]]:
    """(value, resolved value) by key, masked where the template says NoEcho."""
    declared = parsed(spec.body).get("Parameters", {})
    listed = {}
    for name, parameter in declared.items():
        value = str(spec.parameters.get(name, parameter.get("Default", "")))
        resolved = cloud.ssm_values.get((place, value), "") if parameter["Type"].startswith(SSM_TYPE) else ""
        hidden = str(parameter.get("NoEcho", "")).lower() == "true"
        listed[name] = (MASKED if hidden else value, resolved)
    return listed


def template_of(cloud: Cloud, place: Place, spec: interface.StackSpec) -> Template:
    declared = parsed(spec.body).get("Parameters", {})
    values = {}
    for name, parameter in declared.items():
        value = str(spec.parameters.get(name, parameter.get("Default", "")))
        is_ssm = parameter["Type"].startswith(SSM_TYPE)
        values[name] = cloud.ssm_values.get((place, value), value) if is_ssm else value
    pseudo = {
        "AWS::Region": place.region,
        "AWS::AccountId": place.account_id,
        "AWS::StackName": spec.name,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }
    return Template(spec.body, values, pseudo)


@lru_cache(maxsize=256)
def parsed(body: str) -> Any:
    return json.loads(body)
