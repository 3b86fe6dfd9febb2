"""An account's own endpoint is reached only where the rules for outgoing connections allow it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from provisioning.aws.errors import AwsError, Unreachable
from provisioning.aws.interface import AccountAccess
from provisioning.aws.sessions import Clients
from provisioning.outgoing import OWN_MACHINE, Rules
from tests.aws.support import OpenLimiter
from tests.aws.wire import ACCOUNT, Answer, Wire, identity

MakeClients = Callable[[str, Rules], Clients]


@pytest.fixture
def clients_of() -> Iterator[MakeClients]:
    made: list[Clients] = []

    def make(url: str, rules: Rules) -> Clients:
        access = AccountAccess(account_id=ACCOUNT, region="eu-north-1", endpoint_url=url, endpoint_rules=rules)
        made.append(Clients(access, OpenLimiter()))
        return made[-1]

    yield make
    for clients in made:
        clients.close()


def test_nothing_is_sent_to_a_forbidden_endpoint(wire: Wire, clients_of: MakeClients) -> None:
    clients = clients_of(wire.url, Rules())
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 is an address of the portal’s own machine"):
        clients.verify()
    assert wire.requests == []


def test_an_endpoint_whose_name_changes_its_address_is_not_reached(
    wire: Wire, clients_of: MakeClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_more: answers)
    clients = clients_of(f"http://emulator.example.com:{wire.url.rsplit(':', 1)[1]}", Rules())
    with pytest.raises(Unreachable, match=r"resolves to 127\.0\.0\.1"):
        clients.verify()
    assert wire.requests == []


def test_proxies_of_the_environment_see_nothing(
    wire: Wire, clients_of: MakeClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    wire.on("GetCallerIdentity", identity())
    clients_of(wire.url, OWN_MACHINE).verify()
    assert len(wire.requests) == 1


def test_a_redirect_is_not_followed(wire: Wire, clients_of: MakeClients) -> None:
    wire.on("GetCallerIdentity", Answer(302, "", location=f"{wire.url}/elsewhere"))
    with pytest.raises(AwsError):
        clients_of(wire.url, OWN_MACHINE).verify()
    assert len(wire.requests) == 1
