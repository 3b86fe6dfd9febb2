"""The database of the simulation's tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from provisioning.components import registry
from tests.simulation.approvals import record_approvals
from tests.simulation.run import close_threads


@pytest.fixture
def simulated(transactional_db: None) -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    record_approvals()
    components = dict(registry._COMPONENTS)  # the seeds add a kind for their environment of several stacks
    yield
    registry._COMPONENTS.clear()
    registry._COMPONENTS.update(components)
    close_threads()
    logging.disable(logging.NOTSET)
