"""Step data: what the steps of an operation store between calls, as one typed record.

`Operation.step_data` holds the JSON. The keys in it are frozen: workers of the previous and of this
version run side by side during an upgrade, and each reads what the other has written. `as_json`
therefore keeps keys that it does not know, and leaves out fields that still have their default. To
add a field, add it here with a default and a key in `_KEYS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Self


@dataclass(frozen=True, slots=True)
class StackPlace:
    """A stack of the plan and its region, in the order of creation."""

    key: str
    region: str


@dataclass(frozen=True, slots=True)
class FailedAt:
    """The resource that an operation failed at, if known, and the hint that pages show."""

    logical_id: str
    type: str
    hint: str


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A post-deployment task that was started and is being watched."""

    arn: str
    cluster: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class StepData:
    """Everything that steps store. Change it with `dataclasses.replace`; the engine writes the
    result.

    `misses` counts failed AWS calls in a row, `missing_since` is the time of the first, `errors`
    counts errors of the portal, `trouble` is the sentence about the last of either. `state_before` is the environment's state before the
    operation, `ended_in` the operation's state before its end. `tokens` are client tokens by step,
    stored by operations that started before the token format changed.
    """

    state_before: str = ""
    ended_in: str = ""
    stacks: tuple[StackPlace, ...] = ()
    task_titles: tuple[str, ...] = ()
    misses: int = 0
    missing_since: datetime | None = None
    errors: int = 0
    trouble: str = ""
    failed_at: FailedAt | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)

    cancelled_in: str = ""
    """The operation's state in which it was cancelled."""
    cancel_refused: str = ""
    """Why AWS could not stop what somebody asked to cancel."""
    waits_for: str = ""
    """Whose operation on the stack is being waited for, as a sentence."""

    shipped: tuple[str, ...] = ()
    """Packages in the artefact bucket, each as "bucket/key"."""
    task: RunningTask | None = None
    tasks_done: int = 0

    change_sets: Mapping[str, str] = field(default_factory=dict)
    """Names of the change sets that this operation works with, by stack key."""
    change_set_asked_at: datetime | None = None
    """When the change set of the present stack was requested last."""
    change_sets_remade: int = 0
    """How often a change set of the present stack was created again."""
    compared: str = ""
    """The id of the change set that was compared with the approved plan: the only one to execute."""
    rollback_continued_at: datetime | None = None
    """When a rollback that was throttled was continued, which happens once."""

    listed: tuple[str, ...] = ()
    """Keys of the stacks whose resources this teardown has listed."""
    protected: tuple[str, ...] = ()
    """Keys of the stacks whose termination protection is still to be lifted."""
    created: tuple[int, ...] = ()
    """Ledger rows that are emptied before their deletion, and that their stack has created."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Why a resource could not be prepared, emptied, deleted or checked, by the id of its row."""
    given_up: Mapping[str, str] = field(default_factory=dict)
    """Why a stack could not be deleted, by its key."""
    prepared: tuple[int, ...] = ()
    """Ledger rows that were stopped or unprotected in this round."""
    emptied: tuple[str, ...] = ()
    """Physical ids of buckets and vaults that are empty."""
    idle_rounds: int = 0
    """Rounds of emptying in a row in which nothing could be deleted."""
    delete_round: int = 0
    asked_in_round: int | None = None
    """The round in which DeleteStack was called last."""
    asked_at: datetime | None = None
    wait_until: datetime | None = None
    """The next DeleteStack is not called before this time, even if the operation is woken."""
    requests: int = 0
    """DeleteStack calls of this round."""
    retaining: tuple[str, ...] = ()
    """Logical ids that the next DeleteStack leaves in the account, as people agreed."""
    forcing: bool = False
    """The next DeleteStack is the forced one."""

    answers: Mapping[str, str] = field(default_factory=dict)
    """What each resource's own service answered, by the id of its ledger row."""
    arn_answers: Mapping[str, str] = field(default_factory=dict)
    """The same for resources that only the search by tag has found, by ARN."""
    scanned: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """ARNs that the search by tag has found, by region."""
    unsearched: Mapping[str, str] = field(default_factory=dict)
    """Why a region could not be searched by tag."""
    recovery_windows: Mapping[str, str] = field(default_factory=dict)
    """Until when a deleted resource can be restored, in ISO format, by the id of its ledger row."""
    sweeps: int = 0
    left: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    """Keys of the stacks whose names are free."""
    settled_until: datetime | None = None
    """Until when late calls were waited for; None if there was none."""
    second_sweep: bool = False

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read stored step data. Missing keys get their default; unknown keys belong to another
        version and are ignored.
        """
        return cls(**{name: _read(name, stored[key]) for name, key in _KEYS.items() if key in stored})

    def as_json(self, stored: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON to store in place of `stored`, including keys of `stored` that this
        version does not know.
        """
        written = dict(stored or {})
        for item in fields(self):
            key, value = _KEYS[item.name], getattr(self, item.name)
            default = item.default_factory() if item.default_factory is not MISSING else item.default
            if key in written or value != default:
                written[key] = _write(value)
        return written


