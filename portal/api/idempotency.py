"""Answers repeated calls: a program that got no answer asks again with the same Idempotency-Key.

A key belongs to its user for 24 hours. The same call gets the same answer, errors included. Another
call with the key is refused. A row is inserted before the call begins, so that of two calls at the
same time one waits for the other. If a process ends in the middle of a call, the next one with the
key carries it out again under the same request id, which the services recognise; `created_once` is
for services that take no id.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Annotated, Any, Final, TypeVar, cast

from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Header, Schema
from ninja.responses import NinjaJSONEncoder, Status

from portal.api.auth import caller
from portal.api.errors import ApiError
from provisioning.lifecycle import clock
from provisioning.lifecycle.api_calls import KEPT_FOR
from provisioning.models import ApiCall

TAKEN_OVER_AFTER: Final = timedelta(minutes=2)
"""Longer than any call takes. A call that is older has lost its process."""
SHOWN_ONCE: Final = frozenset({"secret", "link"})
"""Properties of answers that are in the first answer only, and stored nowhere."""
_RETRY_SECONDS: Final = 2
_SERVER_ERROR: Final = 500

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="A new random value for each call, the same one if the call is repeated. Kept for 24 hours.",
        examples=["7c0f0a53-6f0f-4d0c-9a51-2f8f3c1f7a10"],
    ),
]
"""The parameter `idempotency_key` of a creating route."""

V = TypeVar("V", bound=Callable[..., Any])
_INSERT: Final = """
INSERT INTO provisioning_apicall (id, user_id, key, fingerprint, status, content_type, location, answer, began_at)
VALUES (%s, %s, %s, %s, 0, '', '', ''::bytea, %s) ON CONFLICT (user_id, key) DO NOTHING
"""


def idempotent(view: V) -> V:
    """Give a repeated call the answer of the first one. The view has a parameter `idempotency_key: Key`
    and takes the id of what it creates from `request_id(request)`.
    """

    @wraps(view)
    def once(request: HttpRequest, *, idempotency_key: str, **arguments: Any) -> Any:
        if (answer := _begin(request, idempotency_key)) is not None:
            return answer
        return view(request, idempotency_key=idempotency_key, **arguments)

    # Evaluated where the view is defined, because ninja would look names up here.
    once.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
    return cast("V", once)


def created_once(view: V) -> V:
    """As `idempotent`, for a service that only writes to the database: what it creates and the answer
    are stored in one transaction, so that a process that ends before leaves nothing behind. The view
    returns a `Status` with a resource.
    """

    @wraps(view)
    def carried_out(request: HttpRequest, **arguments: Any) -> Any:
        with transaction.atomic():
            result = view(request, **arguments)
            _keep(request, result)
        return result

    carried_out.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
    return idempotent(cast("V", carried_out))


def _keep(request: HttpRequest, result: Status[Schema]) -> None:
    """Store the answer as ninja will send it. Raises ApiError if another process has taken the call over."""
    stored = _mine(request).update(
        status=result.status_code,
        content_type="application/json; charset=utf-8",
        answer=without_what_is_shown_once(json.dumps(result.value.model_dump(), cls=NinjaJSONEncoder).encode()),
    )
    if not stored:
        raise ApiError("in_progress", "The same call is carried out again. Ask again.", retry_after=_RETRY_SECONDS)


def _mine(request: HttpRequest) -> QuerySet[ApiCall]:
    """The row of the call that is carried out here, unless its answer is stored or another process has it."""
    began_at: datetime = request.api_call_began_at  # type: ignore[attr-defined]
    return ApiCall.objects.filter(pk=request_id(request), status=0, began_at=began_at)


def request_id(request: HttpRequest) -> uuid.UUID:
    """Return the id for what this call creates: the same one if the call is carried out again."""
    return cast("uuid.UUID", request.api_call_id)  # type: ignore[attr-defined]


def _begin(request: HttpRequest, key: str) -> HttpResponse | None:
    """Claim the key for this call. Returns the stored answer of the same call, if there is one. A key that
    was used longer ago than `KEPT_FOR` is free.

    Raises ApiError if the key belongs to another call, or to one that is still in progress.
    """
    user, at, fingerprint = caller(request), clock.now(), _fingerprint(request)
    call_id = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [call_id, user.pk, key, fingerprint, at])
        if cursor.rowcount == 1:
            _carry_out(request, call_id, at)
            return None
    call = ApiCall.objects.filter(user=user, key=key).first()
    if call is None:  # it was deleted at this moment
        return _begin(request, key)
    if call.began_at <= at - KEPT_FOR:
        ApiCall.objects.filter(pk=call.pk, began_at=call.began_at).delete()
        return _begin(request, key)
    if call.fingerprint != fingerprint:
        raise ApiError("idempotency_key_reused", "This Idempotency-Key was used for another call. Send a new one.")
    if call.status:
        return _answer(call)
    stale = ApiCall.objects.filter(pk=call.pk, status=0, began_at=call.began_at, began_at__lt=at - TAKEN_OVER_AFTER)
    if stale.update(began_at=at):
        _carry_out(request, call.pk, at)
        return None
    raise ApiError("in_progress", "The same call is still in progress. Ask again.", retry_after=_RETRY_SECONDS)


def _carry_out(request: HttpRequest, call_id: uuid.UUID, began_at: datetime) -> None:
    request.api_call_id, request.api_call_began_at = call_id, began_at  # type: ignore[attr-defined]


def finish(request: HttpRequest, response: HttpResponse) -> None:
    """Keep the answer of a call that was carried out here, unless another process has taken it over.

    After an error of the portal, the same call may be carried out again, under the same id.
    """
    if getattr(request, "api_call_id", None) is None:
        return
    call = _mine(request)
    if response.status_code >= _SERVER_ERROR:
        began_at: datetime = request.api_call_began_at  # type: ignore[attr-defined]
        call.update(began_at=began_at - TAKEN_OVER_AFTER - timedelta(seconds=1))
        return
    call.update(
        status=response.status_code,
        content_type=response.headers.get("Content-Type", ""),
        location=response.headers.get("Location", ""),
        answer=without_what_is_shown_once(response.content),
    )


def without_what_is_shown_once(content: bytes) -> bytes:
    """The body with null for what is shown once: a repeated call does not get a secret again."""
    if not any(f'"{name}"'.encode() in content for name in SHOWN_ONCE):
        return content
    document = json.loads(content)
    hidden = dict.fromkeys(SHOWN_ONCE & document.keys())
    return json.dumps(document | hidden).encode() if hidden else content


def _answer(call: ApiCall) -> HttpResponse:
    response = HttpResponse(bytes(call.answer), status=call.status, content_type=call.content_type)
    response["Idempotent-Replayed"] = "true"
    if call.location:
        response["Location"] = call.location
    return response


def _fingerprint(request: HttpRequest) -> str:
    """The SHA-256 of method, path and body. Spaces and the order of keys in the body do not count."""
    try:
        body = json.dumps(json.loads(request.body or b"null"), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        body = request.body.hex()
    text = "\n".join((request.method or "", request.path, request.META.get("QUERY_STRING", ""), body))
    return hashlib.sha256(text.encode()).hexdigest()
