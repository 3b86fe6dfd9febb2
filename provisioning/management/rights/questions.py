"""A permission that is needed, the evaluator's answer, and the report of all answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from provisioning.policy.decide import Decision, decide
from provisioning.policy.principal import Principal


class Asker(StrEnum):
    """Whose permissions are checked."""

    PORTAL = "role/portal"
    STACK_ROLE = "stack role"
    ENVIRONMENT_ROLE = "environment role"


@dataclass(frozen=True, slots=True)
class Question:
    """`purpose` says who needs the permission for what. `tags` are the tags of the resource, if it
    exists by then and carries any. `planned` is the issue that will need it.
    """

    asker: Asker
    purpose: str
    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    planned: int | None = None

    def ask(self, principal: Principal) -> Answer:
        decision = decide(principal, self.action, self.resource, context=self.context, resource_tags=self.tags)
        return Answer(self, decision)

    @property
    def is_about(self) -> tuple[object, ...]:
        """What decides the answer for one principal; many purposes ask the same."""
        context = tuple((key, value if isinstance(value, str) else tuple(value)) for key, value in self.context.items())
        return self.action, self.resource, context, tuple((self.tags or {}).items())


@dataclass(frozen=True, slots=True)
class Answer:
    question: Question
    decision: Decision

    def as_json(self) -> dict[str, str | bool | int | None]:
        return {
            "role": self.question.asker.value,
            "for": self.question.purpose,
            "action": self.question.action,
            "resource": self.question.resource,
            "planned": self.question.planned,
            "granted": self.decision.allowed,
            "reason": self.decision.explain(),
        }


@dataclass(frozen=True, slots=True)
class Count:
    """Permissions are counted by action and purpose, however many resources they were asked for."""

    needed: int
    granted: int
    planned: int

    @property
    def missing(self) -> int:
        return self.needed - self.granted


def count(answers: Iterable[Answer]) -> Count:
    granted: dict[tuple[str, str], bool] = {}
    planned = set()
    for answer in answers:
        key = (answer.question.purpose, answer.question.action)
        granted[key] = granted.get(key, True) and answer.decision.allowed
        if answer.question.planned is not None:
            planned.add(key)
    return Count(needed=len(granted), granted=sum(granted.values()), planned=len(planned))
