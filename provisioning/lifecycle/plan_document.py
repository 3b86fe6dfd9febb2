"""The plan document: what a request will run, as one typed and versioned record.

`Plan.content` stores it as JSON. `from_json` reads every format that was ever stored, `as_json`
writes it, and `digest_of` computes the digest that people approve and that the engine checks before
it calls AWS. Reading is strict: an unknown key, a missing key or a value of the wrong type makes
the document unreadable, so that nothing in a stored plan escapes the digest.

Format 2 is written today, and its digest covers the whole document. Format 1 has no `format` key;
`plan_format_1` knows its names and which of its keys its digest covers. To change the document,
raise `FORMAT`, add the upgrade from format 2 next to `plan_format_1`, and keep the digest of stored
plans what it is.

This module is pure data: no Django, no AWS. A kind of request that changes an environment adds a
`ChangePlan` here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import chain
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from provisioning.errors import WrongState
from provisioning.lifecycle import plan_format_1

FORMAT: Final = 2
_STRICT: Final = ConfigDict(extra="forbid", strict=True)


class UnreadablePlan(WrongState):
    """The stored JSON is no plan document of a known format."""


@dataclass(config=_STRICT, frozen=True, slots=True)
class PinnedBlueprint:
    """The blueprint that the plan was made from; `digest` covers all its files."""

    slug: str
    version: str
    digest: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class PlannedResource:
    """A resource of a template. `address` is its component's, `title` is for people, `stack` is the
    stack's key.
    """

    logical_id: str
    type: str
    address: str
    title: str
    stack: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class RetainedResource:
    """A resource that outlives its stack: whole (policy `Retain`) or as a snapshot (`Snapshot`)."""

    logical_id: str
    type: str
    policy: str
    why: str
    stack: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class StackInput:
    """A parameter whose value is an output of an earlier stack. The value is read when the stack is
    submitted.
    """

    parameter: str
    stack: str
    output: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class PlannedArtefact:
    """A code package that must be in the stack's artefact bucket first. `name` is its folder in the
    blueprint.
    """

    name: str
    key: str
    sha256: str
    size_bytes: int


@dataclass(config=_STRICT, frozen=True, slots=True)
class PlannedStack:
    """What CreateStack receives, what must exist before, and what pages show about the stack.

    `body` is the template as JSON text. `levels` are its logical ids in dependency order: each
    level needs only earlier ones.
    """

    key: str
    name: str
    region: str
    body: str
    parameters: Mapping[str, str]
    inputs: tuple[StackInput, ...]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    termination_protection: bool
    stack_policy: str | None
    express: bool
    resources: tuple[PlannedResource, ...]
    retained: tuple[RetainedResource, ...]
    outputs: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    artefacts: tuple[PlannedArtefact, ...]
    artefact_bucket: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class Task:
    """An automated post-deployment task: an ECS task of the main stack, whose resources it names by
    logical id.
    """

    key: str
    title: str
    cluster: str
    task_definition: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    container: str
    timeout_minutes: int
    kind: str
    launch_type: str
    assign_public_ip: bool


@dataclass(config=_STRICT, frozen=True, slots=True)
class ManualTask:
    """A post-deployment task for a person. `command` has the placeholders {physical_id} and
    {region} of the resource.
    """

    key: str
    title: str
    sentence: str
    logical_id: str
    command: str
    stack: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class CreatePlan:
    """Creates an environment. `stacks` are in the order of creation; the main one is last.

    `inputs` are the values of the request form without the sensitive ones; the blueprint's
    variables type them.
    """

    account_id: str
    region: str
    blueprint: PinnedBlueprint
    size: str
    stacks: Annotated[tuple[PlannedStack, ...], Field(min_length=1)]
    tasks: tuple[Task, ...]
    manual_tasks: tuple[ManualTask, ...]
    inputs: Mapping[str, Any]
    requires_approval: bool
    kind: Literal["create"] = "create"
    format: Literal[1, 2] = FORMAT

    @property
    def main(self) -> PlannedStack:
        return self.stacks[-1]

    def stack(self, key: str) -> PlannedStack:
        """Raise LookupError if the plan has no such stack."""
        for stack in self.stacks:
            if stack.key == key:
                return stack
        raise LookupError(f"The plan has no stack {key}.")

    @property
    def resources(self) -> list[PlannedResource]:
        return list(chain.from_iterable(stack.resources for stack in self.stacks))

    @property
    def retained(self) -> list[RetainedResource]:
        return list(chain.from_iterable(stack.retained for stack in self.stacks))

    @property
    def regions(self) -> list[str]:
        """Each region once, in the order of creation."""
        return list(dict.fromkeys(stack.region for stack in self.stacks))

    @property
    def titles(self) -> dict[str, str]:
        """The resources' titles by logical id, which no two stacks share."""
        return {resource.logical_id: resource.title for resource in self.resources}

    def template_resources(self) -> dict[str, Mapping[str, Any]]:
        """The `Resources` of all templates, as CloudFormation reads them, by logical id."""
        return {name: value for stack in self.stacks for name, value in json.loads(stack.body)["Resources"].items()}


