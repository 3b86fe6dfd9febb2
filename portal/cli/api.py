"""The operations of the API that the client uses, called with retries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from portal.cli import VERSION
from portal.cli.console import Console
from portal.cli.errors import CliError, error_of
from portal.cli.settings import Connection, connection
from portal.cli.transport import Answer, Call, UnreachableError

BASE: Final = "/api/v1"
OPERATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "me_get": ("GET", "/me"),
    "catalogue_list": ("GET", "/catalogue"),
    "catalogue_get": ("GET", "/catalogue/{slug}"),
    "plans_preview": ("POST", "/plans"),
    "environments_list": ("GET", "/environments"),
    "environments_get": ("GET", "/environments/{environment_id}"),
    "environments_outputs": ("GET", "/environments/{environment_id}/outputs"),
    "changes_create": ("POST", "/environments/{environment_id}/changes"),
    "teardowns_preview": ("GET", "/environments/{environment_id}/teardown"),
    "teardowns_create": ("POST", "/environments/{environment_id}/teardown"),
    "operations_list": ("GET", "/environments/{environment_id}/operations"),
    "operations_get": ("GET", "/operations/{operation_id}"),
    "requests_list": ("GET", "/requests"),
    "requests_create": ("POST", "/requests"),
    "requests_get": ("GET", "/requests/{pk}"),
    "requests_plan": ("GET", "/requests/{pk}/plan"),
    "requests_approve": ("POST", "/requests/{pk}/approve"),
    "requests_reject": ("POST", "/requests/{pk}/reject"),
    "requests_withdraw": ("POST", "/requests/{pk}/withdraw"),
}
"""Method and path by operationId, as in the OpenAPI document."""
WRITES_NOTHING: Final = frozenset({"plans_preview"})
_PAUSES_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
_LONGEST_PAUSE_SECONDS: Final = 60.0
_TIMEOUT_SECONDS: Final = 60.0
_OK, _NOT_MODIFIED, _REDIRECT, _CONFLICT, _SLOW_DOWN, _BUSY = 200, 304, 300, 409, 429, 503


@dataclass(frozen=True, slots=True)
class Result:
    """`document` is None if nothing has changed since `etag`."""

    document: Any
    etag: str = ""
    retry_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Api:
    connection: Connection
    console: Console

    def call(
        self,
        operation: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str = "",
        etag: str = "",
        wait_seconds: int = 0,
        **parameters: str,
    ) -> Result:
        """Call an operation. With `key`, the call is idempotent; with `etag`, it waits for a change.
        Raises CliError if the portal refuses it or cannot be reached.
        """
        method, template = OPERATIONS[operation]
        path = BASE + template.format(**{name: quote(text, safe="") for name, text in parameters.items()})
        if filled := {name: text for name, text in (query or {}).items() if text}:
            path += f"?{urlencode(filled)}"
        headers = {
            "Authorization": f"Bearer {self.connection.token}",
            "Accept": "application/json",
            "User-Agent": f"portal-cli/{VERSION}",
        }
        if method == "POST":
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        if etag:
            headers |= {"If-None-Match": etag, "Prefer": f"wait={wait_seconds}"}
        content = json.dumps(body or {}).encode() if method == "POST" else None
        call = Call(method, path, headers, content, _TIMEOUT_SECONDS + wait_seconds)
        return _result(self._answer(call, repeatable=method == "GET" or bool(key) or operation in WRITES_NOTHING))

    def pages(self, operation: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The items of all pages of a list."""
        cursor = ""
        while True:
            page = self.call(operation, query={**query, "limit": "100", "cursor": cursor}).document
            yield from page["items"]
            if not (cursor := page["next_cursor"]):
                return

    def page_url(self, path: str) -> str:
        """The address of a page for people."""
        return f"{self.connection.url}/{path}/"

    def _answer(self, call: Call, *, repeatable: bool) -> Answer:
        transport = self.console.transport(self.connection.url)
        for pause in (*_PAUSES_SECONDS, None):
            try:
                answer = transport.send(call)
            except UnreachableError as error:
                if pause is None or error.is_final or not repeatable:
                    raise CliError(_unreachable(self.connection.url, error, repeatable=repeatable)) from error
                reason = str(error)
            else:
                if pause is None or not repeatable or not _is_temporary(answer):
                    return answer
                reason = "the portal is busy"
                pause = retry_after(answer) or pause  # noqa: PLW2901
            self.console.note(f"Trying again in {pause:g} s: {reason}.")
            self.console.sleep(pause)
        raise AssertionError  # the last pause is None, which returns or raises


def connect(console: Console) -> Api:
    return Api(connection(console.environ), console)


def retry_after(answer: Answer) -> float:
    """The seconds of Retry-After, at most a minute, or 0: the portal never sends a date."""
    text = answer.headers.get("retry-after", "")
    return min(float(text), _LONGEST_PAUSE_SECONDS) if text.isdecimal() else 0.0


def _is_temporary(answer: Answer) -> bool:
    """429, 503, and the conflict of a call with a key that is still in progress."""
    return answer.status in {_SLOW_DOWN, _BUSY} or (answer.status == _CONFLICT and retry_after(answer) > 0)


def _unreachable(url: str, error: UnreachableError, *, repeatable: bool) -> str:
    sentence = f"{url} cannot be reached: {error}."
    return sentence if repeatable else f"{sentence} The call may have arrived: check before you repeat it."


def _result(answer: Answer) -> Result:
    if answer.status == _NOT_MODIFIED:
        return Result(None, answer.headers.get("etag", ""), retry_after(answer))
    if not _OK <= answer.status < _REDIRECT:
        raise error_of(answer.status, answer.headers, answer.body)
    try:
        document = json.loads(answer.body)
    except ValueError:
        raise CliError("The answer is not JSON: is this the URL of the portal?") from None
    return Result(document, answer.headers.get("etag", ""), retry_after(answer))
