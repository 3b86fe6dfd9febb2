from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.aws.rate_limiter import (
    _SCRIPT,
    CLOSE_ENOUGH,
    HALVE_AT_MOST_EVERY,
    LOCAL_SHARE,
    REDIS_PAUSE,
    SLOWEST,
    TICKET_SECONDS,
    RateLimiter,
    _LocalBucket,
    calling_as,
)
from provisioning.aws.rates import DEFAULT_RATES, Rate, changes_something, family_of, rate_for, scaled

RATES = {"read": Rate(0.5, 4), "change": Rate(0.25, 1)}
WHERE = ("111122223333", "eu-north-1", "ec2.read")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


FULL_RATES = scaled(RATES, 1 / LOCAL_SHARE)
"""With these, the local bucket has the rates of `RATES`."""


def ask(limiter: RateLimiter, caller: str, calls: int = 1, *, pages: int = 0) -> list[float]:
    """The answers to a step's calls and further pages, up to the first that has to wait."""
    waits = []
    with calling_as(caller):
        for number in range(calls + pages):
            waits.append(limiter.acquire(*WHERE, next_page=number >= calls))
            if waits[-1] > 0:
                break
    return waits


def pass_time(client: redis.Redis, prefix: str, seconds: float) -> None:
    client.hincrbyfloat(f"{prefix}:{':'.join(WHERE)}", "at", -seconds)


@pytest.fixture
def client(valkey: str) -> Iterator[redis.Redis]:
    connection = redis.Redis.from_url(valkey)
    yield connection
    connection.close()


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid.uuid4()}"


def test_two_workers_share_one_bucket(client: redis.Redis, prefix: str) -> None:
    one, two = RateLimiter(client, rates=RATES, prefix=prefix), RateLimiter(client, rates=RATES, prefix=prefix)
    waits = [limiter.acquire(*WHERE) for limiter in (one, two, one, two, one)]
    assert waits[:4] == [0, 0, 0, 0]
    assert 0 < waits[4] <= 2


def test_a_restart_does_not_forget_the_level(client: redis.Redis, prefix: str) -> None:
    RateLimiter(client, rates=RATES, prefix=prefix).acquire("111122223333", "eu-north-1", "rds.change")
    assert RateLimiter(client, rates=RATES, prefix=prefix).acquire("111122223333", "eu-north-1", "rds.change") > 3


@pytest.mark.parametrize(
    "other",
    [
        ("444455556666", "eu-north-1", "ec2.read"),
        ("111122223333", "us-east-1", "ec2.read"),
        ("111122223333", "eu-north-1", "rds.read"),
    ],
)
def test_accounts_regions_and_families_do_not_share(
    client: redis.Redis, prefix: str, other: tuple[str, str, str]
) -> None:
    limiter = RateLimiter(client, rates=RATES, prefix=prefix)
    while limiter.acquire(*WHERE) == 0:
        pass
    assert limiter.acquire(*other) == 0


def test_pages_of_a_list_go_at_once_up_to_the_burst_and_everybody_waits_longer(
    client: redis.Redis, prefix: str
) -> None:
    limiter = RateLimiter(client, rates=RATES, prefix=prefix)
    assert ask(limiter, "list", 0, pages=8) == [0] * 8
    assert ask(limiter, "bob") == [pytest.approx((1 + 4) / 0.5, abs=0.5)]
    assert ask(limiter, "list", 0, pages=1)[0] > 0


def test_a_list_that_is_longer_than_the_burst_comes_back_for_all_its_pages() -> None:
    clock = Clock()
    limiter = RateLimiter(None, rates=FULL_RATES, clock=clock)
    rounds = 0
    while (waits := ask(limiter, "list", pages=29))[-1] > 0:
        clock.now += waits[-1]
        rounds += 1
        assert rounds < 10, "the list never reaches its end"


