"""Publishes stack events to the SNS topics of the stack, in order."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any
from urllib.parse import urlencode

from provisioning.sandbox.private import app, get_account_id
from provisioning.sandbox.stacks.records import Stack, watch

_queue: asyncio.Queue[tuple[contextvars.Context, list[str], str]] | None = None
_loop: asyncio.AbstractEventLoop | None = None
ANNOUNCED: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("announced_topics", default=())
"""The topics of a stack whose creation is being answered: its first event comes before the stack
knows them.
"""
_FIELDS = (
    "StackId",
    "Timestamp",
    "EventId",
    "LogicalResourceId",
    "Namespace",
    "PhysicalResourceId",
    "PrincipalId",
    "ResourceProperties",
    "ResourceStatus",
    "ResourceStatusReason",
    "ResourceType",
    "StackName",
    "ClientRequestToken",
)


def message(event: dict[str, Any]) -> str:
    """The notification's text: one key='value' per line."""
    account = get_account_id()
    shown = {
        "ResourceProperties": "null",
        "ClientRequestToken": "null",
        "Namespace": account,
        "PrincipalId": account,
        **event,
    }
    return "".join(f"{name}='{shown.get(name, '')}'\n" for name in _FIELDS)


def _note(stack: Stack, event: dict[str, Any]) -> None:
    arns = stack.get("NotificationARNs") or ANNOUNCED.get()
    if arns and _queue is not None and _loop is not None:
        item = (contextvars.copy_context(), list(arns), message(event))
        _loop.call_soon_threadsafe(_queue.put_nowait, item)


async def _publish(arns: list[str], text: str) -> None:
    for arn in arns:
        form = {
            "Action": "Publish",
            "Version": "2010-03-31",
            "TopicArn": arn,
            "Subject": "AWS CloudFormation Notification",
            "Message": text,
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "host": "sns.amazonaws.com"}
        await app.SERVICE_HANDLERS["sns"]("POST", "/", headers, urlencode(form).encode(), {})


async def deliver() -> None:
    """Publishes new events, without end."""
    global _queue, _loop
    _queue, _loop = asyncio.Queue(), asyncio.get_running_loop()
    watch(_note)
    while True:
        context, arns, text = await _queue.get()
        await asyncio.gather(_loop.create_task(_publish(arns, text), context=context), return_exceptions=True)
