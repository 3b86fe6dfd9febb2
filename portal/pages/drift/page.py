"""The page of an environment's drift."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.lifecycle.access import may_operate
from provisioning.lifecycle.read.drift import DriftView, drift_of
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment, User

POLL_SECONDS = 5


@dataclass(frozen=True, slots=True)
class DriftPage:
    """`poll_seconds` is how often the page is read again; 0 if no result is awaited."""

    environment: Environment
    drift: DriftView | None
    may_operate: bool
    is_running: bool
    poll_seconds: int


def drift_page(user: User, environment: Environment) -> DriftPage:
    drift = drift_of(environment)
    return DriftPage(
        environment=environment,
        drift=drift,
        may_operate=may_operate(user, environment.team),
        is_running=environment.state == EnvironmentState.RUNNING,
        poll_seconds=POLL_SECONDS if drift is not None and drift.is_unfinished else 0,
    )
