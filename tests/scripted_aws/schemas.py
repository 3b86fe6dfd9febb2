"""Which properties of a type replace it when they change, and whether it takes tags: from AWS's own
resource schemas, as cfn-lint ships them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class TypeSchema:
    """`name_property` is the property that names the resource in AWS, if a template may state it."""

    create_only: frozenset[str]
    conditional: frozenset[str]
    read_only: frozenset[str]
    write_only: frozenset[str]
    taggable: bool
    name_property: str


NO_SCHEMA = TypeSchema(frozenset(), frozenset(), frozenset(), frozenset(), taggable=False, name_property="")


@cache
def schema_of(resource_type: str) -> TypeSchema:
    digest = _index().get(resource_type)
    if digest is None:
        return NO_SCHEMA
    schema = json.loads((_folder() / "resources" / f"{digest}.json").read_text("utf-8"))
    create_only = _names(schema, "createOnlyProperties")
    identifier = [path.rsplit("/", 1)[-1] for path in schema.get("primaryIdentifier", [])]
    named = identifier[0] if len(identifier) == 1 and identifier[0] in create_only else ""
    return TypeSchema(
        create_only=create_only,
        conditional=_names(schema, "conditionalCreateOnlyProperties"),
        read_only=_names(schema, "readOnlyProperties"),
        write_only=_names(schema, "writeOnlyProperties"),
        taggable=bool(schema.get("tagging", {}).get("taggable", schema.get("taggable", True))),
        name_property=named,
    )


def _names(schema: dict[str, Any], listed: str) -> frozenset[str]:
    """The top-level properties of a list of JSON pointers."""
    return frozenset(path.split("/")[2] for path in schema.get(listed) or [])


@cache
def _index() -> dict[str, str]:
    index: dict[str, str] = json.loads((_folder() / "providers" / f"{REGION}.json").read_text("utf-8"))
    return index


@cache
def _folder() -> Path:
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("cfn-lint is not installed; the scripted AWS reads AWS's resource schemas from it.")
    return Path(spec.submodule_search_locations[0]) / "data" / "schemas"
