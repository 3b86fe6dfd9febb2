"""Which inputs of a blueprint name something outside the environment: a hosted zone, a secret and so
on. This is read from the settings in which its components use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from provisioning.blueprint.blueprint import Blueprint
from provisioning.blueprint.syntax.tree import Conditional, Expression, Get, ListOf, Literal, MapOf, Name
from provisioning.components.kit.external_names import marker
from provisioning.components.registry import component, kinds
from provisioning.design.external_names import ExternalKind


def external_inputs(blueprint: Blueprint) -> Mapping[str, ExternalKind]:
    """Return the kind of thing that an input names, by the input's name.

    An input that is only a part of a setting's text is not among them. Of the parameters of a
    template, only those that name secrets are.
    """
    named = {name: ExternalKind.SECRET for name, variable in blueprint.variables.items() if variable.names_secret}
    for block in blueprint.components:
        fields = component(block.kind).schema.model_fields if block.kind in kinds() else {}
        for name, argument in block.arguments.items():
            if name in fields:
                named.update(_used(argument.value, fields[name].annotation, fields[name].metadata))
    return named


def _used(expression: Expression, annotation: Any, metadata: list[Any]) -> Iterator[tuple[str, ExternalKind]]:
    """The inputs in the expression of a setting with this type, as far as the type names something."""
    mark = marker(annotation, metadata)
    match expression:
        case Get(target=Name(name="var"), key=Literal(value=str() as name)) if mark:
            yield name, mark.kind
        case Conditional(yes=yes, no=no):
            for branch in (yes, no):
                yield from _used(branch, annotation, metadata)
        case ListOf(items=parts):
            for part in parts:
                yield from _used(part, annotation, metadata)
        case MapOf(items=entries):
            for key, part in entries:
                for model in _models(annotation):
                    if isinstance(key, Literal) and key.value in model.model_fields:
                        field = model.model_fields[str(key.value)]
                        yield from _used(part, field.annotation, field.metadata)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type such as `Certificate | None` contains."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
