"""The dependency graph of a stack, and the execution of steps in its order, with as much
parallelism as it allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from graphlib import TopologicalSorter
from typing import Any

from provisioning.sandbox.private import engine

Template = dict[str, Any]
Graph = dict[str, set[str]]


def dependencies(template: Template, conditions: dict[str, bool]) -> Graph:
    """Each resource whose condition is true, and the resources that it depends on."""
    resources = template.get("Resources") or {}
    active = {
        name: definition
        for name, definition in resources.items()
        if isinstance(definition, dict) and conditions.get(definition.get("Condition", ""), True)
    }
    names = set(active)
    return {name: engine.extract_deps(definition, names) - {name} for name, definition in active.items()}


def restricted(graph: Graph, members: set[str]) -> Graph:
    """Each member, and the members that it depends on, also through others."""
    return {name: _reach(graph, name, members) - {name} for name in members}


def reversed_graph(graph: Graph, members: set[str]) -> Graph:
    """For deletion: each member, and the members that depend on it and must be deleted first.

    Dependencies through resources that are not members count as well.
    """
    needs = {name: _reach(graph, name, members) for name in members}
    return {name: {other for other in members if name in needs[other]} for name in members}


def _reach(graph: Graph, start: str, members: set[str]) -> set[str]:
    found: set[str] = set()
    seen: set[str] = set()
    pending = list(graph.get(start, ()))
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in members:
            found.add(name)
        else:
            pending.extend(graph.get(name, ()))
    return found


def all_needed_by(graph: Graph, starts: set[str]) -> set[str]:
    """The starting resources and all their direct and indirect dependencies."""
    found = set(starts)
    pending = list(starts)
    while pending:
        for name in graph.get(pending.pop(), ()):
            if name not in found:
                found.add(name)
                pending.append(name)
    return found


async def run_graph(graph: Graph, step: Callable[[str], Awaitable[bool]], *, stop_at_failure: bool) -> bool:
    """Runs `step(name)` for each name once its dependencies are done; a step returns whether it
    succeeded.

    Steps that depend on a failed step are never started. With `stop_at_failure`, running steps are
    cancelled and awaited. If the caller is cancelled, so are the steps, and they are awaited too.
    """
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    running: dict[asyncio.Task[bool], str] = {}
    succeeded = True
    try:
        while sorter.is_active():
            for name in sorter.get_ready():
                running[asyncio.create_task(_as_coroutine(step(name)))] = name
            if not running:
                break
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                name = running.pop(task)
                if task.result():
                    sorter.done(name)
                else:
                    succeeded = False
            if not succeeded and stop_at_failure:
                break
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)
    return succeeded


async def _as_coroutine(work: Awaitable[bool]) -> bool:
    return await work
