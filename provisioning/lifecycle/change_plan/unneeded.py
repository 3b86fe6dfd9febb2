"""Which change sets of a stack nobody needs any more.

AWS keeps at most 1,000 change sets for a stack, and failed ones until they are deleted. One of a
request that has ended could still be executed by someone with access to the account.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from provisioning.aws.change_sets import ChangeSetSummary
from provisioning.lifecycle.states import OPEN_REQUESTS
from provisioning.models import Request, RequestKind

NAME_PREFIX: Final = "portal-"
PENDING: Final = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
_PLANNED_BY_AWS: Final = (RequestKind.CHANGE, RequestKind.PUT_BACK)


def open_requests() -> QuerySet[Request]:
    """The requests whose change sets are kept. A retry of a failed one creates them again."""
    return Request.objects.filter(kind__in=_PLANNED_BY_AWS, state__in=OPEN_REQUESTS)


def base_name_of(plan_id: UUID) -> str:
    """The name of a plan's change sets; every stack has its own of that name."""
    return f"{NAME_PREFIX}{plan_id.hex}"


def unneeded(environment_id: UUID, change_sets: Iterable[ChangeSetSummary]) -> list[ChangeSetSummary]:
    """The portal's change sets that no open request of the environment needs, and that are not being
    created, executed or deleted.
    """
    return [
        one
        for one in _of_ended_requests(environment_id, change_sets)
        if not one.execution_status.startswith("EXECUTE_") and not one.status.startswith(("DELETE_", *PENDING))
    ]


def is_still_created(environment_id: UUID, change_sets: Iterable[ChangeSetSummary]) -> bool:
    """Whether AWS is still creating a change set that nobody needs. It can be deleted afterwards."""
    return any(one.status in PENDING for one in _of_ended_requests(environment_id, change_sets))


def _of_ended_requests(environment_id: UUID, change_sets: Iterable[ChangeSetSummary]) -> list[ChangeSetSummary]:
    plans = open_requests().filter(environment=environment_id).values_list("plan_id", flat=True)
    needed = tuple(base_name_of(plan_id) for plan_id in plans)
    return [one for one in change_sets if one.name.startswith(NAME_PREFIX) and not one.name.startswith(needed)]