def test_callers_are_served_in_the_order_in_which_they_came(client: redis.Redis, prefix: str) -> None:
    limiter = RateLimiter(client, rates=RATES, prefix=prefix)
    ask(limiter, "earlier", 4)
    waits = [ask(limiter, name)[0] for name in ("alice", "bob", "charlie")]
    assert waits == [pytest.approx(seconds, abs=0.5) for seconds in (2, 4, 6)]
    pass_time(client, prefix, 2)
    assert ask(limiter, "charlie")[0] > 0, "before her turn"
    assert ask(limiter, "olivia")[0] > 5, "behind the others"
    assert ask(limiter, "alice") == [0]
    pass_time(client, prefix, 4)
    assert ask(limiter, "charlie") == [0]
    assert ask(limiter, "bob") == [0], "late, and still in turn"


def test_asking_again_too_early_keeps_the_place_and_costs_nothing() -> None:
    clock = Clock()
    limiter = RateLimiter(None, rates=FULL_RATES, clock=clock)
    ask(limiter, "earlier", 4)
    assert [ask(limiter, "bob")[0] for _ in range(5)] == [2] * 5
    clock.now += 1.5
    assert ask(limiter, "bob") == [0.5]
    assert ask(limiter, "alice") == [2.5]
    clock.now += 0.5
    assert ask(limiter, "bob") == [0]


def test_a_step_of_several_calls_ends_in_a_busy_account() -> None:
    """Each time a later call has to wait, the step begins again with its first call."""
    clock = Clock()
    limiter = RateLimiter(None, rates=FULL_RATES, clock=clock)
    ask(limiter, "earlier", 4)
    for _ in range(6):
        ask(limiter, f"crowd {clock.now}")
        waits = ask(limiter, "bob", 3)
        if waits == [0, 0, 0]:
            return
        clock.now += waits[-1]
    pytest.fail("bob's step never got its three calls")


def test_when_aws_throttles_all_places_move_and_their_order_remains() -> None:
    clock = Clock()
    limiter = RateLimiter(None, rates=FULL_RATES, clock=clock)
    ask(limiter, "earlier", 4)
    assert [ask(limiter, name)[0] for name in ("alice", "bob")] == [2, 4]
    limiter.throttled(*WHERE)
    assert [ask(limiter, name)[0] for name in ("alice", "bob")] == [4, 8]


def test_three_hundred_callers_with_two_calls_each_all_get_their_turn() -> None:
    """None is passed by, and none waits longer than the calls before its own take (D7)."""
    clock = Clock()
    limiter = RateLimiter(None, rates=scaled(DEFAULT_RATES, 1 / LOCAL_SHARE), clock=clock)
    due = {f"operation {number}": clock.now for number in range(300)}
    served: dict[str, float] = {}
    started = clock.now
    while due:
        name = min(due, key=lambda name: due[name])
        clock.now = max(clock.now, due.pop(name))
        with calling_as(name):
            wait = next((wait for _ in range(2) if (wait := limiter.acquire("1", "eu-north-1", "rds.read"))), 0.0)
        if wait:
            due[name] = clock.now + wait
        else:
            served[name] = clock.now - started
    assert len(served) == 300
    # Each of them repeats its first call once: three tokens at five per second.
    assert max(served.values()) <= 300 * 3 / 5


def test_a_ticket_that_nobody_uses_is_forgotten(client: redis.Redis, prefix: str) -> None:
    limiter = RateLimiter(client, rates=RATES, prefix=prefix)
    ask(limiter, "earlier", 4)
    ask(limiter, "dead")
    tickets = f"{prefix}:{':'.join(WHERE)}:tickets"
    assert client.zrange(tickets, 0, -1) == [b"dead"]
    pass_time(client, prefix, TICKET_SECONDS + 10)
    ask(limiter, "many", 5)
    for _ in range(400):  # tokens beyond the burst are not saved, so the queue moves on only with calls
        pass_time(client, prefix, 4)
        ask(limiter, "busy", 3)
    assert b"dead" not in client.zrange(tickets, 0, -1)


