"""Creates, reads and deletes stacks.

Uses the stack id as soon as there is one: after a deletion, the name means no stack or another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioning.aws import arguments
from provisioning.aws.errors import AlreadyExists, NotFound
from provisioning.aws.interface import StackResource, StackSpec, StackState
from provisioning.aws.services.cloudformation import requests
from provisioning.aws.services.cloudformation.events import stack_events
from provisioning.aws.sessions import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackSummaryTypeDef, StackTypeDef


def create_stack(aws: Clients, spec: StackSpec, *, token: str, role_arn: str = "") -> str:
    """CloudFormation acts as `role_arn`; without it, with the caller's permissions. A stack that
    fails is deleted again, also in express mode.
    """
    request = arguments.create_stack(spec, role_arn=role_arn, template=requests.template(aws, spec.body))
    try:
        return aws.cloudformation.create_stack(**request, ClientRequestToken=token)["StackId"]
    except AlreadyExists as error:
        return _our_stack_id(aws, spec, token, error)


def _our_stack_id(aws: Clients, spec: StackSpec, token: str, error: AlreadyExists) -> str:
    """A stack of this name exists. It is ours only if this very call created it, as its first event
    shows: an answer was lost, or a step runs twice.
    """
    stack = describe_stack(aws, spec.name)
    if stack is not None and spec.tags.items() <= stack.tags.items():
        first = next(iter(stack_events(aws, stack.stack_id, after_event_id=None)), None)
        if first is not None and first.token == token:
            return stack.stack_id
    raise AlreadyExists(
        f"A stack named {spec.name} exists in account {aws.access.account_id} in {aws.access.region}, and this operation did not create it",
        operation=error.operation,
        code=error.code,
    ) from error


def delete_stack(aws: Clients, stack_id: str, *, token: str, retain: Sequence[str], role_arn: str = "") -> None:
    """In the standard mode: in express mode, a stack counts as deleted before its resources are gone."""
    try:
        aws.cloudformation.delete_stack(
            StackName=stack_id,
            ClientRequestToken=token,
            DeploymentConfig={"Mode": "STANDARD"},
            **arguments.role(role_arn),
            **arguments.names("RetainResources", retain),
        )
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


def describe_all_stacks(aws: Clients) -> list[StackState]:
    """Without the deleted ones, which CloudFormation describes by their id only."""
    pages = aws.cloudformation.get_paginator("describe_stacks").paginate()
    return [_stack(stack) for page in pages for stack in page["Stacks"]]


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


def stack_policy(aws: Clients, stack_id: str) -> str | None:
    return aws.cloudformation.get_stack_policy(StackName=stack_id).get("StackPolicyBody")


def set_stack_policy(aws: Clients, stack_id: str, policy: str) -> None:
    aws.cloudformation.set_stack_policy(StackName=stack_id, StackPolicyBody=policy)


def stack_template(aws: Clients, stack_id: str, *, change_set_id: str = "") -> str:
    """Returns the template as it was sent, of the stack or of a change set."""
    answer = aws.cloudformation.get_template(
        StackName=stack_id, TemplateStage="Original", **({"ChangeSetName": change_set_id} if change_set_id else {})
    )
    return str(answer["TemplateBody"])


def _stack(stack: StackTypeDef | StackSummaryTypeDef) -> StackState:
    details: Mapping[str, Any] = stack  # a summary has no outputs, tags or parameters
    deployment = details.get("DeploymentConfig", {})
    return StackState(
        stack_id=details["StackId"],
        name=stack["StackName"],
        status=stack["StackStatus"],
        status_reason=details.get("StackStatusReason", ""),
        created_at=stack["CreationTime"],
        outputs={output["OutputKey"]: output["OutputValue"] for output in details.get("Outputs", ())},
        tags={tag["Key"]: tag["Value"] for tag in details.get("Tags", ())},
        termination_protection=bool(details.get("EnableTerminationProtection", False)),
        last_updated_at=details.get("LastUpdatedTime"),
        detailed_status=details.get("DetailedStatus", ""),
        parameters=parameter_values(details.get("Parameters", ())),
        capabilities=tuple(details.get("Capabilities", ())),
        role_arn=details.get("RoleARN", ""),
        notification_arns=tuple(details.get("NotificationARNs", ())),
        change_set_id=details.get("ChangeSetId", ""),
        last_operation=_last_operation(details),
        express=deployment.get("Mode") == "EXPRESS",
        disable_rollback=bool(deployment.get("DisableRollback", details.get("DisableRollback", False))),
        parent_id=details.get("ParentId", ""),
        drift_status=details.get("DriftInformation", {}).get("StackDriftStatus", ""),
    )


def _last_operation(stack: Mapping[str, Any]) -> tuple[str, str]:
    """The newest operation on the stack itself: creating a change set leaves it as it is."""
    operations: Sequence[Mapping[str, str]] = stack.get("LastOperations", ())
    newest = next((one for one in operations if one.get("OperationType") != "CREATE_CHANGESET"), {})
    return newest.get("OperationType", ""), newest.get("OperationId", "")


def parameter_values(parameters: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Returns (value, resolved value) by key."""
    return {
        parameter["ParameterKey"]: (parameter.get("ParameterValue", ""), parameter.get("ResolvedValue", ""))
        for parameter in parameters
    }
