"""Keeps all workers together under AWS's request rates: one token bucket for each account, region and family of calls.

The level lies in Redis, so that neither a second worker nor a restart forgets it. When AWS throttles all the same, the rate is halved and
grows back slowly. Without Redis each process keeps a slower bucket of its own. Nothing here sleeps: the caller is told how long to stay away.
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
"""The rate never falls below this share of its full value."""
RECOVERY: Final = 0.1 / 60
"""The share of the full rate that comes back each second: a tenth a minute."""
HALVE_AT_MOST_EVERY: Final = 1.0
"""Seconds in which several refusals count as one: they answer calls that were under way together."""
KEEP_SECONDS: Final = 3600
"""How long an untouched level is kept; by then it is full again at any rate."""
LOCAL_SHARE: Final = 0.25
"""What one process allows itself while it cannot ask the others."""
REDIS_PAUSE: Final = 5.0
"""Seconds in which a Redis that failed is not asked again, so that its time-outs do not become ours."""

KEY_PREFIX: Final = "governor"
"""Starts the keys in Redis; unchanged from earlier versions, whose workers share the buckets during an upgrade."""

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
    """What a client asks before each call."""

    def acquire(self, account: str, region: str, family: str, *, borrow: bool = False) -> float:
        """Seconds to stay away; 0 means go. With `borrow` the answer is 0 and the next ones wait the longer."""

    def throttled(self, account: str, region: str, family: str) -> None:
        """AWS itself refused a call of this family for its rate."""


class _LocalBucket:
    """The same arithmetic as the script, in one process."""

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
    """One for a process, over a Redis that all processes share; None means that there is no Redis. See `from_url`."""

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
        """Over a connection of its own that gives up within a second: redis-py by itself would sleep and try for several."""
        retry = Retry(NoBackoff(), 1)  # once, for a pooled connection whose server was restarted
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

    def _shared(self, account: str, region: str, family: str, what: str) -> float | None:
        """Ask Redis; None when it cannot be asked."""
        if self._script is None or self._clock() < self._ask_again_at:
            return None
        rate = rate_for(self._rates, family)
        try:
            answer = self._script(
                keys=[f"{self._prefix}:{account}:{region}:{family}"], args=[rate.per_second, rate.burst, what]
            )
        except RedisError as error:
            self._ask_again_at = self._clock() + REDIS_PAUSE
            log.warning(
                "Redis did not answer; this process keeps its own, slower count of AWS calls for %s s: %s",
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
