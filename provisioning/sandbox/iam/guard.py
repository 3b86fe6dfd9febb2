"""The outermost layer of the service: every signed request is decided before ministack sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from provisioning.policy.errors import PolicyError
from provisioning.sandbox.iam.access import ENFORCEMENT, first_denial
from provisioning.sandbox.iam.callers import Caller, UnknownKeyError, access_key, caller_with, is_account
from provisioning.sandbox.iam.calls import UnknownCallError, needs_of
from provisioning.sandbox.iam.refusals import DENIED, NOT_SIMULATED, refuse
from provisioning.sandbox.iam.requests import Wire, read_call
from provisioning.sandbox.iam.signatures import SIGNATURES
from provisioning.sandbox.private import request_scope
from provisioning.sandbox.services.calls import Answer

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

CALLER: ContextVar[Caller | None] = ContextVar("CALLER", default=None)
"""Who makes the current request, for what it starts; None for the account itself."""


def guarded(application: Asgi) -> Asgi:
    """The application behind the decision. The account's own key (twelve digits) may do everything."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in scope["headers"]}
        query = scope.get("query_string", b"").decode("latin-1")
        too_old = SIGNATURES.problem(headers)
        if too_old:
            _, body = await _read(receive)
            call = read_call(Wire(scope["method"], scope["path"], query, headers, body))
            await _answer(send, refuse(call, "SignatureDoesNotMatch", too_old))
            return
        if not ENFORCEMENT.on:
            await application(scope, receive, send)
            return
        key = access_key(headers, query)
        if not key or is_account(key):
            await application(scope, receive, send)
            return
        messages, body = await _read(receive)
        caller, refusal = decide_request(key, Wire(scope["method"], scope["path"], query, headers, body))
        if refusal is not None:
            await _answer(send, refusal)
            return
        token = CALLER.set(caller)
        try:
            await application(scope, _replay(messages, receive), send)
        finally:
            CALLER.reset(token)

    return asgi


def decide_request(key: str, wire: Wire) -> tuple[Caller | None, Answer | None]:
    """The caller of a request, and the refusal if it may not make it."""
    call = read_call(wire)
    try:
        caller = caller_with(key)
    except UnknownKeyError as error:
        return None, refuse(call, error.code, str(error))
    place = call.name if call.operation else f"{call.service}: {wire.method} {wire.path}"
    with request_scope(caller.account_id, call.region):
        try:
            refused = first_denial(caller, needs_of(call), place)
        except (UnknownCallError, PolicyError) as error:
            return caller, refuse(call, NOT_SIMULATED, str(error))
    return caller, refuse(call, DENIED, refused.message) if refused else None


async def _read(receive: Receive) -> tuple[list[dict[str, Any]], bytes]:
    messages = []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body"):
            return messages, b"".join(one.get("body", b"") for one in messages)


def _replay(messages: list[dict[str, Any]], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def again() -> dict[str, Any]:
        message = next(waiting, None)
        return message if message is not None else await receive()

    return again


async def _answer(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    pairs = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
