"""Fixtures for all tests, one kind in each module below, and how tests are distributed over
processes.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

pytest_plugins = [
    "tests.fixtures.services",
    "tests.fixtures.sandbox",
    "tests.fixtures.moto",
    "tests.fixtures.permits",
    "tests.fixtures.rendered",
    "tests.fixtures.world",
    "tests.fixtures.signpost",
    "tests.fixtures.demo",
    "tests.fixtures.browser",
]

# Each of these starts the whole product. Two at once would compete for the machine, so one worker runs them all.
_DEMOS = ("tests/browser/", "tests/integration/test_demo.py")
# Every test of these takes minutes and shares nothing with the others.
_EACH_ALONE = (
    "tests/simulation/test_seeds.py",
    "tests/integration/test_killed_at_every_call.py",
    "tests/integration/test_stopped.py",
)
# The files that take longest. They run first, so that no worker is left with one at the end.
_LONGEST = (
    *_DEMOS,
    "tests/integration/",
    "tests/simulation/",
    "tests/sandbox/",
    "tests/lifecycle/test_jobs.py",
    "tests/lifecycle/test_crashes.py",
    "tests/lifecycle/test_several_stacks_failure.py",
    "tests/portal/test_in_chromium.py",
    "tests/template/test_every_blueprint.py",
    "tests/proof/test_judges.py",
)


class FileScheduling(LoadFileScheduling):
    """Gives whole files to workers, so that what a file or a process caches is made once; all demos
    go to one worker.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_EACH_ALONE):
            return nodeid
        return "demos" if nodeid.startswith(_DEMOS) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling:
    return FileScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest files; the order is random otherwise."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


def pytest_collection_finish() -> None:
    """Keep the modules and the collected tests, a few hundred megabytes, out of every later collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
