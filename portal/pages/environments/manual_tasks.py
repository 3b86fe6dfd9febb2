"""Manual post-deployment tasks: what a team still has to do once its environment runs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from provisioning.lifecycle.plan_document import ManualTask
from provisioning.lifecycle.read.progress import Progress
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment


@dataclass(frozen=True, slots=True)
class ManualTaskLine:
    """A manual task with the command for the resource that exists."""

    title: str
    sentence: str
    command: str


def manual_task_lines(environment: Environment, tasks: Iterable[ManualTask], now: Progress) -> list[ManualTaskLine]:
    """Return the tasks of a running environment whose resource exists."""
    if environment.state != EnvironmentState.RUNNING:
        return []
    resources = {line.logical_id: line for line in now.resources}
    return [
        ManualTaskLine(
            title=task.title,
            sentence=task.sentence,
            command=task.command.replace("{region}", shlex.quote(line.region)).replace(
                "{physical_id}", shlex.quote(line.physical_id)
            ),
        )
        for task in tasks
        if (line := resources.get(task.logical_id)) is not None
    ]
