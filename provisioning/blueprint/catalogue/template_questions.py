"""Turns each parameter of a blueprint's CloudFormation template into a variable of the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.blueprint.blueprint import ComponentBlock
from provisioning.blueprint.catalogue.blocks import Report
from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.inputs.size_scope import BySize
from provisioning.blueprint.inputs.variable_type import VariableType
from provisioning.blueprint.inputs.variables import Validation, Variable, compiled
from provisioning.blueprint.syntax.evaluate import constant
from provisioning.components.kinds.cloudformation.component import CloudFormation, questions_of
from provisioning.components.kinds.cloudformation.imported_template import Question
from provisioning.components.kit.packages import TextFile
from provisioning.design.graph import Source, Value
from provisioning.design.size_policy import SIZES

KIND: Final = CloudFormation.kind


def template_variables(
    report: Report, blocks: tuple[ComponentBlock, ...], files: Mapping[str, bytes], by_size: BySize
) -> dict[str, Variable]:
    """A variable for each parameter that the blueprint does not set itself. An unreadable template
    is reported when its settings are checked.
    """
    variables: dict[str, Variable] = {}
    for block in blocks:
        if block.kind != KIND or (file := _template_file(block, files)) is None:
            continue
        try:
            questions = questions_of(file)
        except ValueError:  # reported when the settings are checked, with its line
            continue
        with report.collecting():
            fixed = _maps(block, "parameters", by_size)
            examples = next(iter(_maps(block, "examples", by_size).values()), {})
            for question in questions:
                open_in = tuple(size for size in SIZES if question.name not in fixed.get(size, {}))
                if open_in:
                    source = Source(f"{report.path.rpartition('/')[0]}/{file.path}", question.line)
                    variable = _variable(question, source, open_in, examples.get(question.name))
                    if variable.required and (variable.example is None or variable.complaints(variable.example)):
                        report.add(
                            block.source.line,
                            f"The parameter {question.name} of {file.path} needs an example that it takes: "
                            f"examples = {{ {question.name} = … }} in the component.",
                        )
                    variables[question.name] = variable
    return variables


def _template_file(block: ComponentBlock, files: Mapping[str, bytes]) -> TextFile | None:
    argument = block.arguments.get("template")
    if argument is None:
        return None
    try:
        name = constant(argument.value)
        return TextFile(name, files[name].decode()) if isinstance(name, str) and name in files else None
    except (ProblemFound, ValueError):
        return None


def _maps(block: ComponentBlock, setting: str, by_size: BySize) -> dict[str, Mapping[str, Value]]:
    """A setting that is a map, in every size."""
    argument = block.arguments.get(setting)
    values = by_size.values(argument.value) if argument else {}
    return {size: value if isinstance(value, dict) else {} for size, value in values.items()}


def _variable(question: Question, source: Source, open_in: tuple[str, ...], example: Value) -> Variable:
    everywhere = len(open_in) == len(SIZES)
    bounded = not question.type.startswith("list")
    rules = [
        Validation(source, message=question.message, pattern=question.pattern) if _readable(question.pattern) else None,
        Validation(source, min=question.minimum) if bounded and question.minimum is not None else None,
        Validation(source, max=question.maximum) if bounded and question.maximum is not None else None,
        Validation(source, allowed=question.allowed) if question.allowed else None,
    ]
    return Variable(
        name=question.name,
        type=VariableType.from_text(question.type),
        description=question.description,
        source=source,
        default=question.default,
        required=question.required,
        example=question.example if example is None else example,
        sizes=None if everywhere else open_in,
        validations=tuple(rule for rule in rules if rule),
        of_template=True,
        names_secret=question.secret,
    )


def _readable(pattern: str) -> bool:
    """Whether the portal's linear-time engine supports the whole pattern; otherwise only AWS checks
    it.
    """
    if not pattern:
        return False
    try:
        compiled(pattern)
    except ValueError:
        return False
    return True