_KEYS: Final[Mapping[str, str]] = {
    "state_before": "before",
    "ended_in": "ended_in",
    "stacks": "stacks",
    "task_titles": "after",
    "misses": "misses",
    "missing_since": "missing_since",
    "errors": "errors",
    "trouble": "trouble",
    "failed_at": "failure",
    "tokens": "tokens",
    "cancelled_in": "cancelled_in",
    "cancel_refused": "cancel_refused",
    "waits_for": "waits_for",
    "shipped": "shipped",
    "task": "task",
    "tasks_done": "done_after",
    "change_sets": "change_sets",
    "change_set_asked_at": "change_set_asked_at",
    "change_sets_remade": "change_sets_remade",
    "compared": "compared",
    "rollback_continued_at": "rollback_continued_at",
    "listed": "listed",
    "protected": "protected",
    "created": "created",
    "problems": "problems",
    "given_up": "given_up",
    "prepared": "prepared",
    "emptied": "emptied",
    "idle_rounds": "idle_rounds",
    "delete_round": "round",
    "asked_in_round": "asked",
    "asked_at": "asked_at",
    "wait_until": "wait_until",
    "requests": "requests",
    "retaining": "retaining",
    "forcing": "forcing",
    "answers": "answers",
    "arn_answers": "arn_answers",
    "scanned": "scanned",
    "unsearched": "unsearched",
    "recovery_windows": "recovery_windows",
    "sweeps": "sweeps",
    "left": "left",
    "settled": "settled",
    "settled_until": "settled_until",
    "second_sweep": "second_sweep",
}


def _read(name: str, value: Any) -> Any:
    match name, value:
        case "stacks", _:
            return tuple(StackPlace(key, region) for key, region in value)
        case "failed_at", dict():
            return FailedAt(value["logical_id"], value["type"], value["hint"]) if value else None
        case "task", dict():
            return RunningTask(value["arn"], value["cluster"], datetime.fromisoformat(value["started_at"]))
        case (
            "asked_at"
            | "missing_since"
            | "change_set_asked_at"
            | "rollback_continued_at"
            | "settled_until"
            | "wait_until",
            str(),
        ):
            return datetime.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


def _write(value: Any) -> Any:
    match value:
        case FailedAt():
            return {"logical_id": value.logical_id, "type": value.type, "hint": value.hint}
        case RunningTask():
            return {"arn": value.arn, "cluster": value.cluster, "started_at": value.started_at.isoformat()}
        case datetime():
            return value.isoformat()
        case tuple():
            return [[item.key, item.region] if isinstance(item, StackPlace) else item for item in value]
        case Mapping():
            return dict(value)
    return value
