"""Turns a team's inputs (text from forms and command lines, or JSON) into typed values, or into
sentences about errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from provisioning.blueprint.blueprint import Blueprint, Size
from provisioning.blueprint.errors import InputErrors, NotOffered
from provisioning.blueprint.inputs.types import absent, coerce
from provisioning.blueprint.inputs.variables import Variable
from provisioning.blueprint.phrasing import known, listed, shown
from provisioning.blueprint.syntax.operators import same
from provisioning.design.graph import Value

# Every variable of the blueprint with its value; plain JSON.
Inputs: TypeAlias = Mapping[str, Value]


def size_of(blueprint: Blueprint, size: str) -> Size:
    """Returns the size, or raises NotOffered."""
    if size not in blueprint.sizes:
        raise NotOffered(f"{blueprint.slug} has no size {shown(size)}; its sizes are {listed(blueprint.sizes, 'and')}.")
    return blueprint.sizes[size]


def parse_inputs(blueprint: Blueprint, size: str, raw: Mapping[str, object]) -> Inputs:
    """Returns a value for every variable. A missing value, None or an empty text gives the default.

    Parsing the result again gives the same result. Raises InputErrors with sentences by the
    variable's name.
    """
    size_of(blueprint, size)
    errors: dict[str, list[str]] = {}
    for name in raw:
        if name not in blueprint.variables:
            errors[name] = [f"{blueprint.slug} has no input {shown(name)}; {known(name, blueprint.variables)}"]
    inputs: dict[str, Value] = {}
    for name, variable in blueprint.variables.items():
        value, sentences = _answer(variable, size, raw.get(name), needed=_needed(variable, size, raw))
        inputs[name] = value
        if sentences:
            errors[name] = sentences
    if errors:
        raise InputErrors(errors)
    return inputs


def _needed(variable: Variable, size: str, raw: Mapping[str, object]) -> bool:
    return (
        variable.required and variable.settable_in(size) and (not variable.unless or absent(raw.get(variable.unless)))
    )


def _answer(variable: Variable, size: str, raw: object, *, needed: bool) -> tuple[Value, list[str]]:
    default = variable.default_in(size)
    if absent(raw):
        unless = f", unless {variable.unless} is given" if variable.unless else ""
        missing = [f"{variable.name} is required{unless}: {variable.description}."] if needed else []
        return default, missing
    try:
        value = coerce(variable.type, raw)
    except ValueError as error:
        return None, [f"{variable.name} {error}."]
    if not variable.settable_in(size) and not same(value, default):
        return value, [f"{variable.name} can be set only in size {listed(variable.sizes or ())}."]
    # The blueprint's author is responsible for the default, which may violate the rules for other
    # values.
    return value, [] if not variable.required and same(value, default) else variable.complaints(value)


def example_inputs(blueprint: Blueprint, size: str, given: Mapping[str, object]) -> tuple[Inputs, list[str]]:
    """Fills required variables that are not given from their examples; the list names those."""
    filled = [
        name
        for name, variable in blueprint.variables.items()
        if _needed(variable, size, given) and absent(given.get(name))
    ]
    examples = {name: blueprint.variables[name].example for name in filled}
    return parse_inputs(blueprint, size, {**given, **examples}), filled
