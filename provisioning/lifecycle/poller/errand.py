"""One visit of an account and region: what to ask, and the answers.

`ask` uses no database, so it may run in a thread that hangs without holding a connection. Each call
is independent: what was answered before an error is kept, and the rest is asked again next time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from provisioning.aws import STACK_STATUSES, AccessDenied, AwsError, NotFound, SlotReserved, interface
from provisioning.aws.change_sets import QueuedEvent
from provisioning.aws.permits import OperationsPermit, using_permit
from provisioning.aws.rate_limiter import calling_as
from provisioning.lifecycle.poller.events import read_notices
from provisioning.lifecycle.poller.in_flight import Awaited

IN_PROGRESS: Final = tuple(name for name, status in STACK_STATUSES.items() if status.in_progress)
"""The filter of a sweep. Its cost follows the stacks in progress and not those that exist."""
BATCH: Final = 10
"""The most messages that SQS returns at once."""
RECEIVES: Final = 20
DESCRIPTIONS: Final = 25
"""The most messages (times ten) and descriptions of one visit. The next visit follows at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Errand:
    """`awaited` is None if this visit only receives events.

    `queue_url` is empty if no events are received; `wait_seconds` is how long the queue is waited
    for. `patience` is how long a stack may be missing in lists after its last change.
    """

    name: str
    started_at: datetime
    awaited: Sequence[Awaited] | None
    lists: bool
    queue_url: str
    wait_seconds: int
    patience_seconds: float


@dataclass(slots=True)
class Findings:
    """`listed` is None without a complete list. `unseen` are the stacks that have left the list and
    could not be described in this visit. `drained`: the queue had no more messages. `unannounced`: a
    stack has left the list without an event.
    """

    messages: list[QueuedEvent] = field(default_factory=list)
    drained: bool = False
    no_queue: bool = False
    unannounced: bool = False
    listed: Mapping[str, interface.StackState] | None = None
    described: dict[str, interface.StackState | None] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    events: dict[str, list[interface.StackEvent]] = field(default_factory=dict)
    wait: float | None = None
    error: AwsError | None = None


class _VisitEnded(Exception):  # noqa: N818 - no error: the findings say why
    """The visit ends here."""


def ask(aws: interface.Aws, errand: Errand) -> Findings:
    """Make the calls of a visit, and return what was answered. Raises nothing of AWS's."""
    findings = Findings()
    try:
        if errand.queue_url:
            _receive(aws, errand, findings)
        if errand.lists:
            stacks = _call(errand, findings, partial(aws.list_stacks, statuses=IN_PROGRESS))
            findings.listed = {stack.stack_id: stack for stack in stacks}
        if errand.awaited is not None:
            _describe(aws, errand, findings)
            _read_events(aws, errand, findings)
    except _VisitEnded:
        pass
    findings.unseen = [stack_id for stack_id in findings.unseen if stack_id not in findings.described]
    return findings


def _call(errand: Errand, findings: Findings, call: Callable[[], T], *, about: str = "") -> T:
    """Each call waits in line for itself: none is repeated because a later one has to wait."""
    try:
        with calling_as(f"{errand.name} {about}"):
            return call()
    except SlotReserved as error:
        findings.wait = error.retry_after
        raise _VisitEnded from error
    except AwsError as error:
        findings.error = error
        raise _VisitEnded from error


def _receive(aws: interface.Aws, errand: Errand, findings: Findings) -> None:
    """Receive until the queue is empty. Without a queue, or without the right to it, the visit goes
    on.
    """
    for _ in range(RECEIVES):
        try:
            receive = partial(aws.receive_events, errand.queue_url, wait_seconds=errand.wait_seconds)
            with using_permit(OperationsPermit({"ReceiveMessage"})):
                messages = _call(errand, findings, receive)
        except _VisitEnded:
            if isinstance(findings.error, NotFound | AccessDenied):
                findings.no_queue, findings.error = True, None
                return
            raise
        findings.messages += messages
        if len(messages) < BATCH:
            findings.drained = True
            return


def _describe(aws: interface.Aws, errand: Errand, findings: Findings) -> None:
    """Describe the stacks that have left the list, or whose end an event has announced."""
    announced = {notice.stack_id for notice in read_notices(findings.messages) if notice.ends_stack}
    awaited, listed = errand.awaited or (), findings.listed
    left = [
        stack.stack_id
        for stack in awaited
        if listed is not None and stack.stack_id not in listed and _has_left(stack, errand)
    ]
    known = {stack.stack_id for stack in awaited if stack.stack_id in announced or stack.unseen_since is not None}
    findings.unseen = [*known, *(stack_id for stack_id in left if stack_id not in known)]
    findings.unannounced = len(findings.unseen) > len(known)
    for stack_id in findings.unseen[:DESCRIPTIONS]:
        findings.described[stack_id] = _call(errand, findings, partial(aws.describe_stack, stack_id))


def _has_left(stack: Awaited, errand: Errand) -> bool:
    """Whether a stack that is not in the list has anything new to say.

    A list may lag behind a call. A stack whose end is known is described again now and then only,
    as long as its operation waits.
    """
    if (
        stack.changed_at is not None
        and (errand.started_at - stack.changed_at).total_seconds() < errand.patience_seconds
    ):
        return False
    if not stack.is_known or stack.polled_at is None or stack.status.endswith("_IN_PROGRESS"):
        return True
    return (errand.started_at - stack.polled_at).total_seconds() >= _DESCRIBED_AGAIN_SECONDS


_DESCRIBED_AGAIN_SECONDS: Final = 60.0


def _read_events(aws: interface.Aws, errand: Errand, findings: Findings) -> None:
    """Read the new events of viewed stacks. Each stack has its own place in the queue, so that none
    of them is always the last.
    """
    viewed = [stack for stack in errand.awaited or () if stack.viewed]
    for stack in viewed:
        read = partial(aws.stack_events, stack.stack_id, after_event_id=stack.last_event_id or None)
        try:
            findings.events[stack.stack_id] = _call(errand, findings, read, about=stack.stack_id)
        except _VisitEnded:
            if findings.wait is None and not isinstance(findings.error, NotFound):
                raise
            # Its turn has not come, or it was deleted a moment ago. Neither matters to the others.
            findings.wait = findings.error = None
