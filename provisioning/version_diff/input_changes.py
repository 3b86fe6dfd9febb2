"""What changes in a blueprint's questions between two versions, in sentences. A secret's default is never told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provisioning.blueprint import Blueprint, Validation, Variable, as_text
from provisioning.blueprint.inputs.variable_type import VariableType
from provisioning.blueprint.phrasing import listed
from provisioning.blueprint.syntax.operators import same
from provisioning.design.graph import Value


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input that is `added`, `removed` or `changed`. `asks` where an environment of the earlier version must answer it."""

    kind: str
    name: str
    sentences: tuple[str, ...]
    asks: bool = False


def input_changes(before: Blueprint, after: Blueprint) -> Iterator[InputChange]:
    """Removed, changed, added; each in the order of its file."""
    sizes = tuple(before.sizes)
    for name, variable in before.variables.items():
        if name not in after.variables:
            yield InputChange("removed", name, (f"It is not asked any more: {variable.description}",))
    for name, old in before.variables.items():
        new = after.variables.get(name)
        if new is not None and (sentences := tuple(_changes(old, new, sizes))):
            yield InputChange("changed", name, sentences, asks=new.required and not old.required)
    for name, variable in after.variables.items():
        if name not in before.variables:
            yield InputChange("added", name, tuple(_introduced(variable, sizes)), asks=variable.required)


def _introduced(variable: Variable, sizes: tuple[str, ...]) -> Iterator[str]:
    yield variable.description
    if variable.required:
        yield "An answer is required." if not variable.unless else f"Required unless {variable.unless} is given."
    elif not variable.sensitive:
        yield f"By default {_defaults(variable, sizes)}."
    if variable.sizes is not None:
        yield f"{_settable(variable).capitalize()}."
    if rules := _rules(variable):
        yield f"It takes {rules}."


def _changes(old: Variable, new: Variable, sizes: tuple[str, ...]) -> Iterator[str]:
    if old.type != new.type:
        yield f"Its type was {old.type} and is {new.type}."
    if old.required != new.required:
        yield "It was optional and is required." if new.required else "It was required and is optional."
    if old.unless != new.unless:
        yield f"It is required {f'unless {new.unless} is given' if new.unless else 'whatever else is given'}."
    if old.sensitive != new.sensitive:
        yield "It is sensitive: nothing of it is stored or shown." if new.sensitive else "It is not sensitive any more."
    yield from _default_changes(old, new, sizes)
    if old.sizes != new.sizes:
        yield f"{_settable(old).capitalize()} before, {_settable(new)} now."
    was, now = _rules(old), _rules(new)
    if was != now:
        yield f"It took {was or 'any value'}; it takes {now or 'any value'}."
    if old.description != new.description:
        yield f"It is described anew: {new.description}"


def _default_changes(old: Variable, new: Variable, sizes: tuple[str, ...]) -> Iterator[str]:
    if old.required or new.required:
        if not new.required and not new.sensitive and not old.sensitive:
            yield f"By default {_defaults(new, sizes)}."
        return
    changed = [size for size in sizes if not same(old.default_in(size), new.default_in(size))]
    if not changed:
        return
    if old.sensitive or new.sensitive:
        yield "Its default changed; it is sensitive, so neither is shown."
        return
    told = {size: f"was {_said(old.default_in(size))} and is {_said(new.default_in(size))}" for size in changed}
    if len(changed) == len(sizes) and len(set(told.values())) == 1:
        yield f"Its default {told[changed[0]]}."
    else:
        yield from (f"Its default in {size} {text}." for size, text in told.items())


def _defaults(variable: Variable, sizes: tuple[str, ...]) -> str:
    said = {size: _said(variable.default_in(size)) for size in sizes}
    if len(set(said.values())) == 1:
        return said[sizes[0]]
    return ", ".join(f"{text} in {size}" for size, text in said.items())


def _settable(variable: Variable) -> str:
    return "it can be set in " + ("every size" if variable.sizes is None else listed(variable.sizes, "and"))


def _rules(variable: Variable) -> str:
    return "; ".join(text for rule in variable.validations if (text := _rule(rule, variable.type)))


def _rule(rule: Validation, type_: VariableType) -> str:
    """One condition as it completes `It takes …`."""
    unit = " entries" if type_.container else " characters" if type_.scalar == "string" else ""
    parts = []
    if rule.min is not None:
        parts.append(f"at least {rule.min}{unit}")
    if rule.max is not None:
        parts.append(f"at most {rule.max}{unit}")
    if rule.pattern is not None:
        parts.append(f"what matches {rule.pattern}")
    if rule.allowed is not None:
        parts.append(listed([_said(value) for value in rule.allowed]))
    return ", ".join(parts)


def _said(value: Value) -> str:
    if value is None or value in ([], {}):
        return "nothing"
    return f"“{value}”" if isinstance(value, str) else as_text(value).replace("\n", ", ")
