"""Starts drift detections and reads their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.aws.change_sets import DriftDetection, PropertyDifference, ResourceDrift
from provisioning.aws.sessions import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackResourceDriftTypeDef


def detect_drift(aws: Clients, stack_id: str) -> str:
    """Returns the detection's id. Raises `Busy` if another detection of this stack is running."""
    return aws.cloudformation.detect_stack_drift(StackName=stack_id)["StackDriftDetectionId"]


def drift_detection(aws: Clients, detection_id: str) -> DriftDetection:
    answer = aws.cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection_id)
    return DriftDetection(
        detection_id=answer["StackDriftDetectionId"],
        status=answer["DetectionStatus"],
        drift_status=answer.get("StackDriftStatus", ""),
        reason=answer.get("DetectionStatusReason", ""),
        drifted_resources=answer.get("DriftedStackResourceCount"),
    )


def resource_drifts(aws: Clients, stack_id: str) -> list[ResourceDrift]:
    """Returns every resource that a detection has looked at, also those without drift."""
    drifts: list[ResourceDrift] = []
    request: dict[str, Any] = {"StackName": stack_id}
    while True:
        page = aws.cloudformation.describe_stack_resource_drifts(**request)
        drifts += map(_drift, page["StackResourceDrifts"])
        if not page.get("NextToken"):
            return drifts
        request["NextToken"] = page["NextToken"]


def _drift(drift: StackResourceDriftTypeDef) -> ResourceDrift:
    return ResourceDrift(
        logical_id=drift["LogicalResourceId"],
        physical_id=drift.get("PhysicalResourceId", ""),
        type=drift["ResourceType"],
        status=drift["StackResourceDriftStatus"],
        reason=drift.get("DriftStatusReason", ""),
        differences=tuple(
            PropertyDifference(
                path=difference["PropertyPath"],
                expected=difference["ExpectedValue"],
                actual=difference["ActualValue"],
                change_type=difference["DifferenceType"],
            )
            for difference in drift.get("PropertyDifferences", ())
        ),
    )
