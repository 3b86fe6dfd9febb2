"""Resource types that need one Create… and one Delete… call of their service, declared as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from provisioning.sandbox.api import Properties, api, arguments, tag_specifications
from provisioning.sandbox.resources.ec2 import retag
from provisioning.sandbox.resources.registry import Made, physical_name, resource_type

LIST = ("Tags", "list")
GONE = ("NotFound", "NoSuch", "DoesNotExist", "Unknown", "NonExistent")


@dataclass(frozen=True)
class Declared:
    """`create` and `delete` are operations of `service`; `made` is the path of the new resource in
    the first one's response.
    """

    service: str
    create: str
    delete: str
    identity: str
    at: str
    made: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    name_limit: int = 60
    fixed: Mapping[str, Any] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    """A property's name in the call where the two differ."""
    delete_fixed: Mapping[str, Any] = field(default_factory=dict)
    update: str = ""
    ec2_kind: str = ""
    """EC2's word for the type in tag specifications."""
    tags: bool = True
    many: bool = False
    """Whether `identity` takes a list."""


def walk(value: Any, path: str) -> Any:
    """The value at a dotted path; None if the path ends early."""
    for part in path.split(".") if path else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value


def call(service: str, operation: str, **wanted: Any) -> Any:
    return getattr(api(service), xform_name(operation))(**wanted)


def missing(error: ClientError) -> bool:
    """Whether the service reports that the resource does not exist."""
    text = f"{error.response['Error']['Code']} {error.response['Error'].get('Message', '')}"
    return any(word in text for word in GONE) or "does not exist" in text or "not found" in text.lower()


def _request(kind: Declared, operation: str, properties: Properties) -> dict[str, Any]:
    shaped = {kind.renamed.get(name, name): value for name, value in properties.items()}
    if kind.ec2_kind:
        shaped.pop("Tags", None)
    return {**arguments(kind.service, operation, shaped), **kind.fixed}


def declare(name: str, kind: Declared) -> None:
    """Registers a declared type."""

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        wanted = dict(properties)
        if kind.name:
            wanted.setdefault(kind.name, physical_name(stack, logical_id, kind.name_limit))
        request = _request(kind, kind.create, wanted)
        if kind.ec2_kind:
            specifications = tag_specifications(kind.ec2_kind, properties)
            request |= {"TagSpecifications": specifications} if specifications else {}
        answer = call(kind.service, kind.create, **request)
        record = walk(answer, kind.made) if kind.made else answer
        identity = str(walk(record, kind.at) or wanted.get(kind.name) or wanted.get(kind.at))
        if kind.ec2_kind:
            retag(identity, {}, properties)
        attributes = {name: walk(record, path) if path else identity for name, path in kind.attributes.items()}
        return identity, {name: value for name, value in attributes.items() if value is not None}

    def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        same = {**old, "Tags": None} == {**new, "Tags": None}
        if kind.ec2_kind and (same or kind.update):
            retag(physical_id, old, new)
        if same and kind.ec2_kind:
            return physical_id, {}
        if not kind.update:
            return create(logical_id, new, stack)
        call(kind.service, kind.update, **{**_request(kind, kind.update, new), kind.identity: physical_id})
        return physical_id, {}

    resource_type(name, create=create, delete=_deletion(kind), update=update, tags=LIST if kind.tags else None)


def _deletion(kind: Declared) -> Callable[[str, Properties], None]:
    def delete(physical_id: str, _properties: Properties) -> None:
        named = [physical_id] if kind.many else physical_id
        try:
            call(kind.service, kind.delete, **{kind.identity: named}, **kind.delete_fixed)
        except ClientError as error:
            if not missing(error):
                raise

    return delete
