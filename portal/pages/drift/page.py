"""The page of an environment's drift."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from provisioning.lifecycle.access import may_operate
from provisioning.lifecycle.read.drift import DriftView, drift_of
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment, User

POLL_SECONDS = 5


@dataclass(frozen=True, slots=True)
class DriftPage:
    """`poll_seconds` is how often the page is read again; 0 if no result is awaited. `request_id` is
    that of the request to put the environment back, so that a double click makes one.
    """

    environment: Environment
    drift: DriftView | None
    may_operate: bool
    is_running: bool
    poll_seconds: int
    request_id: UUID


def drift_page(user: User, environment: Environment) -> DriftPage:
    drift = drift_of(environment)
    return DriftPage(
        environment=environment,
        drift=drift,
        may_operate=may_operate(user, environment.team),
        is_running=environment.state == EnvironmentState.RUNNING,
        request_id=uuid4(),
        poll_seconds=POLL_SECONDS if drift is not None and drift.is_unfinished else 0,
    )
