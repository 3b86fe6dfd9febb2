"""Decides what a caller may do, in AWS's words, and remembers the latest refusals for people."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from provisioning.policy.decide import decide
from provisioning.policy.documents import Statement, parse_policy
from provisioning.sandbox.iam.callers import Caller
from provisioning.sandbox.iam.resources import policy_of, tags_of
from provisioning.sandbox.private import get_region, now_iso

KEPT = 100
Context = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Access:
    """One action on one resource. `tags` are the resource's; None looks them up in the sandbox's state."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Denial:
    """`message` is AWS's sentence; `explanation` says which statement or condition decided."""

    caller_arn: str
    action: str
    resource: str
    message: str
    explanation: str
    place: str = ""
    at: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "caller": self.caller_arn,
            "action": self.action,
            "resource": self.resource,
            "place": self.place,
            "message": self.message,
            "explanation": self.explanation,
        }


class Enforcement:
    """Whether permissions count at all, and the latest refusals."""

    def __init__(self) -> None:
        self.on = True
        self.asked = 0
        self._denials: deque[Denial] = deque(maxlen=KEPT)

    def note(self, denial: Denial) -> None:
        self._denials.append(denial)

    def clear(self) -> int:
        cleared = len(self._denials)
        self._denials.clear()
        return cleared

    def as_json(self) -> dict[str, Any]:
        return {"on": self.on, "decisions": self.asked, "denials": [one.as_json() for one in reversed(self._denials)]}


ENFORCEMENT = Enforcement()


def denial(caller: Caller, access: Access, place: str = "") -> Denial | None:
    """Why the caller may not do this; None if it may. Raises provisioning.policy's UnknownAction.

    `place` is where the call comes from, for the list of refusals.
    """
    if caller.principal is None or not ENFORCEMENT.on:
        return None
    ENFORCEMENT.asked += 1
    decision = decide(
        caller.principal,
        access.action,
        access.resource,
        context={"aws:RequestedRegion": get_region(), **access.context},
        resource_tags=tags_of(access.resource) if access.tags is None else access.tags,
        resource_policy=_resource_policy(access.resource),
    )
    if decision.allowed:
        return None
    sentence = f"User: {caller.arn} is not authorized to perform: {decision.action} on resource: {decision.resource} {decision.aws_clause()}"
    refused = Denial(caller.arn, decision.action, decision.resource, sentence, decision.explain(), place, now_iso())
    ENFORCEMENT.note(refused)
    return refused


def first_denial(caller: Caller, accesses: tuple[Access, ...] | list[Access], place: str = "") -> Denial | None:
    """The first of several that the caller may not do."""
    for access in accesses:
        refused = denial(caller, access, place)
        if refused is not None:
            return refused
    return None


def _resource_policy(resource: str) -> tuple[Statement, ...] | None:
    document = policy_of(resource)
    return _parsed(document) if document else None


@lru_cache(maxsize=512)
def _parsed(document: str) -> tuple[Statement, ...]:
    return parse_policy(document, "resource policy")
