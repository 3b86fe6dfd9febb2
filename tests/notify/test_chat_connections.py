"""Every service that is offered connects through the portal's guard, within a bounded time and size."""

from __future__ import annotations

import ast
import re
import socket
import time
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from provisioning.notify.channels import chat
from provisioning.notify.channels.conversation import GUARDED_REQUESTS, LONGEST_ANSWER, Conversation, holding
from provisioning.notify.channels.outcome import Mail, Outcome, Result
from provisioning.notify.channels.services import SERVICES, Service
from provisioning.outgoing import Allowed, Guard, Reply, Rules, exchange
from tests.outgoing.server import NAME, Server, running_server

MESSAGE = Mail("1", "Subject", ("Text",), "https://portal.example.org/", "Footer")
LOOPBACK = Rules(allowed=(Allowed(network=ip_network("127.0.0.0/8"), any_port=True),))
ADDRESSES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "workflow": "workflows://prod-12.westeurope.logic.azure.com:443/abc/sig",
    "discord": "discord://123456/abcdef",
    "gchat": "gchat://workspace/key/token",
    "wxteams": f"wxteams://{'a' * 80}",
    "tgram": f"tgram://123456789:{'a' * 35}/12345",
    "pover": f"pover://{'u' * 30}@{'t' * 30}",
    "pagerduty": "pagerduty://integration-key@api-key",
    "opsgenie": "opsgenie://8b799edf-6f98-4d3a-9be7-2862fb4e5752",
    "mmosts": f"mmosts://chat.example.com/{'t' * 26}",
    "rockets": "rockets://user:password@chat.example.com/#channel",
    "gotifys": f"gotifys://push.example.com/{'t' * 15}",
    "jsons": "jsons://hooks.example.com/path",
}
CONNECTING = {"socket", "ssl", "http", "urllib", "urllib3", "aiohttp", "httpx", "smtplib", "subprocess", "asyncio"}
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.schemes[0])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("tls")) as server:
        yield server


def guard(*addresses: str, rules: Rules = LOOPBACK) -> Guard:
    def resolve(_host: str) -> Sequence[str]:
        return addresses or ("127.0.0.1",)

    return Guard(rules=rules, resolver=resolve)


def send(server: Server, *, seconds: float = 10.0) -> tuple[Outcome, Conversation]:
    _, plugin = chat._load(f"jsons://{NAME}:{server.port}/in")
    conversation = Conversation(
        guard(), send=partial(exchange, context=server.context), until=time.monotonic() + seconds
    )
    with holding(conversation):
        assert not plugin.notify(title="Subject", body="Text")
    return chat._outcome(conversation.failure), conversation


@every_service
def test_every_service_sends_only_through_the_conversation(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def reply(method: str, url: str, **_: Any) -> Reply:
        asked.append((method, url))
        return Reply(200, {"Content-Type": "application/json"}, b'{"ok": true}')

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the plugin has opened a connection of its own")

    _, plugin = chat._load(ADDRESSES[service.schemes[0]])
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with holding(Conversation(guard(), send=reply)):
        chat._notify(plugin, MESSAGE)
    assert asked
    assert all(url.startswith("https://") for _, url in asked)


@every_service
def test_a_plugin_has_no_other_way_to_connect(service: Service) -> None:
    module = import_module(f"apprise.plugins.{service.plugin.partition(':')[0]}")
    source = Path(str(module.__file__)).read_text()
    imported: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            imported.add(node.module.partition(".")[0])
    assert not imported & CONNECTING
    assert set(re.findall(r"\brequests\.([A-Za-z]\w*)\(", source)) <= set(vars(GUARDED_REQUESTS))


@every_service
def test_no_service_reaches_an_inner_address(service: Service) -> None:
    """Also where the service names the host: names resolve to what a DNS server says."""
    for address in ("10.0.0.5", "127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"):
        outcome = chat.send_chat(ADDRESSES[service.schemes[0]], MESSAGE, guard(address, rules=Rules()))
        assert outcome.result is Result.REFUSED
        assert address in outcome.reason


@pytest.mark.parametrize("answer", ["drip", "drip body"])
def test_an_answer_that_drips_is_cut_off_and_not_repeated(running: Server, answer: str) -> None:
    running.answers[:] = [answer]
    outcome, _ = send(running, seconds=0.3)
    assert outcome.result is Result.UNCLEAR
    assert "did not answer within 0." in outcome.reason


def test_an_endless_answer_is_read_only_up_to_a_size(running: Server) -> None:
    running.answers[:] = ["endless"]
    outcome, _ = send(running)
    assert (outcome.result, "too long" in outcome.reason) == (Result.UNCLEAR, True)
    assert LONGEST_ANSWER < 1_000_000


def test_a_redirect_is_not_followed(running: Server) -> None:
    running.received.clear()
    running.answers[:] = [(307, {"Location": f"https://{NAME}:{running.port}/elsewhere"})]
    outcome, conversation = send(running)
    assert (outcome.result, conversation.results, len(running.received)) == (Result.RETRY, [307], 1)


def test_all_requests_of_a_message_share_one_time() -> None:
    """Rocket.Chat signs in, posts and signs out."""
    asked: list[float] = []

    def reply(_method: str, _url: str, *, seconds: float, **_: Any) -> Reply:
        asked.append(seconds)
        conversation.until -= 15
        return Reply(200, {}, b'{"status": "success", "data": {"userId": "u", "authToken": "t"}}')

    _, plugin = chat._load(ADDRESSES["rockets"])
    conversation = Conversation(guard(), send=reply)
    with holding(conversation):
        plugin.notify(title="Subject", body="Text")
    assert [round(seconds) for seconds in asked] == [20, 5]
    assert "longer than 20 seconds" in str(conversation.failure)
