"""Reads secrets and parameters with the function's own role, and keeps them for five minutes.

A reference is what the environment says: the ARN of a secret, `arn:key::` for one key of a secret that is JSON, or the
ARN of a parameter of Systems Manager.
"""

# ruff: noqa: INP001 - Lambda imports these modules by their bare names

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

_KEPT_SECONDS = 300
# So soon after reading, a wrong value is wrong and not old: a flood of bad calls must not become one of readings.
_FRESH_SECONDS = 30


class Vault:
    """Everything that was read, by ARN. `client` makes a boto3 client; a test gives its own."""

    def __init__(self, client: Callable[[str], Any] | None = None, clock: Callable[[], float] = time.time) -> None:
        self._client = client or _boto3
        self._clock = clock
        self._read: dict[str, tuple[str, float]] = {}

    def entry(self, reference: str) -> Entry:
        return Entry(self, reference)

    def text(self, arn: str, *, again: bool = False) -> str:
        found = self._read.get(arn)
        if found and not again and self._clock() - found[1] < _KEPT_SECONDS:
            return found[0]
        value = self._fetch(arn)
        self._read[arn] = (value, self._clock())
        return value

    def stale(self, arn: str) -> bool:
        found = self._read.get(arn)
        return found is None or self._clock() - found[1] >= _FRESH_SECONDS

    def _fetch(self, arn: str) -> str:
        if arn.split(":")[2] == "ssm":
            name = arn.split(":", 5)[5].removeprefix("parameter")
            return str(self._client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        return str(self._client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


class Entry:
    """One value of the vault."""

    def __init__(self, vault: Vault, reference: str) -> None:
        self._vault = vault
        # arn:partition:secretsmanager:region:account:secret:name, then key, stage and version
        parts = reference.split(":")
        self._arn = ":".join(parts[:7])
        self._key = "".join(parts[7:8])

    def read(self, *, again: bool = False) -> str:
        text = self._vault.text(self._arn, again=again)
        return str(json.loads(text)[self._key]) if self._key else text

    def stale(self) -> bool:
        return self._vault.stale(self._arn)


def _boto3(service: str) -> Any:
    import boto3  # noqa: PLC0415 - part of the runtime, and slow to load

    return boto3.client(service)
