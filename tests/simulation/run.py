"""One seed: a world, its trouble, and the way to rest."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from provisioning.lifecycle import clock
from tests.scripted_aws.cloud import Cloud
from tests.scripted_aws.faults import Faults
from tests.simulation.approvals import forget_approvals
from tests.simulation.clock import DatabaseTime, SimulatedClock
from tests.simulation.invariants import Invariants, Violated
from tests.simulation.people import People
from tests.simulation.randomness import drawn_from
from tests.simulation.rest import check_rest, is_at_rest
from tests.simulation.scheduler import Scheduler
from tests.simulation.store import empty_store, watch_connection, watch_with
from tests.simulation.threads import ThreadPool
from tests.simulation.trace import Trace
from tests.simulation.trouble import Trouble
from tests.simulation.workers import Workers
from tests.simulation.world import SimulatedWorld, populate

TROUBLE_LASTS = timedelta(minutes=25)
REST_WITHIN = timedelta(hours=12)
MOST_TURNS = 60_000
LOOK_EVERY_TURNS = 50


@dataclass
class Result:
    seed: int
    turns: int
    seconds: float
    digest: str
    simulated: timedelta
    failure: str = ""
    trace: tuple[str, ...] = ()


_pool = ThreadPool(watch_connection)


def close_threads() -> None:
    """End the threads that are kept for the next seed, with their database connections."""
    _pool.close()


def run_seed(seed: int, trouble: Sequence[str] = ()) -> Result:
    """`trouble` names the kinds of trouble; without it, the seed draws them."""
    began = time.perf_counter()
    empty_store()
    forget_approvals()
    true = SimulatedClock()
    database_time = DatabaseTime(true)
    trace = Trace(true)
    failure = ""
    with drawn_from(seed) as drawn, clock.using(database_time):
        scheduler = Scheduler(true, drawn, trace, _pool)
        cloud = Cloud(clock=true, faults=Faults(seed=seed), between=scheduler.point, sender=scheduler.name_of_sender)
        cloud.queues.random = random.Random(seed)
        world = populate(cloud, seed, drawn, scheduler, database_time)
        try:
            _live(world, trouble)
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed has failed
            failure = f"{type(error).__name__}: {error}"
            trace.add(failure)
            if not isinstance(error, Violated):
                for line in traceback.format_exception(error):
                    trace.add(line.rstrip())
        finally:
            if "Stuck" not in failure:
                scheduler.end()
            watch_with(None)
    return Result(
        seed=seed,
        turns=scheduler.turns,
        seconds=time.perf_counter() - began,
        digest=trace.digest,
        simulated=true.at - SimulatedClock().at,
        failure=failure,
        trace=tuple(trace.lines) if failure else (),
    )


def _live(world: SimulatedWorld, wanted: Sequence[str]) -> None:
    scheduler, cloud = world.scheduler, world.cloud
    workers = Workers(world)
    trouble = Trouble(world, workers)
    invariants = Invariants(world)
    trouble.draw(wanted)
    cloud.faults.refuses = trouble.refusal
    scheduler.at_point = trouble.at_point
    scheduler.at_point_in_lock = trouble.at_point_in_lock
    scheduler.next_due = workers.next_due
    watch_with(scheduler)
    for _ in range(world.random.randint(2, 3)):
        workers.start(after=world.random.uniform(0, 5))
    People(world).start()
    trouble.start()
    calm_at = world.clock.now() + TROUBLE_LASTS
    while True:
        scheduler.turn()
        workers.replace_the_dead()
        invariants.after_turn()
        now = world.clock.now()
        if not world.is_calm and now >= calm_at:
            world.is_calm = True
            trouble.stop()
            world.trace.add("the trouble is over")
        if scheduler.turns % LOOK_EVERY_TURNS == 0 and is_at_rest(world):
            break
        if now > calm_at + REST_WITHIN or scheduler.turns > MOST_TURNS:
            raise Violated(f"not everything came to rest: {_what_is_open(world)}")
    check_rest(world)


def _what_is_open(world: SimulatedWorld) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.name, e.state, o.kind, o.state, o.memory->>'trouble', o.due_at, o.lease_until, o.cause"
            " FROM provisioning_environment e LEFT JOIN provisioning_operation o"
            " ON o.environment_id = e.id AND o.ended_at IS NULL"
        )
        return "; ".join(" ".join(str(value) for value in row) for row in cursor.fetchall())
