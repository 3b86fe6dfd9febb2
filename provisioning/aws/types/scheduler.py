"""EventBridge Scheduler."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, one_call

TYPES: Final = (AwsType("AWS::Scheduler::Schedule", durations=one_call(create=5, delete=4)),)
