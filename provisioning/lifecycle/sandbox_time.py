"""Waiting times of the engine in the sandbox, which is faster than AWS."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings

from provisioning.models import Account

WITHOUT_WAITING: Final = 600.0
"""What speed 0 counts as, at which nothing takes time in the sandbox: ten minutes are a second."""


def scaled_seconds(account: Account, seconds: float) -> float:
    """A time of AWS, as this account spends it: divided by the sandbox's speed, in the sandbox."""
    if not account.is_sandbox:
        return seconds
    speed = settings.SANDBOX_SPEED
    return seconds / (max(speed, 1.0) if speed else WITHOUT_WAITING)


def scaled(account: Account, duration: timedelta) -> timedelta:
    return timedelta(seconds=scaled_seconds(account, duration.total_seconds()))
