"""The record of a check, the question that it asks, and the verdict on the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from provisioning.lifecycle.preflight.name_servers import NameServers
from provisioning.lifecycle.preflight.report import Outcome
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.lifecycle.preflight.survey import Survey


@dataclass(frozen=True, slots=True)
class Verdict:
    """`remedy` says what to do about a warning or a blocking finding."""

    outcome: Outcome
    sentence: str
    remedy: str = ""


def passed(sentence: str) -> Verdict:
    return Verdict(Outcome.PASSED, sentence)


def warning(sentence: str, remedy: str) -> Verdict:
    return Verdict(Outcome.WARNING, sentence, remedy)


def blocking(sentence: str, remedy: str) -> Verdict:
    return Verdict(Outcome.BLOCKING, sentence, remedy)


def not_checked(sentence: str, remedy: str = "") -> Verdict:
    return Verdict(Outcome.NOT_CHECKED, sentence, remedy)


@dataclass(frozen=True, slots=True)
class World:
    """What a question may ask: AWS in the question's region, and the public DNS."""

    aws: Survey
    name_servers: NameServers


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to find out in one region. `ask` may raise AwsError. `what` names the thing for the
    sentence that says that it could not be checked.
    """

    region: str
    what: str
    ask: Callable[[World], Verdict]
    address: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`questions` yields nothing for a plan that the check does not concern.

    `reads` are the methods of AccountReads and Aws that its questions call; a test compares.
    """

    key: str
    title: str
    questions: Callable[[Subject], Iterable[Question]]
    reads: tuple[str, ...] = field(default=())
