"""The rights that a stack's operations have: its service role's, or those of the caller that started them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.policy.decide import decide_for_service
from provisioning.policy.documents import parse_policy
from provisioning.policy.principal import ServicePrincipal
from provisioning.sandbox.iam import resources
from provisioning.sandbox.iam.access import ENFORCEMENT, Access, Denial, first_denial
from provisioning.sandbox.iam.callers import Caller, as_role, root
from provisioning.sandbox.iam.guard import CALLER
from provisioning.sandbox.iam.handlers import TagsInStack, Target, needs_of_handler
from provisioning.sandbox.private import get_account_id, get_region, iam, secrets

SESSION = "AWSCloudFormation"
SERVICE = ServicePrincipal("cloudformation.amazonaws.com")
NESTED = "AWS::CloudFormation::Stack"
_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]*)\}\}")
_ARN_PARTS = 7
Stack = dict[str, Any]


class RightsError(Exception):
    """The stack's role may not do this; the message is CloudFormation's for the resource."""


def role_problem(role_arn: str, stack_arn: str) -> str:
    """Why CloudFormation cannot assume a role, in AWS's words; empty if it can."""
    role = iam.roles.get(role_arn.rpartition("/")[2])
    if ENFORCEMENT.on and role_arn:
        trust = parse_policy(role.get("AssumeRolePolicyDocument") or "{}", "trust policy") if role else ()
        context = {"aws:SourceAccount": get_account_id(), "aws:SourceArn": stack_arn}
        decided = decide_for_service(SERVICE, "sts:AssumeRole", role_arn, context=context, resource_policy=trust)
        if role is None or role["Arn"] != role_arn or not decided.allowed:
            return f"Role {role_arn} is invalid or cannot be assumed"
    return ""


def note_caller(stack: Stack) -> None:
    """Remembers who started the operation, for a stack without a role, beyond a restart too."""
    caller = CALLER.get()
    principal = caller.principal if caller else None
    stack["_caller"] = {"role": principal.arn, "session": principal.session_name} if principal else None


def _caller_of(stack: Stack) -> Caller:
    noted = stack.get("_caller") or {}
    role, session = stack.get("RoleARN") or noted.get("role"), noted.get("session", SESSION)
    if not role:
        return root(get_account_id())
    caller = as_role(role, SESSION if stack.get("RoleARN") else session)
    if caller is None:
        raise RightsError(f"Role {role} is invalid or cannot be assumed")
    return caller


def check_handler(stack: Stack, op: str, logical_id: str, resource_type: str, record: Mapping[str, Any]) -> None:
    """Asks for everything that the type's handler calls. Raises RightsError."""
    caller = _caller_of(stack)
    if caller.principal is None or not ENFORCEMENT.on:
        return
    if resource_type == NESTED:
        raise RightsError(
            "The sandbox does not enforce permissions inside nested stacks, so it creates none for a role."
        )
    target = _target(stack, logical_id, record, resource_type)
    siblings = (
        _target(stack, name, one, one["ResourceType"])
        for name, one in stack["_resources"].items()
        if name != logical_id
    )
    needed = needs_of_handler(op, target, TagsInStack(stack["StackId"], siblings))
    refused = first_denial(caller, needed, f"{stack['StackName']}: {op} of {logical_id} ({resource_type})")
    if refused is not None:
        raise RightsError(in_words(refused))


def check_references(stack: Stack, logical_id: str, properties: Mapping[str, Any]) -> None:
    """Asks for the secrets and parameters whose values CloudFormation puts into the properties. Raises RightsError."""
    caller = _caller_of(stack)
    if caller.principal is None or not ENFORCEMENT.on:
        return
    for access in _reads(properties):
        refused = first_denial(caller, [access], f"{stack['StackName']}: dynamic reference in {logical_id}")
        if refused is not None:
            raise RightsError(in_words(refused))


def parameter_problem(role_arn: str, template: Mapping[str, Any], given: Mapping[str, str | None]) -> str:
    """Why CloudFormation may not read an SSM parameter that one of the template's parameters stands for."""
    caller = as_role(role_arn, SESSION) if role_arn else CALLER.get()
    if caller is None:
        return ""
    for name, parameter in (template.get("Parameters") or {}).items():
        if str(parameter.get("Type", "")).startswith("AWS::SSM::Parameter::"):
            path = str(given.get(name) or parameter.get("Default") or "")
            refused = first_denial(
                caller, [Access("ssm:GetParameters", resources.parameter_arn(path))], f"parameter {name}"
            )
            if refused is not None:
                return refused.message
    return ""


def in_words(refused: Denial) -> str:
    service = refused.action.partition(":")[0].capitalize()
    return (
        f'Resource handler returned message: "{refused.message} (Service: {service}, Status Code: 403)" '
        "(HandlerErrorCode: AccessDenied)"
    )


def _target(stack: Stack, logical_id: str, record: Mapping[str, Any], resource_type: str) -> Target:
    return Target(
        resource_type=resource_type,
        logical_id=logical_id,
        properties=record.get("Properties") or {},
        stack_name=stack["StackName"],
        stack_tags=stack.get("Tags") or (),
        physical_id=str(record.get("PhysicalResourceId") or ""),
        attributes=record.get("Attributes") or {},
    )


def _reads(value: Any) -> Iterator[Access]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _reads(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _reads(inner)
    elif isinstance(value, str) and "{{resolve:" in value:
        for service, reference in _REFERENCE.findall(value):
            yield from _read(service, reference)


def _read(service: str, reference: str) -> Iterator[Access]:
    """One dynamic reference. Source of the actions: "Get values stored in other services" in the user guide."""
    parts = reference.split(":")
    name = ":".join(parts[:_ARN_PARTS]) if reference.startswith("arn:") else parts[0]
    if service != "secretsmanager":
        yield Access("ssm:GetParameters", resources.parameter_arn(name))
        return
    arn = resources.secret_arn(name)
    yield Access("secretsmanager:GetSecretValue", arn)
    record = next((one for one in secrets.secrets.values() if one["ARN"] == arn), None)
    key = (record or {}).get("KmsKeyId") or ""
    if key and "alias/aws/" not in key:
        via = f"secretsmanager.{get_region()}.amazonaws.com"
        yield Access("kms:Decrypt", resources.key_arn(key), {"kms:ViaService": via})
