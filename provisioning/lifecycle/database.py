"""What the engine needs to know about its database, and how a worker is connected to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, connections

P = ParamSpec("P")
T = TypeVar("T")

DATABASE_AWAY: Final = (OperationalError, InterfaceError)
"""The errors of a database that cannot be reached, or that gives up a statement that takes too
long. Nothing can be written then: the lease runs out, and the step runs again.
"""

STATEMENT_SECONDS: Final = 5
_KEEPALIVE: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}


def connect_as_worker() -> None:
    """Let this process notice a database that is lost within less than a lease: no statement takes
    longer than `STATEMENT_SECONDS`, and a dead connection is found out by itself.

    Called before the first connection; what DATABASE_URL sets itself wins.
    """
    options = connections.settings["default"].setdefault("OPTIONS", {})
    own = str(options.get("options", ""))
    if "statement_timeout" not in own:
        options["options"] = f"{own} -c statement_timeout={STATEMENT_SECONDS}s".strip()
    for name, value in _KEEPALIVE.items():
        options.setdefault(name, value)


def in_thread(call: Callable[P, T]) -> Callable[P, T]:
    """Let a call that runs in a thread of a pool close the connection to the database that it opened.
    Django closes only those of requests.
    """

    @wraps(call)
    def closing(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        finally:
            connection.close()

    return closing
