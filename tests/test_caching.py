"""The cache of one process: bounded, and each key is computed by one thread at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioning.caching import Cache


def test_a_value_is_computed_once() -> None:
    cache: Cache[str, int] = Cache(max_size=2)
    assert [cache.get_or_compute("a", lambda number=number: number) for number in (1, 2)] == [1, 1]


def test_the_least_recently_used_value_goes_first() -> None:
    cache: Cache[str, str] = Cache(max_size=2)
    for key in ("a", "b", "a", "c"):
        cache.get_or_compute(key, lambda key=key: key)
    computed: list[str] = []
    for key in ("a", "c", "b"):
        cache.get_or_compute(key, lambda key=key: computed.append(key) or key)
    assert computed == ["b"]
    assert cache.clear() == ["c", "b"]
    assert cache.clear() == []


def test_threads_that_want_the_same_key_wait_for_one_computation() -> None:
    cache: Cache[str, object] = Cache(max_size=1)
    started, go = threading.Event(), threading.Event()
    computed: list[object] = []

    def slow() -> object:
        started.set()
        assert go.wait(10)
        computed.append(object())
        return computed[-1]

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(cache.get_or_compute, "key", slow)
        assert started.wait(10)
        others = [pool.submit(cache.get_or_compute, "key", slow) for _ in range(2)]
        # Another key does not wait.
        assert pool.submit(cache.get_or_compute, "other", lambda: 1).result(timeout=10) == 1
        go.set()
        assert {id(future.result(timeout=10)) for future in (first, *others)} == {id(computed[0])}
    assert len(computed) == 1


def test_an_error_is_not_stored() -> None:
    cache: Cache[str, int] = Cache(max_size=1)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute("key", lambda: 1 // 0)
    assert cache.get_or_compute("key", lambda: 2) == 2


def test_only_values_that_may_be_stored_are_stored() -> None:
    cache: Cache[str, bool] = Cache(max_size=1, store_if=bool)
    assert [cache.get_or_compute("key", lambda value=value: value) for value in (False, True, False)] == [
        False,
        True,
        True,
    ]
