"""Calls of JSON services that are handled here, and their stores."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from provisioning.sandbox.private import app, get_account_id, get_region

Body = dict[str, Any]
Call = Callable[[Body], Body]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Answer]]

_stores: dict[str, dict[str, Body]] = {}


class RefusedError(Exception):
    """An error response in a service's own words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def store(name: str) -> dict[str, Body]:
    """The store with this name; always the same object."""
    return _stores.setdefault(name, {})


def dump() -> dict[str, dict[str, Body]]:
    return _stores


def load(data: dict[str, dict[str, Body]]) -> None:
    for name, content in data.items():
        store(name).clear()
        store(name).update(content)


def scope() -> str:
    """The prefix of every key: the account and the region of the request."""
    return f"{get_account_id()}|{get_region()}|"


def respond(status: int, body: Body) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


def _unknown(action: str) -> Call:
    def refuse(_body: Body) -> Body:
        raise RefusedError("UnknownOperationException", f"The sandbox doesn't know the operation {action}.")

    return refuse


def answer_calls(calls: dict[str, Call], otherwise: Handler | None = None) -> Handler:
    """A service handler for these actions; other actions go to ministack's handler if there is one."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        action = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if action not in calls and otherwise is not None:
            return await otherwise(method, path, headers, body, query)
        try:
            return respond(200, calls.get(action, _unknown(action))(json.loads(body or b"{}")))
        except RefusedError as error:
            return respond(400, {"__type": error.code, "message": str(error), "Message": str(error)})

    return handle


def add_calls(service: str, calls: dict[str, Call]) -> None:
    """Handles these calls of a ministack service here."""
    app.SERVICE_HANDLERS[service] = answer_calls(calls, app.SERVICE_HANDLERS[service])
