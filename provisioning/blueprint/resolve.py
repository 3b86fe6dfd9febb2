"""Resolves a blueprint, a size and inputs to a Design: evaluates every expression and validates
every component's settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from pydantic import ValidationError

from provisioning.blueprint.blueprint import Blueprint, ComponentBlock
from provisioning.blueprint.catalogue.blocks import Report
from provisioning.blueprint.catalogue.shipped_files import ShippedFiles
from provisioning.blueprint.catalogue.template_questions import KIND as TEMPLATE
from provisioning.blueprint.errors import InputErrors, NotOffered, ProblemFound, UnresolvedError
from provisioning.blueprint.inputs.parse import parse_inputs, size_of
from provisioning.blueprint.phrasing import listed, shown
from provisioning.blueprint.setting_errors import problems_of
from provisioning.blueprint.syntax.evaluate import Budget, evaluate
from provisioning.blueprint.syntax.tree import Argument, Get, Literal, Name
from provisioning.blueprint.tags import as_tags, tag_problems
from provisioning.components.kit.packages import FILES
from provisioning.components.registry import component, kinds
from provisioning.design.graph import Design, DesignOutput, EnvironmentContext, Node, Reference, Value

_KIND_NAME_SETTING = 3
_LONGEST_CIRCLE = 12
# Together with the depth of an expression, this limits the stack.
_MAX_STEPS = 4
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


class DesignScope:
    """The values of `var.`, `size.`, `env.`, `account.` and `component.` in one design."""

    def __init__(
        self, blueprint: Blueprint, size: str, inputs: Mapping[str, Value], environment: EnvironmentContext
    ) -> None:
        self._blueprint = blueprint
        self._size = size
        self._budget = Budget()
        self._settings: dict[tuple[str, str], Value] = {}
        self._under_way: list[str] = []
        self._blocks = {(block.kind, block.name): block for block in blueprint.components}
        region = environment.region
        partition = next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")
        self._values: dict[str, Mapping[str, Value]] = {
            "var": inputs,
            "size": blueprint.sizes[size].settings,
            "env": {"name": environment.name, "region": region, "size": size, "team": environment.team},
            "account": {"id": environment.account_id, "partition": partition, "region": region},
        }

    def answers(self) -> Mapping[str, Value]:
        """The team's inputs for the parameters of a template."""
        own = self._values["var"]
        return {
            name: own.get(name)
            for name, variable in self._blueprint.variables.items()
            if variable.of_template and variable.settable_in(self._size)
        }

    def read(self, line: int, root: str, keys: list[str]) -> tuple[Value, int]:
        steps = self._blueprint.known.steps(line, root, keys)
        if root != "component":
            if keys[0] not in self._values[root]:
                raise ProblemFound(line, f"There is no {root}.{keys[0]} in this size.")
            return self._budget.charge(line, self._values[root][keys[0]]), steps
        kind, name = keys[:2]
        if steps < _KIND_NAME_SETTING:
            return Reference(kind, name), steps
        if kind not in kinds() or keys[2] in component(kind).attributes:
            return Reference(kind, name, keys[2]), steps
        return self._budget.charge(line, self._setting(line, self._blocks[kind, name], keys[2])), steps

    def _setting(self, line: int, block: ComponentBlock, name: str) -> Value:
        """Another component's setting, evaluated once. Detects circular references."""
        place = f"component.{block.address}.{name}"
        if place in self._under_way:
            circle = [*self._under_way[self._under_way.index(place) :], place]
            raise ProblemFound(line, f"These settings have a circular reference: {' → '.join(circle)}.")
        if (block.address, name) not in self._settings:
            self._under_way.append(place)
            try:
                self._settings[block.address, name] = self.value_of(block.arguments[name])
            finally:
                self._under_way.pop()
        return self._settings[block.address, name]

    def value_of(self, argument: Argument) -> Value:
        if len(self._under_way) > _MAX_STEPS:
            raise ProblemFound(
                argument.line, f"Settings refer to other settings more than {_MAX_STEPS} times; write the value itself."
            )
        return evaluate(argument.value, self)


def build_nodes(blueprint: Blueprint, scope: DesignScope, report: Report) -> dict[str, Node]:
    """The components with valid settings; the others are reported and omitted."""
    nodes: dict[str, Node] = {}
    for block in blueprint.components:
        if block.kind in kinds() and (node := _node(block, scope, report, blueprint.files)):
            nodes[block.address] = node
    _check_circles(nodes, report)
    return nodes


