"""Registers our resource types with ministack's CloudFormation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from provisioning.sandbox.api import Properties
from provisioning.sandbox.private import provisioners
from provisioning.sandbox.work import ON_THREAD, on_loop

Made = tuple[str, dict[str, Any]]
Create = Callable[[str, Properties, str], Made]
"""(logical id, properties, stack name) -> (physical id, attributes)"""
Update = Callable[[str, Properties, Properties, str, str], Made]
"""(physical id, old properties, new properties, stack name, logical id) -> (physical id,
attributes)
"""
Delete = Callable[[str, Properties], None]

_HANDLERS: dict[str, dict[str, Any]] = provisioners.RESOURCE_HANDLERS
_TAGS: dict[str, tuple[str, str]] = provisioners.STACK_TAG_PROPERTY


def resource_type(
    name: str,
    *,
    create: Create | None = None,
    delete: Delete | None = None,
    update: Update | None = None,
    tags: tuple[str, str] | None = None,
) -> None:
    """Registers a type, or replaces the given handlers of it."""
    handlers = _HANDLERS.setdefault(name, {})
    new = not handlers
    if create is not None:
        handlers["create"] = create
    if delete is not None:
        handlers["delete"] = delete
        handlers.pop("delete_with_logical_id", None)
    if update is None and new and create is not None:
        update = _replacing(create)
    if update is not None:
        handlers.update(update=update, update_with_logical_id=True)
    if tags is not None:
        _TAGS[name] = tags
    for handler in ("create", "update", "delete"):
        if handler in handlers and not _is_ours(handlers[handler]):
            handlers[handler] = _on_loop(handlers[handler])
    ON_THREAD.add(name)


def _is_ours(function: Callable[..., Any]) -> bool:
    return function.__module__.startswith("provisioning.sandbox.")


def _on_loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """Ministack's handler of a type that now runs on threads: its stores are safe to use on the
    event loop only.
    """

    def call(*args: object) -> Any:
        return on_loop(function, *args)

    return call


def _replacing(create: Create) -> Update:
    def update(_physical_id: str, _old: Properties, new: Properties, stack_name: str, logical_id: str) -> Made:
        return create(logical_id, new, stack_name)

    return update


def original(name: str, handler: str) -> Callable[..., Any]:
    """The previous handler, to be called from one of ours: ministack's own then runs on the event
    loop.
    """
    handlers = dict(_HANDLERS[name])
    function = handlers[handler]
    if _is_ours(function):
        return cast(
            "Callable[..., Any]", function
        )  # it waits for responses of this server, so it runs on its own thread
    drop_logical_id = handler == "update" and not handlers.get("update_with_logical_id")

    def call(*args: object) -> Any:
        return on_loop(function, *(args[:4] if drop_logical_id else args))

    return call


def physical_name(stack_name: str, logical_id: str, limit: int = 40) -> str:
    """A name in the form that CloudFormation generates: stack, logical id and a suffix, in lower
    case.
    """
    return str(provisioners.physical_name(stack_name, logical_id, lowercase=True, max_len=limit))


def true(value: object) -> bool:
    """A template's boolean, which may be the string "true"."""
    return str(value).lower() == "true"
