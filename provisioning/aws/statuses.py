"""Every status of a stack and of a resource in CloudFormation, as data. A test compares it with
botocore's model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The kind of operation that a status belongs to."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REVIEW = "review"
    IMPORT = "import"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Status:
    """`good`: the operation succeeded. `rollback`: CloudFormation is undoing or has undone it."""

    name: str
    kind: Kind
    in_progress: bool
    good: bool
    rollback: bool = False

    @property
    def terminal(self) -> bool:
        return not self.in_progress

    @property
    def failed(self) -> bool:
        return self.terminal and not self.good


def _busy(name: str, kind: Kind, *, rollback: bool = False) -> Status:
    return Status(name, kind, in_progress=True, good=False, rollback=rollback)


def _good(name: str, kind: Kind) -> Status:
    return Status(name, kind, in_progress=False, good=True)


def _bad(name: str, kind: Kind, *, rollback: bool = False) -> Status:
    return Status(name, kind, in_progress=False, good=False, rollback=rollback)


def _table(*statuses: Status) -> Mapping[str, Status]:
    return {status.name: status for status in statuses}


STACK_STATUSES: Final = _table(
    _busy("CREATE_IN_PROGRESS", Kind.CREATE),
    _bad("CREATE_FAILED", Kind.CREATE),
    _good("CREATE_COMPLETE", Kind.CREATE),
    _busy("ROLLBACK_IN_PROGRESS", Kind.CREATE, rollback=True),
    _bad("ROLLBACK_FAILED", Kind.CREATE, rollback=True),
    _bad("ROLLBACK_COMPLETE", Kind.CREATE, rollback=True),
    _busy("DELETE_IN_PROGRESS", Kind.DELETE),
    _bad("DELETE_FAILED", Kind.DELETE),
    _good("DELETE_COMPLETE", Kind.DELETE),
    _busy("UPDATE_IN_PROGRESS", Kind.UPDATE),
    _busy("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Kind.UPDATE),
    _good("UPDATE_COMPLETE", Kind.UPDATE),
    _bad("UPDATE_FAILED", Kind.UPDATE),
    _busy("UPDATE_ROLLBACK_IN_PROGRESS", Kind.UPDATE, rollback=True),
    _bad("UPDATE_ROLLBACK_FAILED", Kind.UPDATE, rollback=True),
    _busy("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", Kind.UPDATE, rollback=True),
    _bad("UPDATE_ROLLBACK_COMPLETE", Kind.UPDATE, rollback=True),
    # A stack with only a change set keeps this status until the change set is executed or deleted. Nothing is running.
    _bad("REVIEW_IN_PROGRESS", Kind.REVIEW),
    _busy("IMPORT_IN_PROGRESS", Kind.IMPORT),
    _good("IMPORT_COMPLETE", Kind.IMPORT),
    _busy("IMPORT_ROLLBACK_IN_PROGRESS", Kind.IMPORT, rollback=True),
    _bad("IMPORT_ROLLBACK_FAILED", Kind.IMPORT, rollback=True),
    _bad("IMPORT_ROLLBACK_COMPLETE", Kind.IMPORT, rollback=True),
)

RESOURCE_STATUSES: Final = _table(
    _busy("CREATE_IN_PROGRESS", Kind.CREATE),
    _bad("CREATE_FAILED", Kind.CREATE),
    _good("CREATE_COMPLETE", Kind.CREATE),
    _busy("DELETE_IN_PROGRESS", Kind.DELETE),
    _bad("DELETE_FAILED", Kind.DELETE),
    _good("DELETE_COMPLETE", Kind.DELETE),
    _good("DELETE_SKIPPED", Kind.DELETE),
    _busy("UPDATE_IN_PROGRESS", Kind.UPDATE),
    _bad("UPDATE_FAILED", Kind.UPDATE),
    _good("UPDATE_COMPLETE", Kind.UPDATE),
    _bad("IMPORT_FAILED", Kind.IMPORT),
    _good("IMPORT_COMPLETE", Kind.IMPORT),
    _busy("IMPORT_IN_PROGRESS", Kind.IMPORT),
    _busy("IMPORT_ROLLBACK_IN_PROGRESS", Kind.IMPORT, rollback=True),
    _bad("IMPORT_ROLLBACK_FAILED", Kind.IMPORT, rollback=True),
    _bad("IMPORT_ROLLBACK_COMPLETE", Kind.IMPORT, rollback=True),
    _bad("EXPORT_FAILED", Kind.EXPORT),
    _good("EXPORT_COMPLETE", Kind.EXPORT),
    _busy("EXPORT_IN_PROGRESS", Kind.EXPORT),
    _busy("EXPORT_ROLLBACK_IN_PROGRESS", Kind.EXPORT, rollback=True),
    _bad("EXPORT_ROLLBACK_FAILED", Kind.EXPORT, rollback=True),
    _bad("EXPORT_ROLLBACK_COMPLETE", Kind.EXPORT, rollback=True),
    _busy("UPDATE_ROLLBACK_IN_PROGRESS", Kind.UPDATE, rollback=True),
    _bad("UPDATE_ROLLBACK_COMPLETE", Kind.UPDATE, rollback=True),
    _bad("UPDATE_ROLLBACK_FAILED", Kind.UPDATE, rollback=True),
    _busy("ROLLBACK_IN_PROGRESS", Kind.CREATE, rollback=True),
    _bad("ROLLBACK_COMPLETE", Kind.CREATE, rollback=True),
    _bad("ROLLBACK_FAILED", Kind.CREATE, rollback=True),
)
