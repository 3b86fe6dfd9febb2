"""Calls of Query services (EC2's relatives, which answer in XML) that are handled here."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from provisioning.sandbox.private import app, new_uuid
from provisioning.sandbox.services.calls import Answer, Handler

QueryCall = Callable[[dict[str, str]], str]


def add_query_calls(service: str, calls: dict[str, QueryCall]) -> None:
    """Handles these actions of a ministack service here. A call returns the XML inside its result."""
    app.SERVICE_HANDLERS[service] = _with_calls(app.SERVICE_HANDLERS[service], calls)


def _with_calls(ministacks: Handler, calls: dict[str, QueryCall]) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        form = dict(parse_qsl((body or b"").decode("utf-8", "replace"), keep_blank_values=True))
        action = form.get("Action", "")
        if action not in calls:
            return await ministacks(method, path, headers, body, query)
        text = (
            f"<{action}Response><{action}Result>{calls[action](form)}</{action}Result>"
            f"<ResponseMetadata><RequestId>{new_uuid()}</RequestId></ResponseMetadata></{action}Response>"
        )
        return 200, {"Content-Type": "text/xml"}, text.encode()

    return handle
