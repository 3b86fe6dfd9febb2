"""Fills a request form from pasted text, with a reason for everything that was not imported."""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioning.blueprint.blueprint import Blueprint
from provisioning.blueprint.inputs.types import absent, as_text, coerce
from provisioning.blueprint.inputs.variable_type import VariableType
from provisioning.blueprint.inputs.variables import Variable
from provisioning.blueprint.phrasing import known, listed
from provisioning.blueprint.syntax.operators import kind_of, same
from provisioning.design.environment_name import NAME_RULE, name_problem
from provisioning.design.graph import Value
from provisioning.exchange.pasted import Given, Left, Source

_SIZES = {
    "dev": "dev", "develop": "dev", "development": "dev",
    "stage": "staging", "staging": "staging",
    "prod": "prod", "production": "prod",
}  # fmt: skip
_NOT_NEEDED = {
    "source": "is not needed: the blueprint replaces the module",
    "version": "is not needed: the request names the blueprint's version",
    "depends_on": "is not needed: the blueprint knows the dependencies",
    "providers": "is not needed: the account and the region are chosen on the form",
}
_META = {
    "count": "is not imported: one request creates one environment",
    "for_each": "is not imported: one request creates one environment",
}
# Form fields in addition to the blueprint's inputs, by the names that modules use for them.
_AROUND = {"environment": "size", "size": "size", "region": "region", "aws_region": "region", "name": "name"}


@dataclass(frozen=True, slots=True)
class Taken:
    """`target` is the variable, or `size`, `region`, `name`; `note` has further information."""

    name: str
    line: int
    target: str
    note: str = ""


@dataclass(slots=True)
class Filled:
    """The imported values; `inputs` contains no secret. Fields without a value are empty."""

    size: str = ""
    name: str = ""
    region: str = ""
    account: str = ""
    team: str = ""
    output_parameters: bool = False
    inputs: dict[str, Value] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def leave(self, given: Given, why: str) -> None:
        self.left.append(Left(given.name, given.line, why))

    def answers(self) -> dict[str, str]:
        """The inputs as a form shows them."""
        return {name: as_text(value) for name, value in self.inputs.items()}


def fill(blueprint: Blueprint, source: Source, *, size: str = "") -> Filled:
    """Matches arguments by name. `size` applies if the source has none."""
    filled = Filled(left=list(source.left))
    _about(blueprint, source, filled)
    aliases = {alias: name for name, variable in blueprint.variables.items() for alias in variable.terraform}
    names = {**aliases, **{name: name for name in blueprint.variables}}
    by_name: dict[str, Given] = {}
    for given in source.given:
        if given.name in by_name:
            filled.leave(given, f"is already set (line {by_name[given.name].line})")
        else:
            by_name[given.name] = given
    for given in by_name.values():
        if given.name not in names and given.name in _AROUND:
            _take_around(blueprint, given, filled)
    filled.size = filled.size or (size if size in blueprint.sizes else next(iter(blueprint.sizes)))
    for given in by_name.values():
        if given.name in names:
            _take(blueprint.variables[names[given.name]], given, filled)
        elif given.name in _NOT_NEEDED or given.name in _META:
            filled.leave(given, (_NOT_NEEDED | _META)[given.name])
        elif given.name not in _AROUND:
            filled.leave(given, f"is no input of {blueprint.title}; {known(given.name, names)}")
    filled.left.sort(key=lambda left: (left.line, left.name))
    return filled


def _about(blueprint: Blueprint, source: Source, filled: Filled) -> None:
    """The values that the portal itself exported in addition to the inputs."""
    about = source.about
    if (other := about.get("blueprint", blueprint.slug)) != blueprint.slug:
        filled.notes.append(f"This was exported from the blueprint {other}; inputs with the same name were imported.")
    elif (version := about.get("version", blueprint.version)) != blueprint.version:
        filled.notes.append(f"This was exported from version {version}; the form is version {blueprint.version}.")
    if about.get("size") in blueprint.sizes:
        filled.size = about["size"]
    if about.get("region") in blueprint.regions:
        filled.region = about["region"]
    if _is_name(about.get("name")):
        filled.name = about["name"]
    filled.output_parameters = about.get("output_parameters") == "true"
    filled.account, filled.team = about.get("account", ""), about.get("team", "")
    filled.tags = dict(source.tags)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and not name_problem(value)


def _take_around(blueprint: Blueprint, item: Given, filled: Filled) -> None:
    target, value = _AROUND[item.name], item.value
    if item.trouble:
        filled.leave(item, item.trouble)
    elif target == "size":
        size = _SIZES.get(value.lower(), "") if isinstance(value, str) else ""
        if size in blueprint.sizes:
            filled.size = size
            filled.taken.append(Taken(item.name, item.line, "size"))
        else:
            filled.leave(item, f"is no size; {blueprint.title} has {listed(blueprint.sizes, 'and')}: choose one below")
    elif target == "region":
        if isinstance(value, str) and value in blueprint.regions:
            filled.region = value
            filled.taken.append(Taken(item.name, item.line, "region"))
        else:
            filled.leave(item, f"is not one of the blueprint's regions, which are {listed(blueprint.regions, 'and')}")
    elif isinstance(value, str) and _is_name(value):
        filled.name = value
        filled.taken.append(Taken(item.name, item.line, "name"))
    else:
        filled.leave(item, f"is not a valid environment name: {NAME_RULE}")


def _take(variable: Variable, item: Given, filled: Filled) -> None:
    """Imports one value. A value that violates the variable's own rules is imported too: the form
    shows the problem at its field.
    """
    if variable.sensitive:
        filled.leave(item, "is a secret, and secrets are not imported from text; enter it in its field")
    elif item.trouble:
        filled.leave(item, item.trouble)
    elif variable.name in filled.inputs:
        filled.leave(item, f"sets the input {variable.name} again")
    elif absent(item.value):
        filled.taken.append(Taken(item.name, item.line, variable.name, "is empty, so the default applies"))
    else:
        try:
            value = convert(variable.type, item.value)
        except ValueError as error:
            filled.leave(item, str(error))
            return
        default = variable.default_in(filled.size)
        if not variable.settable_in(filled.size) and not (not variable.required and same(value, default)):
            filled.leave(item, f"can be set only in size {listed(variable.sizes or ())}, and this is {filled.size}")
            return
        filled.inputs[variable.name] = value
        filled.taken.append(Taken(item.name, item.line, variable.name))


def convert(type_: VariableType, value: Value) -> Value:
    """Converts a literal to a variable's type, as Terraform does. Raises ValueError without the
    value in its message.
    """
    if type_.container is None:
        return _scalar(type_, value)
    if type_.container == "list" and isinstance(value, list):
        return coerce(type_, [_scalar(type_.item, entry) for entry in value])
    if type_.container == "map" and isinstance(value, dict):
        return coerce(type_, {key: _scalar(type_.item, entry) for key, entry in value.items()})
    raise ValueError(f"should be a {type_.container}, and is {kind_of(value)}")


def _scalar(type_: VariableType, value: Value) -> Value:
    if isinstance(value, list | dict) or value is None:
        wanted = "text" if type_.scalar == "string" else f"a {type_}"
        raise ValueError(f"should be {wanted}, and holds {kind_of(value)}")
    if type_.scalar == "string":
        value = as_text(value)
    elif type_.scalar == "bool" and isinstance(value, str) and value not in {"true", "false"}:
        raise ValueError("should be true or false")
    return coerce(type_, value)
