"""Runs the automated post-deployment tasks of a plan: each ECS task is started once and watched to
its end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from provisioning.aws import arguments, interface
from provisioning.lifecycle.plan_document import Task
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import RunningTask
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.models import StackResource

# DescribeTasks may not return a task yet that RunTask has just started.
UNKNOWN_FOR = timedelta(minutes=2)


def finish(context: Context) -> Outcome:
    """Watch the running task, or start the next. After the last one, read the stack's outputs."""
    tasks = context.plan.due_tasks
    number = context.step_data.tasks_done
    if number >= len(tasks):
        state = context.aws.describe_stack(context.the_stack.stack_id)
        return Outcome(to=OperationState.SUCCEEDED, reason="The environment is complete.", stack_state=state)
    if (running := context.step_data.task) is None:
        return _start(context, tasks[number], number)
    return _watch(context, tasks[number], running, number)


def _start(context: Context, task: Task, number: int) -> Outcome:
    physical = dict(
        StackResource.objects.filter(stack=context.the_stack)
        .exclude(physical_id="")
        .order_by("id")
        .values_list("logical_id", "physical_id")
    )
    spec = interface.TaskSpec(
        cluster=physical[task.cluster],
        task_definition=physical[task.task_definition],
        subnets=[physical[name] for name in task.subnets],
        security_groups=[physical[name] for name in task.security_groups],
        tags=context.planned.tags,
    )
    context.allow("RunTask", digest=arguments.digest_of("RunTask", arguments.run_task(spec)))
    # ECS accepts at most 64 characters, so the token has the task's number and not its key.
    task_arn = context.aws.run_task(spec, token=context.token(f"task{number}"))
    running = RunningTask(task_arn, spec.cluster, context.now)
    return Outcome(wait=context.poll_seconds(), step_data=replace(context.step_data, task=running))


def _watch(context: Context, task: Task, running: RunningTask, number: int) -> Outcome:
    running_for = context.now - running.started_at
    state = context.aws.describe_task(running.cluster, running.arn)
    if state is None:
        if running_for < UNKNOWN_FOR:
            return Outcome(wait=context.poll_seconds())
        return _failed(task, "ECS no longer knows the task, so its exit code is unknown.", "")
    if state.status == "STOPPED":
        if state.exit_code == 0:
            return Outcome(step_data=replace(context.step_data, task=None, tasks_done=number + 1))
        code = "did not start" if state.exit_code is None else f"ended with exit code {state.exit_code}"
        return _failed(task, f"The task {code}.", state.reason)
    if running_for > timedelta(minutes=task.timeout_minutes):
        return _failed(task, f"The task is still running after {task.timeout_minutes} minutes.", state.reason)
    return Outcome(wait=context.poll_seconds())


def _failed(task: Task, sentence: str, detail: str) -> Outcome:
    return stop(
        OperationState.FAILED,
        f"“{task.title}” failed. {sentence}",
        hint="The stack is complete and is left as it is. See the task's log group. “Retry” repeats only this task.",
        detail=detail,
    )
