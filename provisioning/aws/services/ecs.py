"""ECS: stops services, runs one-off tasks and reads their state; existence checks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from provisioning.aws import arguments
from provisioning.aws.errors import AwsError, LimitExceeded, NotFound, WrongStatus
from provisioning.aws.interface import TaskSpec, TaskState
from provisioning.aws.sessions import Clients

TOKEN_LENGTH: Final = 64
"""The longest clientToken that RunTask accepts (API reference)."""
_GONE: Final = frozenset({"INACTIVE", "DELETE_IN_PROGRESS"})
_ARN_PARTS: Final = 3  # …:service/<cluster>/<service>; ARNs of the old form name no cluster


def run_task(aws: Clients, spec: TaskSpec, *, token: str) -> str:
    """Starts a task on Fargate and returns its ARN. A token that is too long is replaced by its
    digest, so the same token never starts a second task.
    """
    answer = aws.ecs.run_task(
        **arguments.run_task(spec),
        clientToken=token if len(token) <= TOKEN_LENGTH else hashlib.sha256(token.encode()).hexdigest(),
    )
    for task in answer.get("tasks", []):
        return task["taskArn"]
    raise _placement_error(answer)


def _placement_error(answer: Mapping[str, object]) -> AwsError:
    """RunTask returns status 200 with a list of failures if it could not place the task."""
    failures = answer.get("failures")
    texts, codes = [], []
    for failure in failures if isinstance(failures, list) else []:
        codes.append(str(failure.get("reason", "")))
        texts.append(" ".join(str(failure[key]) for key in ("reason", "detail", "arn") if failure.get(key)))
    error = NotFound if "MISSING" in codes else LimitExceeded
    sentence = "; ".join(texts) or "ECS gave no reason"
    return error(f"The task was not started: {sentence}", operation="ecs:RunTask", code=codes[0] if codes else "NoTask")


def describe_task(aws: Clients, cluster: str, task_arn: str) -> TaskState | None:
    """Returns None for a task that ECS does not know. ECS forgets stopped tasks after about an
    hour.
    """
    try:
        tasks = aws.ecs.describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"]
    except NotFound:
        return None
    if not tasks:
        return None
    task = tasks[0]
    codes = [container["exitCode"] for container in task.get("containers", []) if "exitCode" in container]
    reasons = [
        task.get("stoppedReason", ""),
        *(container.get("reason", "") for container in task.get("containers", [])),
    ]
    return TaskState(
        task_arn=task["taskArn"],
        status=task["lastStatus"],
        # Report the first failure. A container that never started has no exit code at all.
        exit_code=next((code for code in codes if code != 0), codes[0] if codes else None),
        reason="; ".join(dict.fromkeys(reason for reason in reasons if reason)),
    )


def stop_service(aws: Clients, service: str, cluster: str) -> None:
    """Sets the bounds of autoscaling to 0 and then the desired count, so that autoscaling cannot
    start what was stopped. `cluster` counts only if the service's ARN does not name its cluster; if
    it is empty, the service is in the cluster that ECS calls "default".
    """
    parts = service.split("/")
    cluster = parts[1] if len(parts) == _ARN_PARTS else cluster or "default"
    resource_id = f"service/{cluster.rpartition('/')[2]}/{parts[-1]}"
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
    except WrongStatus as error:
        if error.code != "ServiceNotActiveException":
            raise


def has_cluster(aws: Clients, physical_id: str) -> bool:
    return any(
        cluster["status"] not in _GONE for cluster in aws.ecs.describe_clusters(clusters=[physical_id])["clusters"]
    )


def has_service(aws: Clients, physical_id: str) -> bool | None:
    """The id is the ARN, or "ARN|cluster". An ARN of the old form names no cluster and cannot be
    checked.
    """
    arn = physical_id.partition("|")[0]
    parts = arn.split("/")
    if len(parts) != _ARN_PARTS:
        return None
    return any(
        service["status"] not in _GONE
        for service in aws.ecs.describe_services(cluster=parts[1], services=[arn])["services"]
    )


def has_task_definition(aws: Clients, physical_id: str) -> bool:
    return aws.ecs.describe_task_definition(taskDefinition=physical_id)["taskDefinition"]["status"] not in _GONE
