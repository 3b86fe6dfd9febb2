"""A worker that is killed at each call that it makes: before the call arrives, before its answer
arrives, and before the answer is stored. A creation, a change and a teardown still end as they
should, and nothing is lost or made twice.

A worker that is killed can send nothing more, and the proxy drops what it had sent. So these tests
end its lease and the deadline of its last call at once, instead of waiting for them as the next
worker would; `test_stopped` waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.models import Environment
from tests.integration.conftest import REAL_LEASE, Place
from tests.integration.fault_proxy import FaultProxy
from tests.integration.forked_worker import ASK_AT, Workers
from tests.integration.killer import Killer
from tests.integration.stories import ask_for_change, ask_for_teardown, updates_of
from tests.integration.truth import assert_true

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(3000)]
ALL_MOMENTS = {"request", "answer", "received"}


@pytest.fixture
def killer(place: Place, proxy: FaultProxy, tmp_path: Path) -> Iterator[Killer]:
    workers = Workers({**place.environment(), **REAL_LEASE, ASK_AT: str(proxy.port)}, tmp_path)
    killer = Killer(place, workers)
    proxy.let_pass = killer.let_pass
    yield killer
    workers.close()


@pytest.mark.faults
def test_a_creation_survives_a_kill_at_every_call(place: Place, killer: Killer) -> None:
    environments: list[Environment] = []
    while not environments or killer.postponed:
        environments.append(place.ask(f"orders{len(environments)}"))
        killer.run(environments[-1], "running")
    assert killer.moments_of("cloudformation:CreateStack") == ALL_MOMENTS
    assert killer.moments_of("s3:PUT") | killer.moments_of("s3:PutObject") == ALL_MOMENTS
    assert_true(place, *environments)


@pytest.mark.faults
def test_a_change_survives_a_kill_at_every_call(place: Place, killer: Killer) -> None:
    environments: list[Environment] = []
    while not environments or killer.postponed:
        environments.append(killer.undisturbed(f"changed{len(environments)}"))
        killer.run(environments[-1], "running", request=ask_for_change(place, environments[-1]))
        assert updates_of(place, environments[-1]) == 1
    assert killer.moments_of("cloudformation:CreateChangeSet") == ALL_MOMENTS
    assert killer.moments_of("cloudformation:ExecuteChangeSet") == ALL_MOMENTS
    assert_true(place, *environments)


@pytest.mark.faults
def test_a_teardown_survives_a_kill_at_every_call(place: Place, killer: Killer) -> None:
    environments: list[Environment] = []
    while not environments or killer.postponed:
        environments.append(killer.undisturbed(f"removed{len(environments)}"))
        killer.run(environments[-1], "gone", request=ask_for_teardown(place, environments[-1]))
    assert killer.moments_of("cloudformation:DeleteStack") == ALL_MOMENTS
    assert_true(place, *environments)


@pytest.mark.long
def test_each_operation_survives_a_kill_after_aws_has_acted(place: Place, killer: Killer) -> None:
    """One kill of each: the answer of the call that counts is lost."""
    killer.only = frozenset(f"cloudformation:{name}" for name in ("CreateStack", "ExecuteChangeSet", "DeleteStack"))
    killer.moments = frozenset({"answer"})
    environment = place.ask("orders")
    killer.run(environment, "running")
    killer.run(environment, "running", request=ask_for_change(place, environment))
    assert updates_of(place, environment) == 1
    killer.run(environment, "gone", request=ask_for_teardown(place, environment))
    assert {kill.boundary.call for kill in killer.killed_at} == killer.only
    assert_true(place, environment)
