"""The report for people and programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioning.management.rights.check import Report
from provisioning.management.rights.questions import Asker


def report_lines(report: Report) -> Iterator[str]:
    yield f"The portal makes {report.calls} calls of AWS with its role, {report.planned_calls} of them planned."
    yield ""
    yield f"{'':18} {'needed':>7} {'granted':>8} {'missing':>8} {'planned':>8}"
    for asker in Asker:
        count = report.count(asker)
        yield f"{asker:18} {count.needed:>7,} {count.granted:>8,} {count.missing:>8,} {count.planned:>8,}"
    yield ""
    for size in sorted(report.sizes, key=lambda size: size.characters / size.limit, reverse=True):
        yield f"{size.name}: {size.characters:,} of {size.limit:,} characters{'' if size.fits else ', too long'}"
    yield ""
    for gap in report.gaps:
        yield f"{gap.question.asker} lacks {gap.question.action} for {gap.question.purpose}: {gap.decision.explain()}"
    for unknown in report.unknown_keys:
        yield f"This condition never has a value. {unknown}."
    yield (
        "The onboarding templates grant every permission."
        if report.is_complete
        else f"{len(report.gaps)} missing, {len(report.unknown_keys)} conditions without effect, "
        f"{len(report.too_long)} policies too long."
    )


def report_json(report: Report) -> dict[str, Any]:
    roles = {}
    for asker in Asker:
        count = report.count(asker)
        roles[asker.value] = {
            "needed": count.needed,
            "granted": count.granted,
            "missing": count.missing,
            "planned": count.planned,
        }
    return {
        "calls": report.calls,
        "planned_calls": report.planned_calls,
        "roles": roles,
        "missing": [gap.as_json() for gap in report.gaps],
        "unknown_keys": [str(unknown) for unknown in report.unknown_keys],
        "policies": [{"name": size.name, "characters": size.characters, "limit": size.limit} for size in report.sizes],
        "complete": report.is_complete,
    }
