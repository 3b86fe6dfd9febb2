"""A pytest plugin that removes one rule of `breaking.py` for the whole run.

BREAK=fence python -m pytest -p tests.simulation.broken tests/lifecycle/faults
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    from tests.simulation.breaking import RULES  # noqa: PLC0415 - Django must be set up

    with RULES[os.environ["BREAK"]].removed():
        return (yield)
