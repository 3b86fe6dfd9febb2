"""Reads `variable` blocks: Terraform's arguments, and our own (`example`, `sizes`, `terraform`, and
validations as data).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioning.blueprint.catalogue.blocks import Fields, Report, label
from provisioning.blueprint.inputs.size_scope import BySize, refers
from provisioning.blueprint.inputs.types import absent, coerce
from provisioning.blueprint.inputs.variable_type import SCALARS, VariableType
from provisioning.blueprint.inputs.variables import MAX_PATTERN, Validation, Variable, compiled
from provisioning.blueprint.phrasing import known, listed, shown
from provisioning.blueprint.syntax.operators import binary, kind_of
from provisioning.blueprint.syntax.tree import Block, Literal
from provisioning.design.graph import Value
from provisioning.design.size_policy import SIZES

_ARGUMENTS = ("type", "description", "default", "example", "sensitive", "sizes", "unless", "terraform")
_TERRAFORM_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_RULES = ("pattern", "min", "max", "allowed", "message")


def read_variable(report: Report, block: Block, by_size: BySize) -> Variable | None:
    name = label(report, block)
    if name is None:
        return None
    fields = Fields(report, block, f'variable "{name}"', arguments=_ARGUMENTS, blocks=("validation",))
    type_ = _type(fields)
    default = fields.argument("default")
    differs = default is not None and refers(default.value)
    sizes = _sizes(fields)
    rules = (_validation(report, inner, type_) for inner in block.body.blocks if type_ and inner.kind == "validation")
    variable = Variable(
        name=name,
        type=type_ or VariableType("string"),
        description=fields.text("description", required=True),
        source=report.source(block.line),
        default=None if differs else fields.value("default"),
        defaults=_default_by_size(fields, by_size) if differs else {},
        required=default is None,
        unless=fields.text("unless"),
        example=fields.value("example"),
        sensitive=fields.flag("sensitive"),
        sizes=sizes,
        validations=tuple(rule for rule in rules if rule),
        terraform=fields.texts("terraform") or (),
    )
    if variable.required and absent(variable.example):
        report.add(block.line, f'{fields.what} needs an example, because it has no default: example = "…".')
    if default is None and sizes is not None:
        report.add(block.line, f"{fields.what} needs a default, because only size {listed(sizes, 'and')} may set it.")
    if variable.unless and not variable.required:
        fields.refuse("unless", "is only valid for a variable without a default; remove one of the two")
    if type_:
        for value in (variable.default, *variable.defaults.values()):
            _check_value(fields, variable, "default", value)
        _check_value(fields, variable, "example", variable.example)
    return variable


def check_unless(report: Report, variables: Mapping[str, Variable]) -> None:
    """Checks that `unless` names another variable, one that may be omitted."""
    for variable in variables.values():
        other = variables.get(variable.unless)
        if not variable.unless:
            continue
        where = f'In variable "{variable.name}", unless names {shown(variable.unless)}'
        if other is None:
            report.add(variable.source.line, f"{where}, which is no variable; {known(variable.unless, variables)}")
        elif other.required:
            report.add(variable.source.line, f"{where}, which is required itself; give that one a default.")


def check_terraform_names(report: Report, variables: Mapping[str, Variable]) -> None:
    """Checks that each name known to Terraform belongs to one variable only."""
    taken = {name: name for name in variables}
    for variable in variables.values():
        for name in variable.terraform:
            where = f'In variable "{variable.name}", terraform names {shown(name)}'
            if not _TERRAFORM_NAME.fullmatch(name):
                report.add(variable.source.line, f"{where}, which cannot be the name of an argument.")
            elif name in taken:
                report.add(variable.source.line, f'{where}, which is the variable "{taken[name]}" already.')
            else:
                taken[name] = variable.name


def _default_by_size(fields: Fields, by_size: BySize) -> dict[str, Value]:
    argument = fields.argument("default")
    values: dict[str, Value] = {}
    if argument is not None:
        with fields.report.collecting():
            values = by_size.values(argument.value)
    return values


def _type(fields: Fields) -> VariableType | None:
    argument = fields.argument("type", required=True)
    if argument is None:
        return None
    declared = VariableType.from_expression(argument.value)
    if declared is None:
        quoted = isinstance(argument.value, Literal) and argument.value.value in SCALARS
        fields.refuse(
            "type",
            f"is written without quotes: type = {argument.value.value}"
            if quoted and isinstance(argument.value, Literal)
            else "should be string, number, bool, list(…) or map(…) of one of these",
        )
    return declared


def _sizes(fields: Fields) -> tuple[str, ...] | None:
    sizes = fields.texts("sizes")
    for size in sizes or ():
        if size not in SIZES:
            fields.refuse("sizes", f"names {shown(size)}; sizes are {listed(SIZES, 'and')}")
    return sizes


def _check_value(fields: Fields, variable: Variable, name: str, value: Value) -> None:
    if value is None:
        return
    try:
        same = binary(0, "==", coerce(variable.type, value), value) is True
    except ValueError as error:
        fields.refuse(name, str(error))
        return
    if not same:
        fields.refuse(name, f"should be of the type {variable.type}, and is {kind_of(value)}")
        return
    for complaint in variable.complaints(value):
        fields.refuse(name, f"is rejected by the variable's own validation: {complaint.rstrip('.')}")


def _validation(report: Report, block: Block, type_: VariableType) -> Validation | None:
    if any(argument.name in {"condition", "error_message"} for argument in block.body.arguments):
        report.add(
            block.line,
            "Terraform's condition and error_message cannot be used here: write pattern, min, max or allowed, and message.",
        )
        return None
    before = len(report.problems)
    fields = Fields(report, block, "validation", arguments=_RULES)
    rule = Validation(
        source=report.source(block.line),
        message=fields.text("message", required=fields.argument("pattern") is not None),
        pattern=_pattern(fields, type_),
        min=_bound(fields, "min", type_),
        max=_bound(fields, "max", type_),
        allowed=_allowed(fields, type_),
    )
    if not any(fields.argument(name) for name in _RULES[:-1]):
        report.add(block.line, "A validation needs pattern, min, max or allowed.")
    return rule if len(report.problems) == before else None


def _pattern(fields: Fields, type_: VariableType) -> str | None:
    if fields.argument("pattern") is None:
        return None
    pattern = fields.text("pattern", at_most=MAX_PATTERN)
    if type_.scalar != "string":
        fields.refuse("pattern", f"applies to text, and the variable is {type_}")
    elif len(pattern) <= MAX_PATTERN:
        try:
            compiled(pattern)
        except ValueError as error:
            fields.refuse("pattern", f"is no valid regular expression here: {str(error).rstrip('.')}")
    return pattern


def _bound(fields: Fields, name: str, type_: VariableType) -> int | float | None:
    value = fields.value(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        fields.refuse(name, f"should be a number, not {kind_of(value)}")
        return None
    if type_ == VariableType("bool"):
        fields.refuse(name, "does not apply to a bool")
    return value


def _allowed(fields: Fields, type_: VariableType) -> tuple[Value, ...] | None:
    value = fields.value("allowed")
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        fields.refuse("allowed", "should be a list of values")
        return None
    try:
        right = all(binary(0, "==", coerce(type_.item, allowed), allowed) for allowed in value)
    except ValueError:
        right = False
    if not right:
        fields.refuse("allowed", f"should hold values of the type {type_.item}")
    return tuple(value)
