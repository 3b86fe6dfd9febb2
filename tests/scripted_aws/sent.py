"""The record of every call that changed something, as AWS received it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.aws.permits import Change


@dataclass(frozen=True, slots=True)
class Sent:
    """`method` is that of `Aws`, `arguments` what botocore would receive, `sender` the worker's name.
    `had_permit`: the engine allowed the call.
    """

    at: datetime
    method: str
    arguments: Mapping[str, Any]
    change: Change
    sender: str
    had_permit: bool
