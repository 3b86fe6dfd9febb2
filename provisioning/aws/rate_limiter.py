"""Keeps all workers together below AWS's request rates: one token bucket per account, region and
family of calls, with a queue.

A caller that finds the bucket empty gets a ticket: a place in the queue that nobody can take. It
learns how many seconds are left until its turn, and asks again then. Tickets are numbers and not
times, so if AWS throttles and the rate is halved, all of them wait longer and none is passed by.
Nothing here sleeps.

A step of an operation makes several calls, and repeats the first ones if a later one has to wait.
So the ticket of its second call is for both. Otherwise the first call would use it up each time,
and a step of two calls would never end in a busy account. The pages of a list that has begun are
lent in advance, up to the size of the burst, so that a long list does not start over each time.

The bucket is in Redis, so that all workers share it and a restart does not reset it. If AWS
throttles nevertheless, the rate is halved and recovers slowly. Without Redis, each process has a
slower bucket of its own, with the same arithmetic.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

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

TICKET_SECONDS: Final = 600
"""How long a ticket is kept after its turn, in seconds of the full rate, if nobody comes for it."""
CLOSE_ENOUGH: Final = 0.001
"""The part of a token that may be missing at a ticket's turn: clocks round."""

KEY_PREFIX: Final = "governor"
"""The prefix of the keys in Redis. Earlier versions use it too: workers of both share the buckets
during an upgrade, and those of earlier versions wait until the queue is empty.
"""

Action = Literal["call", "page", "throttled"]

# KEYS: the bucket, the tickets by caller, the calls of each ticket. ARGV: full rate, burst, action, caller, calls.
# Tickets are positions in the sum of all tokens ever taken; `taken + tokens` is the sum that has become available.
# Returns the seconds to wait, as text.
_SCRIPT: Final = f"""
local now = redis.call('TIME'); now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local full, burst, action, caller = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local calls = tonumber(ARGV[5])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'rate', 'at', 'halved_at', 'taken', 'ahead')
local tokens, rate = tonumber(kept[1]) or burst, tonumber(kept[2]) or full
local at, halved_at = tonumber(kept[3]) or now, tonumber(kept[4]) or 0
local taken, ahead = tonumber(kept[5]) or 0, tonumber(kept[6]) or 0
local passed = math.max(0, now - at)
tokens = math.min(burst, tokens + passed * rate)
ahead = math.max(0, ahead - passed * rate)
rate = math.min(full, rate + passed * full * {RECOVERY})
local wait = 0
local ticket = tonumber(redis.call('ZSCORE', KEYS[2], caller) or nil)
if action == 'throttled' then
  if now - halved_at >= {HALVE_AT_MOST_EVERY} then
    rate = math.max(full * {SLOWEST}, rate / 2)
    halved_at = now
  end
  tokens = math.min(tokens, 0)
elseif ticket then
  if taken + tokens >= ticket - {CLOSE_ENOUGH} then
    if redis.call('HINCRBY', KEYS[3], caller, -1) <= 0 then
      redis.call('ZREM', KEYS[2], caller); redis.call('HDEL', KEYS[3], caller)
    end
  else
    wait = (ticket - taken - tokens) / rate
  end
elseif tokens >= 1 then
  tokens = tokens - 1; taken = taken + 1
elseif action == 'page' and ahead + 1 <= burst then
  tokens = tokens - 1; ahead = ahead + 1
else
  tokens = tokens - calls; taken = taken + calls
  wait = -tokens / rate
  local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', taken + tokens - full * {TICKET_SECONDS}, 'LIMIT', 0, 100)
  for _, name in ipairs(old) do redis.call('ZREM', KEYS[2], name); redis.call('HDEL', KEYS[3], name) end
  redis.call('ZADD', KEYS[2], taken, caller); redis.call('HSET', KEYS[3], caller, calls)
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'rate', tostring(rate), 'at', string.format('%.6f', now),
  'halved_at', string.format('%.6f', halved_at), 'taken', string.format('%.0f', taken), 'ahead', string.format('%.9f', ahead))
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, {KEEP_SECONDS}) end
return tostring(wait)
"""


@dataclass(slots=True)
class Caller:
    """One step, or one visit of the poller. Its name is that of its ticket, so that it finds its
    place in the queue again.

    `made` counts the calls that it has made so far, by bucket.
    """

    name: str
    made: Counter[tuple[str, str, str]] = field(default_factory=Counter)


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


