"""The receiver: takes a webhook that came through Cloudflare, and puts it into RabbitMQ before it says "accepted"."""

# ruff: noqa: INP001 - Lambda imports these modules by their bare names

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Mapping
from typing import Any

from broker import Broker, Unavailable
from gate import Gate, Refused
from vault import Vault

log = logging.getLogger("receiver")
log.setLevel(logging.INFO)
# What matters of it is said below; the client itself calls each connection that ended while Lambda slept an error.
logging.getLogger("pika").setLevel(logging.CRITICAL)

_made: dict[str, Any] = {}


def receive(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Answer one call of the function URL."""
    if not _made:
        vault = Vault()
        _made.update(gate=Gate.from_environment(os.environ, vault), broker=Broker.from_environment(os.environ, vault))
    return answer(event, _made["gate"], _made["broker"])


def answer(event: Mapping[str, Any], gate: Gate, broker: Broker) -> dict[str, Any]:
    """Check, publish, and answer: 202 once RabbitMQ has confirmed the message, 4xx as the gate says, 503 to try again."""
    try:
        webhook = gate.check(event)
    except Refused as refused:
        log.info(json.dumps({"refused": refused.status, "why": refused.why}))
        return _response(refused.status, {"error": refused.why}, **refused.headers)
    correlation_id = webhook.correlation_id or str(uuid.uuid4())
    try:
        broker.publish(webhook, correlation_id)
    except Unavailable as unavailable:
        log.error(json.dumps({"unavailable": str(unavailable), "correlation_id": correlation_id}))  # noqa: TRY400 - the kind of error says it
        return _response(503, {"error": "try again", "correlation_id": correlation_id}, **{"retry-after": "5"})
    log.info(json.dumps({"accepted": correlation_id, "domain": webhook.domain, "bytes": len(webhook.body)}))
    return _response(202, {"accepted": correlation_id})


def _response(status: int, body: Mapping[str, str], **headers: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **headers},
        "body": json.dumps(body),
    }
