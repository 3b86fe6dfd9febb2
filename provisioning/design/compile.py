"""Compiles a design into the CloudFormation template of its main stack, and what must be known around it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from troposphere import Output

from provisioning.components.base import DesignError
from provisioning.components.build import Added, AfterStep, Build, Kept
from provisioning.components.graph import Design
from provisioning.components.names import pascal
from provisioning.components.registry import component

MAIN = "main"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_RESOURCES = 500
MAX_BYTES = 1024 * 1024
INLINE_BYTES = 51_200

_COMPONENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
_NAME_LIMIT = 32


@dataclass(frozen=True)
class CompiledTemplate:
    """One stack, ready to be sent. `body` is compact and the same for the same design, byte for byte."""

    body: str
    region: str
    resources: tuple[Added, ...]
    outputs: tuple[str, ...]
    tags: Mapping[str, str]
    after: tuple[AfterStep, ...]
    retained: tuple[Kept, ...]
    termination_protection: bool
    stack_policy: str | None
    express: bool
    stack: str = MAIN
    parameters: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that is sent to AWS: body, parameters, tags, policy, protection, steps afterwards."""
        sent = {
            "after": [repr(step) for step in self.after],
            "body": self.body,
            "express": self.express,
            "parameters": dict(self.parameters),
            "policy": self.stack_policy,
            "protection": self.termination_protection,
            "region": self.region,
            "stack": self.stack,
            "tags": dict(self.tags),
        }
        return hashlib.sha256(_compact(sent).encode()).hexdigest()


def compile_design(design: Design, *, changing: bool = False) -> CompiledTemplate:
    """Compile the main stack. `changing` is for an update of a stack that runs: it leaves scaled task counts alone.

    Raises DesignError where the components do not make a whole, with file, line and what to do.
    """
    _check_names(design)
    build = Build(design, component, changing=changing)
    build.template.set_description(f"{design.blueprint} {design.version}, size {design.size}")
    for node in design.nodes.values():
        component(node.kind).build(node, build)
    outputs = _outputs(design, build)
    template = build.template.to_dict()
    body = _compact(template)
    _check_limits(build, body)
    return CompiledTemplate(
        body=body,
        region=design.environment.region,
        resources=tuple(build.added),
        outputs=outputs,
        tags=build.tags(),
        after=tuple(build.after),
        retained=tuple(build.kept),
        termination_protection=design.size != "dev",
        stack_policy=None if design.size == "dev" else _stack_policy(template),
        express=bool(design.settings.get("express", False)),
    )


def _check_names(design: Design) -> None:
    name = design.environment.name
    if not _NAME.fullmatch(name) or len(name) > _NAME_LIMIT:
        raise DesignError(
            f'The environment\'s name "{name}" must be at most {_NAME_LIMIT} lowercase letters, digits and single hyphens, '
            "begin with a letter and not end with a hyphen."
        )
    for node in design.nodes.values():
        if not _COMPONENT_NAME.fullmatch(node.name):
            raise DesignError(
                f'{node.source}: {node.kind} "{node.name}" must be called by at most 30 lowercase letters, digits and '
                "underscores, beginning with a letter"
            )


def _outputs(design: Design, build: Build) -> tuple[str, ...]:
    """Add the outputs; one whose value this design does not have (a role without a repository) is left out."""
    names = []
    for output in design.outputs:
        value = build.value(output.value) if output.value is not None else None
        if value is None:
            continue
        name = pascal(output.name)
        if name in names:
            raise DesignError(f"{output.source}: two outputs are called {name}; rename one")
        described = {"Description": output.description} if output.description else {}
        build.template.add_output(Output(name, Value=value, **described))
        names.append(name)
    return tuple(names)


def _check_limits(build: Build, body: str) -> None:
    if len(build.added) > MAX_RESOURCES:
        raise DesignError(
            f"{build.design.blueprint} comes to {len(build.added)} resources; a stack holds {MAX_RESOURCES}: split the blueprint"
        )
    if len(body.encode()) > MAX_BYTES:
        raise DesignError(
            f"{build.design.blueprint} comes to {len(body.encode())} bytes; a template holds {MAX_BYTES}: split the blueprint"
        )


def _stack_policy(template: Mapping[str, Any]) -> str:
    """Everything may change, but nothing that outlives its stack may be replaced or deleted by an update."""
    data = [
        f"LogicalResourceId/{name}"
        for name, resource in template["Resources"].items()
        if resource.get("UpdateReplacePolicy", "Delete") != "Delete"
        or "FinalSnapshotName" in resource.get("Properties", {})
    ]
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]
    if data:
        forbidden = ["Update:Replace", "Update:Delete"]
        statements.append({"Effect": "Deny", "Action": forbidden, "Principal": "*", "Resource": sorted(data)})
    return _compact({"Statement": statements})


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
