"""Runs many actors one at a time, in an order that a seed decides.

Each actor is a thread with a database connection of its own, and only the one that has the baton
runs. It may hand the baton over at every point: before and after each AWS call, between the permit
and the sending of a call, before each SQL statement outside a lock, and at the engine's own probes.
Time only passes when the scheduler moves the clock. So two workers can be anywhere in the same
lines of code, and the same seed gives the same run.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.scripted_aws.faults import WorkerDied
from tests.simulation.clock import SimulatedClock
from tests.simulation.threads import PooledThread, ThreadPool
from tests.simulation.trace import Trace

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


@dataclass(eq=False)
class Process:
    """What is paused and killed together, such as a worker with its renewal thread. `down_since` is
    when it last could not run.
    """

    name: str
    is_dead: bool = False
    paused_until: datetime | None = None


@dataclass(eq=False)
class Actor:
    process: Process
    name: str
    run: Callable[[], None]
    wake_at: datetime
    is_done: bool = False
    error: BaseException | None = None
    at_point: str = "start"
    waits_for: str = ""
    """The work that wakes it, as `Scheduler.next_due` names it."""
    paused_until: datetime | None = None
    thread: PooledThread | None = None

    @property
    def label(self) -> str:
        return f"{self.process.name}/{self.name}"


@dataclass
class Scheduler:
    """`switching` is the share of points at which another actor may continue. `at_point` may let
    the actor's process die or pause there.
    """

    clock: SimulatedClock
    random: random.Random
    trace: Trace
    pool: ThreadPool
    switching: float = 0.2
    at_point: Callable[[Actor, str], None] = lambda _actor, _point: None
    at_point_in_lock: Callable[[Actor, str], None] = lambda _actor, _point: None
    actors: list[Actor] = field(default_factory=list)
    turns: int = 0
    next_due: Callable[[], dict[str, datetime]] = dict
    """When work of each kind is due next."""
    _last: Actor | None = None

    def spawn(self, process: Process, name: str, run: Callable[[], None], *, after: float = 0.0) -> Actor:
        actor = Actor(process, name, run, self.clock.now() + timedelta(seconds=after))
        self.actors.append(actor)
        return actor

    # In the threads of actors

    def point(self, label: str) -> None:
        """Maybe hand over. Raises WorkerDied in a process that was killed."""
        actor = _actor.get()
        if actor is None:
            return
        if actor.process.is_dead:
            raise WorkerDied(label)
        actor.at_point = label
        self.at_point(actor, label)
        now = self.clock.now()
        has_to_stop = actor.process.is_dead or _is_paused(actor, now)
        if has_to_stop or self.random.random() < self.switching:
            self._hand_over(actor)

    def point_in_lock(self, label: str) -> None:
        """A process may die here, but nobody else may run."""
        actor = _actor.get()
        if actor is None:
            return
        actor.at_point = label
        if not actor.process.is_dead:
            self.at_point_in_lock(actor, label)
        if actor.process.is_dead:
            raise WorkerDied(label)

    def sleep(self, seconds: float, *, waits_for: str = "") -> None:
        """Until the time has passed or, soon after, work of that kind is due."""
        actor = _actor.get()
        assert actor is not None
        actor.at_point, actor.waits_for = "asleep", waits_for
        actor.wake_at = self.clock.now() + timedelta(seconds=seconds)
        self._hand_over(actor)

    def current(self) -> Actor | None:
        return _actor.get()

    def name_of_sender(self) -> str:
        actor = _actor.get()
        return actor.process.name if actor else ""

    def _hand_over(self, actor: Actor) -> None:
        assert actor.thread is not None
        actor.thread.hand_back()
        if actor.process.is_dead:
            raise WorkerDied(actor.at_point)

    # In the scheduler's own thread

    def turn(self) -> bool:
        """Let one actor run to its next hand-over, or move the clock to the next one's time. False
        if no actor is left.
        """
        self.actors = [actor for actor in self.actors if not actor.is_done]
        if not self.actors:
            return False
        actor = self._choose()
        if actor is None:
            self._wait()
            return True
        self.turns += 1
        self._resume(actor)
        return True

    def _choose(self) -> Actor | None:
        now = self.clock.now()
        dead = next((actor for actor in self.actors if actor.process.is_dead), None)
        if dead is not None:
            return dead  # it unwinds at once: a dead process does nothing more
        ready = [actor for actor in self.actors if actor.wake_at <= now and not _is_paused(actor, now)]
        return self.random.choice(ready) if ready else None

    def _wait(self) -> None:
        """Nobody can run: time passes until somebody can. Real workers look every second; here,
        they look when there is something to see.
        """
        due = self.next_due()
        for actor in self.actors:
            if actor.at_point == "asleep" and actor.waits_for in due:
                at = max(due[actor.waits_for], self.clock.now()) + timedelta(seconds=self.random.uniform(0, 2))
                actor.wake_at = min(actor.wake_at, at)
        self.clock.move_to(min(_ready_at(actor) for actor in self.actors))

    def _resume(self, actor: Actor) -> None:
        if actor.thread is None:
            actor.thread = self.pool.take()
            actor.thread.start(lambda: self._run(actor))
        else:
            actor.thread.resume()
        if actor.error is not None:
            raise actor.error

    def _run(self, actor: Actor) -> None:
        token = _actor.set(actor)
        try:
            if not actor.process.is_dead:
                actor.run()
        except WorkerDied:
            pass
        except BaseException as error:  # noqa: BLE001 - the scheduler raises it in its own thread
            actor.error = error
        finally:
            _actor.reset(token)
            actor.is_done = True

    # What happens to processes

    def kill(self, process: Process) -> None:
        if not process.is_dead:
            process.is_dead = True
            self.trace.add("killed", process.name)

    def pause(self, process: Process, seconds: float) -> None:
        process.paused_until = self.clock.now() + timedelta(seconds=seconds)
        self.trace.add(f"paused for {seconds:.0f} s", process.name)

    def end(self) -> None:
        """Unwind everybody."""
        for actor in self.actors:
            actor.process.is_dead = True
        while self.actors:
            self.actors = [actor for actor in self.actors if not actor.is_done]
            for actor in self.actors:
                if actor.thread is None:
                    actor.is_done = True
                else:
                    actor.thread.resume()


def _is_paused(actor: Actor, now: datetime) -> bool:
    return _ready_at(actor, only_pauses=True) > now


def _ready_at(actor: Actor, *, only_pauses: bool = False) -> datetime:
    times = [] if only_pauses else [actor.wake_at]
    times += [until for until in (actor.process.paused_until, actor.paused_until) if until is not None]
    return max(times, default=datetime.min.replace(tzinfo=actor.wake_at.tzinfo))
