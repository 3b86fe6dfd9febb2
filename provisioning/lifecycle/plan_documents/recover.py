"""The plan of a recovery."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from provisioning.lifecycle.plan_documents.parts import FORMAT, STRICT, Format


@dataclass(config=STRICT, frozen=True, slots=True)
class StuckResource:
    """A resource that CloudFormation could not roll back, with AWS's reason. `logical_id` of a
    resource in a nested stack is `NestedStackName.LogicalId`, as ResourcesToSkip spells it.
    """

    logical_id: str
    type: str
    physical_id: str
    reason: str


@dataclass(config=STRICT, frozen=True, slots=True)
class StackToRecover:
    """`continue` calls ContinueUpdateRollback, `skip` does so without the resources in `skip`,
    `rollback` calls RollbackStack. `status` and `operation_id` are those of the stack when the plan
    was made: the id of its newest operation.
    """

    key: str
    name: str
    region: str
    stack_id: str
    mode: Literal["continue", "skip", "rollback"]
    status: str
    operation_id: str
    stuck: tuple[StuckResource, ...]
    skip: tuple[str, ...] = ()


@dataclass(config=STRICT, frozen=True, slots=True)
class RecoverPlan:
    """Brings stacks back out of UPDATE_ROLLBACK_FAILED, UPDATE_FAILED or CREATE_FAILED."""

    environment_id: str
    stacks: Annotated[tuple[StackToRecover, ...], Field(min_length=1)]
    kind: Literal["recover"] = "recover"
    format: Format = FORMAT

    def stack(self, key: str) -> StackToRecover:
        """Raise LookupError if the plan has no such stack."""
        for stack in self.stacks:
            if stack.key == key:
                return stack
        raise LookupError(f"The plan has no stack {key}.")
