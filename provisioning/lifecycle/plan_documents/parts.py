"""The records that several kinds of plans share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from provisioning.design.graph import OUTPUT_PARAMETERS

FORMAT: Final = 4
Format: TypeAlias = Literal[1, 2, 3, 4]
STRICT: Final = ConfigDict(extra="forbid", strict=True)


@dataclass(config=STRICT, frozen=True, slots=True)
class PinnedBlueprint:
    """The blueprint that the plan was made from; `digest` covers all its files."""

    slug: str
    version: str
    digest: str


@dataclass(config=STRICT, frozen=True, slots=True)
class PlannedResource:
    """A resource of a template. `address` is its component's, `title` is for people, `stack` is the
    stack's key.
    """

    logical_id: str
    type: str
    address: str
    title: str
    stack: str


@dataclass(config=STRICT, frozen=True, slots=True)
class RetainedResource:
    """A resource that outlives its stack: whole (policy `Retain`) or as a snapshot (`Snapshot`)."""

    logical_id: str
    type: str
    policy: str
    why: str
    stack: str


@dataclass(config=STRICT, frozen=True, slots=True)
class StackInput:
    """A parameter whose value is an output of an earlier stack. The value is read when the stack is
    submitted.
    """

    parameter: str
    stack: str
    output: str


@dataclass(config=STRICT, frozen=True, slots=True)
class PlannedArtefact:
    """A code package that must be in the stack's artefact bucket first. `name` is its folder in the
    blueprint.
    """

    name: str
    key: str
    sha256: str
    size_bytes: int


@dataclass(config=STRICT, frozen=True, slots=True)
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


@dataclass(config=STRICT, frozen=True, slots=True)
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


@dataclass(config=STRICT, frozen=True, slots=True)
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


@dataclass(config=STRICT, frozen=True, slots=True)
class StackedPlan:
    """A plan that contains whole stacks, in the order of creation; the main one is last.

    It is what an environment runs once the plan has been carried out. `inputs` are the values of the
    form without the sensitive ones; the blueprint's variables type them. `tags` are those that the
    team gave, and part of each stack's tags.
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
    tags: Mapping[str, str] = Field(default_factory=dict, kw_only=True)

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
    def due_tasks(self) -> tuple[Task, ...]:
        """The post-deployment tasks that run when this plan is carried out."""
        return self.tasks

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
    def has_output_parameters(self) -> bool:
        """Whether the outputs are also written as SSM parameters."""
        return any(resource.address == OUTPUT_PARAMETERS for resource in self.main.resources)

    @property
    def titles(self) -> dict[str, str]:
        """The resources' titles by logical id, which no two stacks share."""
        return {resource.logical_id: resource.title for resource in self.resources}

    def template_resources(self) -> dict[str, Mapping[str, Any]]:
        """The `Resources` of all templates, as CloudFormation reads them, by logical id."""
        return {name: value for stack in self.stacks for name, value in json.loads(stack.body)["Resources"].items()}
