"""The control API under /_sandbox/, for functions that AWS does not have, in JSON."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from provisioning.sandbox import outside_edits, throttle
from provisioning.sandbox.faults import FAULTS, FaultError
from provisioning.sandbox.iam.access import ENFORCEMENT
from provisioning.sandbox.iam.guard import guarded
from provisioning.sandbox.iam.signatures import SIGNATURES
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import request_scope
from provisioning.sandbox.services import account_conditions, tagging
from provisioning.sandbox.stacks import running
from provisioning.sandbox.state import note_request

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
PREFIX = "/_sandbox/"
_OWN_NAMES = ("127.0.0.1", "localhost", "::1")


def around(application: Asgi) -> Asgi:
    """The application with the control API and the decision about permissions in front of it."""
    decided = guarded(application)

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await _control(scope, receive, send)
            return
        if scope["type"] == "http":
            note_request(scope["method"])
        await decided(scope, receive, send)

    return asgi


async def _control(scope: Scope, receive: Receive, send: Send) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    query = parse_qs(scope.get("query_string", b"").decode())
    status, answer = 403, {"error": "The control API answers programs on this machine, and no web page."}
    if not _is_of_a_page(dict(scope["headers"])):
        status, answer = await respond(scope["method"], scope["path"].removeprefix(PREFIX).strip("/"), body, query)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def _is_of_a_page(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser sends the request for a page. Browsers name the page's origin in each POST,
    and a page whose name was pointed at this machine (DNS rebinding) has this name as its host.
    """
    host = urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}").hostname
    return b"origin" in headers or headers.get(b"sec-fetch-site", b"none") != b"none" or host not in _OWN_NAMES


async def respond(method: str, path: str, body: bytes, query: dict[str, list[str]]) -> tuple[int, Any]:
    """The status and body of the response to a control request; a GET's query is used as its body."""
    try:
        wanted = json.loads(body) if body else {name: values[0] for name, values in query.items()}
    except ValueError:
        return 400, {"error": "The body is not JSON."}
    if not isinstance(wanted, dict):
        return 400, {"error": "The body must be a JSON object."}
    try:
        answer = _ROUTES[method, path](wanted)
        return await answer if isinstance(answer, Awaitable) else answer
    except KeyError as error:
        if (method, path) in _ROUTES:
            return 400, {"error": f"The body lacks {error}."}
        known = ", ".join(f"{verb} {PREFIX}{name}" for verb, name in _ROUTES)
        return 404, {"error": f"There is no {method} {PREFIX}{path}; there is {known}."}
    except (FaultError, ValueError, TypeError) as error:
        return 400, {"error": str(error)}


def _status(_body: dict[str, Any]) -> tuple[int, Any]:
    return 200, {
        "speed": PACE.speed,
        "operations": running.count(),
        "faults": len(FAULTS.as_json()),
        "throttling": throttle.THROTTLE.enabled,
    }


def _set_speed(body: dict[str, Any]) -> tuple[int, Any]:
    PACE.set_speed(float(body["speed"]))
    return 200, {"speed": PACE.speed}


def _set_throttling(body: dict[str, Any]) -> tuple[int, Any]:
    throttle.THROTTLE.configure(on=body.get("on"), rates=body.get("rates"))
    return 200, throttle.THROTTLE.as_json()


def _set_permissions(body: dict[str, Any]) -> tuple[int, Any]:
    if not isinstance(body["on"], bool):
        raise TypeError("`on` must be true or false.")
    ENFORCEMENT.on = body["on"]
    return 200, ENFORCEMENT.as_json()


def _set_signatures(body: dict[str, Any]) -> Answer:
    SIGNATURES.seconds = float(body["seconds"]) if body["seconds"] else None
    return 200, {"seconds": SIGNATURES.seconds}


def _inventory(body: dict[str, Any]) -> tuple[int, Any]:
    with request_scope(body.get("account", "000000000000"), body.get("region", "us-east-1")):
        return 200, {"resources": tagging.inventory(body.get("tag", ""))}


def _set_account(body: dict[str, Any]) -> tuple[int, Any]:
    wanted = dict(body)
    with request_scope(wanted.pop("account", "000000000000"), wanted.pop("region", "us-east-1")):
        return 200, account_conditions.set_conditions(wanted)


def _name_servers(body: dict[str, Any]) -> tuple[int, Any]:
    with request_scope(body.get("account", "000000000000"), body.get("region", "us-east-1")):
        return 200, {"name_servers": account_conditions.name_servers(body["domain"])}


Answer = tuple[int, Any]
_ROUTES: dict[tuple[str, str], Callable[[dict[str, Any]], Answer | Awaitable[Answer]]] = {
    ("GET", "status"): _status,
    ("GET", "faults"): lambda _body: (200, {"faults": FAULTS.as_json()}),
    ("POST", "faults"): lambda body: (201, FAULTS.order(body).as_json()),
    ("DELETE", "faults"): lambda _body: (200, {"cleared": FAULTS.clear()}),
    ("POST", "signatures"): _set_signatures,
    ("POST", "edit"): outside_edits.edit,
    ("POST", "speed"): _set_speed,
    ("GET", "inventory"): _inventory,
    ("POST", "account"): _set_account,
    ("GET", "name-servers"): _name_servers,
    ("GET", "permissions"): lambda _body: (200, ENFORCEMENT.as_json()),
    ("POST", "permissions"): _set_permissions,
    ("DELETE", "permissions"): lambda _body: (200, {"cleared": ENFORCEMENT.clear()}),
    ("GET", "throttling"): lambda _body: (200, throttle.THROTTLE.as_json()),
    ("POST", "throttling"): _set_throttling,
}
