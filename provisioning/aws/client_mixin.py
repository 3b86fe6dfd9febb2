"""The guard around every AWS call: checks the account, takes a token from the rate limiter, and
translates errors.

It is a mixin that botocore puts in front of each client class (in its `creating-client-class`
event, as boto3 does with its own methods). So it also covers the pages of a paginator, and no
service module can forget it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioning.aws.error_codes import BY_CODE, answer_was_lost, translate
from provisioning.aws.errors import SlotReserved, Throttled
from provisioning.aws.rate_limiter import CallLimiter
from provisioning.aws.rates import changes_something, family_of

if TYPE_CHECKING:
    from botocore.client import ClientMeta
    from botocore.session import Session

_NEXT_PAGE = frozenset({"NextToken", "nextToken", "Marker", "KeyMarker", "PaginationToken", "NextMarker"})
_SERVER_ERROR = 500


class _Attempts(threading.local):
    """Whether the answer to an attempt of this thread's current call was lost."""

    lost = False


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

    def call(self, service: str, operation: str, params: Mapping[str, Any], send: Callable[[], Any]) -> Any:
        mutating = changes_something(operation)
        if mutating:
            self._verify()
        self._take_token(service, operation, next_page=any(params.get(key) for key in _NEXT_PAGE))
        before, self._attempts.lost = self._attempts.lost, False
        try:
            return send()
        except (ClientError, BotoCoreError) as error:
            # Without the cause: botocore's text may contain the secrets that `translate` removed.
            raise translate(
                error, service=service, operation=operation, mutating=mutating, lost_before=self._attempts.lost
            ) from None
        finally:
            self._attempts.lost = before

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
    """Precedes botocore's client class, whose `_make_api_call` executes every operation."""

    portal_guard: CallGuard
    meta: ClientMeta

    def _make_api_call(self, operation_name: str, api_params: Mapping[str, Any]) -> Any:
        send = super()._make_api_call  # type: ignore[misc]
        service = self.meta.service_model.service_name
        return self.portal_guard.call(service, operation_name, api_params, lambda: send(operation_name, api_params))
