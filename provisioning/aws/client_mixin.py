"""The one guard that every AWS call passes: rate first, then the right account, then the call, then our own exceptions.

It is a mixin that botocore puts in front of each client class (its `creating-client-class` event, the way boto3 adds its own methods), so
that pages of a paginator pass it as well and no service module can forget it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioning.aws.error_codes import BY_CODE, answer_was_lost, translate
from provisioning.aws.errors import Throttled
from provisioning.aws.rate_limiter import CallLimiter
from provisioning.aws.rates import changes_something, family_of

if TYPE_CHECKING:
    from botocore.client import ClientMeta
    from botocore.session import Session

_NEXT_PAGE = frozenset({"NextToken", "nextToken", "Marker", "KeyMarker", "PaginationToken", "NextMarker"})
_SERVER_ERROR = 500


class _Attempts(threading.local):
    """What happened to the attempts of the call that this thread is in."""

    lost = False


class CallGuard:
    """The rules for one account and region. `verify` runs once, before the first call that changes something."""

    def __init__(self, account: str, region: str, limiter: CallLimiter, verify: Callable[[], None]) -> None:
        self._account = account
        self._region = region
        self._limiter = limiter
        self._verify = verify
        self._attempts = _Attempts()

    def install(self, session: Session) -> None:
        """Make every client that this session creates from now on pass here."""
        session.register("creating-client-class", self._add_mixin)
        session.register("needs-retry", self._note_attempt)

    def call(self, service: str, operation: str, params: Mapping[str, Any], send: Callable[[], Any]) -> Any:
        mutating = changes_something(operation)
        if mutating:
            self._verify()
        self._wait_for_turn(service, operation, next_page=any(params.get(key) for key in _NEXT_PAGE))
        before, self._attempts.lost = self._attempts.lost, False
        try:
            return send()
        except (ClientError, BotoCoreError) as error:
            # Without the cause: botocore's text can hold what `translate` took out.
            raise translate(
                error, service=service, operation=operation, mutating=mutating, lost_before=self._attempts.lost
            ) from None
        finally:
            self._attempts.lost = before

    def _wait_for_turn(self, service: str, operation: str, *, next_page: bool) -> None:
        # A list that was begun is read to its end: its later pages borrow, or a long list could never be read at all.
        seconds = self._limiter.acquire(self._account, self._region, family_of(service, operation), borrow=next_page)
        if seconds > 0:
            raise Throttled(
                f"The portal has used up its share of calls to {self._account} in {self._region}; next in {seconds:.1f} s",
                operation=f"{service}:{operation}",
                code="LocalRate",
                retry_after=seconds,
            )

    def _note_attempt(self, **event: Any) -> None:
        """After each attempt, before botocore decides on another: learn from refusals that it would hide."""
        operation = event["operation"]
        service = operation.service_model.service_name
        if event["caught_exception"] is not None:
            self._attempts.lost = self._attempts.lost or answer_was_lost(event["caught_exception"])
        elif event["response"] is not None:
            http, parsed = event["response"]
            if BY_CODE.get(parsed.get("Error", {}).get("Code", "")) is Throttled:
                self._limiter.throttled(self._account, self._region, family_of(service, operation.name))
            elif http.status_code >= _SERVER_ERROR:
                self._attempts.lost = True

    def _add_mixin(self, **event: Any) -> None:
        event["class_attributes"]["portal_guard"] = self
        event["base_classes"].insert(0, _ClientMixin)


class _ClientMixin:
    """Stands before botocore's client class, whose `_make_api_call` carries out every operation."""

    portal_guard: CallGuard
    meta: ClientMeta

    def _make_api_call(self, operation_name: str, api_params: Mapping[str, Any]) -> Any:
        send = super()._make_api_call  # type: ignore[misc]
        service = self.meta.service_model.service_name
        return self.portal_guard.call(service, operation_name, api_params, lambda: send(operation_name, api_params))
