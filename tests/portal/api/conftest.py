"""Programs that call the API, each with a token of its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.test import Client

from provisioning.lifecycle.services.tokens import create_personal_token
from provisioning.models import User
from tests.portal.conftest import People

EVERYTHING = ("read", "operate", "approve", "manage", "admin")


@cache
def _client() -> Client:
    """One for all calls: a new one loads the middleware and looks at every static file again."""
    return Client()


@dataclass
class Answer:
    status: int
    headers: Any
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Program:
    """Calls the API with one token."""

    text: str

    def get(self, path: str, **headers: str) -> Answer:
        return self._send("GET", path, None, headers)

    def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Answer:
        return self._send("POST", path, body, {"Idempotency-Key": key or uuid.uuid4().hex, **headers})

    def patch(self, path: str, body: Any) -> Answer:
        return self._send("PATCH", path, body, {})

    def delete(self, path: str) -> Answer:
        return self._send("DELETE", path, None, {})

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        sent = {
            "Authorization": f"Bearer {self.text}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if self.text == "":
            sent.pop("Authorization")
        data = body if isinstance(body, (str, bytes)) else json.dumps(body) if body is not None else ""
        answer = _client().generic(method, f"/api/v1{path}", data, content_type="application/json", headers=sent)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        return Answer(answer.status_code, answer.headers, content)


def program(user: User, scopes: Sequence[str] = EVERYTHING) -> Program:
    return Program(create_personal_token(actor=user, name="a program", scopes=scopes, days=30).text)


@pytest.fixture
def bobs(people: People) -> Program:
    return program(people.bob)


@pytest.fixture
def olivias(people: People) -> Program:
    return program(people.olivia)


@pytest.fixture
def charlies(people: People) -> Program:
    return program(people.charlie)
