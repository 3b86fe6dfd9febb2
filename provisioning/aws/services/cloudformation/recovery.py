"""Gets a stack out of an update that is running or has failed, or out of a deletion that has failed.

CloudFormation acts as `role_arn`; without it, with the caller's permissions.
"""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.aws import arguments
from provisioning.aws.sessions import Clients


def cancel_update(aws: Clients, stack_id: str, *, token: str) -> None:
    aws.cloudformation.cancel_update_stack(StackName=stack_id, ClientRequestToken=token)


def continue_rollback(aws: Clients, stack_id: str, *, token: str, skip: Sequence[str], role_arn: str) -> None:
    """Resources in `skip` count as UPDATE_COMPLETE afterwards, without being rolled back."""
    aws.cloudformation.continue_update_rollback(
        StackName=stack_id,
        ClientRequestToken=token,
        **arguments.role(role_arn),
        **arguments.names("ResourcesToSkip", skip),
    )


def rollback_stack(aws: Clients, stack_id: str, *, token: str, role_arn: str) -> None:
    """In the standard mode, so that the stack is reported as rolled back only when it is."""
    aws.cloudformation.rollback_stack(
        StackName=stack_id,
        ClientRequestToken=token,
        DeploymentConfig={"Mode": "STANDARD"},
        **arguments.role(role_arn),
    )


def force_delete_stack(aws: Clients, stack_id: str, *, token: str, role_arn: str) -> None:
    """Accepted only in DELETE_FAILED. CloudFormation leaves behind what it cannot delete."""
    aws.cloudformation.delete_stack(
        StackName=stack_id,
        ClientRequestToken=token,
        DeletionMode="FORCE_DELETE_STACK",
        DeploymentConfig={"Mode": "STANDARD"},
        **arguments.role(role_arn),
    )
