import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.design.names import ComponentName, logical_id, pascal, physical

SLUG = st.from_regex(r"\A[a-z](-?[a-z0-9]){0,31}\Z")
NAME = st.from_regex(r"\A[a-z][a-z0-9_]{0,40}\Z")


@pytest.mark.parametrize(
    ("address", "suffix", "expected"),
    [
        ("postgres.main", "Key", "PostgresKey"),
        ("bucket.media", "Policy", "BucketMediaPolicy"),
        ("secret.search_key", "", "SecretSearchKey"),
        ("load_balancer.public", "Https", "LoadBalancerPublicHttps"),
    ],
)
def test_logical_ids(address: str, suffix: str, expected: str) -> None:
    assert logical_id(address, suffix) == expected


@pytest.mark.parametrize(
    ("address", "short", "shown"),
    [
        ("redis.main", "redis", ("Redis", "")),
        ("redis.page_locks", "redis-page_locks", ("page locks", "Redis")),
    ],
)
def test_main_is_left_out_of_every_name(address: str, short: str, shown: tuple[str, str]) -> None:
    called = ComponentName.of(address)
    assert called.short == short
    assert called.for_people("Redis") == shown


@settings(deadline=None)
@given(SLUG, NAME, st.integers(40, 63))
def test_physical_names_fit_and_carry_the_environment(environment: str, name: str, limit: int) -> None:
    result = physical(environment, name, limit=limit)
    assert len(result) <= limit
    assert result.startswith(environment[:30].rstrip("-"))
    assert "_" not in result


def test_long_names_that_begin_alike_stay_apart() -> None:
    first, second = (physical("e" * 32, "queue" * 4 + end, limit=40) for end in ("one", "two"))
    assert first != second


def test_pascal_keeps_digits() -> None:
    assert pascal("cache_2 x") == "Cache2X"
