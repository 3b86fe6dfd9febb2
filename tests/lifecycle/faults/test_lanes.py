"""An account that hangs delays no other (D9): real threads, steps that wait until the test ends."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from provisioning.jobs.lanes import ACTIVE, LANE_THREADS, SLOW, SLOW_AFTER_SECONDS, THREADS, Lanes
from provisioning.lifecycle import clock
from provisioning.lifecycle.claims import Lane
from tests.scripted_aws.cloud import ManualClock

WAIT = 30.0  # only a test that fails waits so long


@dataclass
class Accounts:
    """What is due in each lane. The steps of hanging lanes wait for `answers`."""

    due: dict[Lane, int] = field(default_factory=dict)
    hanging: set[Lane] = field(default_factory=set)
    broken: set[Lane] = field(default_factory=set)
    done: Counter[Lane] = field(default_factory=Counter)
    begun: Counter[Lane] = field(default_factory=Counter)
    answers: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def lanes(self) -> Sequence[Lane]:
        with self.changed:
            return [lane for lane, count in self.due.items() if count]

    def claim(self, *, limit: int, lane: Lane, deaths: tuple[int, int]) -> list[Lane]:
        assert limit == 1
        with self.changed:
            if not self.due[lane]:
                return []
            self.due[lane] -= 1
            return [lane]

    def step(self, lane: Lane) -> None:
        with self.changed:
            self.begun[lane] += 1
            self.changed.notify_all()
        if lane in self.hanging:
            assert self.answers.wait(10 * WAIT), "no other wait may pass because this one ended"
        with self.changed:
            self.done[lane] += 1
            self.changed.notify_all()
        if lane in self.broken:
            raise ValueError("a bug")

    def wait_until(self, what: object) -> None:
        with self.changed:
            assert self.changed.wait_for(what, WAIT)


@dataclass
class Rig:
    accounts: Accounts
    lanes: Lanes
    time: ManualClock

    def lane(self, *, due: int, hangs: bool = False) -> Lane:
        lane = Lane(uuid4(), "eu-north-1")
        self.accounts.due[lane] = due
        if hangs:
            self.accounts.hanging.add(lane)
        return lane

    def run_until_done(self, lane: Lane, count: int) -> None:
        """As the reconciler does: begin whenever a run has ended."""
        for _ in range(1000):
            self.lanes.begin()
            if self.accounts.done[lane] >= count:
                return
            assert self.lanes.woken.wait(WAIT)
            self.lanes.woken.clear()

    def settle(self) -> None:
        """Wait until no run is in progress."""
        while self.lanes.runs:
            assert self.lanes.woken.wait(WAIT)
            self.lanes.woken.clear()


@pytest.fixture
def rig() -> Iterator[Rig]:
    accounts, stop, time = Accounts(), threading.Event(), ManualClock()
    with clock.using(time):
        rig = Rig(accounts, Lanes(stop, new_engine=lambda: accounts, due=accounts.lanes), time)
        yield rig
        stop.set()
        accounts.answers.set()
        assert rig.lanes.close(seconds=WAIT)


def test_an_account_that_hangs_delays_no_other(rig: Rig) -> None:
    hanging, healthy = rig.lane(due=500, hangs=True), rig.lane(due=20)
    rig.lanes.begin()
    rig.accounts.wait_until(lambda: rig.accounts.begun[hanging] == LANE_THREADS)
    rig.run_until_done(healthy, 20)
    assert rig.accounts.begun[hanging] == LANE_THREADS
    assert rig.accounts.done[hanging] == 0


def test_many_accounts_that_hang_delay_no_other(rig: Rig) -> None:
    """They fill all active threads; as soon as they count as slow, others get their turn."""
    hanging = [rig.lane(due=50, hangs=True) for _ in range(ACTIVE * 3)]
    healthy = rig.lane(due=20)
    rig.lanes.begin()
    rig.accounts.wait_until(lambda: sum(rig.accounts.begun.values()) == ACTIVE)
    assert rig.lanes.begin() == 0
    for _ in range(3):
        rig.time.advance(SLOW_AFTER_SECONDS + 1)
        before = sum(rig.accounts.begun[lane] for lane in hanging)
        begun = rig.lanes.begin()
        rig.accounts.wait_until(
            lambda before=before, begun=begun: sum(rig.accounts.begun.values()) >= before + begun - 1
        )
    rig.run_until_done(healthy, 20)
    assert sum(rig.accounts.begun[lane] for lane in hanging) <= ACTIVE + SLOW


def test_runs_that_no_thread_has_taken_end_with_the_lanes(rig: Rig) -> None:
    """More accounts hang than there are threads."""
    for _ in range(THREADS + 2):
        rig.lane(due=1, hangs=True)
    while rig.lanes.begin():
        rig.accounts.wait_until(lambda: sum(rig.accounts.begun.values()) == min(len(rig.lanes.runs), THREADS))
        rig.time.advance(SLOW_AFTER_SECONDS + 1)
    assert len(rig.lanes.runs) > THREADS
    assert not rig.lanes.close(seconds=0)
    rig.accounts.answers.set()
    rig.settle()
    assert sum(rig.accounts.done.values()) == THREADS


def test_a_slow_account_has_one_thread_until_it_answers_quickly_again(rig: Rig) -> None:
    lane = rig.lane(due=LANE_THREADS, hangs=True)
    rig.lanes.begin()
    rig.accounts.wait_until(lambda: rig.accounts.begun[lane] == LANE_THREADS)
    rig.time.advance(SLOW_AFTER_SECONDS + 1)
    rig.accounts.answers.set()
    rig.settle()
    assert lane in rig.lanes.slow
    rig.accounts.due[lane] = 5
    assert rig.lanes.begin() == 1
    rig.settle()
    assert lane not in rig.lanes.slow
    assert rig.accounts.done[lane] == LANE_THREADS + 5


def test_a_bug_in_one_step_stops_neither_its_lane_nor_another(rig: Rig) -> None:
    broken, healthy = rig.lane(due=3), rig.lane(due=3)
    rig.accounts.broken.add(broken)
    rig.run_until_done(broken, 3)
    rig.run_until_done(healthy, 3)


def test_each_account_has_a_thread_before_any_has_two(rig: Rig) -> None:
    lanes = [rig.lane(due=10, hangs=True) for _ in range(ACTIVE - 1)]
    assert rig.lanes.begin() == ACTIVE
    rig.accounts.wait_until(lambda: sum(rig.accounts.begun.values()) == ACTIVE)
    assert sorted(rig.accounts.begun[lane] for lane in lanes) == [1] * (ACTIVE - 2) + [2]
