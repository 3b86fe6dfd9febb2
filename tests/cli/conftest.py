"""The client with a transport that calls the portal's views in this process: no network, no server."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from portal.cli.console import Console
from portal.cli.main import main
from portal.cli.transport import Answer, Call, UnreachableError
from provisioning.models import User
from tests.portal.api.conftest import program
from tests.portal.api.test_requests import body
from tests.portal.conftest import People, failed, people, running

__all__ = ["failed", "people", "running"]
URL = "https://portal.example"


@dataclass
class InProcess:
    """`failures` come before real answers: an answer of the test, or None for an answer that is lost."""

    failures: list[Answer | None] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        is_lost = False
        if self.failures:
            if (failure := self.failures.pop(0)) is not None:
                return failure
            is_lost = True
        answer = Client().generic(
            call.method, call.path, call.body or b"", content_type="application/json", headers=dict(call.headers)
        )
        if is_lost:
            raise UnreachableError("connection reset by peer")
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs `portal` as one person, in a home folder of the test."""

    home: Path
    token: str
    transport: InProcess = field(default_factory=InProcess)
    sleeps: list[float] = field(default_factory=list)
    meanwhile: Iterator[Callable[[], object]] = field(default_factory=lambda: iter(()))
    """What happens elsewhere, one after each sleep of the client."""

    def __call__(self, *argv: str, stdin: str = "", tty: bool = False, **environ: str) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        variables = {"HOME": str(self.home), "PORTAL_URL": URL, "PORTAL_TOKEN": self.token, **environ}
        console = Console(
            {name: text for name, text in variables.items() if text},
            Terminal(stdin) if tty else io.StringIO(stdin),
            out,
            err,
            read_secret=lambda _prompt: self.token,
            sleep=self._sleep,
            clock=lambda: sum(self.sleeps),
            transport=lambda _url: self.transport,
        )
        code = main(argv, console)
        ended = Ended(code, out.getvalue(), err.getvalue())
        assert self.token not in ended.out + ended.err
        return ended

    def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        assert len(self.sleeps) < 30, "the client never stops waiting"
        next(self.meanwhile, lambda: None)()


@pytest.fixture
def shell_of(tmp_path: Path) -> Callable[[User], Shell]:
    return lambda user: Shell(tmp_path, program(user).text)


@pytest.fixture
def bobs(people: People, shell_of: Callable[[User], Shell]) -> Shell:
    return shell_of(people.bob)


@pytest.fixture
def olivias(people: People, shell_of: Callable[[User], Shell]) -> Shell:
    return shell_of(people.olivia)


@pytest.fixture
def file(people: People, tmp_path: Path) -> str:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(body()))
    return str(path)
