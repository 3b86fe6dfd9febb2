"""Describes in sentences what changes in a blueprint's inputs between two versions. Never shows a
secret's default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from provisioning.blueprint import Blueprint, Validation, Variable, as_text
from provisioning.blueprint.inputs.variable_type import VariableType
from provisioning.blueprint.phrasing import listed
from provisioning.blueprint.syntax.operators import same
from provisioning.design.graph import Value


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input that is `added`, `removed` or `changed`.

    `needs_value`: an environment of the earlier version needs a value for it, because it is now
    required.
    """

    kind: Literal["added", "removed", "changed"]
    name: str
    sentences: tuple[str, ...]
    needs_value: bool = False


def input_changes(before: Blueprint, after: Blueprint) -> Iterator[InputChange]:
    """Yield the removed inputs, then the changed, then the added, each in the order of its
    blueprint.
    """
    sizes = tuple(before.sizes)
    for name, variable in before.variables.items():
        if name not in after.variables:
            yield InputChange("removed", name, (f"Removed. It was: {variable.description}",))
    for name, old in before.variables.items():
        new = after.variables.get(name)
        if new is not None and (sentences := tuple(_changes(old, new, sizes))):
            yield InputChange("changed", name, sentences, needs_value=new.required and not old.required)
    for name, variable in after.variables.items():
        if name not in before.variables:
            yield InputChange("added", name, tuple(_describe_input(variable, sizes)), needs_value=variable.required)


def _describe_input(variable: Variable, sizes: tuple[str, ...]) -> Iterator[str]:
    yield variable.description
    if variable.required:
        yield "Required." if not variable.unless else f"Required unless {variable.unless} is set."
    elif not variable.sensitive:
        yield f"Default: {_defaults(variable, sizes)}."
    if variable.sizes is not None:
        yield f"It can be set in {_settable(variable)}."
    if rules := _rules(variable):
        yield f"It accepts {rules}."


def _changes(old: Variable, new: Variable, sizes: tuple[str, ...]) -> Iterator[str]:
    if old.type != new.type:
        yield f"Its type was {old.type} and is {new.type}."
    if old.required != new.required:
        yield "It was optional and is required." if new.required else "It was required and is optional."
    if old.unless != new.unless:
        yield f"It is now required {f'unless {new.unless} is set' if new.unless else 'in any case'}."
    if old.sensitive != new.sensitive:
        yield (
            "It is now sensitive: its value is neither stored nor shown."
            if new.sensitive
            else "It is no longer sensitive."
        )
    yield from _default_changes(old, new, sizes)
    if old.sizes != new.sizes:
        yield f"It could be set in {_settable(old)}; it can now be set in {_settable(new)}."
    was, now = _rules(old), _rules(new)
    if was != now:
        yield f"It accepted {was or 'any value'}; it now accepts {now or 'any value'}."
    if old.description != new.description:
        yield f"New description: {new.description}"


def _default_changes(old: Variable, new: Variable, sizes: tuple[str, ...]) -> Iterator[str]:
    if old.required or new.required:
        if not new.required and not new.sensitive and not old.sensitive:
            yield f"Default: {_defaults(new, sizes)}."
        return
    changed = [size for size in sizes if not same(old.default_in(size), new.default_in(size))]
    if not changed:
        return
    if old.sensitive or new.sensitive:
        yield "Its default changed; it is sensitive, so neither is shown."
        return
    texts = {size: f"was {_shown(old.default_in(size))} and is {_shown(new.default_in(size))}" for size in changed}
    if len(changed) == len(sizes) and len(set(texts.values())) == 1:
        yield f"Its default {texts[changed[0]]}."
    else:
        yield from (f"Its default in {size} {text}." for size, text in texts.items())


def _defaults(variable: Variable, sizes: tuple[str, ...]) -> str:
    texts = {size: _shown(variable.default_in(size)) for size in sizes}
    if len(set(texts.values())) == 1:
        return texts[sizes[0]]
    return ", ".join(f"{text} in {size}" for size, text in texts.items())


def _settable(variable: Variable) -> str:
    return "every size" if variable.sizes is None else listed(variable.sizes, "and")


def _rules(variable: Variable) -> str:
    return "; ".join(text for rule in variable.validations if (text := _rule(rule, variable.type)))


def _rule(rule: Validation, type_: VariableType) -> str:
    """Return one condition as it completes the sentence `It accepts …`."""
    unit = " entries" if type_.container else " characters" if type_.scalar == "string" else ""
    parts = []
    if rule.min is not None:
        parts.append(f"at least {rule.min}{unit}")
    if rule.max is not None:
        parts.append(f"at most {rule.max}{unit}")
    if rule.pattern is not None:
        parts.append(f"text that matches {rule.pattern}")
    if rule.allowed is not None:
        parts.append(listed([_shown(value) for value in rule.allowed]))
    return ", ".join(parts)


def _shown(value: Value) -> str:
    if value is None or value in ([], {}):
        return "nothing"
    return f"“{value}”" if isinstance(value, str) else as_text(value).replace("\n", ", ")
