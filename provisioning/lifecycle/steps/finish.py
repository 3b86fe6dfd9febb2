"""What a plan does once its stack is complete: one-off ECS tasks, each started once, watched, and told when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from provisioning.aws import interface
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import RunningTask
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.models import StackResource

# DescribeTasks may not know a task yet that RunTask has just started.
UNKNOWN_FOR = timedelta(minutes=2)


def finish(context: Context) -> Outcome:
    """One look at the task under way, or the start of the next; at the end the stack's outputs are taken over."""
    steps = context.content["after"]
    number = context.step_data.tasks_done
    if number >= len(steps):
        state = context.aws.describe_stack(context.the_stack.stack_id)
        return Outcome(to=OperationState.SUCCEEDED, reason="Everything is there.", seen=state)
    step, task = steps[number], context.step_data.task
    if task is None:
        return _start(context, step, number)
    return _look(context, step, task, number)


def _start(context: Context, step: Mapping[str, Any], number: int) -> Outcome:
    physical = dict(
        StackResource.objects.filter(stack=context.the_stack)
        .exclude(physical_id="")
        .order_by("id")
        .values_list("logical_id", "physical_id")
    )
    spec = interface.TaskSpec(
        cluster=physical[step["cluster"]],
        task_definition=physical[step["task_definition"]],
        subnets=[physical[name] for name in step["subnets"]],
        security_groups=[physical[name] for name in step["security_groups"]],
        tags=context.plan["tags"],
    )
    # ECS takes at most 64 characters: the step's number, not its key.
    task_arn = context.aws.run_task(spec, token=context.token(f"task{number}"))
    task = RunningTask(task_arn, spec.cluster, context.now)
    return Outcome(wait=context.poll_seconds(), step_data=replace(context.step_data, task=task))


def _look(context: Context, step: Mapping[str, Any], task: RunningTask, number: int) -> Outcome:
    running_for = context.now - task.started_at
    state = context.aws.describe_task(task.cluster, task.arn)
    if state is None:
        if running_for < UNKNOWN_FOR:
            return Outcome(wait=context.poll_seconds())
        return _failed(step, "ECS does not know the task any more, so its end was missed.", "")
    if state.status == "STOPPED":
        if state.exit_code == 0:
            return Outcome(step_data=replace(context.step_data, task=None, tasks_done=number + 1))
        code = "did not start" if state.exit_code is None else f"ended with exit code {state.exit_code}"
        return _failed(step, f"The task {code}.", state.reason)
    if running_for > timedelta(minutes=step["timeout_minutes"]):
        return _failed(step, f"The task still runs after {step['timeout_minutes']} minutes.", state.reason)
    return Outcome(wait=context.poll_seconds())


def _failed(step: Mapping[str, Any], sentence: str, detail: str) -> Outcome:
    return stop(
        OperationState.FAILED,
        f"“{step['title']}” failed. {sentence}",
        hint="The stack itself is complete and stays. Look at the task's log group; “Try again” repeats this step only.",
        detail=detail,
    )