@dataclass(config=_STRICT, frozen=True, slots=True)
class StackToDelete:
    """`stack_ids` are all stacks that were ever begun under this key, oldest first; empty texts
    have no id yet.
    """

    key: str
    name: str
    region: str
    stack_ids: tuple[str, ...]


@dataclass(config=_STRICT, frozen=True, slots=True)
class TeardownLine:
    """A resource that a teardown deletes or retains. `policy` is empty unless it is retained; `why`
    is for people.
    """

    logical_id: str
    type: str
    physical_id: str
    address: str
    title: str
    policy: str
    why: str
    stack: str
    region: str


@dataclass(config=_STRICT, frozen=True, slots=True)
class TeardownPlan:
    """Deletes an environment. `stacks` are in the order of creation; they are deleted from the last
    to the first.
    """

    environment_id: str
    stacks: tuple[StackToDelete, ...]
    to_delete: tuple[TeardownLine, ...]
    to_retain: tuple[TeardownLine, ...]
    kind: Literal["teardown"] = "teardown"
    format: Literal[1, 2] = FORMAT

    @property
    def lines(self) -> tuple[TeardownLine, ...]:
        return self.to_delete + self.to_retain


@dataclass(config=_STRICT, frozen=True, slots=True)
class StuckResource:
    """A resource that CloudFormation could not roll back, with AWS's reason. `logical_id` of a
    resource in a nested stack is `NestedStackName.LogicalId`, as ResourcesToSkip spells it.
    """

    logical_id: str
    type: str
    physical_id: str
    reason: str


@dataclass(config=_STRICT, frozen=True, slots=True)
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


@dataclass(config=_STRICT, frozen=True, slots=True)
class RecoverPlan:
    """Brings stacks back out of UPDATE_ROLLBACK_FAILED, UPDATE_FAILED or CREATE_FAILED."""

    environment_id: str
    stacks: Annotated[tuple[StackToRecover, ...], Field(min_length=1)]
    kind: Literal["recover"] = "recover"
    format: Literal[2] = FORMAT

    def stack(self, key: str) -> StackToRecover:
        """Raise LookupError if the plan has no such stack."""
        for stack in self.stacks:
            if stack.key == key:
                return stack
        raise LookupError(f"The plan has no stack {key}.")


PlanDocument: TypeAlias = CreatePlan | TeardownPlan | RecoverPlan
_PLAN: Final[TypeAdapter[PlanDocument]] = TypeAdapter(Annotated[PlanDocument, Field(discriminator="kind")])


def from_json(content: Mapping[str, Any]) -> PlanDocument:
    """Read `Plan.content` of any format. Raise UnreadablePlan if a key is missing, unknown or of
    the wrong type.
    """
    try:
        if "format" not in content:
            content = plan_format_1.upgrade(content)
        elif content["format"] != FORMAT:
            raise UnreadablePlan(
                f"The plan has format {content['format']}, which this version of the portal cannot read."
            )
        return _PLAN.validate_json(json.dumps(content))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = (
            "; ".join(f"{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in error.errors()[:3])
            if isinstance(error, ValidationError)
            else repr(error)
        )
        raise UnreadablePlan(f"The stored plan is not one that the portal has written ({what}).") from error


def as_json(plan: PlanDocument) -> dict[str, Any]:
    """Return the JSON to store. A plan that was read from format 1 is written as it was."""
    content: dict[str, Any] = _PLAN.dump_python(plan, mode="json")
    return plan_format_1.downgrade(content) if plan.format == 1 else content


def digest_of(plan: PlanDocument) -> str:
    """Return the SHA-256 of the canonical JSON of everything that an approval approves."""
    content = as_json(plan)
    if plan.format == 1:
        content = {key: content[key] for key in plan_format_1.DIGEST_KEYS[plan.kind]}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
