"""Hands the environment's logs on to Loki. CloudWatch calls it with a packed batch, and again if it fails."""

# ruff: noqa: INP001 - Lambda imports these modules by their bare names

from __future__ import annotations

import base64
import gzip
import json
import os
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping
from typing import Any

_SECONDS = 10
_REFUSALS = (401, 403)
_kept: dict[str, str] = {}


def ship(event: Mapping[str, Any], context: object) -> None:  # noqa: ARG001 - Lambda's signature
    """Push one batch; an error is raised, so that CloudWatch tries again."""
    payload = streams(unpack(event), os.environ["ENVIRONMENT"])
    if not payload["streams"]:
        return
    try:
        push(payload, os.environ["LOKI_URL"], _login())
    except urllib.error.HTTPError as error:
        if error.code in _REFUSALS:
            _kept.clear()  # the login may have changed: the next attempt reads it anew
        raise


def unpack(event: Mapping[str, Any]) -> dict[str, Any]:
    """What CloudWatch packed: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html ."""
    try:
        batch: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"], validate=True)))
    except (KeyError, TypeError, ValueError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"no batch of CloudWatch Logs: {type(error).__name__}") from None
    return batch


def streams(batch: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """One Loki stream for a log stream, lines in order, times in nanoseconds as text."""
    if batch.get("messageType") != "DATA_MESSAGE":
        return {"streams": []}
    labels = {"environment": environment, "log_group": batch["logGroup"], "log_stream": batch["logStream"]}
    lines = [[str(line["timestamp"] * 1_000_000), line["message"]] for line in batch["logEvents"]]
    return {"streams": [{"stream": labels, "values": lines}] if lines else []}


def push(payload: Mapping[str, Any], url: str, login: str) -> None:
    request = urllib.request.Request(  # noqa: S310 - the address is https, checked when the blueprint is filled in
        f"{url.rstrip('/')}/loki/api/v1/push",
        data=gzip.compress(json.dumps(payload).encode()),
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )
    if login:
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    with _opener.open(request, timeout=_SECONDS) as answer:
        answer.read()


class _Stays(urllib.request.HTTPRedirectHandler):
    """Sends logs and login nowhere but to the address that was given: a redirection is an error."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_Stays)


def _login() -> str:
    """`user:password` of Loki, if the environment names a secret that holds it."""
    name = os.environ.get("LOKI_LOGIN_SECRET", "")
    if name and name not in _kept:
        import boto3  # noqa: PLC0415 - part of the runtime, and slow to load

        _kept[name] = boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"].strip()
    return _kept.get(name, "")
