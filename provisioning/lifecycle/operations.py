"""Opening an operation: the one place where an environment starts to move."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from provisioning.errors import WrongState
from provisioning.lifecycle.nudge import nudge
from provisioning.lifecycle.plan_document import stacks_of
from provisioning.lifecycle.states import ENVIRONMENT_GRAPH, EnvironmentState, OperationState
from provisioning.lifecycle.step_data import StackPlace, StepData
from provisioning.lifecycle.transitions import change_state, record
from provisioning.models import Operation, Request, RequestKind, User

_MOVING = {RequestKind.CREATE: EnvironmentState.CREATING, RequestKind.TEARDOWN: EnvironmentState.TEARING_DOWN}


def open_operation(*, request: Request, at: datetime, actor: User | None) -> Operation:
    """Start one attempt to carry an approved request out. The token is stored before anything is called with it.

    Raises WrongState when the environment is in no state for it; the database allows one open operation each.
    """
    environment = request.environment
    kind = RequestKind(request.kind)
    operation_id = uuid.uuid4()
    before = environment.state
    if not ENVIRONMENT_GRAPH.allows(before, _MOVING[kind]):
        label = EnvironmentState(before).label.lower()
        raise WrongState(f"This cannot start now: the environment is “{label}”.")
    content = request.plan.content
    stacks = stacks_of(content)
    # What is created first goes last.
    first = stacks[0 if kind == RequestKind.CREATE else -1]
    with transaction.atomic():
        change_state(environment, _MOVING[kind], at=at, actor=actor)
        operation = Operation.objects.create(
            id=operation_id,
            environment=environment,
            request=request,
            kind=kind,
            state=str(OperationState.QUEUED),
            state_changed_at=at,
            stack=first["stack"],
            region=first["region"],
            token=f"op-{operation_id.hex}",
            due_at=at,
            step_data=StepData(
                state_before=before,
                task_titles=tuple(step["title"] for step in content.get("after", [])),
                stacks=tuple(StackPlace(stack["stack"], stack["region"]) for stack in stacks),
            ).as_json(),
            started_at=at,
        )
        record(operation, "", OperationState.QUEUED, at=at, actor=actor)
        nudge(operation.pk)
    return operation
