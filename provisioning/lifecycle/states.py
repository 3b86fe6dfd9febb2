"""The three lives as data: a request (people decide), an operation (one attempt) and an environment (what exists).

`provisioning.lifecycle.transitions` is the only writer of a state; nothing else may know how one follows another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

Tone = Literal["ok", "busy", "bad", "idle"]


class Labelled(StrEnum):
    """A state with what pages show for it."""

    label: str
    tone: Tone

    def __new__(cls, value: str, label: str = "", tone: Tone = "idle") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.tone = tone
        return member


class RequestState(Labelled):
    WAITING = "waiting", "Waits for an approver", "busy"
    APPROVED = "approved", "Approved", "busy"
    DONE = "done", "Carried out", "ok"
    FAILED = "failed", "Not carried out", "bad"
    REJECTED = "refused", "Rejected", "bad"
    WITHDRAWN = "withdrawn", "Withdrawn", "idle"
    EXPIRED = "expired", "Expired", "idle"


class EnvironmentState(Labelled):
    REQUESTED = "requested", "Requested", "idle"
    CREATING = "creating", "Being created", "busy"
    RUNNING = "running", "Running", "ok"
    CREATE_FAILED = "create_failed", "Creation failed", "bad"
    TEARING_DOWN = "tearing_down", "Being torn down", "busy"
    TEARDOWN_FAILED = "teardown_failed", "Teardown failed", "bad"
    GONE = "gone", "Gone", "idle"
    WITHDRAWN = "withdrawn", "Withdrawn", "idle"


class OperationState(Labelled):
    QUEUED = "queued", "Queued", "busy"
    CONTINUING = "continuing", "Going on to the next stack", "busy"
    CLEARING = "clearing", "Clearing away the failed attempt", "busy"
    SUBMITTING = "submitting", "Handing over to CloudFormation", "busy"
    BUILDING = "building", "Building", "busy"
    ROLLING_BACK = "rolling_back", "Rolling back", "bad"
    FINISHING = "finishing", "Finishing", "busy"
    PREPARING = "preparing", "Stopping what writes", "busy"
    EMPTYING = "emptying", "Emptying buckets", "busy"
    DELETING = "deleting", "Deleting", "busy"
    SWEEPING = "sweeping", "Looking for what is left", "busy"
    SUCCEEDED = "succeeded", "Succeeded", "ok"
    REFUSED = "refused", "Refused", "bad"
    FAILED = "failed", "Failed", "bad"
    ERRORED = "errored", "Error of the portal", "bad"
    ABANDONED = "abandoned", "Abandoned", "bad"


@dataclass(frozen=True, slots=True)
class Graph:
    """`edges` name for each state those that may follow. Nothing follows an end."""

    start: str
    edges: Mapping[str, frozenset[str]]

    @property
    def ends(self) -> frozenset[str]:
        return frozenset(state for state, following in self.edges.items() if not following)

    def allows(self, old: str, new: str) -> bool:
        return new in self.edges[old]


def _graph(start: str, edges: Mapping[str, set[str]]) -> Graph:
    return Graph(start, {str(old): frozenset(str(new) for new in following) for old, following in edges.items()})


_R, _E, _O = RequestState, EnvironmentState, OperationState

REQUEST_GRAPH: Final = _graph(
    _R.WAITING,
    {
        _R.WAITING: {_R.APPROVED, _R.REJECTED, _R.WITHDRAWN, _R.EXPIRED},
        _R.APPROVED: {_R.DONE, _R.FAILED, _R.EXPIRED},
        _R.FAILED: {_R.APPROVED, _R.EXPIRED},  # tried again; or too late for that
        _R.DONE: set(),
        _R.REJECTED: set(),
        _R.WITHDRAWN: set(),
        _R.EXPIRED: set(),
    },
)

ENVIRONMENT_GRAPH: Final = _graph(
    _E.REQUESTED,
    {
        _E.REQUESTED: {_E.CREATING, _E.WITHDRAWN},
        _E.CREATING: {_E.RUNNING, _E.CREATE_FAILED},
        _E.RUNNING: {_E.TEARING_DOWN},
        _E.CREATE_FAILED: {_E.CREATING, _E.TEARING_DOWN},
        # Back to where it was when the teardown was refused before anything was touched.
        _E.TEARING_DOWN: {_E.GONE, _E.TEARDOWN_FAILED, _E.RUNNING, _E.CREATE_FAILED},
        _E.TEARDOWN_FAILED: {_E.TEARING_DOWN},
        _E.GONE: set(),
        _E.WITHDRAWN: set(),
    },
)

# Any step may find an error of ours, AWS's no, or a rule's; a worker may die at each too often.
_STOPS: Final = {_O.FAILED, _O.ERRORED, _O.ABANDONED, _O.REFUSED}
# Where a look at what AWS has under a stack's name may lead.
_LOOKED: Final = {_O.CLEARING, _O.SUBMITTING, _O.BUILDING, _O.PREPARING, _O.DELETING, _O.SWEEPING}

OPERATION_GRAPH: Final = _graph(
    _O.QUEUED,
    {
        _O.QUEUED: _LOOKED | {_O.CONTINUING} | _STOPS,
        _O.CONTINUING: _LOOKED | _STOPS,
        _O.CLEARING: {_O.SUBMITTING} | _STOPS,
        _O.SUBMITTING: {_O.BUILDING} | _STOPS,
        _O.BUILDING: {_O.ROLLING_BACK, _O.CONTINUING, _O.FINISHING} | _STOPS,
        _O.ROLLING_BACK: {_O.CONTINUING, _O.FINISHING} | _STOPS,
        _O.FINISHING: {_O.SUCCEEDED} | _STOPS,
        _O.PREPARING: {_O.EMPTYING} | _STOPS,
        _O.EMPTYING: {_O.DELETING} | _STOPS,
        _O.DELETING: {_O.PREPARING, _O.EMPTYING, _O.CONTINUING, _O.SWEEPING} | _STOPS,
        _O.SWEEPING: {_O.SUCCEEDED} | _STOPS,
        _O.SUCCEEDED: set(),
        _O.REFUSED: set(),
        _O.FAILED: set(),
        _O.ERRORED: set(),
        _O.ABANDONED: set(),
    },
)
