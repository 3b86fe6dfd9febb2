"""The receiver and a broker that speaks AMQP over TLS: confirmed, kept, tried once more, and never
to a stranger.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blueprints.webhook_pipeline.amqp_peer import Peer, certificate
from tests.blueprints.webhook_pipeline.conftest import ENVIRONMENT, LOGIN_ARN, SECRET, Clock, Secrets, an_event
from tests.blueprints.webhook_pipeline.shipped_code import receiver

Start = Callable[..., Peer]
Reach = Callable[[Peer], Any]


@pytest.fixture
def start(tmp_path: Path, secrets: Secrets) -> Iterator[Start]:
    peers: list[Peer] = []

    def started(*plan: str, host: str = "localhost", trusted: bool = True) -> Peer:
        pem, path = certificate(tmp_path, host)
        secrets.authority = pem if trusted else certificate(tmp_path, host)[0]
        if trusted:
            path.touch()
        peers.append(Peer(path if trusted else _other(tmp_path, host), list(plan)))
        return peers[-1]

    yield started
    for peer in peers:
        peer.close()


def _other(folder: Path, host: str) -> Path:
    apart = folder / "other"
    apart.mkdir()
    return certificate(apart, host)[1]


@pytest.fixture
def reach(vault: Any, clock: Clock) -> Iterator[Reach]:
    """The receiver's broker, connected to a peer; it lets go of its connection at the end."""
    made: list[Any] = []

    def reached(peer: Peer) -> Any:
        broker = receiver("broker").Broker.from_environment({**ENVIRONMENT, "RABBITMQ_PORT": str(peer.port)}, vault)
        broker._clock = clock
        made.append(broker)
        return broker

    yield reached
    while made:
        made.pop()._drop()


def _send(gate: Any, broker: Any, **headers: Any) -> tuple[int, dict[str, Any]]:
    found = receiver("handler").answer(an_event(**headers), gate, broker)
    return found["statusCode"], json.loads(found["body"])


def test_a_message_is_persistent_and_named(start: Start, gate: Any, reach: Reach) -> None:
    peer = start()
    assert _send(gate, reach(peer), x_correlation_id="order-42") == (202, {"accepted": "order-42"})
    ((queue, properties, body),) = peer.messages
    assert (queue, body) == ("webhooks", b'{"paid": true}')
    assert properties.delivery_mode == 2
    assert properties.message_id == properties.correlation_id == "order-42"
    assert properties.content_type == "application/json"
    assert properties.headers["domain"] == "hooks.example.com"
    assert properties.headers["headers"]["x-signature"] == "sha256=0f"
    assert peer.logins == [b"\0app\0pass-word"]


def test_the_connection_is_kept_between_calls(start: Start, gate: Any, reach: Reach) -> None:
    peer = start()
    broker = reach(peer)
    assert [_send(gate, broker)[0] for _ in range(5)] == [202] * 5
    assert len(peer.messages) == 5
    assert len(peer.logins) == 1


@pytest.mark.parametrize("how", ["cut", "close"])
def test_a_connection_that_breaks_is_made_again_once(start: Start, gate: Any, reach: Reach, how: str) -> None:
    peer = start("ack", how, "ack")
    broker = reach(peer)
    assert [_send(gate, broker, x_correlation_id=name)[0] for name in ("one", "two")] == [202, 202]
    assert [properties.message_id for _, properties, _ in peer.messages] == ["one", "two"]
    assert len(peer.logins) == 2


def test_a_connection_that_was_cut_while_lambda_slept(start: Start, gate: Any, reach: Reach) -> None:
    peer = start()
    broker = reach(peer)
    assert _send(gate, broker)[0] == 202
    peer.cut()
    assert _send(gate, broker)[0] == 202
    assert len(peer.messages) == 2


def test_a_long_idle_connection_is_not_trusted(start: Start, gate: Any, reach: Reach, clock: Clock) -> None:
    peer = start()
    broker = reach(peer)
    _send(gate, broker)
    clock.now += 301
    _send(gate, broker)
    assert len(peer.logins) == 2


