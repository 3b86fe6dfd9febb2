"""Long polls: the front repeats a conditional GET while nothing has changed, and holds no thread."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from portal.web.front import Front, Message, Receive, Scope, Send
from portal.web.waiting import REPEATED, Waiting
from tests.portal.test_front import Client, healthy

CONDITION = [(b"if-none-match", b'"a"'), (b"prefer", b"respond-async, wait=30"), (b"authorization", b"Bearer x")]

POLLED = "/api/v1/operations/3f1c8f0e-0c0d-4b6e-9a51-2f8f3c1f7a10"


@dataclass
class Api:
    """Answers 304 until it was asked so many times."""

    changes_after: int
    asked: list[bool] = field(default_factory=list)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked.append(any(name == REPEATED for name, _ in scope["headers"]))
        status = 304 if len(self.asked) < self.changes_after else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"new" if status == 200 else b"", "more_body": False})


class Caller(Client):
    def scope(self) -> Scope:
        return {**super().scope(), "method": "GET"}


def caller(**more: object) -> Caller:
    return Caller(**{"path": POLLED, "headers": list(CONDITION), **more})  # type: ignore[arg-type]


def front(api: Api, waiting: Waiting | None = None) -> Front:
    return Front(pages=api, health=healthy, _long_polls=waiting or Waiting(pause_seconds=0))


def names(message: Message) -> set[bytes]:
    return {name for name, _ in message["headers"]}


def test_the_answer_comes_when_something_has_changed() -> None:
    api = Api(changes_after=4)
    client = asyncio.run(caller().ask(front(api)))
    assert (client.status, client.body, api.asked) == (200, b"new", [False, True, True, True])
    assert b"preference-applied" in names(client.sent[0])


def test_without_a_change_the_answer_is_304_when_the_time_is_over() -> None:
    api = Api(changes_after=99)
    client = asyncio.run(caller().ask(front(api, Waiting(pause_seconds=31))))
    assert (client.status, len(api.asked)) == (304, 1)


def test_beyond_the_limit_of_waiting_clients_the_answer_comes_at_once() -> None:
    api = Api(changes_after=99)
    client = asyncio.run(caller().ask(front(api, Waiting(most=0, pause_seconds=0))))
    assert (client.status, len(api.asked)) == (304, 1)
    assert b"retry-after" in names(client.sent[0])


def test_one_token_does_not_take_all_places() -> None:
    async def story() -> list[Client]:
        api, release = Api(changes_after=99), asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await release.wait()
            await api(scope, receive, send)

        one = Front(pages=slow, health=healthy, _long_polls=Waiting(most_of_one=2, pause_seconds=31))
        other = caller(headers=[*CONDITION[:2], (b"authorization", b"Bearer y")])
        asked = [asyncio.ensure_future(client.ask(one)) for client in (*(caller() for _ in range(3)), other)]
        await asyncio.sleep(0)
        release.set()
        return [*await asyncio.gather(*asked), await caller().ask(one)]

    waited = [b"preference-applied" in names(client.sent[0]) for client in asyncio.run(story())]
    assert waited == [True, True, False, True, True]


def test_only_a_conditional_get_of_one_operation_environment_or_request_waits() -> None:
    others: list[dict[str, object]] = [
        {"path": path} for path in ("/requests/", "/api/v1/operations", f"{POLLED}/events")
    ]
    for more in (*others, {"headers": CONDITION[1:]}, {"headers": CONDITION[:1]}):
        api = Api(changes_after=99)
        assert asyncio.run(caller(**more).ask(front(api))).status == 304
        assert len(api.asked) == 1


def test_a_client_cannot_mark_its_call_as_repeated_to_pass_the_rate_limit() -> None:
    api = Api(changes_after=1)
    asyncio.run(caller(headers=[*CONDITION, (REPEATED, b"1")]).ask(front(api)))
    assert api.asked == [False]
