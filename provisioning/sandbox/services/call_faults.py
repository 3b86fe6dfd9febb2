"""Faults of single calls: AWS refuses a read, throttles it, or does not answer.

A fault with `op` “call” has a call as its target, as IAM spells it: `ec2:DescribeVpcs`, `ec2:*` or
`*`. Mode fail answers with the error code in `reason`, in the service's own format.
"""

from __future__ import annotations

import asyncio

from provisioning.sandbox.faults import FAULTS
from provisioning.sandbox.private import access_denied_response, app, extract_iam_action, get_account_id, new_uuid, ses
from provisioning.sandbox.services.calls import Answer, Handler

OP = "call"
_MESSAGES = {
    "AccessDenied": "",
    "Throttling": "Rate exceeded",
}


def install() -> None:
    """Puts the faults in front of every service. It must be the last one to be installed."""
    for service, handler in list(app.SERVICE_HANDLERS.items()):
        app.SERVICE_HANDLERS[service] = _guarded(service, handler)
    ses.put(
        "handle_request", _guarded("ses", ses.handle_request, format_of="sesv2")
    )  # ministack routes version 2 past its handlers


def _guarded(service: str, handler: Handler, *, format_of: str = "") -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        if not FAULTS.any_of(OP):
            return await handler(method, path, headers, body, query)
        action = extract_iam_action(service, method, path, headers, body, query) or _unknown_action(
            service, path, headers
        )
        fault = FAULTS.take(get_account_id(), action, f"{action.partition(':')[0]}:*", OP)
        if fault is None:
            return await handler(method, path, headers, body, query)
        if fault.mode == "hang":
            await fault.hang()
            return await handler(method, path, headers, body, query)
        if fault.mode == "slow":
            await asyncio.sleep(fault.seconds)
            return await handler(method, path, headers, body, query)
        code = fault.reason if fault.reason in _MESSAGES else "AccessDenied"
        caller = f"arn:aws:sts::{get_account_id()}:assumed-role/portal/portal"
        refused: Answer = access_denied_response(
            format_of or service,
            action,
            caller,
            new_uuid(),
            error_code="" if code == "AccessDenied" else code,
            message=_MESSAGES[code],
            headers=headers,
        )
        return refused

    return handle


def _unknown_action(service: str, path: str, headers: dict[str, str]) -> str:
    """The IAM action of a call that ministack has no name for."""
    if service == "lambda" and path.rstrip("/").endswith("/account-settings"):
        return "lambda:GetAccountSettings"
    target = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    return f"{service.replace('service-quotas', 'servicequotas')}:{target}"
