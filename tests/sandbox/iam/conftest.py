"""One account for each story about permissions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.iam.roles import Place

_accounts = count(610_000_000_001)


@pytest.fixture
def place(sandbox: Sandbox) -> Iterator[Place]:
    place = Place(sandbox, str(next(_accounts)))
    yield place
    place.close()
