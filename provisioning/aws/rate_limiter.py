"""Keeps all workers together below AWS's request rates: one token bucket per account, region and
family of calls.

The level of a bucket is in Redis, so that all workers share it and a restart does not reset it. If
AWS throttles nevertheless, the rate is halved and recovers slowly. Without Redis, each process has
a slower bucket of its own. Nothing here sleeps: the caller learns how long to wait.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from provisioning.aws.rates import DEFAULT_RATES, Rate, rate_for

log = logging.getLogger(__name__)

SLOWEST: Final = 0.05
"""The lowest rate, as a share of the full rate."""
RECOVERY: Final = 0.1 / 60
"""The share of the full rate that a second without throttling restores: a tenth per minute."""
HALVE_AT_MOST_EVERY: Final = 1.0
"""Seconds in which several refusals count as one, because they answer calls that were sent
together.
"""
KEEP_SECONDS: Final = 3600
"""How long Redis keeps a bucket that nobody uses. It is full again by then, at any rate."""
LOCAL_SHARE: Final = 0.25
"""The share of the rate that a process uses on its own while Redis is unreachable."""
REDIS_PAUSE: Final = 5.0
"""Seconds for which a failed Redis is not asked again, so that its timeouts do not slow the callers
down.
"""

KEY_PREFIX: Final = "governor"
"""The prefix of the keys in Redis. Earlier versions use it too: workers of both share the buckets
during an upgrade.
"""

# KEYS[1] the bucket; ARGV: full rate, burst, "acquire" | "borrow" | "throttled". Returns the seconds to wait, as text.
_SCRIPT: Final = f"""
local now = redis.call('TIME'); now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local full, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'rate', 'at', 'halved_at')
local tokens, rate = tonumber(kept[1]) or burst, tonumber(kept[2]) or full
local at, halved_at = tonumber(kept[3]) or now, tonumber(kept[4]) or 0
local passed = math.max(0, now - at)
tokens = math.min(burst, tokens + passed * rate)
rate = math.min(full, rate + passed * full * {RECOVERY})
local wait = 0
if ARGV[3] == 'throttled' then
  if now - halved_at >= {HALVE_AT_MOST_EVERY} then
    rate = math.max(full * {SLOWEST}, rate / 2)
    halved_at = now
  end
  tokens = math.min(tokens, 0)
elseif ARGV[3] == 'borrow' or tokens >= 1 then
  tokens = tokens - 1
else
  wait = (1 - tokens) / rate
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'rate', tostring(rate), 'at', string.format('%.6f', now), 'halved_at', string.format('%.6f', halved_at))
redis.call('EXPIRE', KEYS[1], {KEEP_SECONDS})
return tostring(wait)
"""


class CallLimiter(Protocol):
    """What paces the calls of a client. `RateLimiter` is the one for AWS."""

    def acquire(self, account: str, region: str, family: str, *, borrow: bool = False) -> float:
        """Takes a token and returns 0, or returns the seconds to wait for one. With `borrow`, the
        token is used in any case, and later calls wait longer.
        """

    def throttled(self, account: str, region: str, family: str) -> None:
        """Reports that AWS refused a call of this family because of its rate."""


class _LocalBucket:
    """One process's own bucket. The arithmetic is that of the script; a test compares the two."""

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        self.full = rate.per_second * LOCAL_SHARE
        self.burst = max(1.0, rate.burst * LOCAL_SHARE)
        self.rate = self.full
        self.tokens = self.burst
        self.halved_at = float("-inf")
        self.clock = clock
        self.at = clock()

    def _refill(self) -> float:
        now = self.clock()
        passed = max(0.0, now - self.at)
        self.tokens = min(self.burst, self.tokens + passed * self.rate)
        self.rate = min(self.full, self.rate + passed * self.full * RECOVERY)
        self.at = now
        return now

    def acquire(self, *, borrow: bool) -> float:
        self._refill()
        if borrow or self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate

    def throttled(self) -> None:
        now = self._refill()
        if now - self.halved_at >= HALVE_AT_MOST_EVERY:
            self.rate = max(self.full * SLOWEST, self.rate / 2)
            self.halved_at = now
        self.tokens = min(self.tokens, 0.0)


class RateLimiter:
    """A process's rate limiter, backed by a Redis that all processes share, or by none. See
    `from_url`.
    """

    def __init__(
        self,
        redis: Redis | None,
        *,
        rates: Mapping[str, Rate] = DEFAULT_RATES,
        prefix: str = KEY_PREFIX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = rates
        self._prefix = prefix
        self._clock = clock
        self._redis = redis
        self._script = redis.register_script(_SCRIPT) if redis is not None else None
        self._ask_again_at = float("-inf")
        self._lock = threading.Lock()
        self._local: dict[tuple[str, str, str], _LocalBucket] = {}

    @classmethod
    def from_url(cls, url: str, *, rates: Mapping[str, Rate] = DEFAULT_RATES) -> RateLimiter:
        """Uses a connection of its own that gives up within a second. By default, redis-py sleeps
        and retries for several.
        """
        retry = Retry(NoBackoff(), 1)  # one retry, for a pooled connection whose server was restarted
        return cls(Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=retry), rates=rates)

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()

    def acquire(self, account: str, region: str, family: str, *, borrow: bool = False) -> float:
        shared = self._shared(account, region, family, "borrow" if borrow else "acquire")
        if shared is not None:
            return shared
        with self._lock:
            return self._bucket(account, region, family).acquire(borrow=borrow)

    def throttled(self, account: str, region: str, family: str) -> None:
        if self._shared(account, region, family, "throttled") is None:
            with self._lock:
                self._bucket(account, region, family).throttled()

    def _shared(self, account: str, region: str, family: str, action: str) -> float | None:
        """Runs the script in Redis. Returns None if Redis is unreachable."""
        if self._script is None or self._clock() < self._ask_again_at:
            return None
        rate = rate_for(self._rates, family)
        try:
            answer = self._script(
                keys=[f"{self._prefix}:{account}:{region}:{family}"], args=[rate.per_second, rate.burst, action]
            )
        except RedisError as error:
            self._ask_again_at = self._clock() + REDIS_PAUSE
            log.warning(
                "Redis does not respond. This process limits its AWS calls on its own, at a lower rate, for %s s: %s",
                REDIS_PAUSE,
                error,
            )
            return None
        return float(answer)

    def _bucket(self, account: str, region: str, family: str) -> _LocalBucket:
        key = (account, region, family)
        if key not in self._local:
            self._local[key] = _LocalBucket(rate_for(self._rates, family), self._clock)
        return self._local[key]
