"""Problem documents (RFC 9457): one shape for every error of the API, with stable codes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from portal.web.problem import MEDIA_TYPE, TITLES
from portal.web.refusals import note_refusal
from provisioning.aws import AwsError
from provisioning.blueprint import BlueprintError, InputErrors
from provisioning.errors import InvalidFields, NotAllowed, NotFound, PortalError, Refused, WrongState
from provisioning.lifecycle.rules import RefusedByRules


class FieldError(Schema):
    field: str = Field(description="Where the value is: the path in the body, or the parameter.")
    message: str = Field(description="What is wrong, and what to do.")


class RuleRefusal(Schema):
    message: str = Field(description="What is wrong, and what to do.")
    rule: str = Field(description="The rule that forbids it; empty if it is built into the portal.")


class Problem(Schema):
    """An error as RFC 9457 describes it."""

    type: str = Field(description="The code as a URI.", examples=["urn:portal:problem:refused"])
    title: str
    status: int
    detail: str = Field(description="What is wrong, and what to do.")
    instance: str = Field(description="The path of the call.")
    code: str = Field(description="Stable, for programs.")
    errors: list[FieldError] = Field(default_factory=list)
    refusals: list[RuleRefusal] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ApiError(Exception):
    """An error of the API itself, which no service raises."""

    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    retry_after: int = 0


def problem(
    request: HttpRequest,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    refusals: Sequence[RuleRefusal] = (),
    retry_after: int = 0,
) -> HttpResponse:
    status, title = TITLES[code]
    body = Problem(
        type=f"urn:portal:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        instance=request.path,
        code=code,
        errors=list(errors),
        refusals=list(refusals),
    )
    response = HttpResponse(json.dumps(body.model_dump(), ensure_ascii=False), status=status, content_type=MEDIA_TYPE)
    if status == TITLES["unauthorized"][0]:
        response["WWW-Authenticate"] = 'Bearer realm="portal"'
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response


_CODES: Final[Mapping[type[PortalError], str]] = {
    InvalidFields: "invalid",
    Refused: "refused",
    NotAllowed: "forbidden",
    NotFound: "not_found",
    WrongState: "conflict",
}


def add_handlers(api: NinjaAPI) -> None:
    handlers: Mapping[type[Exception], Any] = {
        ApiError: _api_error,
        PortalError: _portal_error,
        AwsError: _aws_error,
        InputErrors: _input_errors,
        BlueprintError: _blueprint_error,
        ValidationError: _validation_error,
        AuthenticationError: _unauthorized,
        HttpError: _http_error,
        Http404: _not_found,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    return problem(request, error.code, error.detail, errors=error.errors, retry_after=error.retry_after)


def _portal_error(request: HttpRequest, error: PortalError) -> HttpResponse:
    code = next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)
    errors, refusals = list[FieldError](), list[RuleRefusal]()
    note_refusal(request, error)
    if isinstance(error, InvalidFields):
        errors = [FieldError(field=name, message=text) for name, texts in error.fields.items() for text in texts]
    if isinstance(error, RefusedByRules):
        refusals = [RuleRefusal(message=one.sentence, rule=one.rule.label) for one in error.refusals]
    return problem(request, code, error.sentence, errors=errors, refusals=refusals)


def _aws_error(request: HttpRequest, error: AwsError) -> HttpResponse:
    return problem(request, "aws_error", f"AWS: {error} {error.advice}".strip(), retry_after=5)


def _input_errors(request: HttpRequest, error: InputErrors) -> HttpResponse:
    errors = [
        FieldError(field=f"inputs.{name}", message=message)
        for name, messages in error.errors.items()
        for message in messages
    ]
    return problem(request, "invalid", "Some inputs are not valid. See `errors`.", errors=errors)


def _blueprint_error(request: HttpRequest, error: BlueprintError) -> HttpResponse:
    return problem(request, "refused", str(error))


def _validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """`loc` begins with the source (body, query, path, header) and, in a body, its parameter."""
    errors = []
    for one in error.errors:
        place = [str(part) for part in one["loc"]]
        path = place[2:] if place[0] == "body" and len(place) > 1 else place[1:]
        errors.append(FieldError(field=".".join(path) or place[0], message=_sentence(one["msg"])))
    return problem(request, "invalid", "Some values are not valid. See `errors`.", errors=errors)


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."


def _unauthorized(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return problem(request, "unauthorized", "Send a token that is valid, as in: Authorization: Bearer ptl_…")


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja raises itself: a body that is not JSON."""
    return problem(request, "bad_request", f"{error.message.rstrip('.')}. Send JSON, encoded in UTF-8.")


def _not_found(request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(request, "not_found", "There is no such resource.")
