"""A whole stack from one existing template, whose parameters become the request form.

Only two things are changed (`imported_template/rewriting.py`): secrets are read from Secrets
Manager, and resources get the names, paths and tags by which the account tells environments apart.
The template is the blueprint's only component.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Self, TypeAlias

from pydantic import Field, model_validator
from troposphere import Sub
from typing_extensions import override

from provisioning.components.kinds.cloudformation import imported_template
from provisioning.components.kinds.cloudformation.imported_template.drawing import place
from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.packages import ShippedText, TextFile
from provisioning.components.kit.values import Box, Family, Settings, settings_of
from provisioning.design.errors import DesignError
from provisioning.design.external_names import ExternalKind, ExternalName
from provisioning.design.graph import EnvironmentContext, Node

Answer: TypeAlias = str | int | float | bool | list[str | int | float] | None
# CloudFormation takes a snapshot of these if the template sets no policy.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
_SNAPSHOT_BY_DEFAULT = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
_MAX_SHOWN = 5


class CloudFormationSettings(Settings):
    template: ShippedText = Field(description="The template's file in the blueprint's folder, JSON or YAML")
    parameters: dict[str, Answer] = Field(
        default={},
        description="Parameters that the blueprint sets, per size or for all sizes; the form asks for the others",
    )
    examples: dict[str, Answer] = Field(
        default={}, description="Examples for parameters whose constraints are too specific to derive one"
    )
    answers: dict[str, Answer] = Field(default={}, description="The team's answers; filled in by the portal")

    @model_validator(mode="after")
    def _can_be_offered(self) -> Self:
        known = {question.name for question in questions_of(self.template)}
        for name in (*self.parameters, *self.examples, *self.answers):
            if name not in known:
                raise ValueError(
                    f"parameters: {self.template.path} has no parameter {name}; it has {', '.join(sorted(known)) or 'none'}"
                )
        return self


@lru_cache(maxsize=64)
def template_of(file: TextFile) -> imported_template.ImportedTemplate:
    """Read the template. Raises ValueError, with the reasons, if it cannot be offered."""
    try:
        template = imported_template.read_template(file.text)
        refused = imported_template.refusals(template)
    except imported_template.TemplateProblem as problem:
        raise ValueError(f"{file.path}, {problem}") from problem
    if refused:
        more = f" (and {len(refused) - _MAX_SHOWN} more)" if len(refused) > _MAX_SHOWN else ""
        raise ValueError("; ".join(f"{file.path}, {problem}" for problem in refused[:_MAX_SHOWN]) + more)
    return template


@lru_cache(maxsize=64)
def questions_of(file: TextFile) -> tuple[imported_template.Question, ...]:
    """Return the template's questions. Raises ValueError if it cannot be offered."""
    template = template_of(file)
    try:
        return imported_template.questions(template)
    except imported_template.TemplateProblem as problem:
        raise ValueError(f"{file.path}, {problem}") from problem


class CloudFormation(Component):
    kind = "cloudformation"
    title = "CloudFormation template"
    summary = "A whole stack from a template that you already have, JSON or YAML"
    family = Family.IMPORTED
    schema = CloudFormationSettings

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, CloudFormationSettings)
        if len(build.design.nodes) > 1:
            raise DesignError(
                f"{node.source}: {node.address} is a whole stack, so it must be the blueprint's only component; "
                "remove the others, or put its resources into components"
            )
        values = settings.parameters | settings.answers
        template = template_of(settings.template)
        secrets = {question.name for question in questions_of(settings.template) if question.secret}
        try:
            rewritten = imported_template.rewrite(
                template,
                secrets={name: str(value) for name, value in values.items() if name in secrets and value},
                identity=_identity(build),
            )
        except imported_template.TemplateProblem as problem:
            raise DesignError(f"{node.source}: {settings.template.path}, {problem}") from problem
        _check_answered(node, settings, values)
        # “S3 Bucket” for `AWS::S3::Bucket`.
        resources = rewritten.data["Resources"]
        titles = {name: " ".join(resource["Type"].split("::")[1:]) for name, resource in resources.items()}
        build.import_template(node, rewritten.data, titles=titles)
        _check_references(node, build, settings, rewritten.data, values)
        for name in sorted(set(values) - secrets):
            if values[name] is not None:
                build.main.parameters[name] = _text(values[name])
        _note_retained(build, rewritten.data)

    @override
    def external_names(self, node: Node, environment: EnvironmentContext) -> tuple[ExternalName, ...]:
        settings = settings_of(node, CloudFormationSettings)
        answers = {name: value for name, value in (settings.parameters | settings.answers).items() if value is not None}
        of_parameters = [
            ExternalName(question.names, _text(name), node.address, question.name)
            for question in questions_of(settings.template)
            if question.names and (answer := answers.get(question.name))
            for name in (answer if isinstance(answer, list) else [answer])
        ]
        texts = {name: _text(value) for name, value in answers.items()}
        of_template = [
            ExternalName(kind, name, node.address, where)
            for kind, name, where in imported_template.names_outside(
                template_of(settings.template).data, texts, environment
            )
        ]
        unique: dict[tuple[ExternalKind, str], ExternalName] = {}
        for name in (*of_parameters, *of_template):
            unique.setdefault((name.kind, name.value), name)
        return tuple(unique.values())

    def boxes(self, node: Node) -> list[Box]:
        template = template_of(settings_of(node, CloudFormationSettings).template)
        return place(Counter(resource["Type"] for resource in template.section("Resources").values()))

    @override
    def attribute(self, node: Node, name: str, build: Build) -> Any:
        raise DesignError(
            f"{node.source}: {node.address} has no attributes; the template's own Outputs are the environment's outputs"
        )


def _check_references(
    node: Node,
    build: Build,
    settings: CloudFormationSettings,
    template: Mapping[str, Any],
    values: Mapping[str, Answer],
) -> None:
    """Record the template's own dynamic references. Refuse those that lead elsewhere."""
    answers = {name: _text(value) for name, value in values.items() if value is not None}
    team = build.design.environment.team
    try:
        build.dynamic_references |= imported_template.own_references(template, answers=answers, team=team)
    except ValueError as problem:
        raise DesignError(f"{node.source}: {settings.template.path}: {problem}.") from problem
    for sentence in imported_template.parameters_read(template, answers, team):
        raise DesignError(f"{node.source}: {sentence}.")


def _identity(build: Build) -> imported_template.Identity:
    names = build.names
    return imported_template.Identity(
        boundary=iam.boundary().to_dict(),
        role_path=names.role_path,
        tags=build.tags(),
        bucket=lambda name: Sub(build.bucket(name)).to_dict(),
        secret=names.secret,
        parameter=names.parameter,
        log_group=names.log_group,
    )


def _check_answered(node: Node, settings: CloudFormationSettings, values: Mapping[str, Answer]) -> None:
    for question in questions_of(settings.template):
        if question.required and not question.secret and values.get(question.name) is None:
            raise DesignError(
                f"{node.source}: the parameter {question.name} of {settings.template.path} has no value; answer it, or set "
                f"it in parameters"
            )


def _text(value: Answer) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def _note_retained(build: Build, data: Any) -> None:
    for name, resource in data["Resources"].items():
        kind = resource["Type"]
        in_cluster = "DBClusterIdentifier" in resource.get("Properties", {})
        by_default = "Snapshot" if kind in _SNAPSHOT_BY_DEFAULT and not in_cluster else "Delete"
        policy = resource.get("DeletionPolicy", by_default)
        if policy != "Delete":
            build.note_retained(name, kind, policy=policy, why="The template says so")
