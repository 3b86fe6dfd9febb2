"""Fixtures for all tests; each of the modules below holds one kind."""

pytest_plugins = [
    "tests.fixtures.services",
    "tests.fixtures.sandbox",
    "tests.fixtures.moto",
    "tests.fixtures.rendered",
    "tests.fixtures.world",
    "tests.fixtures.signpost",
    "tests.fixtures.demo",
    "tests.fixtures.browser",
]
