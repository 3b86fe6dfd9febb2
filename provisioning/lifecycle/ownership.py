"""Whose stack it is, and which tags its changes send.

A stack belongs to an environment if the ledger has its id. A stack whose id was lost with the
answer of CreateStack is recognised by its constant tags and by the client token of its first event,
which only an operation of the environment can have sent.

The portal's stack tags never change: a changed one modifies every resource of the stack. Stacks of
earlier versions have further ones, such as the operation that created them, and keep them. The
team's tags change only by a change request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django.db.models import Q

from provisioning.aws import StackEvent, StackState
from provisioning.design.names import ENVIRONMENT_ID_TAG, GENERATION_TAG
from provisioning.lifecycle.step_data import StepData
from provisioning.models import Environment, Operation, Stack

PORTAL_TAGS: Final = "portal:"
"""All keys of the portal's tags begin with this."""


def is_in_ledger(environment: Environment, stack_id: str) -> bool:
    return Stack.objects.filter(environment=environment, stack_id=stack_id).exclude(stack_id="").exists()


def has_tags_of(environment: Environment, state: StackState) -> bool:
    """Whether a stack has the constant tags of an environment. This alone proves nothing: anyone
    who may create stacks can set tags.
    """
    tags = state.tags
    return (tags.get(ENVIRONMENT_ID_TAG), tags.get(GENERATION_TAG, "")) == (
        str(environment.pk),
        environment.generation,
    )


def was_created_by(environment: Environment, events: Iterable[StackEvent]) -> bool:
    """Whether an operation of the environment created a stack with these events, oldest first.

    CloudFormation may not show the first event of a new stack yet. Then a recorded intention to
    create a stack decides.
    """
    creation = next((event for event in events if event.is_about_stack and event.status == "CREATE_IN_PROGRESS"), None)
    operations = Operation.objects.filter(environment=environment)
    if creation is None:
        return operations.filter(call_what__contains="CreateStack").exclude(call_token="").exists()
    return any(
        _sent(operation, creation.token) for operation in operations.filter(~Q(token="")).only("token", "step_data")
    )


def _sent(operation: Operation, token: str) -> bool:
    """Whether a client token is one of an operation. Those of earlier versions are in its step data."""
    stored = StepData.from_json(operation.step_data).tokens.values()
    return token == operation.token or token.startswith(f"{operation.token}-") or token in stored


def tags_to_send(live: Mapping[str, str], planned: Mapping[str, str]) -> dict[str, str]:
    """The stack tags of a change: those that were planned, and every tag of the portal exactly as
    the stack has it, so that nothing is modified only by its tags.
    """
    return {**planned, **{key: value for key, value in live.items() if key.startswith(PORTAL_TAGS)}}
