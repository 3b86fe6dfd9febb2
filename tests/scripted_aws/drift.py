"""Drift: what people have changed behind CloudFormation's back, as a detection finds it."""

from __future__ import annotations

import json
from typing import Any

from provisioning.aws.change_sets import ChangeDetail, DriftDetection, PropertyDifference, ResourceChange, ResourceDrift
from tests.scripted_aws.cloud import Cloud, Resource, ScriptedStack
from tests.scripted_aws.comparison import recreation, worst
from tests.scripted_aws.rendering import Rendered


def start_detection(cloud: Cloud, stack: ScriptedStack) -> str:
    detection_id = f"detection-{cloud.number()}"
    cloud.detections[detection_id] = DriftDetection(detection_id, "DETECTION_IN_PROGRESS")
    cloud.detecting[stack.stack_id] = detection_id
    cloud.later(cloud.detection_seconds, lambda: _end_detection(cloud, stack, detection_id))
    return detection_id


def _end_detection(cloud: Cloud, stack: ScriptedStack, detection_id: str) -> None:
    cloud.detecting.pop(stack.stack_id, None)
    if cloud.fail_detection:
        reason = cloud.fail_detection.pop(0)
        cloud.detections[detection_id] = DriftDetection(detection_id, "DETECTION_FAILED", "UNKNOWN", reason)
        return
    stack.drifts = [resource_drift(cloud, stack, resource) for resource in stack.resources.values()]
    drifted = sum(drift.status in ("MODIFIED", "DELETED") for drift in stack.drifts)
    stack.drift_status = "DRIFTED" if drifted else "IN_SYNC"
    cloud.detections[detection_id] = DriftDetection(
        detection_id, "DETECTION_COMPLETE", stack.drift_status, drifted_resources=drifted
    )
    cloud.remember(stack)
    cloud.queues.put_drift(stack, detection_id, drifted, at=cloud.at())


def resource_drift(cloud: Cloud, stack: ScriptedStack, resource: Resource) -> ResourceDrift:
    status = "IN_SYNC"
    differences: tuple[PropertyDifference, ...] = ()
    if resource.logical_id in cloud.undriftable:
        status = "UNKNOWN"
    elif not cloud.lives(stack, resource):
        status = "DELETED"
    else:
        differences = tuple(_differences(resource))
        status = "MODIFIED" if differences else "IN_SYNC"
    return ResourceDrift(resource.logical_id, resource.physical_id, resource.type, status, differences=differences)


def _differences(resource: Resource) -> list[PropertyDifference]:
    """A detection compares only what the template states."""
    return [
        PropertyDifference(
            path=f"/{prop}",
            expected=json.dumps(expected, sort_keys=True),
            actual=json.dumps(resource.actual.get(prop), sort_keys=True),
            change_type="REMOVE" if prop not in resource.actual else "NOT_EQUAL",
        )
        for prop, expected in resource.properties.items()
        if resource.actual.get(prop) != expected
    ]


def with_drift(
    cloud: Cloud, stack: ScriptedStack, new: dict[str, Rendered], changes: list[ResourceChange]
) -> list[ResourceChange]:
    """The changes of a drift-aware change set: those of the template, and those that set drifted
    resources back.
    """
    by_name = {change.logical_id: change for change in changes}
    for name, resource in stack.resources.items():
        if name not in new:
            continue
        if not cloud.lives(stack, resource):
            by_name[name] = ResourceChange("Add", name, resource.type, drift_status="DELETED")
            continue
        details = [_set_back(resource, prop, new[name].properties.get(prop)) for prop in _drifted(resource, new[name])]
        if details:
            by_name[name] = _modified(resource, [*by_name[name].details, *details] if name in by_name else details)
    return list(by_name.values())


def _drifted(resource: Resource, new: Rendered) -> list[str]:
    wanted: dict[str, Any] = dict(new.properties)
    return [prop for prop in sorted(resource.edits) if resource.actual.get(prop) != wanted.get(prop)]


def _set_back(resource: Resource, prop: str, wanted: object) -> ChangeDetail:
    return ChangeDetail(
        attribute="Properties",
        name=prop,
        requires_recreation=recreation(resource.type, prop),
        evaluation="Static",
        source="DirectModification",
        path=f"/Properties/{prop}",
        before=json.dumps(resource.actual.get(prop), sort_keys=True),
        after=json.dumps(wanted, sort_keys=True),
        change_type="Modify",
    )


def _modified(resource: Resource, details: list[ChangeDetail]) -> ResourceChange:
    return ResourceChange(
        action="Modify",
        logical_id=resource.logical_id,
        type=resource.type,
        physical_id=resource.physical_id,
        replacement=worst(details),
        scope=tuple(sorted({detail.attribute for detail in details})),
        details=tuple(details),
        drift_status="MODIFIED",
    )
