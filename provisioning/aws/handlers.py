"""What CloudFormation's handlers need to create, read, update, delete and list a resource, for every
type that a component or a shipped template uses. They run with the permissions of the stack role.

`handlers.json` is written by `tests/aws/refresh_handlers.py` from AWS's own schemas. What those say
too much, or what is deliberately not granted, is in `handler_exceptions`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from provisioning.aws.handler_exceptions import TAGS_CAME_LATER, reason_not_granted, reason_not_read_for_drift

DATA: Final = Path(__file__).with_name("handlers.json")


class Handler(StrEnum):
    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class TypeSchema:
    """What AWS's schema of a type says about permissions and tags.

    `tag_on_create` is false if CloudFormation tags the resource with a second call. `tag_property`
    is the template property that has the tags. `handlers` is empty for a type that no component
    and no shipped template uses.
    """

    name: str
    taggable: bool
    tag_on_create: bool
    tag_property: str
    handlers: Mapping[Handler, tuple[str, ...]]


@cache
def schemas() -> Mapping[str, TypeSchema]:
    """Returns the schemas by the name of their type."""
    types = json.loads(DATA.read_text(encoding="utf-8"))["types"]
    return MappingProxyType(
        {
            name: TypeSchema(
                name=name,
                taggable=entry["taggable"],
                tag_on_create=entry["tag_on_create"],
                tag_property=entry["tag_property"],
                handlers=MappingProxyType(
                    {Handler(handler): tuple(actions) for handler, actions in entry.get("handlers", {}).items()}
                ),
            )
            for name, entry in types.items()
        }
    )


def carries_tags(resource_type: str) -> bool:
    """Whether every resource of this type in an environment has the environment's tags."""
    schema = schemas().get(resource_type)
    return schema is not None and schema.taggable and resource_type not in TAGS_CAME_LATER


def drift_reads() -> Mapping[str, tuple[str, ...]]:
    """Returns the types whose drift needs a permission, by permission.

    Drift is read with the permissions of the caller, role/portal:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
    """
    types: dict[str, list[str]] = {}
    for schema in schemas().values():
        for action in schema.handlers.get(Handler.READ, ()):
            if not (reason_not_granted(schema.name, action) or reason_not_read_for_drift(action)):
                types.setdefault(action, []).append(schema.name)
    return MappingProxyType({action: tuple(names) for action, names in sorted(types.items())})
