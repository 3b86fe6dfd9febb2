"""CloudFormation: creates, reads and deletes stacks.

Uses the stack id as soon as there is one: after a deletion, the name means no stack or another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from provisioning.aws.errors import AlreadyExists, NotFound
from provisioning.aws.interface import StackEvent, StackResource, StackSpec, StackState
from provisioning.aws.services.artefacts import upload
from provisioning.aws.sessions import Clients
from provisioning.cloudformation_limits import MAX_INLINE_BYTES

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackSummaryTypeDef, StackTypeDef

OPERATION_TAG: Final = "portal:operation"
MAX_EVENT_PAGES: Final = 50
"""The most pages of 100 events that one call reads: over ten events per resource of the largest
template.
"""


def create_stack(aws: Clients, spec: StackSpec, *, token: str, role_arn: str = "") -> str:
    """CloudFormation acts as `role_arn`; without it, with the caller's permissions."""
    request: dict[str, Any] = {
        "StackName": spec.name,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in spec.parameters.items()],
        "Capabilities": list(spec.capabilities),
        "Tags": [{"Key": key, "Value": value} for key, value in spec.tags.items()],
        "ClientRequestToken": token,
        "EnableTerminationProtection": spec.termination_protection,
        **_role(role_arn),
    }
    template = spec.body.encode()
    if len(template) <= MAX_INLINE_BYTES:
        request["TemplateBody"] = spec.body
    else:
        request["TemplateURL"] = upload(aws, template, prefix="templates", suffix=".json")
    if spec.stack_policy is not None:
        request["StackPolicyBody"] = spec.stack_policy
    if spec.express and _accepts_member(aws, "CreateStack", "DeploymentConfig"):
        # Keep the rollback of the standard mode: a stack that fails is deleted again.
        request["DeploymentConfig"] = {"Mode": "EXPRESS", "DisableRollback": False}
    try:
        return aws.cloudformation.create_stack(**request)["StackId"]
    except AlreadyExists as error:
        return _our_stack_id(aws, spec, error)


def _our_stack_id(aws: Clients, spec: StackSpec, error: AlreadyExists) -> str:
    """A stack of this name exists. It is ours only if this operation created it: an answer was
    lost, or a step runs twice.
    """
    operation = spec.tags.get(OPERATION_TAG)
    stack = describe_stack(aws, spec.name)
    if stack is not None and operation and stack.tags.get(OPERATION_TAG) == operation:
        return stack.stack_id
    raise AlreadyExists(
        f"A stack named {spec.name} exists in account {aws.access.account_id} in {aws.access.region}, and this operation did not create it",
        operation=error.operation,
        code=error.code,
    ) from error


def _role(role_arn: str) -> dict[str, str]:
    return {"RoleARN": role_arn} if role_arn else {}


def _accepts_member(aws: Clients, operation: str, member: str) -> bool:
    shape = aws.cloudformation.meta.service_model.operation_model(operation).input_shape
    return shape is not None and member in shape.members


def delete_stack(aws: Clients, stack_id: str, *, token: str, retain: Sequence[str], role_arn: str = "") -> None:
    request: dict[str, Any] = {"StackName": stack_id, "ClientRequestToken": token, **_role(role_arn)}
    if retain:
        request["RetainResources"] = list(retain)
    try:
        aws.cloudformation.delete_stack(**request)
    except NotFound:
        return


def describe_stack(aws: Clients, name_or_id: str) -> StackState | None:
    try:
        stacks = aws.cloudformation.describe_stacks(StackName=name_or_id)["Stacks"]
    except NotFound:
        return None
    return _stack(stacks[0]) if stacks else None


def list_stacks(aws: Clients, *, statuses: Sequence[str]) -> list[StackState]:
    request: dict[str, Any] = {"StackStatusFilter": list(statuses)} if statuses else {}
    pages = aws.cloudformation.get_paginator("list_stacks").paginate(**request)
    return [_stack(summary) for page in pages for summary in page["StackSummaries"]]


def stack_events(aws: Clients, stack_id: str, *, after_event_id: str | None) -> list[StackEvent]:
    """Returns the oldest event first. AWS returns the newest first, so a known event ends the
    reading. The oldest events beyond `MAX_EVENT_PAGES` are left out.
    """
    events: list[StackEvent] = []
    pages = aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    for number, page in enumerate(pages, start=1):
        for event in page["StackEvents"]:
            if event["EventId"] == after_event_id:
                return events[::-1]
            events.append(_event(event))
        if number == MAX_EVENT_PAGES:
            break
    return events[::-1]


def stack_resources(aws: Clients, stack_id: str) -> list[StackResource]:
    pages = aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    return [
        StackResource(
            logical_id=resource["LogicalResourceId"],
            physical_id=resource.get("PhysicalResourceId", ""),
            type=resource["ResourceType"],
            status=resource["ResourceStatus"],
            reason=resource.get("ResourceStatusReason", ""),
        )
        for page in pages
        for resource in page["StackResourceSummaries"]
    ]


def set_termination_protection(aws: Clients, stack_name: str, *, enabled: bool) -> None:
    aws.cloudformation.update_termination_protection(StackName=stack_name, EnableTerminationProtection=enabled)


def _stack(stack: StackTypeDef | StackSummaryTypeDef) -> StackState:
    details: Mapping[str, Any] = stack  # a summary has no outputs, tags or protection
    return StackState(
        stack_id=details["StackId"],
        name=stack["StackName"],
        status=stack["StackStatus"],
        status_reason=details.get("StackStatusReason", ""),
        created_at=stack["CreationTime"],
        outputs={output["OutputKey"]: output["OutputValue"] for output in details.get("Outputs", ())},
        tags={tag["Key"]: tag["Value"] for tag in details.get("Tags", ())},
        termination_protection=bool(details.get("EnableTerminationProtection", False)),
    )


def _event(event: StackEventTypeDef) -> StackEvent:
    return StackEvent(
        event_id=event["EventId"],
        at=event["Timestamp"],
        logical_id=event.get("LogicalResourceId", ""),
        physical_id=event.get("PhysicalResourceId", ""),
        type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
        token=event.get("ClientRequestToken", ""),
    )
