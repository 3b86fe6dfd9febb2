"""Sends one call over HTTP. Redirects are not followed: they would send the token to another server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """`path` begins with a slash and has its query. `headers` contain the token: never print them."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class UnreachableError(Exception):
    """There was no complete answer. The call may have been carried out unless `is_final`: then no
    attempt can succeed.
    """

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Transport(Protocol):
    def send(self, call: Call) -> Answer: ...


class HttpTransport:
    """Sends calls to a portal with urllib, which respects HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, call: Call) -> Answer:
        # Imported here because they take longer than everything else that the client imports.
        import http.client  # noqa: PLC0415
        import ssl  # noqa: PLC0415
        import urllib.error  # noqa: PLC0415
        import urllib.request  # noqa: PLC0415

        class NoRedirect(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_arguments: object) -> None:
                return None

        request = urllib.request.Request(  # noqa: S310 - the settings allow http and https only
            self._url + call.path, data=call.body, headers=dict(call.headers), method=call.method
        )
        opener = urllib.request.build_opener(NoRedirect)
        try:
            with opener.open(request, timeout=call.timeout_seconds) as response:
                return _answer(response.status, response.headers.items(), response)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers.items(), error)
        except urllib.error.URLError as error:
            is_final = isinstance(error.reason, ssl.SSLCertVerificationError)
            raise UnreachableError(str(error.reason), is_final=is_final) from error
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error


def _answer(status: int, headers: object, body: IO[bytes]) -> Answer:
    pairs = {str(name).lower(): str(text) for name, text in headers}  # type: ignore[attr-defined]
    return Answer(status, pairs, body.read())
