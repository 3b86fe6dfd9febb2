"""A boto3 client for the sandbox itself, in the account and region of the current stack.

Resource handlers use the public wire protocol wherever possible, so that the service's own API
shows their resources, and so that little depends on ministack's internals.
"""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from provisioning.sandbox.private import get_account_id, get_region

Properties = dict[str, Any]

_CONFIG = Config(
    inject_host_prefix=False,
    retries={"max_attempts": 1},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=32,
    s3={"addressing_style": "path"},
)
_clients: dict[tuple[str, str, str], Any] = {}
_lock = threading.Lock()
_session: Any = boto3.Session()
_endpoint = ""


def serve_at(endpoint: str) -> None:
    """The sandbox's endpoint; set once, before the first stack."""
    global _endpoint  # noqa: PLW0603
    _endpoint = endpoint


def api(service: str) -> Any:
    """A client of one service. Threads share clients, which boto3 allows."""
    key = (service, get_account_id(), get_region())
    with _lock:
        if key not in _clients:
            _clients[key] = _session.client(
                service,
                endpoint_url=_endpoint,
                region_name=key[2],
                aws_access_key_id=key[1],
                aws_secret_access_key="sandbox",  # noqa: S106 - the sandbox checks no signatures
                config=_CONFIG,
            )
        return _clients[key]


def refused(error: ClientError, *codes: str) -> bool:
    """Whether the service returned one of these error codes."""
    return str(error.response["Error"]["Code"]) in codes


def arguments(service: str, operation: str, properties: Properties, **extra: Any) -> dict[str, Any]:
    """The resource properties that an operation accepts, with the operation's names and types.

    CloudFormation writes `AssignPublicIp: true` or "8000" where an API expects `assignPublicIp` or
    8000; botocore's model of the operation defines the conversion. `extra` is passed on unchanged.
    """
    model: OperationModel = api(service).meta.service_model.operation_model(operation)
    shape = model.input_shape
    taken = _structure(shape, properties) if shape is not None else {}
    return {**taken, **extra}


def _structure(shape: StructureShape, value: Properties) -> dict[str, Any]:
    names = {name.lower(): name for name in shape.members}
    taken = {}
    for key, item in value.items():
        name = names.get(key.lower())
        if name is not None and item is not None:
            taken[name] = _shaped(shape.members[name], item)
    return taken


def _shaped(shape: Shape, value: Any) -> Any:  # noqa: PLR0911 - one return a kind
    if isinstance(shape, StructureShape):
        return _structure(shape, value) if isinstance(value, dict) else value
    if isinstance(shape, ListShape):
        return (
            [_shaped(shape.member, item) for item in value]
            if isinstance(value, list)
            else [_shaped(shape.member, value)]
        )
    if isinstance(shape, MapShape):
        return (
            {str(key): _shaped(shape.value, item) for key, item in value.items()} if isinstance(value, dict) else value
        )
    if shape.type_name == "boolean":
        return str(value).lower() == "true"
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name in ("float", "double"):
        return float(value)
    if shape.type_name == "string" and isinstance(value, bool):
        return str(value).lower()
    return str(value) if shape.type_name == "string" and not isinstance(value, str) else value


def tag_list(properties: Properties, name: str = "Tags") -> list[dict[str, str]]:
    """The tags as a list of Key and Value, from a list or a map."""
    tags = properties.get(name) or []
    pairs = tags.items() if isinstance(tags, dict) else ((tag["Key"], tag.get("Value", "")) for tag in tags)
    return [{"Key": str(key), "Value": str(value)} for key, value in pairs]


def tag_specifications(kind: str, properties: Properties) -> list[dict[str, Any]]:
    """The tags in the form of EC2's Create… calls."""
    tags = tag_list(properties)
    return [{"ResourceType": kind, "Tags": tags}] if tags else []


def known_services() -> frozenset[str]:
    """The names of all services that botocore knows, read from its folders instead of 400 models."""
    return frozenset(Loader().list_available_services("service-2"))
