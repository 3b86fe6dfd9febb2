"""Runs all checks at the same time, within a budget of seconds. Never raises for what AWS does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Final

from provisioning.aws import AwsError
from provisioning.lifecycle.database import in_thread
from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, not_checked
from provisioning.lifecycle.preflight.name_servers import DnsUnavailable, NameServers
from provisioning.lifecycle.preflight.registry import CHECKS
from provisioning.lifecycle.preflight.report import CheckResult, Outcome, PreflightReport
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.lifecycle.preflight.survey import Survey, why_not_asked

log = logging.getLogger(__name__)

BUDGET_SECONDS: Final = 8.0
"""A person waits for the form, so what has not been answered by then is reported as not checked."""
AT_ONCE: Final = 12
_DEFECT: Final = "The portal made an error while it checked this. It is in the portal's log."


def run_preflight(
    subject: Subject,
    *,
    survey_in: Callable[[str], Survey],
    name_servers: NameServers,
    now: Callable[[], datetime],
    budget_seconds: float = BUDGET_SECONDS,
    at_once: int = AT_ONCE,
) -> PreflightReport:
    """Checks a plan. `survey_in` returns the survey of a region. Takes `budget_seconds` at most; a
    call that is still open then ends by itself, and its answer is dropped.
    """
    started = time.monotonic()
    surveys: dict[str, Survey] = {}
    reads_before = 0
    asked: list[tuple[Check, Question, Future[Verdict]]] = []
    executor = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="preflight")
    try:
        for check in CHECKS:
            for question in _questions(check, subject):
                region = question.region
                if region not in surveys:
                    surveys[region] = survey_in(region)
                    reads_before += surveys[region].reads
                world = World(surveys[region], name_servers)
                asked.append((check, question, executor.submit(in_thread(_verdict), question, world)))
        wait([future for _, _, future in asked], timeout=max(0.0, budget_seconds - (time.monotonic() - started)))
        results = tuple(_result(check, question, future, budget_seconds) for check, question, future in asked)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    return PreflightReport(
        checked_at=now(),
        results=results,
        reads=sum(survey.reads for survey in surveys.values()) - reads_before,
        seconds=round(time.monotonic() - started, 2),
    )


def failed_report(*, at: datetime) -> PreflightReport:
    """The report on a plan at which the portal itself failed, before any check began."""
    result = CheckResult("preflight", "Account checks", Outcome.NOT_CHECKED, _DEFECT, "Check again later.")
    return PreflightReport(checked_at=at, results=(result,))


def _questions(check: Check, subject: Subject) -> Sequence[Question]:
    try:
        return list(check.questions(subject))
    except Exception:  # the same: raw templates may hold anything
        log.exception("The preflight check %s failed.", check.key)
        sentence = f"{check.title}: {_DEFECT}"
        return [Question(subject.main_region, check.title, lambda _world: not_checked(sentence))]


def _verdict(question: Question, world: World) -> Verdict:
    try:
        return question.ask(world)
    except AwsError as error:
        sentence, remedy = why_not_asked(error)
        return not_checked(f"{question.what}: {sentence}", remedy)
    except DnsUnavailable as error:
        return not_checked(f"{question.what}: {error}", error.remedy)
    except Exception:  # a defect of one check must neither hide the others nor stop the request
        log.exception("A preflight question failed: %s", question.what)
        return not_checked(f"{question.what}: {_DEFECT}")


def _result(check: Check, question: Question, future: Future[Verdict], budget_seconds: float) -> CheckResult:
    if future.done() and not future.cancelled():
        verdict = future.result()
    else:
        verdict = not_checked(
            f"{question.what}: AWS did not answer within {budget_seconds:g} seconds.", "Check again later."
        )
    return CheckResult(
        check=check.key,
        title=check.title,
        outcome=verdict.outcome,
        sentence=verdict.sentence,
        remedy=verdict.remedy,
        region=question.region,
        address=question.address,
    )
