"""Fixtures for all tests; each of the modules below holds one kind."""

from importlib.util import find_spec

pytest_plugins = [
    name
    for name in (
        "tests.fixtures.services",
        "tests.fixtures.sandbox",
        "tests.fixtures.moto",
        "tests.fixtures.world",
        "tests.fixtures.demo",
        "tests.fixtures.browser",
    )
    if find_spec(name)
]
