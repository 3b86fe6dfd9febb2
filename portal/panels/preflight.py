"""The account checks: what AWS would refuse, what may hurt later, and what could not be checked,
each with its fix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.core import signing

from portal.panels.registry import EVIDENCE_LINES, Place, PlanView
from provisioning.lifecycle.plan_document import digest_of
from provisioning.lifecycle.preflight.recent import STORABLE
from provisioning.lifecycle.preflight.report import CheckResult, Outcome, PreflightReport

_SALT = "portal.preflight"
MARKS = {Outcome.BLOCKING: "no", Outcome.WARNING: "note", Outcome.NOT_CHECKED: "info", Outcome.PASSED: "yes"}
WORDS = {
    Outcome.BLOCKING: "AWS would refuse",
    Outcome.WARNING: "Warning",
    Outcome.NOT_CHECKED: "Not checked",
    Outcome.PASSED: "Passed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """`titles` are the checks with this sentence; several share one if the account cannot be reached."""

    mark: str
    word: str
    titles: str
    sentence: str
    remedy: str
    region: str


@dataclass(frozen=True, slots=True)
class PreflightPanel:
    """`checked_at` is None as long as the account has not been checked.

    `is_beside_form`: the panel is part of a form, loads by itself, and its confirmation is sent with
    the form. Elsewhere a button checks again, unless `checked_by` is empty.
    """

    template: ClassVar[str] = "panels/preflight.html"
    place: ClassVar[Place] = Place.COLUMN
    order: ClassVar[int] = 15

    checked_by: str
    is_beside_form: bool
    checked_at: datetime | None = None
    headline: str = "not checked yet"
    tone: str = "idle"
    findings: Sequence[Line] = ()
    not_checked: Sequence[Line] = ()
    passed: Sequence[Line] = ()
    blocking: int = 0
    seconds: float = 0.0
    needs_confirmation: bool = False
    signed_report: str = ""
    """Sent with the form, so that the request stores what its sender saw, whichever process answers."""


def panel(view: PlanView) -> PreflightPanel | None:
    report = view.preflight
    if view.document is None or (report is None and not view.checked_by):
        return None
    beside_form = view.evidence_lines < EVIDENCE_LINES
    if report is None:
        return PreflightPanel(checked_by=view.checked_by, is_beside_form=beside_form)
    blocking = len(report.blocking)
    return PreflightPanel(
        checked_by=view.checked_by,
        is_beside_form=beside_form,
        checked_at=report.checked_at,
        headline=_headline(report),
        tone="bad" if blocking else "busy" if report.of(Outcome.WARNING) else "ok",
        findings=_lines(report, Outcome.BLOCKING) + _lines(report, Outcome.WARNING),
        not_checked=_lines(report, Outcome.NOT_CHECKED),
        passed=_lines(report, Outcome.PASSED),
        blocking=blocking,
        seconds=report.seconds,
        needs_confirmation=bool(blocking) and beside_form and not view.requires_approval,
        signed_report=sign_report(report, digest_of(view.document)) if beside_form else "",
    )


def sign_report(report: PreflightReport, digest: str) -> str:
    """Return the report on the plan with this digest as a text that only this portal can write."""
    return signing.dumps({"digest": digest, "report": report.as_json()}, salt=_SALT, compress=True)


def read_signed_report(text: str, digest: str) -> PreflightReport | None:
    """Return the report that `sign_report` wrote for the plan with this digest in the last minutes."""
    try:
        signed = signing.loads(text, salt=_SALT, max_age=STORABLE)
        return PreflightReport.from_json(signed["report"]) if signed["digest"] == digest else None
    except (signing.BadSignature, ValueError):
        return None


def _headline(report: PreflightReport) -> str:
    blocking, warnings = len(report.blocking), len(report.of(Outcome.WARNING))
    parts = []
    if blocking:
        parts.append(f"AWS would refuse {blocking}")
    if warnings:
        parts.append(f"{warnings} warning{'s' if warnings > 1 else ''}")
    return ", ".join(parts) or "no findings"


def _lines(report: PreflightReport, outcome: Outcome) -> list[Line]:
    """One line for each sentence: an account that cannot be reached gives the same one many times."""
    groups: dict[tuple[str, str], list[CheckResult]] = {}
    for result in report.of(outcome):
        groups.setdefault((result.sentence, result.remedy), []).append(result)
    return [
        Line(
            mark=MARKS[outcome],
            word=WORDS[outcome],
            titles=", ".join(dict.fromkeys(result.title for result in results)),
            sentence=sentence,
            remedy=remedy,
            region=", ".join(dict.fromkeys(result.region for result in results)),
        )
        for (sentence, remedy), results in groups.items()
    ]
