"""AWS's own resource schemas, as cfn-lint ships them: the properties of a type, and those whose
change replaces it.

A schema is read when its type is first used; the index of a region is a file of 60 to 90 KB.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from provisioning.sandbox.private import get_region, provisioners

Schema = dict[str, Any]
FALLBACK_REGION = "us-east-1"


@cache
def _folder() -> Path:
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            "cfn-lint is not installed together with ministack: the sandbox reads AWS's resource schemas from it."
        )
    return Path(spec.submodule_search_locations[0]) / "data" / "schemas"


@cache
def _index(region: str) -> dict[str, str]:
    path = _folder() / "providers" / f"{region}.json"
    if not path.is_file():
        return _index(FALLBACK_REGION)
    index: dict[str, str] = json.loads(path.read_text("utf-8"))
    return index


@cache
def _read(digest: str) -> Schema:
    schema: Schema = json.loads((_folder() / "resources" / f"{digest}.json").read_text("utf-8"))
    return schema


def schema_of(resource_type: str, region: str | None = None) -> Schema | None:
    """The registry schema of a type; None for a type that AWS has in none of the regions that
    cfn-lint covers first.
    """
    digest = _index(region or get_region()).get(resource_type) or _index(FALLBACK_REGION).get(resource_type)
    return _read(digest) if digest else None


@cache
def extension(resource: str, listed: str) -> Schema:
    """A list of AWS's that no schema contains, such as the instance types of each region."""
    content: Schema = json.loads((_folder() / "extensions" / resource / f"{listed}.json").read_text("utf-8"))
    return content


@cache
def create_only_properties(resource_type: str) -> tuple[str, ...] | None:
    """The top-level properties whose change replaces the resource; None if no schema defines them."""
    schema = schema_of(resource_type, FALLBACK_REGION)
    if schema is None:
        return None
    return tuple(sorted({path.split("/")[2] for path in schema.get("createOnlyProperties", [])}))


class CreateOnlyTable(dict[str, tuple[str, ...]]):
    """ministack's table of replacing properties, extended by the schemas for types that it lacks."""

    def get(self, key: str, default: Any = None) -> Any:
        known = super().get(key)
        if known is None:
            known = create_only_properties(key)
        return default if known is None else known


def install() -> None:
    provisioners.put("REPLACING_PROPERTIES", CreateOnlyTable(provisioners.REPLACING_PROPERTIES))
