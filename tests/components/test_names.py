import pytest

from provisioning.design.names import ComponentName, logical_id, pascal


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


def test_pascal_keeps_digits() -> None:
    assert pascal("cache_2 x") == "Cache2X"