def _node(block: ComponentBlock, scope: DesignScope, report: Report, files: ShippedFiles) -> Node | None:
    schema = component(block.kind).schema
    values: dict[str, Value] = {}
    complete = True
    for name, argument in block.arguments.items():
        try:
            value = scope.value_of(argument)
        except ProblemFound as problem:
            report.add(problem.line, problem.message)
            complete = False
            continue
        field = schema.model_fields.get(name)
        # As in Terraform, null means that the argument is absent.
        if value is not None or field is None or field.is_required():
            values[name] = value
    if not complete:
        return None
    if block.kind == TEMPLATE:
        values["answers"] = {name: answer for name, answer in scope.answers().items() if answer is not None}
    try:
        settings = schema.model_validate(values, context={FILES: files})
    except ValidationError as error:
        for refusal in problems_of(block, schema, error):
            report.add(refusal.line, refusal.message)
        return None
    return Node(block.kind, block.name, settings, settings.uses, block.source)


def _check_circles(nodes: Mapping[str, Node], report: Report) -> None:
    graph = {
        address: [target.address for target in component(node.kind).targets(node)] for address, node in nodes.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][:0:-1]
        first = min(circle, key=lambda address: nodes[address].source.line)
        turn = circle.index(first)
        whole = [*circle[turn:], *circle[:turn], first]
        shown_circle = " → ".join(
            whole if len(whole) <= _LONGEST_CIRCLE else [*whole[: _LONGEST_CIRCLE - 2], "…", first]
        )
        report.add(nodes[first].source.line, f"These components have a circular dependency: {shown_circle}.")


def build_outputs(blueprint: Blueprint, scope: DesignScope, report: Report) -> tuple[DesignOutput, ...]:
    outputs = []
    for block in blueprint.outputs:
        with report.collecting():
            value = evaluate(block.value, scope)
            if isinstance(value, Reference) and value.attribute is None:
                raise ProblemFound(
                    block.source.line,
                    f'output "{block.name}" is a whole component ({value}); name one of its attributes.',
                )
            if isinstance(value, list | dict):
                raise ProblemFound(
                    block.source.line, f'output "{block.name}" should be text, a number or an attribute.'
                )
            outputs.append(DesignOutput(block.name, value, block.description, block.source))
    return tuple(outputs)


def build_tags(blueprint: Blueprint, scope: DesignScope, report: Report) -> Mapping[str, str]:
    """The team's own tags. Raises InputErrors if they come from one variable alone, so that its
    field can show the problem.
    """
    expression = blueprint.tags
    if expression is None:
        return {}
    with report.collecting():
        tags = evaluate(expression, scope)
        problems = list(tag_problems(tags)) if tags is not None else []
        match expression:
            case Get(target=Name(name="var"), key=Literal(value=str(name))) if problems:
                raise InputErrors({name: [f"{name} {problem}." for problem in problems]})
        for problem in problems:
            report.add(expression.line, f'"tags" of the blueprint block {problem}.')
        return as_tags(tags)
    return {}


def resolve(blueprint: Blueprint, *, size: str, inputs: Mapping[str, Value], environment: EnvironmentContext) -> Design:
    """Returns the design of one environment; equal arguments give an equal design.

    Raises NotOffered, InputErrors or UnresolvedError, all of them BlueprintErrors.
    """
    chosen = size_of(blueprint, size)
    if environment.region not in blueprint.regions:
        raise NotOffered(
            f"{blueprint.slug} is not offered in {shown(environment.region)}; its regions are {listed(blueprint.regions, 'and')}."
        )
    parsed = parse_inputs(blueprint, size, inputs)
    scope = DesignScope(blueprint, size, parsed, environment)
    report = Report(f"{blueprint.slug}/blueprint.hcl")
    nodes = build_nodes(blueprint, scope, report)
    outputs = build_outputs(blueprint, scope, report)
    tags = build_tags(blueprint, scope, report)
    if report.problems:
        raise UnresolvedError(report.problems)
    return Design(
        blueprint=blueprint.slug,
        version=blueprint.version,
        digest=blueprint.digest,
        size=size,
        environment=environment,
        nodes=nodes,
        outputs=outputs,
        settings=dict(chosen.settings),
        usage=blueprint.usage,
        tags=tags,
        secret_texts=frozenset(
            text for name, value in parsed.items() if blueprint.variables[name].sensitive for text in _texts(value)
        ),
    )


def _texts(value: Value) -> Iterator[str]:
    """The texts inside an input's value, as they would be in a template."""
    if isinstance(value, dict):
        yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in _texts(item))
    elif value is not None and not isinstance(value, bool):
        yield str(value)
