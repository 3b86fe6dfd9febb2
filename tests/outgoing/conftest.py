from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.outgoing.server import Server, running_server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    """The server of this file, as new."""
    running.answers[:] = [200]
    running.received.clear()
    running.names.clear()
    return running