def test_a_refusal_by_aws_halves_the_rate_and_several_at_once_count_as_one(client: redis.Redis, prefix: str) -> None:
    limiter = RateLimiter(client, rates=RATES, prefix=prefix)
    for _ in range(5):
        limiter.throttled(*WHERE)
    key = f"{prefix}:{':'.join(WHERE)}"
    assert float(client.hget(key, "rate")) == pytest.approx(0.25, rel=0.05)
    assert limiter.acquire(*WHERE) == pytest.approx(4, rel=0.1)
    assert 0 < client.ttl(key) <= 3600


def test_the_rate_grows_back_slowly(client: redis.Redis, prefix: str) -> None:
    limiter = RateLimiter(client, rates=RATES, prefix=prefix)
    limiter.throttled(*WHERE)
    key = f"{prefix}:{':'.join(WHERE)}"
    client.hincrbyfloat(key, "at", -60)  # a clean minute ago
    limiter.acquire(*WHERE)
    assert float(client.hget(key, "rate")) == pytest.approx(0.25 + 0.05, rel=0.05)


def test_without_redis_each_process_goes_slower_by_itself() -> None:
    clock = Clock()
    limiter = RateLimiter(None, rates=RATES, clock=clock)
    assert limiter.acquire(*WHERE) == 0
    assert limiter.acquire(*WHERE) == pytest.approx(1 / (0.5 * LOCAL_SHARE))
    clock.now += 8
    assert limiter.acquire(*WHERE) == 0


def test_the_local_bucket_halves_recovers_and_has_a_floor() -> None:
    clock = Clock()
    limiter = RateLimiter(None, rates=RATES, clock=clock)
    full = 0.5 * LOCAL_SHARE
    limiter.throttled(*WHERE)
    limiter.throttled(*WHERE)
    assert limiter.acquire(*WHERE) == pytest.approx(1 / (full / 2))
    for _ in range(20):
        clock.now += HALVE_AT_MOST_EVERY
        limiter.throttled(*WHERE)
    assert limiter._local[WHERE].rate == pytest.approx(full * SLOWEST, rel=0.1)
    clock.now += 3600
    assert limiter.acquire(*WHERE) == 0
    assert limiter._local[WHERE].rate == full


def test_a_redis_that_went_away_holds_nobody_up_and_is_not_asked_again_for_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limiter = RateLimiter.from_url("redis://127.0.0.1:9", rates=RATES)
    clock = limiter._clock = Clock()
    assert limiter.acquire(*WHERE) == 0
    assert limiter.acquire(*WHERE, next_page=True) == 0
    assert limiter.acquire(*WHERE) > 0
    assert len(caplog.records) == 1
    clock.now += REDIS_PAUSE
    limiter.throttled(*WHERE)
    assert len(caplog.records) == 2
    limiter.close()


def test_a_limiter_made_from_a_url_shares_too(valkey: str, prefix: str) -> None:
    one, two = RateLimiter.from_url(valkey, rates=RATES), RateLimiter.from_url(valkey, rates=RATES)
    where = (prefix, "eu-north-1", "rds.change")
    assert one.acquire(*where) == 0
    assert two.acquire(*where) > 3
    one.close()
    two.close()


def test_it_goes_back_to_redis_when_that_is_there_again(client: redis.Redis, prefix: str) -> None:
    clock = Clock()
    limiter = RateLimiter(client, rates=RATES, prefix=prefix, clock=clock)
    limiter._ask_again_at = clock.now + 1
    limiter.acquire(*WHERE)
    assert client.exists(f"{prefix}:{':'.join(WHERE)}") == 0
    clock.now += 1
    limiter.acquire(*WHERE)
    assert client.exists(f"{prefix}:{':'.join(WHERE)}") == 1


