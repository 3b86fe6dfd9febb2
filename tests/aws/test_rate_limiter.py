from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.aws.rate_limiter import (
    _SCRIPT,
    HALVE_AT_MOST_EVERY,
    LOCAL_SHARE,
    REDIS_PAUSE,
    SLOWEST,
    RateLimiter,
    _LocalBucket,
)
from provisioning.aws.rates import DEFAULT_RATES, Rate, changes_something, family_of, rate_for, scaled

RATES = {"read": Rate(0.5, 4), "change": Rate(0.25, 1)}
WHERE = ("111122223333", "eu-north-1", "ec2.read")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


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


def test_borrowing_goes_at_once_and_lengthens_the_wait(client: redis.Redis, prefix: str) -> None:
    limiter = RateLimiter(client, rates=RATES, prefix=prefix)
    assert [limiter.acquire(*WHERE, borrow=True) for _ in range(10)] == [0] * 10
    assert limiter.acquire(*WHERE) == pytest.approx((1 + 6) / 0.5, abs=0.5)


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
    assert limiter.acquire(*WHERE, borrow=True) == 0
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
        ("cloudformation", "DescribeStacks", "cloudformation.read"),
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
            st.sampled_from(["acquire", "borrow", "throttled"]), st.integers(0, 200_000).map(lambda ms: ms / 1000)
        ),
        max_size=40,
    ),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_bucket_in_redis_and_the_local_one_give_the_same_answers(
    client: redis.Redis, rate: Rate, requests: list[tuple[str, float]]
) -> None:
    """The arithmetic exists twice, in Lua and in Python. Here the script gets the time from the
    test.
    """
    script = client.register_script(_SCRIPT.replace("redis.call('TIME')", "{ARGV[4], 0}"))
    clock = Clock()
    local, key = _LocalBucket(rate, clock), f"test-{uuid.uuid4()}"
    for action, passed in requests:
        clock.now += passed
        local._refill()
        if abs(local.tokens - 1) < 1e-6:
            break  # Redis keeps 14 digits of the level, so that the decision may differ exactly here
        shared = float(script(keys=[key], args=[local.full, local.burst, action, f"{clock.now:.6f}"]))
        if action == "throttled":
            local.throttled()
            assert shared == 0
        else:
            assert local.acquire(borrow=action == "borrow") == pytest.approx(shared, rel=1e-6)
        assert float(client.hget(key, "tokens")) == pytest.approx(local.tokens, rel=1e-6, abs=1e-6)
        assert float(client.hget(key, "rate")) == pytest.approx(local.rate, rel=1e-6)
    client.delete(key)
