"""One-off ECS tasks that start, run and end with an exit code; ministack's would be RUNNING
forever.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from provisioning.sandbox.faults import FAULTS, Fault
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import app, ecs, now_iso
from provisioning.sandbox.services.calls import Answer, Handler

TASK_TYPE = "AWS::ECS::Task"
PROVISIONING_SECONDS, PENDING_SECONDS, RUNNING_SECONDS = 15, 20, 20
FAILED_EXIT = 1
EXITED = ("Essential container in task exited", "EssentialContainerExited")
_STOPPED = "STOPPED"
_running: set[asyncio.Task[None]] = set()


def _show(task: dict[str, Any], status: str) -> bool:
    """Moves the task to its next status; False if it was stopped meanwhile."""
    if task["lastStatus"] == _STOPPED:
        return False
    task["lastStatus"] = status
    ecs.bump_task_version(task)
    for container in task["containers"]:
        container["lastStatus"] = "RUNNING" if status == "RUNNING" else "PENDING"
    if status == "RUNNING":
        task["startedAt"] = now_iso()
    return True


async def _live(task: dict[str, Any], fault: Fault | None) -> None:
    for status, seconds in (
        ("PROVISIONING", PROVISIONING_SECONDS),
        ("PENDING", PENDING_SECONDS),
        ("RUNNING", RUNNING_SECONDS),
    ):
        if not _show(task, status):
            return
        await PACE.wait(seconds)
    if fault is not None and fault.mode == "hang":
        await fault.hang()
    elif fault is not None:
        await asyncio.sleep(fault.seconds)
    failed = fault is not None and fault.mode == "fail"
    if failed and fault is not None:
        for container in task["containers"]:
            container["reason"] = fault.reason
    ecs.mark_task_stopped(task["taskArn"], task, *EXITED, exit_code=FAILED_EXIT if failed else 0)


def _start(task: dict[str, Any]) -> None:
    # A fault names the stack and logical id of the task's definition, or the task's cluster and family.
    arn = task["taskDefinitionArn"]
    tags = {tag["key"]: tag["value"] for tag in ecs.tags.get(arn) or []}
    cluster, family = task["clusterArn"].rsplit("/", 1)[-1], arn.rsplit("/", 1)[-1].rsplit(":", 1)[0]
    stack = tags.get("aws:cloudformation:stack-name", cluster)
    logical_id = tags.get("aws:cloudformation:logical-id", family)
    life = asyncio.create_task(_live(task, FAULTS.take(stack, logical_id, TASK_TYPE, "run_task")))
    _running.add(life)
    life.add_done_callback(_running.discard)


def _with_lives(ministacks: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        answer = await ministacks(method, path, headers, body, query)
        if headers.get("x-amz-target", "").endswith(".RunTask") and answer[0] == 200:  # noqa: PLR2004
            shown = json.loads(answer[2])
            for item in shown["tasks"]:
                task = ecs.tasks[item["taskArn"]]
                _show(task, "PROVISIONING")
                _start(task)
                item["lastStatus"] = "PROVISIONING"
                for container in item["containers"]:
                    container["lastStatus"] = "PENDING"
            answer = (answer[0], answer[1], json.dumps(shown).encode())
        return answer

    return handle


def end_interrupted() -> None:
    """After a restart: stops tasks that ran when the sandbox was stopped, with the reason."""
    for _key, task in ecs.tasks.all_items():
        if task.get("lastStatus") == _STOPPED and not task.get("stoppedAt"):
            task.update(
                stoppedAt=now_iso(),
                stoppedReason="The sandbox was stopped while the task ran.",
                stopCode="TerminationNotice",
            )
            task["desiredStatus"] = _STOPPED


def install() -> None:
    app.SERVICE_HANDLERS["ecs"] = _with_lives(app.SERVICE_HANDLERS["ecs"])
