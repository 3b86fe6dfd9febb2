"""Containers: services stopped, one-off tasks run and watched, and asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from provisioning.aws.errors import AwsError, LimitExceeded, NotFound, WrongStatus
from provisioning.aws.interface import TaskSpec, TaskState
from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TaskTypeDef

TOKEN_LENGTH: Final = 64
"""The longest clientToken that RunTask takes (API reference)."""
STARTED_BY: Final = "portal"
_GONE: Final = frozenset({"INACTIVE", "DELETE_IN_PROGRESS"})


def run_task(aws: Clients, spec: TaskSpec, *, token: str) -> str:
    answer = aws.ecs.run_task(
        cluster=spec.cluster,
        taskDefinition=spec.task_definition,
        launchType="FARGATE",
        count=1,
        clientToken=_short(token),
        startedBy=STARTED_BY,
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": list(spec.subnets),
                "securityGroups": list(spec.security_groups),
                "assignPublicIp": "DISABLED",
            }
        },
        tags=[{"key": key, "value": value} for key, value in spec.tags.items()],
    )
    for task in answer.get("tasks", []):
        return task["taskArn"]
    raise _not_started(answer)


def _short(token: str) -> str:
    """The token itself, or its digest where it is too long: the same token always gives the same."""
    return token if len(token) <= TOKEN_LENGTH else hashlib.sha256(token.encode()).hexdigest()


def _not_started(answer: Mapping[str, object]) -> AwsError:
    """RunTask answers 200 with a list of failures where it found no place for the task."""
    failures = answer.get("failures")
    texts, codes = [], []
    for failure in failures if isinstance(failures, list) else []:
        codes.append(str(failure.get("reason", "")))
        texts.append(" ".join(str(failure[key]) for key in ("reason", "detail", "arn") if failure.get(key)))
    error = NotFound if "MISSING" in codes else LimitExceeded
    sentence = "; ".join(texts) or "ECS gave no reason"
    return error(f"The task was not started: {sentence}", operation="ecs:RunTask", code=codes[0] if codes else "NoTask")


def describe_task(aws: Clients, cluster: str, task_arn: str) -> TaskState | None:
    """None for a task that ECS does not know (any more: it forgets stopped ones after about an hour)."""
    try:
        tasks = aws.ecs.describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"]
    except NotFound:
        return None
    return _state(tasks[0]) if tasks else None


def _state(task: TaskTypeDef) -> TaskState:
    codes = [container["exitCode"] for container in task.get("containers", []) if "exitCode" in container]
    reasons = [
        task.get("stoppedReason", ""),
        *(container.get("reason", "") for container in task.get("containers", [])),
    ]
    return TaskState(
        task_arn=task["taskArn"],
        status=task["lastStatus"],
        # The first failure is the one to tell of; a container that never started has no code at all.
        exit_code=next((code for code in codes if code != 0), codes[0] if codes else None),
        reason="; ".join(dict.fromkeys(reason for reason in reasons if reason)),
    )


def stop_service(aws: Clients, cluster: str, service: str) -> None:
    """Take scaling's bounds to 0 and then the count, so that scaling cannot start what was stopped. What is gone stays gone."""
    cluster_name, service_name = cluster.rpartition("/")[2], service.rpartition("/")[2]
    resource_id = f"service/{cluster_name}/{service_name}"
    targets = aws.application_autoscaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource_id])[
        "ScalableTargets"
    ]
    for target in targets:
        try:
            aws.application_autoscaling.register_scalable_target(
                ServiceNamespace="ecs",
                ResourceId=resource_id,
                ScalableDimension=target["ScalableDimension"],
                MinCapacity=0,
                MaxCapacity=0,
            )
        except NotFound:
            continue
    try:
        aws.ecs.update_service(cluster=cluster, service=service, desiredCount=0)
    except NotFound:
        return
    except WrongStatus as error:
        if error.code != "ServiceNotActiveException":
            raise


def _has_cluster(aws: Clients, physical_id: str) -> bool:
    return any(
        cluster["status"] not in _GONE for cluster in aws.ecs.describe_clusters(clusters=[physical_id])["clusters"]
    )


def _has_service(aws: Clients, physical_id: str) -> bool | None:
    """The id is the ARN, which names the cluster: arn:…:service/cluster/name; "ARN|cluster" is taken too."""
    arn = physical_id.partition("|")[0]
    parts = arn.split("/")
    if len(parts) != 3:  # noqa: PLR2004 - "…:service", cluster, name
        return None
    return any(
        service["status"] not in _GONE
        for service in aws.ecs.describe_services(cluster=parts[1], services=[arn])["services"]
    )


def _has_definition(aws: Clients, physical_id: str) -> bool:
    return aws.ecs.describe_task_definition(taskDefinition=physical_id)["taskDefinition"]["status"] not in _GONE


def _has_scalable_target(aws: Clients, physical_id: str) -> bool | None:
    """The id is "resource|dimension|namespace"."""
    resource_id, _, rest = physical_id.partition("|")
    dimension = rest.partition("|")[0]
    if not dimension.startswith("ecs:"):
        return None
    targets = aws.application_autoscaling.describe_scalable_targets(
        ServiceNamespace="ecs",
        ResourceIds=[resource_id],
        ScalableDimension="ecs:service:DesiredCount",
    )["ScalableTargets"]
    return bool(targets)


def _has_scaling_policy(aws: Clients, physical_id: str) -> bool | None:
    """The ARN: …:scalingPolicy:<uuid>:resource/ecs/service/cluster/name:policyName/<name>; "ARN|dimension" is taken too."""
    arn = physical_id.partition("|")[0]
    _, found, resource = arn.partition(":resource/ecs/")
    if not found:
        return None
    pages = aws.application_autoscaling.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace="ecs", ResourceId=resource.partition(":policyName/")[0]
    )
    return any(policy["PolicyARN"] == arn for page in pages for policy in page["ScalingPolicies"])


EXISTENCE: Mapping[str, Probe] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _has_scalable_target,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _has_scaling_policy,
    "AWS::ECS::Cluster": _has_cluster,
    "AWS::ECS::Service": _has_service,
    "AWS::ECS::TaskDefinition": _has_definition,
}
