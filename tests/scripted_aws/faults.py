"""What goes wrong, and when: scripted call by call, or drawn from a seed."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from provisioning.aws import AwsError, InternalFailure, Throttled, Unclear, Unreachable

When = Literal["before", "after"]
CHANGES = frozenset(
    {
        "create_stack",
        "delete_stack",
        "set_termination_protection",
        "run_task",
        "empty_bucket",
        "empty_vault",
        "put_artefact",
        "quiesce",
        "stop_service",
        "lift_protection",
        "release_network_interfaces",
        "create_change_set",
        "execute_change_set",
        "delete_change_set",
        "set_stack_policy",
        "cancel_update",
        "continue_rollback",
        "rollback_stack",
        "force_delete_stack",
    }
)


class WorkerDied(BaseException):
    """A SIGKILL: no `except Exception` sees it, nothing after it runs."""


@dataclass
class Faults:
    """`rate` is the share of calls that go wrong by chance, `crash_rate` of those after which the
    worker is dead, `stale_rate` of reads that are late, `late_rate` of changes that take effect some
    time after their answer was lost.
    """

    seed: int = 0
    rate: float = 0.0
    crash_rate: float = 0.0
    stale_rate: float = 0.0
    late_rate: float = 0.0
    late_seconds: float = 60.0
    calls: list[str] = field(default_factory=list)
    refuses: Callable[[str], AwsError | None] = lambda _call: None
    """What AWS answers to every call of this name now, if it refuses them."""
    late: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    """Method -> seconds after which the next calls take effect; their answers are lost."""
    _scripted: dict[tuple[str, When], deque[BaseException]] = field(default_factory=lambda: defaultdict(deque))

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def once(self, call: str, error: BaseException, *, when: When = "before", times: int = 1) -> None:
        """Let the next calls of this name fail, before or after they took effect."""
        self._scripted[call, when].extend([error] * times)

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        """The call's effect happens inside."""
        self.calls.append(call)
        self.strike(call, "before")
        yield
        self.strike(call, "after")

    def delay_of(self, call: str) -> float:
        """After how many seconds a change takes effect; 0 for at once."""
        if queue := self.late[call]:
            return queue.popleft()
        is_late = self.late_rate and call in CHANGES and self.random.random() < self.late_rate
        return self.random.uniform(1, self.late_seconds) if is_late else 0.0

    def is_stale(self) -> bool:
        return bool(self.stale_rate) and self.random.random() < self.stale_rate

    def strike(self, call: str, when: When) -> None:
        if queue := self._scripted[call, when]:
            raise queue.popleft()
        if when == "before" and (refusal := self.refuses(call)) is not None:
            raise refusal
        if self.crash_rate and self.random.random() < self.crash_rate:
            raise WorkerDied(f"{when} {call}")
        if self.rate and self.random.random() < self.rate:
            raise self._any(call, when)

    def _any(self, call: str, when: When) -> AwsError:
        if when == "after" and call in CHANGES:
            return Unclear("the answer was lost", operation=call, maybe_done=True)
        return self.random.choice(
            [
                Throttled("Rate exceeded", operation=call, retry_after=1.0),
                Unreachable("no connection", operation=call),
                InternalFailure("internal", operation=call, maybe_done=call in CHANGES),
            ]
        )
