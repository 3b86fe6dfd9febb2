"""Application Auto Scaling: stores and returns targets and policies; only a target's limits change
a service.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from provisioning.sandbox.private import app, ecs, get_account_id, get_region, router
from provisioning.sandbox.services.calls import Body, Call, RefusedError, answer_calls, scope, store

TARGETS = store("scalable_targets")
POLICIES = store("scaling_policies")


def _target_key(body: Body) -> str:
    return scope() + "|".join((body["ServiceNamespace"], body["ResourceId"], body["ScalableDimension"]))


def target_of(parameters: Mapping[str, Any]) -> Body | None:
    """The registered target that a call is about; None for one that does not exist yet."""
    names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    return TARGETS.get(scope() + "|".join(str(parameters.get(name)) for name in names))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def _register(body: Body) -> Body:
    key = _target_key(body)
    arn = f"arn:aws:application-autoscaling:{get_region()}:{get_account_id()}:scalable-target/{_digest(key)}"
    role = f"arn:aws:iam::{get_account_id()}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
    target = TARGETS.setdefault(key, {"CreationTime": time.time(), "RoleARN": role, "ScalableTargetARN": arn})
    target.update({name: value for name, value in body.items() if name != "Tags"})
    if body.get("Tags"):
        target["Tags"] = body["Tags"]
    if body["ServiceNamespace"] == "ecs":
        _bring_inside(body["ResourceId"], target)
    return {"ScalableTargetARN": arn}


def _bring_inside(resource_id: str, target: Body) -> None:
    """Scales a service outside its target's limits to the nearest limit."""
    kind, _, place = resource_id.partition("/")
    cluster, _, name = place.rpartition("/")
    found = [
        item
        for item in ecs.services.values()
        if item["serviceName"] == name and item["clusterArn"].endswith(f"cluster/{cluster}")
    ]
    if kind != "service" or not found or not {"MinCapacity", "MaxCapacity"} <= set(target):
        return
    count = int(found[0]["desiredCount"])
    wanted = max(int(target["MinCapacity"]), min(count, int(target["MaxCapacity"])))
    if wanted != count:
        ecs.update_service({"cluster": cluster, "service": name, "desiredCount": wanted})


def _deregister(body: Body) -> Body:
    key = _target_key(body)
    if TARGETS.pop(key, None) is None:
        raise RefusedError("ObjectNotFoundException", f"No scalable target found for resource ID: {body['ResourceId']}")
    for policy in [name for name in POLICIES if name.startswith(f"{key}|")]:
        del POLICIES[policy]
    return {}


def _listed(store: dict[str, Body], body: Body, names: str, member: str) -> Body:
    chosen = [
        {key: value for key, value in item.items() if key != "Tags"}
        for key, item in store.items()
        if key.startswith(scope())
        and body.get("ServiceNamespace") in (None, item["ServiceNamespace"])
        and item["ResourceId"] in (body.get(names) or [item["ResourceId"]])
        and body.get("ResourceId") in (None, item["ResourceId"])
        and body.get("ScalableDimension") in (None, item["ScalableDimension"])
    ]
    if body.get("PolicyNames"):
        chosen = [item for item in chosen if item.get("PolicyName") in body["PolicyNames"]]
    return {member: chosen}


def _put_policy(body: Body) -> Body:
    key = _target_key(body)
    if key not in TARGETS:
        raise RefusedError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {body['ServiceNamespace']}, resource ID: {body['ResourceId']}, scalable dimension: {body['ScalableDimension']}",
        )
    key = f"{key}|{body['PolicyName']}"
    place = f"resource/{body['ServiceNamespace']}/{body['ResourceId']}:policyName/{body['PolicyName']}"
    arn = f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scalingPolicy:{_digest(key)}:{place}"
    POLICIES[key] = {**body, "PolicyARN": arn, "CreationTime": time.time(), "Alarms": []}
    return {"PolicyARN": arn, "Alarms": []}


def _delete_policy(body: Body) -> Body:
    if POLICIES.pop(f"{_target_key(body)}|{body['PolicyName']}", None) is None:
        raise RefusedError("ObjectNotFoundException", f"No scaling policy found for {body['PolicyName']}")
    return {}


def _by_arn(arn: str) -> Body:
    target = next((item for item in TARGETS.values() if item["ScalableTargetARN"] == arn), None)
    if target is None:
        raise RefusedError("ResourceNotFoundException", f"No scalable target has the ARN {arn}")
    return target


def _tag(body: Body) -> Body:
    _by_arn(body["ResourceARN"]).setdefault("Tags", {}).update(body["Tags"])
    return {}


def _untag(body: Body) -> Body:
    tags = _by_arn(body["ResourceARN"]).get("Tags", {})
    for key in body["TagKeys"]:
        tags.pop(key, None)
    return {}


def _empty(member: str) -> Call:
    return lambda _body: {member: []}


CALLS: dict[str, Call] = {
    "RegisterScalableTarget": _register,
    "DeregisterScalableTarget": _deregister,
    "DescribeScalableTargets": lambda body: _listed(TARGETS, body, "ResourceIds", "ScalableTargets"),
    "PutScalingPolicy": _put_policy,
    "DeleteScalingPolicy": _delete_policy,
    "DescribeScalingPolicies": lambda body: _listed(POLICIES, body, "ResourceIds", "ScalingPolicies"),
    "DescribeScalingActivities": _empty("ScalingActivities"),
    "DescribeScheduledActions": _empty("ScheduledActions"),
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": lambda body: {"Tags": _by_arn(body["ResourceARN"]).get("Tags", {})},
}


def install() -> None:
    app.SERVICE_HANDLERS["application-autoscaling"] = answer_calls(CALLS)
    router.SERVICE_PATTERNS["application-autoscaling"] = {
        "target_prefixes": ["AnyScaleFrontendService"],
        "credential_scope": "application-autoscaling",
    }
