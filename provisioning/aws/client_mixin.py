"""The guard around every AWS call: checks the account and the permit, takes a token from the rate
limiter, and translates errors.

It is a mixin that botocore puts in front of each client class (in its `creating-client-class`
event, as boto3 does with its own methods). So it also covers the pages of a paginator, and no
service module can forget it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from provisioning.aws.arguments import change_of
from provisioning.aws.error_codes import BY_CODE, answer_was_lost, translate
from provisioning.aws.errors import AwsError, NotPermitted, SlotReserved, Throttled, Unclear, Unreachable
from provisioning.aws.permits import current_permit
from provisioning.aws.rate_limiter import CallLimiter
from provisioning.aws.rates import changes_something, family_of
from provisioning.aws.unreadable import UnreadableAnswerError, is_unreadable

if TYPE_CHECKING:
    from botocore.client import ClientMeta
    from botocore.session import Session

_NEXT_PAGE = frozenset({"NextToken", "nextToken", "Marker", "KeyMarker", "PaginationToken", "NextMarker"})
_SERVER_ERROR = 500
_TIMED_OUT = frozenset({"ConnectTimeoutError", "ReadTimeoutError"})
_OF_BOTOCORE = (ClientError, BotoCoreError, ResponseParserError)


@dataclass(slots=True)
class _Attempt:
    """The call that a thread is making. `lost`: it is unknown whether AWS has executed it;
    `answered`: an answer has arrived, readable or not.
    """

    changing: bool = False
    lost: bool = False
    answered: bool = False


class _Attempts(threading.local):
    def __init__(self) -> None:
        self.current = _Attempt()


class CallGuard:
    """Guards the calls to one account and region. `verify` runs before the first call that changes
    something.
    """

    def __init__(self, account: str, region: str, limiter: CallLimiter, verify: Callable[[], None]) -> None:
        self._account = account
        self._region = region
        self._limiter = limiter
        self._verify = verify
        self._attempts = _Attempts()

    def install(self, session: Session) -> None:
        """Makes the guard cover every client that this session creates from now on."""
        session.register("creating-client-class", self._add_mixin)
        session.register("needs-retry", self._note_attempt)
        session.register("before-send", self._refuse_late)
        session.register("before-parse", self._refuse_unreadable)

    def call(self, service: str, operation: str, params: Mapping[str, Any], send: Callable[[], Any]) -> Any:
        """Make one call. One that changes something needs a permit, which records it first and
        refuses to send it too late.
        """
        if not changes_something(operation):
            return self._read(service, operation, params, send)
        permit = current_permit()
        if permit is None:
            raise NotPermitted(f"{service}:{operation} changes something and has no permit; nothing was sent.")
        self._verify()
        self._take_token(service, operation, next_page=False)
        change = change_of(service, operation, params, account_id=self._account, region=self._region)
        permit.begin(change)
        try:
            answer = self._send(service, operation, send, mutating=True)
        except Unclear:
            raise  # the call remains open: nobody knows whether AWS has executed it
        except (AwsError, NotPermitted):
            permit.end(change)
            raise
        permit.end(change)
        return answer

    def _read(self, service: str, operation: str, params: Mapping[str, Any], send: Callable[[], Any]) -> Any:
        """Make a call that only reads, and once more if no answer came, as after the end of an idle
        connection.
        """
        if (permit := current_permit()) is not None:
            permit.check_step()
        self._take_token(service, operation, next_page=any(params.get(key) for key in _NEXT_PAGE))
        try:
            return self._send(service, operation, send, mutating=False)
        except Unreachable as error:
            if error.code in _TIMED_OUT:
                raise  # the next one would take as long
            return self._send(service, operation, send, mutating=False)

    def _send(self, service: str, operation: str, send: Callable[[], Any], *, mutating: bool) -> Any:
        attempt, self._attempts.current = self._attempts.current, _Attempt(changing=mutating)
        try:
            return send()
        except NotPermitted:
            raise
        except Exception as error:
            if not (isinstance(error, _OF_BOTOCORE) or self._attempts.current.answered):
                raise
            # Without the cause: botocore's text may contain the secrets that `translate` removed.
            raise translate(
                error, service=service, operation=operation, mutating=mutating, lost_before=self._attempts.current.lost
            ) from None
        finally:
            self._attempts.current = attempt

    def _take_token(self, service: str, operation: str, *, next_page: bool) -> None:
        family = family_of(service, operation)
        seconds = self._limiter.acquire(self._account, self._region, family, next_page=next_page)
        if seconds > 0:
            raise SlotReserved(
                f"The portal has used up its rate of calls to account {self._account} in {self._region}. "
                f"This call is next in {seconds:.1f} s",
                operation=f"{service}:{operation}",
                code="LocalRate",
                retry_after=seconds,
            )

    def _note_attempt(self, **event: Any) -> None:
        """Runs after each attempt, before botocore decides whether to retry: it would hide refusals
        that matter here.
        """
        operation = event["operation"]
        service = operation.service_model.service_name
        if event["caught_exception"] is not None:
            self._attempts.current.lost = answer_was_lost(event["caught_exception"])
        elif event["response"] is not None:
            http, parsed = event["response"]
            if BY_CODE.get(parsed.get("Error", {}).get("Code", "")) is Throttled:
                self._limiter.throttled(self._account, self._region, family_of(service, operation.name))
            elif http.status_code >= _SERVER_ERROR:
                self._attempts.current.lost = True

    def _refuse_late(self, **event: Any) -> None:
        """Runs when the request is signed, directly before its bytes leave. Credentials that were
        fetched for the signature are a call of their own, which changes nothing.
        """
        del event
        if self._attempts.current.changing and (permit := current_permit()) is not None:
            permit.check()

    def _refuse_unreadable(self, **event: Any) -> None:
        """Runs when an answer has arrived. A page of something between the portal and AWS is no
        answer, although botocore would take it for an empty one.
        """
        self._attempts.current.answered = True
        if is_unreadable(event["operation_model"], event["response_dict"]):
            raise UnreadableAnswerError(status=event["response_dict"]["status_code"])

    def _add_mixin(self, **event: Any) -> None:
        event["class_attributes"]["portal_guard"] = self
        event["base_classes"].insert(0, _ClientMixin)


class _ClientMixin:
    """Precedes botocore's client class, whose `_make_api_call` executes every operation."""

    portal_guard: CallGuard
    meta: ClientMeta

    def _make_api_call(self, operation_name: str, api_params: Mapping[str, Any]) -> Any:
        send = super()._make_api_call  # type: ignore[misc]
        service = self.meta.service_model.service_name
        return self.portal_guard.call(service, operation_name, api_params, lambda: send(operation_name, api_params))
