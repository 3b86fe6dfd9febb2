"""The states of a request (people decide), an operation (one attempt) and an environment (what
exists), as data.

`provisioning.lifecycle.transitions` is the only writer of a state. Every graph validates itself at
import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

Tone = Literal["ok", "busy", "bad", "idle"]


class Labelled(StrEnum):
    """A state with the label and the tone that pages show.

    Its value is stored and never changes.
    """

    label: str
    tone: Tone

    def __new__(cls, value: str, label: str = "", tone: Tone = "idle") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.tone = tone
        return member


class RequestState(Labelled):
    PLANNING = "planning", "Making the plan", "busy"
    WAITING = "waiting", "Pending approval", "busy"
    APPROVED = "approved", "Approved", "busy"
    DONE = "done", "Completed", "ok"
    FAILED = "failed", "Failed", "bad"
    REJECTED = "refused", "Rejected", "bad"
    WITHDRAWN = "withdrawn", "Withdrawn", "idle"
    EXPIRED = "expired", "Expired", "idle"
    CANCELLED = "cancelled", "Cancelled", "idle"


class EnvironmentState(Labelled):
    REQUESTED = "requested", "Requested", "idle"
    CREATING = "creating", "Creating", "busy"
    RUNNING = "running", "Running", "ok"
    CREATE_FAILED = "create_failed", "Creation failed", "bad"
    PLANNING = "planning", "Running, planning a change", "busy"
    CHANGING = "changing", "Changing", "busy"
    CHANGE_FAILED = "change_failed", "Change failed", "bad"
    RECOVERING = "recovering", "Recovering", "busy"
    NEEDS_REPAIR = "needs_repair", "Needs repair", "bad"
    ADOPTING = "adopting", "Adopting", "busy"
    ADOPT_FAILED = "adopt_failed", "Adoption failed", "bad"
    TEARING_DOWN = "tearing_down", "Tearing down", "busy"
    TEARDOWN_FAILED = "teardown_failed", "Teardown failed", "bad"
    GONE = "gone", "Torn down", "idle"
    WITHDRAWN = "withdrawn", "Withdrawn", "idle"


class OperationState(Labelled):
    QUEUED = "queued", "Queued", "busy"
    CONTINUING = "continuing", "Continuing with the next stack", "busy"
    # creating
    CLEARING = "clearing", "Cleaning up the failed attempt", "busy"
    SUBMITTING = "submitting", "Starting in CloudFormation", "busy"
    BUILDING = "building", "Creating resources", "busy"
    ROLLING_BACK = "rolling_back", "Rolling back", "bad"
    FINISHING = "finishing", "Finishing", "busy"
    # changing
    PLANNING = "planning", "Creating and reading change sets", "busy"
    COMPARING = "comparing", "Comparing with the approved plan", "busy"
    RELAXING = "relaxing", "Allowing the approved replacements", "busy"
    EXECUTING = "executing", "Starting the change", "busy"
    UPDATING = "updating", "Changing resources", "busy"
    RESTORING = "restoring", "Restoring the stack policy", "busy"
    # recovering, adopting, cancelling
    RECOVERING = "recovering", "Starting the recovery", "busy"
    READING = "reading", "Reading the stack", "busy"
    CANCELLING = "cancelling", "Cancelling", "busy"
    # tearing down
    LISTING = "listing", "Listing what exists", "busy"
    PREPARING = "preparing", "Stopping services", "busy"
    EMPTYING = "emptying", "Emptying buckets", "busy"
    DELETING = "deleting", "Deleting", "busy"
    SWEEPING = "sweeping", "Checking for leftovers", "busy"
    SETTLING = "settling", "Waiting for late calls", "busy"
    # ends
    SUCCEEDED = "succeeded", "Succeeded", "ok"
    REFUSED = "refused", "Refused", "bad"
    FAILED = "failed", "Failed", "bad"
    ERRORED = "errored", "Portal error", "bad"
    ABANDONED = "abandoned", "Abandoned", "bad"
    CANCELLED = "cancelled", "Cancelled", "idle"


@dataclass(frozen=True, slots=True)
class Graph:
    """The life of one subject. `edges` maps each state to its successors; an end has none.

    Raises ValueError with a sentence if the graph is not sound.
    """

    subject: str
    states: type[Labelled]
    start: Labelled
    ends: frozenset[Labelled]
    edges: Mapping[Labelled, frozenset[Labelled]]

    def __post_init__(self) -> None:
        """Check that all states are listed and reachable, and that each has a way to an end."""
        known = set(self.states)
        targets = {target for following in self.edges.values() for target in following}
        if strange := (targets | {self.start} | self.ends | set(self.edges)) - known:
            raise ValueError(
                f"The {self.subject} graph names {_names(strange)}, which {self.states.__name__} does not have."
            )
        if missing := known - set(self.edges):
            raise ValueError(f"The {self.subject} graph has no successors listed for {_names(missing)}.")
        if continued := {state for state in self.ends if self.edges[state]}:
            raise ValueError(f"The {self.subject} graph continues after its end {_names(continued)}.")
        if stuck := {state for state in known - self.ends if not self.edges[state]}:
            raise ValueError(f"The {self.subject} graph stops at {_names(stuck)}, which is not listed as an end.")
        if unreachable := known - self.reachable(self.start):
            raise ValueError(f"The {self.subject} graph never reaches {_names(unreachable)} from {self.start}.")
        if endless := {state for state in known if not self.reachable(state) & self.ends}:
            raise ValueError(f"The {self.subject} graph has no way to an end from {_names(endless)}.")

    def allows(self, old: str, new: str) -> bool:
        return new in self.edges[self.states(old)]

    def reachable(self, start: str) -> set[Labelled]:
        """`start` and every state that can follow it, directly or later."""
        seen, unvisited = {self.states(start)}, [self.states(start)]
        while unvisited:
            following = self.edges[unvisited.pop()] - seen
            seen |= following
            unvisited += following
        return seen


def _names(states: Iterable[str]) -> str:
    return ", ".join(sorted(states))


def _frozen(edges: Mapping[Labelled, set[Labelled]]) -> Mapping[Labelled, frozenset[Labelled]]:
    return {state: frozenset(following) for state, following in edges.items()}


_R, _E, _O = RequestState, EnvironmentState, OperationState

REQUEST_GRAPH: Final = Graph(
    subject="request",
    states=RequestState,
    start=_R.PLANNING,
    ends=frozenset({_R.DONE, _R.REJECTED, _R.WITHDRAWN, _R.EXPIRED, _R.CANCELLED}),
    edges=_frozen(
        {
            # A change is planned first. A plan without changes is done at once.
            _R.PLANNING: {_R.WAITING, _R.APPROVED, _R.DONE, _R.FAILED, _R.WITHDRAWN, _R.EXPIRED, _R.CANCELLED},
            _R.WAITING: {_R.APPROVED, _R.REJECTED, _R.WITHDRAWN, _R.EXPIRED},
            _R.APPROVED: {_R.DONE, _R.FAILED, _R.EXPIRED, _R.CANCELLED},
            # Retried or planned again; or too late for both.
            _R.FAILED: {_R.APPROVED, _R.PLANNING, _R.EXPIRED},
            _R.DONE: set(),
            _R.REJECTED: set(),
            _R.WITHDRAWN: set(),
            _R.EXPIRED: set(),
            _R.CANCELLED: set(),
        }
    ),
)

ENVIRONMENT_GRAPH: Final = Graph(
    subject="environment",
    states=EnvironmentState,
    start=_E.REQUESTED,
    ends=frozenset({_E.GONE, _E.WITHDRAWN}),
    edges=_frozen(
        {
            _E.REQUESTED: {_E.CREATING, _E.ADOPTING, _E.WITHDRAWN},
            # Cancelled before any call, the environment is withdrawn.
            _E.CREATING: {_E.RUNNING, _E.CREATE_FAILED, _E.WITHDRAWN},
            _E.CREATE_FAILED: {_E.CREATING, _E.RECOVERING, _E.TEARING_DOWN},
            # The nightly scan may see that somebody's change outside the portal is stuck.
            _E.RUNNING: {_E.PLANNING, _E.CHANGING, _E.TEARING_DOWN, _E.CHANGE_FAILED, _E.NEEDS_REPAIR},
            # Planning changes nothing: afterwards the environment is what it was before.
            _E.PLANNING: {_E.RUNNING, _E.CHANGE_FAILED, _E.NEEDS_REPAIR},
            _E.CHANGING: {_E.RUNNING, _E.CHANGE_FAILED, _E.NEEDS_REPAIR},
            _E.CHANGE_FAILED: {_E.PLANNING, _E.CHANGING, _E.RECOVERING, _E.TEARING_DOWN},
            _E.NEEDS_REPAIR: {_E.PLANNING, _E.CHANGING, _E.RECOVERING, _E.TEARING_DOWN},
            _E.RECOVERING: {_E.RUNNING, _E.NEEDS_REPAIR, _E.CHANGE_FAILED, _E.CREATE_FAILED},
            # A stack is adopted in the state that it is in.
            _E.ADOPTING: {
                _E.RUNNING,
                _E.ADOPT_FAILED,
                _E.CREATE_FAILED,
                _E.CHANGE_FAILED,
                _E.NEEDS_REPAIR,
                _E.WITHDRAWN,
            },
            _E.ADOPT_FAILED: {_E.ADOPTING, _E.WITHDRAWN},
            # A teardown that was refused or cancelled before anything was touched goes back to the
            # state before it.
            _E.TEARING_DOWN: {
                _E.GONE,
                _E.TEARDOWN_FAILED,
                _E.RUNNING,
                _E.CREATE_FAILED,
                _E.CHANGE_FAILED,
                _E.NEEDS_REPAIR,
            },
            _E.TEARDOWN_FAILED: {_E.TEARING_DOWN},
            _E.GONE: set(),
            _E.WITHDRAWN: set(),
        }
    ),
)

OPEN_REQUESTS: Final = (_R.PLANNING, _R.WAITING, _R.APPROVED)
"""The states of requests that may still change their environment."""

NO_LONGER_THERE: Final = tuple(sorted(ENVIRONMENT_GRAPH.ends))
"""The states of environments that were torn down or never created."""

# Every step may end in a portal error, AWS's rejection or a rule's refusal, and its worker may
# crash too often. People may cancel it, or end an operation that only watches.
_STOPS: Final[set[Labelled]] = {_O.FAILED, _O.ERRORED, _O.ABANDONED, _O.REFUSED, _O.CANCELLED}
_ENDS: Final[set[Labelled]] = {_O.SUCCEEDED, *_STOPS}
# The states that can follow the inspection of a stack; each kind of request lists its own
# (`Kind.arrivals`).
_INSPECTED: Final[set[Labelled]] = {
    _O.CLEARING,
    _O.SUBMITTING,
    _O.BUILDING,
    _O.ROLLING_BACK,
    _O.PLANNING,
    _O.COMPARING,
    _O.UPDATING,
    _O.RECOVERING,
    _O.READING,
    _O.LISTING,
    _O.PREPARING,
    _O.DELETING,
    _O.SWEEPING,
}
# Where a stack is left: for the next one, or for what follows the last one.
_ONWARDS: Final[set[Labelled]] = {_O.CONTINUING, _O.FINISHING, _O.SUCCEEDED}

_OPEN: Final[dict[Labelled, set[Labelled]]] = {
    _O.QUEUED: _INSPECTED | _ONWARDS,
    _O.CONTINUING: _INSPECTED | {_O.FINISHING, _O.SUCCEEDED},
    _O.CLEARING: {_O.SUBMITTING},
    _O.SUBMITTING: {_O.BUILDING, _O.CLEARING},  # its name may be that of an earlier attempt's stack
    _O.BUILDING: {_O.ROLLING_BACK, _O.CONTINUING, _O.FINISHING},
    _O.ROLLING_BACK: {_O.RESTORING} | _ONWARDS,
    _O.FINISHING: {_O.SUCCEEDED},
    _O.PLANNING: {_O.CONTINUING, _O.SUCCEEDED},
    # A stack whose policy alone changes is not executed.
    _O.COMPARING: {_O.RELAXING, _O.EXECUTING, _O.UPDATING, _O.RESTORING} | _ONWARDS,
    _O.RELAXING: {_O.COMPARING, _O.EXECUTING, _O.RESTORING},
    _O.EXECUTING: {_O.COMPARING, _O.UPDATING, _O.RESTORING} | _ONWARDS,
    _O.UPDATING: {_O.ROLLING_BACK, _O.RESTORING} | _ONWARDS,
    _O.RESTORING: _ONWARDS,
    _O.RECOVERING: {_O.ROLLING_BACK, _O.RESTORING, _O.CONTINUING, _O.SUCCEEDED},
    _O.READING: {_O.CONTINUING, _O.SUCCEEDED},
    # What AWS can no longer stop is watched to its own end.
    _O.CANCELLING: {_O.BUILDING, _O.UPDATING, _O.ROLLING_BACK, _O.RESTORING, _O.FINISHING, _O.DELETING},
    _O.LISTING: {_O.CONTINUING, _O.PREPARING, _O.EMPTYING, _O.DELETING, _O.SWEEPING, _O.SETTLING},
    _O.PREPARING: {_O.EMPTYING, _O.DELETING},
    _O.EMPTYING: {_O.PREPARING, _O.DELETING},
    _O.DELETING: {_O.LISTING, _O.PREPARING, _O.EMPTYING, _O.CONTINUING, _O.SWEEPING},
    _O.SWEEPING: {_O.PREPARING, _O.EMPTYING, _O.DELETING, _O.SETTLING, _O.SUCCEEDED},
    _O.SETTLING: {_O.SWEEPING, _O.SUCCEEDED},
}

OPERATION_GRAPH: Final = Graph(
    subject="operation",
    states=OperationState,
    start=_O.QUEUED,
    ends=frozenset(_ENDS),
    edges=_frozen(
        {
            **{state: following | _STOPS | ({_O.CANCELLING} - {state}) for state, following in _OPEN.items()},
            **{end: set() for end in _ENDS},
        }
    ),
)