@pytest.mark.parametrize(
    ("service", "operation", "family"),
    [
        ("cloudformation", "CreateStack", "cloudformation.change"),
        ("cloudformation", "DescribeStacks", "cloudformation.status.read"),
        ("cloudformation", "ListStacks", "cloudformation.status.read"),
        ("cloudformation", "DescribeStackEvents", "cloudformation.events.read"),
        ("cloudformation", "ListStackResources", "cloudformation.read"),
        ("cloudformation", "DetectStackDrift", "cloudformation.read"),
        ("sqs", "ReceiveMessage", "sqs.read"),
        ("sqs", "DeleteMessageBatch", "sqs.read"),
        ("sqs", "SendMessage", "sqs.change"),
        ("sts", "AssumeRole", "sts.read"),
        ("s3", "HeadBucket", "s3.read"),
        ("s3", "DeleteObjects", "s3.change"),
        ("rds", "ModifyDBInstance", "rds.change"),
    ],
)
def test_calls_fall_into_families(service: str, operation: str, family: str) -> None:
    assert family_of(service, operation) == family
    assert changes_something(operation) == family.endswith("change")


def test_every_family_has_a_rate() -> None:
    assert rate_for(DEFAULT_RATES, "anything.read") == DEFAULT_RATES["read"]
    assert rate_for(DEFAULT_RATES, "cloudformation.change") == Rate(1, 2)
    assert rate_for(scaled(DEFAULT_RATES, 10), "cloudformation.change") == Rate(10, 20)


@given(
    rate=st.sampled_from([Rate(0.5, 4), Rate(2, 20), Rate(0.25, 1), Rate(50, 100)]),
    requests=st.lists(
        st.tuples(
            st.sampled_from(["call", "page", "throttled"]),
            st.sampled_from(["alice", "bob", "charlie"]),
            st.integers(1, 3),
            st.integers(0, 200_000).map(lambda ms: ms / 1000),
        ),
        max_size=40,
    ),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_bucket_in_redis_and_the_local_one_give_the_same_answers(
    client: redis.Redis, rate: Rate, requests: list[tuple[str, str, int, float]]
) -> None:
    """The arithmetic exists twice, in Lua and in Python. Here the script gets the time from the
    test.
    """
    script = client.register_script(_SCRIPT.replace("redis.call('TIME')", "{ARGV[6], 0}"))
    clock = Clock()
    local, key = _LocalBucket(rate, clock), f"test-{uuid.uuid4()}"
    keys = [key, f"{key}:tickets", f"{key}:calls"]
    for action, caller, calls, passed in requests:
        clock.now += passed
        local._refill()
        ticket = local.tickets.get(caller)
        edge = local.taken + local.tokens - ticket.number + CLOSE_ENOUGH if ticket else local.tokens - 1
        if abs(edge) < 1e-6 or abs(local.ahead + 1 - local.burst) < 1e-6:
            break  # Redis keeps fewer digits, so that the decision may differ exactly here
        shared = float(script(keys=keys, args=[local.full, local.burst, action, caller, calls, f"{clock.now:.6f}"]))
        if action == "throttled":
            local.throttled()
            assert shared == 0
        else:
            wait = local.acquire(caller, calls=calls, next_page=action == "page")
            assert wait == pytest.approx(shared, rel=1e-6, abs=1e-6)
        for name in ("tokens", "rate", "taken", "ahead"):
            assert float(client.hget(key, name)) == pytest.approx(getattr(local, name), rel=1e-6, abs=1e-6)
        assert {name.decode(): score for name, score in client.zrange(keys[1], 0, -1, withscores=True)} == {
            name: ticket.number for name, ticket in local.tickets.items()
        }
        assert {name.decode(): int(left) for name, left in client.hgetall(keys[2]).items()} == {
            name: ticket.calls for name, ticket in local.tickets.items()
        }
    client.delete(*keys)
