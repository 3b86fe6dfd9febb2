from __future__ import annotations

import pytest

from tests.fixtures.world import World
from tests.lifecycle.scan.region import Console


@pytest.fixture
def console(world: World) -> Console:
    return Console(world)
