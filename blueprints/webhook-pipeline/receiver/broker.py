"""Publishes to RabbitMQ: persistent, routed for certain, confirmed by the broker. One connection, kept between calls.

At least once: if the connection breaks before the confirmation arrives, the message is sent again under the same id.
"""

# ruff: noqa: INP001 - Lambda imports these modules by their bare names

from __future__ import annotations

import contextlib
import functools
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pika
from pika.exceptions import AMQPError, NackError, UnroutableError

if TYPE_CHECKING:
    from gate import Webhook
    from vault import Vault

# For each step: a connection, a channel, a confirmation. All of them, twice, fit into the function's timeout.
_SECONDS = 3
# Lambda freezes between calls, so nobody would answer heartbeats; the load balancer forgets a silent connection after
# 350 seconds. https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html
_IDLE_SECONDS = 300


class Unavailable(Exception):  # noqa: N818 - it is an answer
    """The broker did not take the message. The text names no secret."""


class _Silence(AMQPError):  # noqa: N818 - it is no error of ours
    """The broker is there, and does not answer: most of a quorum queue's members may be away."""


class Connect(Protocol):
    def __call__(self, *, again: bool) -> Any:
        """Open a channel; `again` reads login and authority anew."""


class Broker:
    """`connect` makes a channel that confirms; a test gives its own."""

    def __init__(self, connect: Connect, queue: str, clock: Callable[[], float] = time.time) -> None:
        self._connect = connect
        self._queue = queue
        self._clock = clock
        self._channel: Any = None
        self._used_at = 0.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], vault: Vault) -> Broker:
        names = ("RABBITMQ_USERNAME", "RABBITMQ_PASSWORD", "RABBITMQ_CA")
        username, password, authority = (vault.entry(environment[f"{name}_FROM"]) for name in names)
        host, port = environment["RABBITMQ_HOST"], int(environment["RABBITMQ_PORT"])

        def connect(*, again: bool) -> Any:
            credentials = pika.PlainCredentials(username.read(again=again), password.read())
            return _channel(host, port, credentials, authority.read(again=again))

        return cls(connect, environment["RABBITMQ_QUEUE"])

    def publish(self, webhook: Webhook, correlation_id: str) -> None:
        """Return once the broker has confirmed; raise Unavailable after a second attempt on a new connection."""
        if self._clock() - self._used_at > _IDLE_SECONDS:
            self._drop()
        for last in (False, True):
            try:
                self._publish(webhook, correlation_id, again=last)
            except (NackError, UnroutableError) as error:
                raise Unavailable(type(error).__name__) from None
            except _Silence:
                self._drop()
                raise Unavailable("no answer in time") from None
            except (AMQPError, OSError) as error:
                self._drop()
                if last:
                    raise Unavailable(type(error).__name__) from None
            else:
                self._used_at = self._clock()
                return

    def _publish(self, webhook: Webhook, correlation_id: str, *, again: bool) -> None:
        if self._channel is None or not self._channel.is_open:
            self._channel = self._connect(again=again)
        properties = pika.BasicProperties(
            delivery_mode=pika.DeliveryMode.Persistent.value,
            message_id=correlation_id,
            correlation_id=correlation_id,
            timestamp=int(self._clock()),
            content_type=_short(webhook.headers.get("content-type", "application/octet-stream")),
            headers={
                "method": webhook.method,
                "domain": webhook.domain,
                "path": webhook.path,
                "query": webhook.query,
                "headers": webhook.headers,
            },
        )
        with _in_time(self._channel.connection):
            self._channel.basic_publish("", self._queue, webhook.body, properties, mandatory=True)

    def _drop(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            _close(channel.connection)


@contextlib.contextmanager
def _in_time(connection: Any) -> Iterator[None]:
    """Break the connection if the broker leaves us without an answer: BlockingConnection itself waits for ever.

    Its own timers fire only between two calls, so this leans on what lies below; a test holds it to that.
    """
    below = connection._impl  # noqa: SLF001 - see above
    give_up = functools.partial(below._terminate_stream, _Silence())  # noqa: SLF001
    timer = below._adapter_call_later(_SECONDS, give_up)  # noqa: SLF001
    try:
        yield
    finally:
        below._adapter_remove_timeout(timer)  # noqa: SLF001


def _close(connection: Any) -> None:
    """Nobody waits for a goodbye that does not come."""
    if connection.is_open:
        with contextlib.suppress(AMQPError, OSError), _in_time(connection):
            connection.close()


def _short(text: str) -> str:
    """A short string of AMQP: at most 255 bytes."""
    return text.encode("ascii", "replace")[:255].decode()


def _channel(host: str, port: int, credentials: pika.PlainCredentials, authority: str) -> Any:
    """A confirming channel on a new connection over TLS, to exactly the host that was asked for."""
    context = ssl.create_default_context(cadata=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    parameters = pika.ConnectionParameters(
        host=host,
        port=port,
        credentials=credentials,
        ssl_options=pika.SSLOptions(context, host),
        heartbeat=0,
        connection_attempts=1,
        socket_timeout=_SECONDS,
        stack_timeout=_SECONDS,
        blocked_connection_timeout=_SECONDS,
        tcp_options={"TCP_USER_TIMEOUT": _SECONDS * 1000},
    )
    connection = pika.BlockingConnection(parameters)
    try:
        with _in_time(connection):
            channel = connection.channel()
            channel.confirm_delivery()
    except AMQPError:
        _close(connection)
        raise
    return channel
