"""Opens operations: the one place where an environment starts to move."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from provisioning.errors import WrongState
from provisioning.lifecycle.intentions import place_of
from provisioning.lifecycle.kinds.record import Kind
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.nudge import nudge
from provisioning.lifecycle.plan_document import StackedPlan, from_json
from provisioning.lifecycle.states import ENVIRONMENT_GRAPH, EnvironmentState, OperationState
from provisioning.lifecycle.step_data import StackPlace, StepData
from provisioning.lifecycle.transitions import change_state, record
from provisioning.models import Operation, Request, User


def open_operation(*, request: Request, at: datetime, actor: User | None, kind: Kind | None = None) -> Operation:
    """Start one attempt to carry out an approved request, or with another `kind` to plan it.

    Its token is stored before any call uses it.

    Raises WrongState if the environment is in no state for it. The database allows one open
    operation for each environment.
    """
    environment = request.environment
    kind = kind or kind_of(request.kind)
    operation_id = uuid.uuid4()
    before = environment.state
    if not ENVIRONMENT_GRAPH.allows(before, kind.moving):
        label = EnvironmentState(before).label.lower()
        raise WrongState(f"This cannot start now: the environment is “{label}”.")
    document = from_json(request.plan.content)
    stacks = tuple(StackPlace(stack.key, stack.region) for stack in document.stacks)
    first = kind.in_order(stacks)[0]
    with transaction.atomic():
        change_state(environment, kind.moving, at=at, actor=actor)
        operation = Operation.objects.create(
            id=operation_id,
            environment=environment,
            request=request,
            kind=kind.key,
            state=str(OperationState.QUEUED),
            state_changed_at=at,
            stack=first.key,
            region=first.region,
            token=f"op-{operation_id.hex}",
            due_at=at,
            approved_digest=request.approved_digest,
            approved_place=place_of(environment),
            step_data=StepData(
                state_before=before,
                task_titles=tuple(task.title for task in document.due_tasks)
                if isinstance(document, StackedPlan)
                else (),
                stacks=stacks,
            ).as_json(),
            started_at=at,
        )
        record(operation, "", OperationState.QUEUED, at=at, actor=actor)
        nudge(operation.pk)
    return operation
