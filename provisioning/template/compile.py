"""Compiles a design into the CloudFormation templates of its stacks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troposphere import Output

from provisioning.cloudformation_limits import MAX_RESOURCES, MAX_TEMPLATE_BYTES
from provisioning.components.external_names import external_names
from provisioning.components.kit.build import Build, StackBuild
from provisioning.components.kit.dynamic_references import unrecorded_references
from provisioning.components.kit.packages import Artefact
from provisioning.components.kit.values import (
    MAIN,
    CompiledResource,
    ManualTask,
    PostDeploymentTask,
    Retained,
    StackInput,
)
from provisioning.components.registry import component
from provisioning.design.environment_name import name_problem
from provisioning.design.errors import DesignError
from provisioning.design.expressions import expression_problem
from provisioning.design.external_names import ExternalKind
from provisioning.design.graph import OUTPUT_PARAMETERS, Design
from provisioning.design.names import pascal
from provisioning.template.output_parameters import TYPE as PARAMETER_TYPE
from provisioning.template.output_parameters import output_parameters

METADATA = "Portal"
"""The section of a template's Metadata that says which version of which blueprint it comes from."""
_COMPONENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")


@dataclass(frozen=True)
class CompiledTemplate:
    """One stack, ready to be sent. `body` is compact, and the same design always gives the same
    bytes.

    `inputs` are parameters whose values are outputs of stacks created earlier. `artefacts` must be
    in the account's artefact bucket of this region before the stack is created. `tasks` and
    `manual_tasks` follow its deployment.
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
    manual_tasks: tuple[ManualTask, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[StackInput, ...] = ()
    artefacts: tuple[Artefact, ...] = ()


@dataclass(frozen=True)
class CompiledDesign:
    """The stacks of a design in the order of their creation. The main one is the last."""

    stacks: tuple[CompiledTemplate, ...]

    @property
    def main(self) -> CompiledTemplate:
        return self.stacks[-1]

    @property
    def resources(self) -> tuple[CompiledResource, ...]:
        return tuple(resource for stack in self.stacks for resource in stack.resources)

    @property
    def retained(self) -> tuple[Retained, ...]:
        return tuple(retained for stack in self.stacks for retained in stack.retained)

    def stack(self, key: str) -> CompiledTemplate | None:
        return next((stack for stack in self.stacks if stack.stack == key), None)


def compile_design(design: Design, *, changing: bool = False) -> CompiledDesign:
    """Compile all stacks of a design.

    `changing` compiles an update of running stacks, which leaves the task counts of scaled services
    alone. Raises DesignError, with file, line and what to do, if the components do not fit
    together.
    """
    _check_names(design)
    build = Build(design, component, changing=changing)
    for node in design.nodes.values():
        component(node.kind).build(node, build)
    for node in design.nodes.values():
        component(node.kind).finish(node, build)
    _add_outputs(design, build)
    earlier = [stack for key, stack in build.stacks.items() if key != MAIN]
    return CompiledDesign(tuple(_compile_stack(build, stack) for stack in (*earlier, build.main)))


def _compile_stack(build: Build, stack: StackBuild) -> CompiledTemplate:
    design = build.design
    suffix = "" if stack.key == MAIN else f", {stack.key}"
    stack.template.set_description(f"{design.blueprint} {design.version}, size {design.size}{suffix}")
    template = _with_metadata(stack.rendered(), design)
    remedy = "split the blueprint"
    if design.output_parameters and stack.key == MAIN:
        template = _with_output_parameters(template, build)
        remedy += ", or do without output parameters"
    body = _compact(template)
    name = f"The stack {stack.key} of {design.blueprint}"
    _check_expressions(build, stack, template, name)
    if (count := len(template.get("Resources", ()))) > MAX_RESOURCES:
        raise DesignError(f"{name} has {count} resources; a stack holds {MAX_RESOURCES}: {remedy}")
    if (size := len(body.encode())) > MAX_TEMPLATE_BYTES:
        raise DesignError(f"{name} has {size} bytes; a template holds {MAX_TEMPLATE_BYTES}: {remedy}")
    return CompiledTemplate(
        body=body,
        stack=stack.key,
        region=stack.region,
        resources=tuple(resource for resource in build.resources if resource.stack == stack.key),
        outputs=tuple(template.get("Outputs", ())),
        tags=build.tags(),
        tasks=tuple(build.tasks) if stack.key == MAIN else (),
        manual_tasks=tuple(task for task in build.manual_tasks if task.stack == stack.key),
        retained=tuple(retained for retained in build.retained if retained.stack == stack.key),
        termination_protection=design.policy.protects_stacks,
        stack_policy=_stack_policy(template) if design.policy.protects_stacks else None,
        express=bool(design.settings.get("express", False)),
        parameters=dict(stack.parameters),
        inputs=tuple(stack.inputs),
        artefacts=tuple(stack.artefacts.values()),
    )


def _check_expressions(build: Build, stack: StackBuild, template: Mapping[str, Any], name: str) -> None:
    """Refuse a dynamic reference that no component made, in the template or in a parameter."""
    for place, text in unrecorded_references(template, build.dynamic_references):
        raise DesignError(
            f"{name} contains a dynamic reference that no component made, at {place}: {text[:60]}… AWS would replace it "
            "with a stored value; remove it from the input or the blueprint"
        )
    for parameter, value in stack.parameters.items():
        if problem := expression_problem(value):
            raise DesignError(f"{name}: the parameter {parameter} {problem}")
    named = {each.value for each in external_names(build.design) if each.kind is ExternalKind.SECRET}
    if unnamed := sorted(build.named_secrets - named):
        raise DesignError(
            f"{name} reads the secret {unnamed[0]}, which no setting names; give the setting the type SecretName"
        )


def _with_metadata(template: Mapping[str, Any], design: Design) -> dict[str, Any]:
    """Return the template with what is no tag, because it changes during an environment's life."""
    about = {
        "Blueprint": design.blueprint,
        "Version": design.version,
        "Size": design.size,
        "Request": design.environment.request_id,
    }
    return {**template, "Metadata": {**template.get("Metadata", {}), METADATA: about}}


def _with_output_parameters(template: dict[str, Any], build: Build) -> dict[str, Any]:
    """Return the main stack's template with its outputs as SSM parameters, which the build then
    lists.
    """
    design = build.design
    written = output_parameters(
        template, names=build.names, parameters=build.main.parameters, secret_texts=design.secret_texts
    )
    if not written:
        raise DesignError(
            f"{design.blueprint} {design.version} has no output that can be written as an SSM parameter; do without "
            "output parameters"
        )
    for one in written:
        title = f"Output {one.output}"
        build.resources.append(CompiledResource(one.logical_id, PARAMETER_TYPE, OUTPUT_PARAMETERS, title))
    added = {one.logical_id: dict(one.resource) for one in written}
    return {**template, "Resources": {**template["Resources"], **added}}


def _check_names(design: Design) -> None:
    if problem := name_problem(design.environment.name):
        raise DesignError(problem)
    for node in design.nodes.values():
        if not _COMPONENT_NAME.fullmatch(node.name):
            raise DesignError(
                f'{node.source}: the name of {node.kind} "{node.name}" must be at most 30 lowercase letters, digits and '
                "underscores, beginning with a letter"
            )


def _add_outputs(design: Design, build: Build) -> None:
    """Add the outputs. One whose value this design does not have (a role without a repository) is
    left out.
    """
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


def _stack_policy(template: Mapping[str, Any]) -> str:
    """Return a policy that allows every update, except to replace or delete what outlives its
    stack.
    """
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
