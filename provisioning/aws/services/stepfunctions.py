"""Step Functions: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_state_machine(aws: Clients, arn: str) -> bool:
    """A state machine that is being deleted counts as gone: nothing starts in it any more."""
    return bool(aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["status"] != "DELETING")
