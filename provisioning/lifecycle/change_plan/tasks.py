"""Which post-deployment tasks must run again after a change."""

from __future__ import annotations

import json
from collections.abc import Iterable

from provisioning.lifecycle.plan_document import PlannedChange, PlannedChangeSet, StackedDocument, Task
from provisioning.template.dependencies import dependencies


def tasks_to_run(
    current: StackedDocument, new: StackedDocument, change_sets: Iterable[PlannedChangeSet]
) -> tuple[str, ...]:
    """The keys of tasks that are new or different, or that depend on something that is created or
    may be replaced, such as an empty new database.
    """
    before = {task.key: task for task in current.tasks}
    main = next((one for one in change_sets if one.stack == new.main.key), None)
    renewed = {change.logical_id for change in main.changes if _is_new(change)} if main is not None else set()
    graph = dependencies(json.loads(new.main.body)["Resources"])
    return tuple(task.key for task in new.tasks if before.get(task.key) != task or _needs(task, graph) & renewed)


def _is_new(change: PlannedChange) -> bool:
    return change.action in ("Add", "Dynamic") or change.replacement in ("True", "Conditional")


def _needs(task: Task, graph: dict[str, set[str]]) -> set[str]:
    """Everything that the task's definition refers to, directly or not. Its cluster and its network
    only carry it.
    """
    seen: set[str] = set()
    unvisited = [task.task_definition]
    while unvisited:
        name = unvisited.pop()
        if name not in seen:
            seen.add(name)
            unvisited += graph.get(name, ())
    return seen
