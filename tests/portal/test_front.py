"""The front of the web process: bodies are complete before a thread works on them, or are rejected."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from portal.api.errors import Problem
from portal.web.front import App, Front, Limits, Message, Receive, Scope, Send
from portal.web.problem import MEDIA_TYPE

SESSION = [(b"cookie", b"theme=dark; session=abc")]


@dataclass
class Client:
    """One connection: `parts` arrive at once, and then nothing, as from a sender that has stopped."""

    parts: list[bytes] = field(default_factory=list)
    complete: bool = True
    headers: list[tuple[bytes, bytes]] = field(default_factory=lambda: list(SESSION))
    address: str = "192.0.2.1"
    path: str = "/requests/"
    leaves: bool = False
    sent: list[Message] = field(default_factory=list)

    async def receive(self) -> Message:
        if self.parts:
            part = self.parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self.parts) or not self.complete}
        if self.leaves:
            return {"type": "http.disconnect"}
        if self.complete:
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def scope(self) -> Scope:
        """As of HTTP/2, which announces no body."""
        return {
            "type": "http",
            "http_version": "2",
            "path": self.path,
            "headers": self.headers,
            "client": (self.address, 4711),
        }

    async def ask(self, front: Front) -> Client:
        await front(self.scope(), self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        return int(next((message["status"] for message in self.sent if "status" in message), 0))

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    assert not message["more_body"]
    names = b" ".join(name for name, _ in scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"] + b"|" + names, "more_body": False})


async def healthy(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


async def hanging(_scope: Scope, _receive: Receive, _send: Send) -> None:
    await asyncio.Event().wait()


def front(pages: App = echo, health: App = healthy, **limits: float) -> Front:
    return Front(pages=pages, health=health, limits=Limits(**{"seconds": 0.05, "health_seconds": 0.05, **limits}))  # type: ignore[arg-type]


def ask(front: Front, clients: Iterable[Client]) -> list[Client]:
    async def together() -> list[Client]:
        return list(await asyncio.gather(*(client.ask(front) for client in clients)))

    return asyncio.run(together())


def test_a_body_in_parts_reaches_the_pages_as_one() -> None:
    (client,) = ask(front(), [Client(parts=[b"a=1", b"&b", b"=2"])])
    assert (client.status, client.body.split(b"|")[0]) == (200, b"a=1&b=2")


def test_a_body_that_stops_halfway_is_rejected_and_reaches_no_page() -> None:
    (client,) = ask(front(pages=hanging), [Client(parts=[b"a=1"], complete=False)])
    assert client.status == 408
    assert b"did not arrive completely" in client.body
    assert (b"connection", b"close") in client.sent[0]["headers"]


def test_unfinished_bodies_hold_up_neither_pages_nor_the_health_check() -> None:
    stuck = [Client(parts=[b"a"], complete=False, address=f"192.0.2.{n % 200}") for n in range(200)]
    others = [Client(), Client(path="/healthz", complete=False)]
    ask(front(), [*stuck, *others])
    assert {client.status for client in stuck} == {408}
    assert [client.status for client in others] == [200, 200]


def test_one_address_has_a_limited_number_of_unfinished_bodies() -> None:
    mine = [Client(parts=[b"a"], complete=False) for _ in range(6)]
    (other,) = ask(front(unfinished_per_client=4), [*mine, Client(parts=[b"a"], address="192.0.2.2")])[-1:]
    assert sorted(client.status for client in mine) == [408, 408, 408, 408, 429, 429]
    assert other.status == 200


def test_behind_a_proxy_each_client_has_its_own_limit() -> None:
    headers = [[*SESSION, (b"x-forwarded-for", f"198.51.100.{n}".encode())] for n in range(6)]
    clients = [Client(parts=[b"a"], complete=False, headers=one) for one in headers]
    behind = front(unfinished_per_client=1)
    behind.proxies = 1
    assert [client.status for client in ask(behind, clients)] == [408] * 6


def test_all_addresses_together_have_a_limit_too() -> None:
    clients = [Client(parts=[b"a"], complete=False, address=f"192.0.2.{n}") for n in range(6)]
    assert sorted(client.status for client in ask(front(unfinished=4), clients)) == [408, 408, 408, 408, 503, 503]


def test_the_places_of_unfinished_bodies_are_free_again() -> None:
    one = front(unfinished=1)
    for client in (Client(parts=[b"a"], complete=False), Client(parts=[b"a"], leaves=True, complete=False)):
        ask(one, [client])
    assert ask(one, [Client(parts=[b"a"])])[0].status == 200


def test_nobody_is_answered_who_has_left() -> None:
    (client,) = ask(front(pages=hanging), [Client(parts=[b"a"], complete=False, leaves=True)])
    assert client.sent == []


def test_programs_get_problem_documents_from_the_front() -> None:
    path = "/api/v1/requests"
    late, large, reference = ask(
        front(body_bytes=10),
        [
            Client(parts=[b"a=1"], complete=False, path=path),
            Client(parts=[b"x" * 11], path=path),
            Client(parts=[b"x" * 11], path="/api/v1/docs"),
        ],
    )
    busy = ask(front(in_progress=0), [Client(path=path)])
    many = ask(front(unfinished_per_client=0), [Client(parts=[b"a"], path=path)])
    answers = [late, large, *busy, *many]
    problems = [json.loads(client.body) for client in answers]
    assert [(one["status"], one["code"]) for one in problems] == [
        (408, "timed_out"),
        (413, "too_large"),
        (503, "unavailable"),
        (429, "too_many_calls"),
    ]
    for client, one in zip(answers, problems, strict=True):
        assert client.status == one["status"]
        assert (b"content-type", MEDIA_TYPE.encode()) in client.sent[0]["headers"]
        assert Problem(**one).model_dump() == one
    assert reference.body == b"The request is larger than 0 kB.\n"


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_rejected_before_it_is_read_to_its_end(declared: bool) -> None:
    headers = [*SESSION, *([(b"content-length", b"300")] if declared else [])]
    (client,) = ask(front(body_bytes=200), [Client(parts=[b"x" * 100] * 3, headers=headers)])
    assert client.status == 413
    assert len(client.parts) == (3 if declared else 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [([], 413), ([(b"cookie", b"theme=dark")], 413), (SESSION, 200), ([(b"authorization", b"Bearer x")], 200)],
)
def test_nobody_sends_much_without_a_session_or_a_token(headers: list[tuple[bytes, bytes]], status: int) -> None:
    (client,) = ask(front(anonymous_bytes=10), [Client(parts=[b"x" * 11], headers=headers)])
    assert client.status == status


def test_requests_that_find_no_free_thread_wait_in_a_line_of_limited_length() -> None:
    release = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await echo(scope, receive, send)

    async def story() -> list[Client]:
        one = front(pages=slow, in_progress=3)
        asked = [asyncio.ensure_future(Client().ask(one)) for _ in range(5)]
        await asyncio.sleep(0)
        release.set()
        return list(await asyncio.gather(*asked))

    assert sorted(client.status for client in asyncio.run(story())) == [200, 200, 200, 503, 503]


def test_a_health_check_that_hangs_is_unhealthy() -> None:
    (client,) = ask(front(health=hanging), [Client(path="/healthz")])
    assert (client.status, b"takes too long" in client.body) == (503, True)


def test_a_health_check_that_answers_too_late_is_not_sent() -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.02)
        await healthy(scope, receive, send)

    async def story() -> Client:
        client = await Client(path="/healthz").ask(front(health=late, health_seconds=0.001))
        await asyncio.sleep(0.05)
        return client

    client = asyncio.run(story())
    assert [message.get("status") for message in client.sent] == [503, None]


def test_a_client_that_takes_no_answer_holds_up_nothing() -> None:
    """The page writes its answer to the end, and the client gets no more of it."""
    client, written = Client(), list[int]()

    async def stuck(message: Message) -> None:
        client.sent.append(message)
        await asyncio.Event().wait()

    async def long(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(100):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            written.append(number)

    client.send = stuck  # type: ignore[method-assign]
    ask(front(pages=long, send_seconds=0.02), [client])
    assert (len(client.sent), len(written)) == (1, 100)


def test_a_header_with_an_underscore_is_dropped() -> None:
    """WSGI would show it as the header that the proxy sets."""
    headers = [*SESSION, (b"x_forwarded_for", b"10.0.0.1"), (b"x-forwarded-proto", b"https")]
    (client,) = ask(front(), [Client(headers=headers)])
    assert client.body == b"|cookie x-forwarded-proto"
