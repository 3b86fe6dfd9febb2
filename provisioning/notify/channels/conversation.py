"""The connections of apprise's plugins.

A plugin calls `requests.post` and its like. The portal gives it the functions of this module
instead, which send through `provisioning.outgoing`: to addresses that were checked, without proxies
and redirects, and within a total time and size for all requests of one message.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import requests
from requests.structures import CaseInsensitiveDict

from provisioning.outgoing import Guard, OutgoingError, Reply, exchange

TOTAL_SECONDS: Final = 20.0
"""For one message, whatever its plugin asks before and after it."""
LONGEST_ANSWER: Final = 256 * 1024
"""Bytes. What services answer, such as a list of channels, is a few kilobytes long."""


@dataclass(slots=True)
class Conversation:
    """The requests for one message. `results` are statuses and errors, in their order."""

    guard: Guard
    send: Callable[..., Reply] = exchange
    until: float = field(default_factory=lambda: time.monotonic() + TOTAL_SECONDS)
    results: list[int | OutgoingError] = field(default_factory=list)

    @property
    def failure(self) -> int | OutgoingError | None:
        """What went wrong first, or the last status if every request was answered with success."""
        wrong = (result for result in self.results if isinstance(result, OutgoingError) or not 200 <= result < 300)  # noqa: PLR2004 - RFC 9110, 15.3
        return next(wrong, self.results[-1] if self.results else None)

    def seconds_left(self) -> float:
        if (seconds := self.until - time.monotonic()) <= 0:
            raise OutgoingError(f"The message took longer than {TOTAL_SECONDS:g} seconds.", may_have_arrived=True)
        return seconds


_current: Final[ContextVar[Conversation]] = ContextVar("conversation")


@contextmanager
def holding(conversation: Conversation) -> Iterator[None]:
    """Let the plugins that this thread runs send within the conversation, and nowhere else."""
    token = _current.set(conversation)
    try:
        yield
    finally:
        _current.reset(token)


def _request(
    method: str,
    url: str,
    *,
    params: Any = None,
    data: Any = None,
    json: Any = None,
    headers: Any = None,
    files: Any = None,
    auth: Any = None,
    **_options: Any,
) -> requests.Response:
    """Do what `requests.request` does. The options about time, redirects and certificates do not
    matter: the portal's own apply. Raises requests.RequestException.
    """
    conversation = _current.get()
    prepared = requests.Request(
        method.upper(), url, params=params, data=data, json=json, headers=headers, files=files, auth=auth
    ).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    try:
        reply = conversation.send(
            prepared.method,
            prepared.url,
            body=body,
            headers=dict(prepared.headers),
            guard=conversation.guard,
            seconds=conversation.seconds_left(),
            longest=LONGEST_ANSWER,
        )
    except OutgoingError as error:
        conversation.results.append(error)
        raise requests.ConnectionError(error.sentence) from None
    conversation.results.append(reply.status)
    response = requests.Response()
    response.status_code, response.url = reply.status, prepared.url or ""
    response.headers = CaseInsensitiveDict(reply.headers)
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.raw = io.BytesIO(reply.body)
    return response


def _method(name: str) -> Callable[..., requests.Response]:
    return lambda url, **options: _request(name, url, **options)


GUARDED_REQUESTS: Final = SimpleNamespace(
    request=_request,
    **{name: _method(name) for name in ("get", "post", "put", "patch", "delete", "head")},
    codes=requests.codes,
    RequestException=requests.RequestException,
)
"""Stands for the module `requests` in the modules of plugins. It has only what sends through a
conversation: a plugin that uses anything else fails instead of connecting by itself.
"""
