"""The loaders that read what others wrote, as the harness takes them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from provisioning.blueprint import Blueprint, BlueprintError, as_text, load_catalogue, parse_inputs
from provisioning.blueprint.inputs.types import absent, coerce
from provisioning.blueprint.inputs.variable_type import VariableType
from provisioning.components.kinds.cloudformation.imported_template import (
    TemplateProblem,
    questions,
    read_template,
    refusals,
)
from provisioning.exchange import Unreadable, fill, read

_ROOT = Path(__file__).resolve().parent.parent.parent


@cache
def _shipped() -> Blueprint:
    return load_catalogue(_ROOT / "blueprints").get("carbon-connect")


def blueprint(data: bytes, folder: Path) -> list[str]:
    """The bytes as a blueprint's file."""
    place = folder / "fuzzed"
    place.mkdir(exist_ok=True)
    (place / "blueprint.hcl").write_bytes(data)
    catalogue = load_catalogue(folder)
    return [str(problem) for broken in catalogue.broken for problem in broken.problems]


def terraform(data: bytes, folder: Path) -> list[str]:
    """The bytes as what a person pastes or uploads, all the way to a form's answers."""
    del folder
    blueprint = _shipped()
    try:
        pasted = read(data)
        for source in pasted.sources:
            filled = fill(blueprint, source)
            told = {item.name for item in (*filled.taken, *filled.left)}
            missing = {item.name for item in source.given} - told
            if missing:
                raise AssertionError(f"dropped in silence: {missing}")
            try:
                parse_inputs(blueprint, filled.size, filled.answers())
            except BlueprintError as error:
                return [f"{error}"]
    except Unreadable as error:
        return [str(error)]
    return []


def template(data: bytes, folder: Path) -> list[str]:
    """The bytes as a CloudFormation template of somebody else's, as far as its questions."""
    del folder
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ["This is not UTF-8."]
    try:
        found = read_template(text)
        problems = refusals(found)
        questions(found)
    except TemplateProblem as problem:
        return [str(problem)]
    return [str(problem) for problem in problems]


def answers(data: bytes, folder: Path) -> list[str]:
    """The bytes as `[type, answer]`: what a form, a command line or the API gives for one variable."""
    del folder
    try:
        name, answer = json.loads(data)
        type_ = VariableType.from_text(name)
        if absent(answer):
            return []
        value = coerce(type_, answer)
    except ValueError as error:
        return [f"It {error}."]
    if coerce(type_, as_text(value)) != value and not absent(as_text(value)):
        raise AssertionError("its text is read as something else")
    return []


_shipped()
