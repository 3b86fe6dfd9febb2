"""Calls to an account's own endpoint, which an administrator has entered.

botocore would resolve the name of an endpoint by itself, take proxies from the environment, and
connect wherever they lead. For accounts with an endpoint it sends through this session instead,
which checks each address and connects only to the one that it checked.
"""

from __future__ import annotations

import socket
from typing import Any, ClassVar, Final

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.exceptions import EndpointConnectionError, HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.session import Session

from provisioning.outgoing import Guard, OutgoingError


class ForbiddenEndpointError(EndpointConnectionError):
    """The endpoint is not allowed, or its name does not resolve. Nothing was sent."""

    fmt = "{error}"


class GuardedSession(URLLib3Session):
    """Sends botocore's requests to endpoints that `guard` allows, without a proxy. Redirects are not
    followed: botocore never does, and S3's own redirection uses another region of AWS only if
    no endpoint is given.
    """

    def __init__(self, guard: Guard, *, connect_seconds: float, read_seconds: float, connections: int) -> None:
        timeout: Any = (connect_seconds, read_seconds)  # the stubs know one number only
        super().__init__(verify=True, proxies={}, timeout=timeout, max_pool_connections=connections)
        manager: Any = self._manager  # type: ignore[attr-defined]  # the stubs know no attributes
        manager.pool_classes_by_scheme = _pools(guard, connect_seconds)

    def install(self, session: Session) -> None:
        """Let every client of this session send through the guard. Runs after the handlers that
        were registered before, which may refuse to send.
        """
        session.register("before-send", self._send_guarded)  # type: ignore[arg-type]  # its answer is used

    def _send_guarded(self, request: Any, **_event: Any) -> Any:
        try:
            return self.send(request)
        except HTTPClientError as error:
            if isinstance(error.__context__, OutgoingError):
                raise ForbiddenEndpointError(endpoint_url="", error=error.__context__.sentence) from None
            raise


class _Guarded:
    guard: ClassVar[Guard]
    connect_seconds: ClassVar[float]
    guarded_scheme: ClassVar[str] = "http"

    def _new_conn(self: Any) -> socket.socket:
        connection: socket.socket = self.guard.connect(
            self.guarded_scheme, self.host, self.port, seconds=self.connect_seconds
        )
        return connection


def _pools(guard: Guard, connect_seconds: float) -> dict[str, type]:
    """Pool classes are looked up by scheme, and pools make their connections without arguments of
    ours: so the guard is an attribute of classes of its own.
    """
    own: Final[dict[str, Any]] = {"guard": guard, "connect_seconds": connect_seconds}
    http = type("GuardedHTTPConnection", (_Guarded, AWSHTTPConnection), own)
    https = type("GuardedHTTPSConnection", (_Guarded, AWSHTTPSConnection), {**own, "guarded_scheme": "https"})
    return {
        "http": type("GuardedHTTPPool", (AWSHTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("GuardedHTTPSPool", (AWSHTTPSConnectionPool,), {"ConnectionCls": https}),
    }
