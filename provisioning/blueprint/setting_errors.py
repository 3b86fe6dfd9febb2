"""Turns pydantic's errors about a component's settings into lines and sentences."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from provisioning.blueprint.blueprint import ComponentBlock
from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.phrasing import known
from provisioning.blueprint.syntax.tree import Expression, ListOf, Literal, MapOf


def problems_of(block: ComponentBlock, schema: type[BaseModel], error: ValidationError) -> Iterator[ProblemFound]:
    """One problem for each error; errors about alternative types of one value are merged."""
    for details in error.errors(include_url=False, include_input=False):
        # The path in the blueprint, without pydantic's marks for alternatives (`is-instance[Reference]`).
        path = [step for step in details["loc"] if isinstance(step, int) or ("[" not in step and "-" not in step)]
        yield ProblemFound(_line(block, path), _sentence(block, schema, details, path))


def _sentence(block: ComponentBlock, schema: type[BaseModel], details: ErrorDetails, path: list[str | int]) -> str:
    where = ".".join(map(str, path))
    message = details["msg"]
    match details["type"]:
        case "extra_forbidden" if len(path) == 1:
            return f'{block.address} has no setting "{where}"; {known(where, schema.model_fields)}'
        case "extra_forbidden":
            return f'{block.address}: there is no "{path[-1]}" in {".".join(map(str, path[:-1]))}.'
        case "missing" if len(path) == 1:
            return f'{block.address} needs the setting "{where}".'
        case "missing":
            return f'{block.address}: {".".join(map(str, path[:-1]))} needs "{path[-1]}".'
        case "is_instance_of":
            return f"{block.address}: {where} should be a reference to a component, such as component.service.api."
        case "value_error":
            cause = details.get("ctx", {}).get("error")
            message = str(cause) if cause else message
    message = message.removeprefix("Input ")
    place = f"{where}: " if where and not message.startswith(where) and not message.startswith("should") else ""
    verb = f"{where} " if where and message.startswith("should") else ""
    return f"{block.address}: {place}{verb}{message.rstrip('.')}."


def _line(block: ComponentBlock, path: list[str | int]) -> int:
    """The line of the innermost part of the path that the file itself contains."""
    if not path or path[0] not in block.arguments:
        return block.source.line
    argument = block.arguments[str(path[0])]
    line, inside = argument.line, argument.value
    for step in path[1:]:
        child = _child(inside, step)
        if child is None:
            break
        line, inside = child
    return line


def _child(expression: Expression, step: str | int) -> tuple[int, Expression] | None:
    match expression, step:
        case MapOf(items=items), str():
            return next(
                ((key.line, value) for key, value in items if isinstance(key, Literal) and key.value == step), None
            )
        case ListOf(items=items), int() if step < len(items):
            return items[step].line, items[step]
        case _:
            return None
