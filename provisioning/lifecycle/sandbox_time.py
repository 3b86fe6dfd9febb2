"""Waiting times of the engine in the sandbox, which is faster than AWS."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from provisioning.models import Account


def scaled_seconds(account: Account, seconds: float) -> float:
    """A time of AWS, as this account spends it: divided by the sandbox's speed, in the sandbox."""
    return seconds / max(settings.SANDBOX_SPEED, 1.0) if account.is_sandbox else seconds


def scaled(account: Account, duration: timedelta) -> timedelta:
    return timedelta(seconds=scaled_seconds(account, duration.total_seconds()))
