"""Which attributes of a resource never change while it exists, and which properties replace it.

`identifiers.json` is written by `tests/aws/refresh_identifiers.py` from CloudFormation's schemas:
the primary identifier and the read-only ids and ARNs of each type, the properties with which a
template names such a resource, and for the types that hold data the properties that can only be set
at creation
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).with_name("identifiers.json")
# Their ids name a version, and a new version is a new id.
_VERSIONED: Final = frozenset({"AWS::ECS::TaskDefinition", "AWS::Lambda::Version", "AWS::Lambda::LayerVersion"})


@cache
def _types() -> dict[str, dict[str, list[str]]]:
    types: dict[str, dict[str, list[str]]] = json.loads(DATA.read_text())
    return types


def lives_as_long_as_resource(type_name: str, attribute: str) -> bool:
    """Whether `Ref` (an empty attribute) or this attribute keeps its value until the resource is
    replaced. False for a type that has no schema.
    """
    if type_name in _VERSIONED or (known := _types().get(type_name)) is None:
        return False
    return not attribute or attribute in known["lasting"]


def is_create_only(type_name: str, path: str) -> bool:
    """Whether a change of this property replaces a resource that holds data. `path` is that of a
    difference, such as `StorageEncrypted` or `Endpoint.Port`.
    """
    create_only = [one.partition(".*")[0] for one in _types().get(type_name, {}).get("create_only", ())]
    return any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in create_only)


def custom_names(type_name: str) -> tuple[str, ...]:
    """The properties with which a template gives such a resource a name that only one can have."""
    return tuple(_types().get(type_name, {}).get("custom_name", ()))
