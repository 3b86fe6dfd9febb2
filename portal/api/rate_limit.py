"""Counts the calls of each token, and the failures of each address.

The counters are in Redis, which all web processes share. While Redis is away, each process counts in
its own memory: limits are then wider, and the API still answers.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from portal.api.errors import ApiError
from provisioning.lifecycle import audit_context
from provisioning.models import ApiToken

WINDOW_SECONDS: Final = 60
_AWAY_SECONDS: Final = 5.0
"""After an error, Redis is left alone for so long, so that its time-outs do not add up."""
REPEATED: Final = "HTTP_X_PORTAL_REPEATED"
"""Set by the front of the web process on the repetitions of a long poll, which count once."""
_ATTRIBUTE: Final = "api_quota"


@dataclass(frozen=True, slots=True)
class Quota:
    limit: int
    remaining: int
    reset_seconds: int


class _Counters:
    """The same two operations on Redis, or on this process's memory."""

    def __init__(self, url: str) -> None:
        shared: Storage = RedisStorage(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._shared = SlidingWindowCounterRateLimiter(shared)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._away_until = 0.0

    def hit(self, item: RateLimitItem, *names: str) -> bool:
        return bool(self._run("hit", item, *names))

    def test(self, item: RateLimitItem, *names: str) -> bool:
        return bool(self._run("test", item, *names))

    def quota(self, item: RateLimitItem, *names: str) -> Quota:
        stats = self._run("get_window_stats", item, *names)
        return Quota(item.amount, stats.remaining, max(0, math.ceil(stats.reset_time - time.time())))

    def _run(self, operation: str, item: RateLimitItem, *names: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - bool or stats
        if time.monotonic() >= self._away_until:
            try:
                return getattr(self._shared, operation)(item, *names)
            except RedisError:
                self._away_until = time.monotonic() + _AWAY_SECONDS
        return getattr(self._own, operation)(item, *names)


@cache
def _counters() -> _Counters:
    return _Counters(settings.REDIS_URL or "redis://127.0.0.1:6379/0")


def check_calls(request: HttpRequest, token: ApiToken) -> None:
    """Count a call of the token. Raises ApiError if there were too many in the last minute."""
    item, names = RateLimitItemPerMinute(settings.API_CALLS_PER_MINUTE), ("api", str(token.pk))
    allowed = REPEATED in request.META or _counters().hit(item, *names)
    quota = _counters().quota(item, *names)
    setattr(request, _ATTRIBUTE, quota)
    if not allowed:
        raise ApiError(
            "too_many_calls",
            f"This token may call {quota.limit} times in a minute. Wait {quota.reset_seconds or 1} s.",
            retry_after=quota.reset_seconds or 1,
        )


def check_failures(request: HttpRequest) -> None:
    """Raise ApiError if this address has sent too many wrong tokens in the last minute."""
    item = RateLimitItemPerMinute(settings.API_FAILURES_PER_MINUTE)
    if not _counters().test(item, "api-failures", _address(request)):
        raise ApiError(
            "too_many_calls",
            "This address has sent too many tokens that are not valid. Wait a minute.",
            retry_after=WINDOW_SECONDS,
        )


def note_failure(request: HttpRequest) -> bool:
    """Count a wrong token. Returns whether it is to be audited: those beyond the limit are not."""
    item = RateLimitItemPerMinute(settings.API_FAILURES_PER_MINUTE)
    return _counters().hit(item, "api-failures", _address(request))


def _address(_request: HttpRequest) -> str:
    return audit_context.current().address


def add_headers(request: HttpRequest, response: HttpResponse) -> None:
    """Tell the caller its quota (draft-ietf-httpapi-ratelimit-headers)."""
    quota: Quota | None = getattr(request, _ATTRIBUTE, None)
    if quota is not None:
        response["RateLimit-Policy"] = f'"default";q={quota.limit};w={WINDOW_SECONDS}'
        response["RateLimit"] = f'"default";r={quota.remaining};t={quota.reset_seconds}'
