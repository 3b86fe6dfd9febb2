"""The connection goes to the address that was checked, under the name that was entered."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from provisioning.outgoing import Allowed, Answer, ForbiddenDestinationError, Guard, OutgoingError, Rules, post
from tests.outgoing.server import NAME, Server

LOOPBACK = Rules(allowed=(Allowed(network=ip_network("127.0.0.0/8"), any_port=True),))


class Names:
    """A resolver that gives one answer after the other."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def send(server: Server, url: str = "", *, names: Names | None = None, **more: Any) -> Answer:
    guard = Guard(rules=LOOPBACK, resolver=names or Names(["127.0.0.1"]))
    return post(
        url or server.url, body=b"{}", headers={"webhook-id": "1"}, guard=guard, **{"context": server.context, **more}
    )


def test_the_server_is_addressed_by_its_name(server: Server) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.5"])
    assert send(server, names=names).status == 200
    (request,) = server.received
    assert (request.path, request.body, request.headers["webhook-id"]) == ("/in?token=abc", b"{}", "1")
    assert request.headers["host"] == f"{NAME}:{server.port}"
    assert server.names == [NAME]
    assert names.asked == [NAME]


def test_a_name_that_changes_its_address_after_it_was_saved_leads_nowhere(server: Server) -> None:
    rebinding = Names(["93.184.215.14"], ["127.0.0.1"])
    guard = Guard(resolver=rebinding)
    guard.check(f"https://{NAME}/")
    with pytest.raises(ForbiddenDestinationError, match=r"resolves to 127\.0\.0\.1"):
        post(f"https://{NAME}/", body=b"", headers={}, guard=guard, context=server.context)
    assert server.received == []
    assert rebinding.asked == [NAME, NAME]


def test_one_bad_address_among_good_ones_is_enough(server: Server) -> None:
    with pytest.raises(ForbiddenDestinationError, match=r"10\.0\.0\.5"):
        send(server, names=Names(["127.0.0.1", "10.0.0.5"]))
    assert server.received == []


def test_the_certificate_must_be_of_the_name(server: Server) -> None:
    with pytest.raises(OutgoingError, match=r"certificate of other\.example\.com"):
        send(server, f"https://other.example.com:{server.port}/")
    with pytest.raises(OutgoingError, match="certificate"):
        send(server, f"https://127.0.0.1:{server.port}/")
    assert server.received == []


def test_a_certificate_that_nobody_trusts_is_refused(server: Server) -> None:
    with pytest.raises(OutgoingError, match="not trusted"):
        send(server, context=None)
    assert server.received == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(server: Server, status: int) -> None:
    server.answers[:] = [(status, {"Location": f"https://{NAME}:{server.port}/elsewhere"})]
    assert send(server).status == status
    assert len(server.received) == 1


def test_the_answer_says_when_to_try_again(server: Server) -> None:
    server.answers[:] = [(429, {"Retry-After": "120"})]
    assert send(server).retry_after == "120"


def test_proxies_of_the_environment_are_ignored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(server).status == 200


def test_an_answer_that_never_ends_is_cut_off(server: Server) -> None:
    server.answers[:] = ["drip"]
    with pytest.raises(OutgoingError, match=r"did not answer within 0\.3 seconds"):
        send(server, seconds=0.3)


def test_a_server_that_is_not_there_is_no_offence(server: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OutgoingError, match="refused the connection"):
            send(server, f"https://{NAME}:{taken.getsockname()[1]}/")
