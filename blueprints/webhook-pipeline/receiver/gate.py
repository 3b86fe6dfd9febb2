"""Decides whether a call of the function URL is a webhook to take. Whoever has no secret header learns nothing else."""

# ruff: noqa: INP001 - Lambda imports these modules by their bare names

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vault import Entry, Vault

_CORRELATION = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Never handed on: the secret itself, and what belongs to the connection or to the browser.
_MOST_HEADER_BYTES = 32_000
_SHORT = 255  # bytes of a name in AMQP
_DROPPED = frozenset({"authorization", "connection", "cookie", "host", "transfer-encoding"})


class Refused(Exception):  # noqa: N818 - it is an answer
    """The call is not taken; `why` may be told to the caller."""

    def __init__(self, status: int, why: str, **headers: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = headers


@dataclass(frozen=True)
class Webhook:
    """What is handed on."""

    method: str
    domain: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    correlation_id: str = ""


@dataclass(frozen=True)
class Gate:
    """The secret header's name and where its value is, the domains to answer for, the methods and size to take."""

    header: str
    secret: Entry
    domains: frozenset[str]
    methods: frozenset[str]
    most_bytes: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], vault: Vault) -> Gate:
        return cls(
            header=environment["SECRET_HEADER"].lower(),
            secret=vault.entry(environment["WEBHOOK_SECRET_FROM"]),
            domains=frozenset(name.strip().lower() for name in environment["DOMAINS"].split(",") if name.strip()),
            methods=frozenset(name.strip().upper() for name in environment["METHODS"].split(",") if name.strip()),
            most_bytes=int(environment["MOST_BYTES"]),
        )

    def check(self, event: Mapping[str, Any]) -> Webhook:
        """Return the webhook, or raise Refused."""
        headers = _headers(event)
        if not self._knows_the_secret(headers.get(self.header, "")):
            raise Refused(403, "forbidden")
        domain = _domain(headers)
        if domain not in self.domains:
            raise Refused(403, "unknown domain")
        method, path, query = _line(event)
        if method not in self.methods:
            raise Refused(405, "method not allowed", allow=", ".join(sorted(self.methods)))
        body = self._body(event)
        if sum(len(name) + len(value.encode()) for name, value in headers.items()) > _MOST_HEADER_BYTES:
            raise Refused(431, "headers too large")
        given = headers.get("x-correlation-id", "")
        return Webhook(
            method=method,
            domain=domain,
            path=path,
            query=query,
            body=body,
            headers={name: value for name, value in headers.items() if name not in _DROPPED and name != self.header},
            correlation_id=given if _CORRELATION.fullmatch(given) else "",
        )

    def _knows_the_secret(self, given: str) -> bool:
        """Compare in constant time; a value that changed a moment ago is fetched once more."""
        if not given:
            return False
        offered = given.encode()
        if hmac.compare_digest(offered, self.secret.read().encode()):
            return True
        return self.secret.stale() and hmac.compare_digest(offered, self.secret.read(again=True).encode())

    def _body(self, event: Mapping[str, Any]) -> bytes:
        body = event.get("body") or ""
        if not isinstance(body, str):
            raise Refused(400, "no readable body")
        # Base64 is four characters for three bytes: refuse before it is decoded.
        if len(body) > (self.most_bytes + 2) // 3 * 4:
            raise Refused(413, "too large")
        try:
            decoded = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        except (binascii.Error, UnicodeError, ValueError):
            raise Refused(400, "no readable body") from None
        if len(decoded) > self.most_bytes:
            raise Refused(413, "too large")
        return decoded


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Names in lower case, as Lambda gives them; what is not ASCII to text is left out: HTTP knows no other names."""
    found = event.get("headers") if isinstance(event, dict) else None
    if not isinstance(found, dict):
        return {}
    return {
        name.lower(): _text(value)
        for name, value in found.items()
        if isinstance(name, str) and name.isascii() and len(name) <= _SHORT and isinstance(value, str)
    }


def _text(value: str) -> str:
    """Text that can be encoded: half of a surrogate pair becomes a question mark."""
    return value.encode("utf-8", "replace").decode()


def _domain(headers: Mapping[str, str]) -> str:
    """The name that the caller called. Lambda's own name stands in Host, so Cloudflare hands the caller's one on."""
    return headers.get("x-forwarded-host", "").split(",")[0].strip().lower().rstrip(".")


def _line(event: Mapping[str, Any]) -> tuple[str, str, str]:
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    http = http if isinstance(http, dict) else {}
    method, path, query = http.get("method"), event.get("rawPath"), event.get("rawQueryString")
    return (
        method.upper() if isinstance(method, str) else "",
        _text(path) if isinstance(path, str) else "/",
        _text(query) if isinstance(query, str) else "",
    )