@contextmanager
def calling_as(name: str) -> Iterator[None]:
    """Let calls in this block wait in line under one name, such as that of their operation."""
    token = _caller.set(Caller(name))
    try:
        yield
    finally:
        _caller.reset(token)


def _current_caller() -> Caller:
    """Without a name, a thread waits in line for itself."""
    return _caller.get() or Caller(f"process {os.getpid()} thread {threading.get_ident()}")


class CallLimiter(Protocol):
    """What paces the calls of a client. `RateLimiter` is the one for AWS."""

    def acquire(self, account: str, region: str, family: str, *, next_page: bool = False) -> float:
        """Returns 0 if the call may be sent now, else the seconds until the caller's turn.

        `next_page`: the call reads a further page of a list that has begun.
        """

    def throttled(self, account: str, region: str, family: str) -> None:
        """Reports that AWS refused a call of this family because of its rate."""


@dataclass(slots=True)
class _Ticket:
    number: float
    calls: int


class _LocalBucket:
    """One process's own bucket. The arithmetic is that of the script; a test compares the two."""

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        self.full = rate.per_second * LOCAL_SHARE
        self.burst = max(1.0, rate.burst * LOCAL_SHARE)
        self.rate = self.full
        self.tokens = self.burst
        self.taken = 0.0
        self.ahead = 0.0
        self.tickets: dict[str, _Ticket] = {}
        self.halved_at = float("-inf")
        self.clock = clock
        self.at = clock()

    def _refill(self) -> float:
        now = self.clock()
        passed = max(0.0, now - self.at)
        self.tokens = min(self.burst, self.tokens + passed * self.rate)
        self.ahead = max(0.0, self.ahead - passed * self.rate)
        self.rate = min(self.full, self.rate + passed * self.full * RECOVERY)
        self.at = now
        return now

    def acquire(self, caller: str, *, calls: int, next_page: bool) -> float:
        self._refill()
        if (ticket := self.tickets.get(caller)) is not None:
            return self._use(caller, ticket)
        if self.tokens >= 1:
            self.tokens, self.taken = self.tokens - 1, self.taken + 1
            return 0.0
        if next_page and self.ahead + 1 <= self.burst:
            self.tokens, self.ahead = self.tokens - 1, self.ahead + 1
            return 0.0
        self.tokens, self.taken = self.tokens - calls, self.taken + calls
        oldest = self.taken + self.tokens - self.full * TICKET_SECONDS
        self.tickets = {name: ticket for name, ticket in self.tickets.items() if ticket.number > oldest}
        self.tickets[caller] = _Ticket(self.taken, calls)
        return -self.tokens / self.rate

    def _use(self, caller: str, ticket: _Ticket) -> float:
        if self.taken + self.tokens < ticket.number - CLOSE_ENOUGH:
            return (ticket.number - self.taken - self.tokens) / self.rate
        ticket.calls -= 1
        if ticket.calls <= 0:
            del self.tickets[caller]
        return 0.0

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

    def acquire(self, account: str, region: str, family: str, *, next_page: bool = False) -> float:
        caller, where = _current_caller(), (account, region, family)
        calls = caller.made[where] + 1
        wait = self._shared(where, "page" if next_page else "call", caller.name, calls)
        if wait is None:
            with self._lock:
                wait = self._bucket(where).acquire(caller.name, calls=calls, next_page=next_page)
        if wait == 0:
            caller.made[where] = calls
        return wait

    def throttled(self, account: str, region: str, family: str) -> None:
        where = (account, region, family)
        if self._shared(where, "throttled") is None:
            with self._lock:
                self._bucket(where).throttled()

    def _shared(self, where: tuple[str, str, str], action: Action, caller: str = "", calls: int = 1) -> float | None:
        """Runs the script in Redis. Returns None if Redis is unreachable."""
        if self._script is None or self._clock() < self._ask_again_at:
            return None
        rate, key = rate_for(self._rates, where[-1]), ":".join((self._prefix, *where))
        try:
            answer = self._script(
                keys=[key, f"{key}:tickets", f"{key}:calls"],
                args=[rate.per_second, rate.burst, action, caller, calls],
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

    def _bucket(self, where: tuple[str, str, str]) -> _LocalBucket:
        if where not in self._local:
            self._local[where] = _LocalBucket(rate_for(self._rates, where[-1]), self._clock)
        return self._local[where]
