"""Calls of ECS: the cluster as a condition, the roles that a task gets, and tags at creation.

Sources: the service authorization reference; "Grant permission to tag resources on creation" and
"Task execution IAM role" in the developer guide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioning.sandbox.iam.access import Access
from provisioning.sandbox.iam.request_tags import tag_context, tags_in
from provisioning.sandbox.iam.requests import Call
from provisioning.sandbox.iam.resources import arn, cluster_arn, role_arn, task_definition

TASKS = "ecs-tasks.amazonaws.com"


def _cluster(call: Call) -> str:
    return cluster_arn(call.text("cluster"))


def _in_cluster(kind: str, name: str, cluster: str) -> str:
    return name if name.startswith("arn:") else arn("ecs", f"{kind}/{cluster.rpartition('/')[2]}/{name or '*'}")


def _run_task(call: Call) -> list[Access]:
    cluster, tags = _cluster(call), tags_in(call)
    definition = task_definition(call.text("taskDefinition"))
    resource = (
        definition["taskDefinitionArn"] if definition else arn("ecs", f"task-definition/{call.text('taskDefinition')}")
    )
    needed = [Access("ecs:RunTask", resource, {"ecs:cluster": cluster, **tag_context(tags)})]
    if tags:
        task = arn("ecs", f"task/{cluster.rpartition('/')[2]}/*")
        needed.append(Access("ecs:TagResource", task, {"ecs:CreateAction": "RunTask", **tag_context(tags)}, {}))
    overrides: Mapping[str, Any] = call.parameters.get("overrides") or {}
    roles = [overrides.get(name) or (definition or {}).get(name) for name in ("taskRoleArn", "executionRoleArn")]
    return needed + [Access("iam:PassRole", role_arn(role), {"iam:PassedToService": TASKS}) for role in roles if role]


def _on_service(call: Call) -> list[Access]:
    cluster = _cluster(call)
    names = call.texts("services") or [call.text("service")]
    return [Access(call.name, _in_cluster("service", name, cluster), {"ecs:cluster": cluster}) for name in names]


def _on_task(call: Call) -> list[Access]:
    cluster = _cluster(call)
    names = call.texts("tasks") or [call.text("task")]
    return [Access(call.name, _in_cluster("task", name, cluster), {"ecs:cluster": cluster}) for name in names]


FUNCTIONS: dict[str, Callable[[Call], list[Access]]] = {
    "ecs:DescribeServices": _on_service,
    "ecs:DescribeTasks": _on_task,
    "ecs:RunTask": _run_task,
    "ecs:StopTask": _on_task,
    "ecs:UpdateService": _on_service,
}
