"""Waiting times follow the sandbox's speed, and never shorten what a real account needs."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from provisioning.lifecycle.sandbox_time import scaled_seconds
from provisioning.models import Account


@pytest.mark.parametrize(("speed", "seconds"), [(60, 10), (1, 600), (0.1, 600), (0, 1)])
def test_the_sandbox_waits_as_long_as_its_speed_says(settings: Settings, speed: float, seconds: float) -> None:
    settings.SANDBOX_SPEED = speed
    assert scaled_seconds(Account(is_sandbox=True), 600) == seconds
    assert scaled_seconds(Account(is_sandbox=False), 600) == 600
