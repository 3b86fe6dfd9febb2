"""The model that rules check: the resources of all stacks in one parameter case, resolved, and
their references.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from provisioning.proof.model.parameter_cases import ParameterCase
from provisioning.proof.model.resolve import Resolver
from provisioning.proof.model.values import is_known, mapping, mentioned, target


@dataclass(frozen=True, slots=True)
class TaskRun:
    """A task that runs outside the template, with the security groups that it gets (logical ids)."""

    task_definition: str
    security_groups: tuple[str, ...]
    subnets: tuple[str, ...]


@dataclass(frozen=True)
class Stack:
    """One rendered template and the values it is created with. `inputs` maps a parameter to the
    stack and output that it receives.
    """

    template: Mapping[str, Any]
    region: str
    key: str = "main"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    termination_protection: bool | None = None
    stack_policy: str | None = None
    runs: tuple[TaskRun, ...] = ()


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource with resolved properties. `key` is its logical id, prefixed with its stack's key
    unless that is the main stack.
    """

    key: str
    logical_id: str
    stack: str
    type: str
    properties: dict[str, Any]
    deletion_policy: str | None = None
    update_replace_policy: str | None = None
    depends_on: tuple[str, ...] = ()
    certain: bool = True

    def get(self, path: str, default: Any = None) -> Any:
        """A property by its path, `A.B.C`; the default if a part is missing."""
        setting: Any = self.properties
        for name in path.split("."):
            if not isinstance(setting, dict) or name not in setting:
                return default
            setting = setting[name]
        return setting

    def items(self, path: str) -> list[Any]:
        """The elements of a list property; a single value counts as a list of one."""
        elements = self.get(path)
        return [] if elements is None else elements if isinstance(elements, list) else [elements]

    def objects(self, path: str) -> list[dict[str, Any]]:
        return [part for part in self.items(path) if isinstance(part, dict)]

    def at(self, path: str) -> str:
        """The name of a property in evidence."""
        return f"{self.key}.{path}"


class Model:
    """All stacks in one parameter case. `notes` list what could not be read."""

    def __init__(self, stacks: Sequence[Stack], cases: Mapping[str, ParameterCase]) -> None:
        self.stacks = tuple(stacks)
        self.notes: list[str] = []
        self.resources: dict[str, Resource] = {}
        self.outputs: dict[str, dict[str, Any]] = {}
        self.resolvers: dict[str, Resolver] = {}
        for stack in self.stacks:
            self._add(stack, cases[stack.key])

    def _add(self, stack: Stack, case: ParameterCase) -> None:
        prefix = "" if stack.key == "main" else f"{stack.key}/"
        parameters = dict(case.parameters)
        for name, (source, output) in stack.inputs.items():
            if output in self.outputs.get(source, {}):
                parameters[name] = self.outputs[source][output]
        resolver = Resolver(
            stack.template, region=stack.region, prefix=prefix, parameters=parameters, conditions=case.conditions
        )
        self.resolvers[stack.key] = resolver
        for name, body in mapping(stack.template.get("Resources")).items():
            if not isinstance(body, dict):
                self.notes.append(f"{name} is no resource")
                continue
            decided = case.conditions.get(body["Condition"]) if isinstance(body.get("Condition"), str) else True
            if decided is False:
                continue
            properties = resolver.resolve(body.get("Properties", {}))
            if not isinstance(properties, dict):
                self.notes.append(f"the properties of {prefix}{name} cannot be determined")
                properties = {}
            depends = body.get("DependsOn", ())
            self.resources[f"{prefix}{name}"] = Resource(
                key=f"{prefix}{name}",
                logical_id=name,
                stack=stack.key,
                type=str(body.get("Type", "")),
                properties=properties,
                deletion_policy=_word(resolver.resolve(body.get("DeletionPolicy"))),
                update_replace_policy=_word(resolver.resolve(body.get("UpdateReplacePolicy"))),
                depends_on=(depends,) if isinstance(depends, str) else tuple(map(str, depends or ())),
                certain=decided is True,
            )
        self.outputs[stack.key] = {
            name: resolver.resolve(mapping(output).get("Value"))
            for name, output in mapping(stack.template.get("Outputs")).items()
            if case.conditions.get(str(mapping(output).get("Condition"))) is not False
        }

    @cached_property
    def by_type(self) -> dict[str, list[Resource]]:
        resources: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources.values():
            resources[resource.type].append(resource)
        return dict(resources)

    def of(self, *types: str) -> Iterator[Resource]:
        for kind in types:
            yield from self.by_type.get(kind, ())

    def stack(self, key: str) -> Stack:
        return next(stack for stack in self.stacks if stack.key == key)

    def find(self, value: Any, *types: str) -> Resource | None:
        """The resource that a value refers to: by mark, or by its physical name if the template
        sets one.
        """
        if (marked := target(value)) is not None:
            resource = self.resources.get(marked[0])
        elif isinstance(value, str) and is_known(value) and types:
            resource = next((r for r in self.of(*types) if value in _physical_names(r)), None)
        else:
            return None
        return resource if resource is not None and (not types or resource.type in types) else None

    @cached_property
    def mentions(self) -> dict[str, set[str]]:
        """Maps each resource to the resources that its properties refer to."""
        return {key: set(mentioned(resource.properties)) - {key} for key, resource in self.resources.items()}

    @cached_property
    def users(self) -> dict[str, list[Resource]]:
        """Maps each resource to the resources that refer to it."""
        users: dict[str, list[Resource]] = defaultdict(list)
        for key, named in self.mentions.items():
            for name in named:
                users[name].append(self.resources[key])
        return dict(users)


_NAMED_BY = ("BucketName", "LogGroupName", "RoleName", "QueueName", "TopicName", "FunctionName", "TableName", "Name")


def _physical_names(resource: Resource) -> list[str]:
    return [str(resource.properties[name]) for name in _NAMED_BY if name in resource.properties]


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def keys(resources: Iterable[Resource]) -> str:
    return ", ".join(resource.key for resource in resources)
