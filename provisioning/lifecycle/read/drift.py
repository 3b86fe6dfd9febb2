"""What pages show of an environment's drift."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from provisioning.lifecycle.drift.nominations import newest_report
from provisioning.lifecycle.drift.report_document import UNFINISHED, DriftContent, DriftStatus
from provisioning.lifecycle.drift.reverting import can_revert, not_reverted
from provisioning.lifecycle.states import EnvironmentState, Tone
from provisioning.models import DriftReport, Environment, User

_TONES: Final[dict[DriftStatus, Tone]] = {
    DriftStatus.WAITING: "busy",
    DriftStatus.CHECKING: "busy",
    DriftStatus.IN_SYNC: "ok",
    DriftStatus.DRIFTED: "bad",
    DriftStatus.NOT_CHECKED: "idle",
    DriftStatus.GONE: "bad",
}


@dataclass(frozen=True, slots=True)
class DriftView:
    """The newest report. `sentence` says in one line what is known. `not_reverted` are sentences about
    what putting back leaves as it is.
    """

    report_id: UUID
    at: datetime
    label: str
    tone: Tone
    sentence: str
    content: DriftContent
    accepted_at: datetime | None
    accepted_by: User | None
    is_unfinished: bool
    can_be_accepted: bool
    can_be_put_back: bool
    not_reverted: tuple[str, ...]


def drift_of(environment: Environment) -> DriftView | None:
    """The newest report about an environment; None if nothing was checked yet."""
    report = newest_report(environment)
    return _view(report, environment) if report is not None else None


def shows_drift(environment: Environment) -> bool:
    """Whether the environment's page says something about drift: it runs."""
    return environment.state in (EnvironmentState.RUNNING, EnvironmentState.PLANNING, EnvironmentState.CHANGE_FAILED)


def _view(report: DriftReport, environment: Environment) -> DriftView:
    content, status = DriftContent.from_json(report.content), DriftStatus(report.status)
    is_accepted = report.accepted_at is not None
    is_drifted = status is DriftStatus.DRIFTED and not is_accepted
    is_running = environment.state == EnvironmentState.RUNNING
    return DriftView(
        report_id=report.pk,
        at=report.at,
        label="Accepted" if is_accepted else status.label,
        tone="ok" if is_accepted else _TONES[status],
        sentence=_sentence(content, status),
        content=content,
        accepted_at=report.accepted_at,
        accepted_by=report.accepted_by,
        is_unfinished=status in UNFINISHED,
        can_be_accepted=is_drifted and is_running,
        can_be_put_back=is_drifted and is_running and can_revert(content) and not environment.is_adopted,
        not_reverted=not_reverted(content) if is_drifted else (),
    )


def _sentence(content: DriftContent, status: DriftStatus) -> str:
    unchecked = sum(len(stack.unchecked) for stack in content.stacks)
    match status:
        case DriftStatus.WAITING | DriftStatus.CHECKING:
            return "CloudFormation compares each resource with the template. This takes a few minutes."
        case DriftStatus.GONE:
            return "A stack of this environment was deleted outside the portal."
        case DriftStatus.NOT_CHECKED:
            return "The last check gave no result."
        case DriftStatus.DRIFTED:
            return _differences(len(content.resources), sum(len(stack.outside) for stack in content.stacks))
    if unchecked:
        return f"Nothing differs. {unchecked} resource{'' if unchecked == 1 else 's'} could not be checked."
    return "Nothing differs from the design."


def _differences(resources: int, changes: int) -> str:
    parts = []
    if resources:
        parts.append(
            "1 resource differs from the design" if resources == 1 else f"{resources} resources differ from the design"
        )
    if changes:
        through = "1 change was" if changes == 1 else f"{changes} changes were"
        parts.append(f"{through} made through CloudFormation")
    return f"{', and '.join(parts)}."