def test_after_two_broken_connections_the_sender_is_asked_to_try_again(start: Start, gate: Any, reach: Reach) -> None:
    peer = start("cut", "cut")
    status, body = _send(gate, reach(peer))
    assert (status, body["error"]) == (503, "try again")
    assert peer.messages == []
    assert len(peer.logins) == 2


@pytest.mark.parametrize("how", ["nack", "unroutable"])
def test_what_the_broker_does_not_take_is_not_accepted(start: Start, gate: Any, reach: Reach, how: str) -> None:
    peer = start(how)
    assert _send(gate, reach(peer))[0] == 503
    assert len(peer.logins) == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver("broker"), "_SECONDS", 1)


@pytest.mark.usefixtures("impatient")
def test_a_broker_that_never_confirms_is_not_waited_for(start: Start, gate: Any, reach: Reach) -> None:
    """Most of a quorum queue's members are away: the broker takes the message, and can promise
    nothing.
    """
    peer = start("ack", "silence")
    broker = reach(peer)
    assert _send(gate, broker)[0] == 202
    assert _send(gate, broker)[0] == 503
    assert len(peer.logins) == 1  # asked again, it would say no more
    assert _send(gate, broker)[0] == 202
    assert len(peer.logins) == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("method", ["Channel.Open", "Confirm.Select"])
def test_a_broker_that_opens_no_channel_is_not_waited_for(start: Start, gate: Any, reach: Reach, method: str) -> None:
    peer = start()
    peer.deaf_to = (method,)
    assert _send(gate, reach(peer))[0] == 503


@pytest.mark.usefixtures("impatient")
def test_a_goodbye_that_is_not_answered_holds_up_nothing(start: Start, gate: Any, reach: Reach, clock: Clock) -> None:
    peer = start()
    peer.deaf_to = ("Channel.Close", "Connection.Close")
    broker = reach(peer)
    _send(gate, broker)
    clock.now += 301
    assert _send(gate, broker)[0] == 202


def test_nobody_listens(start: Start, gate: Any, reach: Reach) -> None:
    peer = start()
    broker = reach(peer)
    peer.close()
    assert _send(gate, broker)[0] == 503


def test_a_password_that_changed_is_read_anew(start: Start, gate: Any, reach: Reach, secrets: Secrets) -> None:
    peer = start("ack", "cut")
    broker = reach(peer)
    _send(gate, broker)
    secrets.values[LOGIN_ARN] = '{"username": "app", "password": "rotated"}'
    assert _send(gate, broker)[0] == 202
    assert peer.logins == [b"\0app\0pass-word", b"\0app\0rotated"]


@pytest.fixture
def talkative() -> Iterator[None]:
    """The client's own lines too. setLevel, since loggers remember what they are to leave out."""
    receiver("handler")  # which silences the client when it is loaded
    client = logging.getLogger("pika")
    before = client.level
    client.setLevel(logging.NOTSET)
    yield
    client.setLevel(before)


@pytest.mark.usefixtures("talkative")
def test_no_log_line_holds_a_login(start: Start, gate: Any, reach: Reach, caplog: pytest.LogCaptureFixture) -> None:
    """Not at the finest level that there is, not the client's lines either, and not when a
    connection breaks.
    """
    caplog.set_level(logging.DEBUG)
    peer = start("cut", "ack", "nack")
    broker = reach(peer)
    assert [_send(gate, broker)[0] for _ in range(2)] == [202, 503]
    assert "pika" in {record.name.split(".")[0] for record in caplog.records}
    for hidden in ("pass-word", SECRET, '{"paid": true}'):
        assert hidden not in caplog.text


def test_a_connection_that_ended_is_no_error_in_the_log(
    start: Start, gate: Any, reach: Reach, caplog: pytest.LogCaptureFixture
) -> None:
    peer = start("ack", "cut")
    broker = reach(peer)
    assert [_send(gate, broker)[0] for _ in range(2)] == [202, 202]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_stranger_is_told_nothing(start: Start, gate: Any, reach: Reach) -> None:
    """A certificate of another authority, or for another host: no login is ever sent."""
    for peer in (start(trusted=False), start(host="other.example.com")):
        assert _send(gate, reach(peer))[0] == 503
        assert peer.logins == []
