"""Step Functions."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::StepFunctions::StateMachine",
        exists="stepfunctions.has_state_machine",
        taggable=True,
        durations=one_call(create=6, delete=6),
    ),
)
