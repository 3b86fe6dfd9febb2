"""Creates, reads, executes and deletes change sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from provisioning.aws import arguments
from provisioning.aws.change_sets import (
    ChangeDetail,
    ChangeSet,
    ChangeSetSpec,
    ChangeSetSummary,
    ResourceChange,
)
from provisioning.aws.errors import AlreadyExists, NotFound
from provisioning.aws.services.cloudformation import requests
from provisioning.aws.services.cloudformation.stacks import parameter_values, stack_template
from provisioning.aws.sessions import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import (
        ChangeSetSummaryTypeDef,
        ResourceChangeDetailTypeDef,
        ResourceChangeTypeDef,
    )

_MASKED: Final = "****"
"""What CloudFormation returns as the value of a NoEcho parameter."""


def create_change_set(aws: Clients, spec: ChangeSetSpec, *, token: str, role_arn: str) -> str:
    """Returns the change set's id; that of an earlier call if it had the same content, so a repeat
    is harmless. CloudFormation acts as `role_arn`; without it, with the caller's permissions.
    """
    template = None if spec.body is None else requests.template(aws, spec.body)
    request = arguments.create_change_set(spec, role_arn=role_arn, template=template)
    try:
        return aws.cloudformation.create_change_set(**request, ClientToken=token)["Id"]
    except AlreadyExists:
        existing = describe_change_set(aws, spec.name, stack_id=spec.stack, values=False)
        if existing is None or not _has_content(aws, existing, spec):
            raise
        return existing.change_set_id


def _has_content(aws: Clients, existing: ChangeSet, spec: ChangeSetSpec) -> bool:
    """Whether a change set was created with this content, as far as AWS returns it: not the values
    of NoEcho parameters, and not that a parameter keeps its previous value.
    """
    sent = {key: value for key, value in spec.parameters.items() if value is not None}
    stored = {key: value for key, (value, _) in existing.parameters.items() if key in sent}
    return (
        all(stored.get(key) in (value, _MASKED) for key, value in sent.items())
        and dict(existing.tags) == dict(spec.tags)
        and set(existing.capabilities) == set(spec.capabilities)
        and (not spec.notification_arns or set(existing.notification_arns) == set(spec.notification_arns))
        and (existing.express, existing.disable_rollback) == (spec.express, spec.disable_rollback)
        and (existing.deployment_mode == "REVERT_DRIFT") == spec.revert_drift
        and existing.include_nested_stacks == spec.include_nested_stacks
        and existing.import_existing_resources == spec.import_existing_resources
        and (
            spec.body is None
            or stack_template(aws, existing.stack_id, change_set_id=existing.change_set_id) == spec.body
        )
    )


def describe_change_set(aws: Clients, change_set: str, *, stack_id: str, values: bool) -> ChangeSet | None:
    pages = aws.cloudformation.get_paginator("describe_change_set").paginate(
        ChangeSetName=change_set, StackName=stack_id, IncludePropertyValues=values
    )
    answer: Mapping[str, Any] = {}
    changes: list[ResourceChange] = []
    try:
        for page in pages:
            answer = answer or page
            changes += [_change(change["ResourceChange"]) for change in page.get("Changes", ())]
    except NotFound:
        return None
    deployment = answer.get("DeploymentConfig", {})
    return ChangeSet(
        change_set_id=answer["ChangeSetId"],
        name=answer["ChangeSetName"],
        stack_id=answer["StackId"],
        status=answer["Status"],
        execution_status=answer.get("ExecutionStatus", ""),
        status_reason=answer.get("StatusReason", ""),
        created_at=answer["CreationTime"],
        changes=tuple(changes),
        parameters=parameter_values(answer.get("Parameters", ())),
        tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())},
        capabilities=tuple(answer.get("Capabilities", ())),
        notification_arns=tuple(answer.get("NotificationARNs", ())),
        deployment_mode=answer.get("DeploymentMode", ""),
        express=deployment.get("Mode") == "EXPRESS",
        disable_rollback=bool(deployment.get("DisableRollback", False)),
        include_nested_stacks=bool(answer.get("IncludeNestedStacks", False)),
        import_existing_resources=bool(answer.get("ImportExistingResources", False)),
        on_stack_failure=answer.get("OnStackFailure", ""),
        stack_drift_status=answer.get("StackDriftStatus", ""),
    )


def list_change_sets(aws: Clients, stack_id: str) -> list[ChangeSetSummary]:
    pages = aws.cloudformation.get_paginator("list_change_sets").paginate(StackName=stack_id)
    return [_summary(summary) for page in pages for summary in page["Summaries"]]


def execute_change_set(aws: Clients, change_set_id: str, *, stack_id: str, token: str) -> None:
    """The change set's own DeploymentConfig says whether a failure is rolled back."""
    aws.cloudformation.execute_change_set(ChangeSetName=change_set_id, StackName=stack_id, ClientRequestToken=token)


def delete_change_set(aws: Clients, change_set_id: str, *, stack_id: str) -> None:
    try:
        aws.cloudformation.delete_change_set(ChangeSetName=change_set_id, StackName=stack_id)
    except NotFound:
        return


def _summary(summary: ChangeSetSummaryTypeDef) -> ChangeSetSummary:
    return ChangeSetSummary(
        change_set_id=summary["ChangeSetId"],
        name=summary["ChangeSetName"],
        status=summary["Status"],
        execution_status=summary.get("ExecutionStatus", ""),
    )


def _change(change: ResourceChangeTypeDef) -> ResourceChange:
    return ResourceChange(
        action=change["Action"],
        logical_id=change["LogicalResourceId"],
        type=change.get("ResourceType", ""),
        physical_id=change.get("PhysicalResourceId", ""),
        replacement=change.get("Replacement", ""),
        policy_action=change.get("PolicyAction", ""),
        scope=tuple(change.get("Scope", ())),
        details=tuple(map(_detail, change.get("Details", ()))),
        nested_change_set_id=change.get("ChangeSetId", ""),
        drift_status=change.get("ResourceDriftStatus", ""),
        drift_ignored=tuple(
            (ignored.get("Path", ""), ignored.get("Reason", ""))
            for ignored in change.get("ResourceDriftIgnoredAttributes", ())
        ),
    )


def _detail(detail: ResourceChangeDetailTypeDef) -> ChangeDetail:
    target: Mapping[str, Any] = detail.get("Target", {})
    return ChangeDetail(
        attribute=target.get("Attribute", ""),
        name=target.get("Name", ""),
        requires_recreation=target.get("RequiresRecreation", ""),
        evaluation=detail.get("Evaluation", ""),
        source=detail.get("ChangeSource", ""),
        causing_entity=detail.get("CausingEntity", ""),
        path=target.get("Path", ""),
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
        change_type=target.get("AttributeChangeType", ""),
    )
