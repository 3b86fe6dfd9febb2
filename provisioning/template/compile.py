"""Compiles a design into the CloudFormation templates of its stacks, and what must be known around them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from troposphere import Output

from provisioning.components.kit.build import Build, StackBuild
from provisioning.components.kit.packages import Artefact
from provisioning.components.kit.values import MAIN, CompiledResource, PostDeploymentTask, Retained, StackInput
from provisioning.components.registry import component
from provisioning.design.environment_name import name_problem
from provisioning.design.errors import DesignError
from provisioning.design.graph import Design
from provisioning.design.names import pascal

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_RESOURCES = 500
MAX_BYTES = 1024 * 1024
INLINE_BYTES = 51_200

_COMPONENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")


@dataclass(frozen=True)
class CompiledTemplate:
    """One stack, ready to be sent. `body` is compact and the same for the same design, byte for byte.

    `inputs` are parameters whose values are outputs of stacks created earlier; `artefacts` must lie in the account's
    artefact bucket of this region before.
    """

    body: str
    region: str
    resources: tuple[CompiledResource, ...]
    outputs: tuple[str, ...]
    tags: Mapping[str, str]
    retained: tuple[Retained, ...]
    termination_protection: bool
    stack_policy: str | None
    express: bool
    stack: str = MAIN
    tasks: tuple[PostDeploymentTask, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[StackInput, ...] = ()
    artefacts: tuple[Artefact, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that is sent to AWS: body, parameters, tags, policy, protection, steps afterwards."""
        sent = {
            "after": [repr(task) for task in self.tasks],
            "artefacts": [artefact.key for artefact in self.artefacts],
            "body": self.body,
            "express": self.express,
            "handed": [repr(value) for value in self.inputs],
            "parameters": dict(self.parameters),
            "policy": self.stack_policy,
            "protection": self.termination_protection,
            "region": self.region,
            "stack": self.stack,
            "tags": dict(self.tags),
        }
        return hashlib.sha256(_compact(sent).encode()).hexdigest()


@dataclass(frozen=True)
class CompiledDesign:
    """The stacks of a design in the order of their creation; the main one is the last."""

    stacks: tuple[CompiledTemplate, ...]

    @property
    def main(self) -> CompiledTemplate:
        return self.stacks[-1]

    @property
    def resources(self) -> tuple[CompiledResource, ...]:
        return tuple(resource for stack in self.stacks for resource in stack.resources)

    @property
    def retained(self) -> tuple[Retained, ...]:
        return tuple(kept for stack in self.stacks for kept in stack.retained)

    def stack(self, key: str) -> CompiledTemplate | None:
        return next((stack for stack in self.stacks if stack.stack == key), None)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the digests of all stacks, in order."""
        return hashlib.sha256("".join(stack.digest for stack in self.stacks).encode()).hexdigest()


def compile_design(design: Design, *, changing: bool = False) -> CompiledDesign:
    """Compile all stacks. `changing` is for an update of a stack that runs: it leaves scaled task counts alone.

    Raises DesignError where the components do not make a whole, with file, line and what to do.
    """
    _check_names(design)
    build = Build(design, component, changing=changing)
    for node in design.nodes.values():
        component(node.kind).build(node, build)
    for node in design.nodes.values():
        component(node.kind).finish(node, build)
    _outputs(design, build)
    beside = [made for key, made in build.stacks.items() if key != MAIN]
    return CompiledDesign(tuple(_compiled(build, made) for made in (*beside, build.main)))


def _compiled(build: Build, made: StackBuild) -> CompiledTemplate:
    design = build.design
    part = "" if made.key == MAIN else f", {made.key}"
    made.template.set_description(f"{design.blueprint} {design.version}, size {design.size}{part}")
    template = made.data()
    body = _compact(template)
    _check_limits(build, made, template, body)
    return CompiledTemplate(
        body=body,
        stack=made.key,
        region=made.region,
        resources=tuple(added for added in build.resources if added.stack == made.key),
        outputs=tuple(template.get("Outputs", ())),
        tags=build.tags(),
        tasks=tuple(build.tasks) if made.key == MAIN else (),
        retained=tuple(kept for kept in build.retained if kept.stack == made.key),
        termination_protection=design.policy.protects_stacks,
        stack_policy=_stack_policy(template) if design.policy.protects_stacks else None,
        express=bool(design.settings.get("express", False)),
        parameters=dict(made.parameters),
        inputs=tuple(made.inputs),
        artefacts=tuple(made.artefacts.values()),
    )


def _check_names(design: Design) -> None:
    if problem := name_problem(design.environment.name):
        raise DesignError(problem)
    for node in design.nodes.values():
        if not _COMPONENT_NAME.fullmatch(node.name):
            raise DesignError(
                f'{node.source}: {node.kind} "{node.name}" must be called by at most 30 lowercase letters, digits and '
                "underscores, beginning with a letter"
            )


def _outputs(design: Design, build: Build) -> None:
    """Add the outputs; one whose value this design does not have (a role without a repository) is left out."""
    template = build.main.template
    for output in design.outputs:
        value = build.value(output.value) if output.value is not None else None
        if value is None:
            continue
        name = pascal(output.name)
        if name in template.outputs:
            raise DesignError(f"{output.source}: two outputs are called {name}; rename one")
        described = {"Description": output.description} if output.description else {}
        template.add_output(Output(name, Value=value, **described))


def _check_limits(build: Build, made: StackBuild, template: Mapping[str, Any], body: str) -> None:
    what = f"The stack {made.key} of {build.design.blueprint}"
    if (count := len(template.get("Resources", ()))) > MAX_RESOURCES:
        raise DesignError(f"{what} comes to {count} resources; a stack holds {MAX_RESOURCES}: split the blueprint")
    if (size := len(body.encode())) > MAX_BYTES:
        raise DesignError(f"{what} comes to {size} bytes; a template holds {MAX_BYTES}: split the blueprint")


def _stack_policy(template: Mapping[str, Any]) -> str:
    """Everything may change, but nothing that outlives its stack may be replaced or deleted by an update."""
    data = [
        f"LogicalResourceId/{name}"
        for name, resource in template["Resources"].items()
        if resource.get("UpdateReplacePolicy", "Delete") != "Delete"
        or resource.get("DeletionPolicy", "Delete") != "Delete"
        or "FinalSnapshotName" in resource.get("Properties", {})
    ]
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]
    if data:
        forbidden = ["Update:Replace", "Update:Delete"]
        statements.append({"Effect": "Deny", "Action": forbidden, "Principal": "*", "Resource": sorted(data)})
    return _compact({"Statement": statements})


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
