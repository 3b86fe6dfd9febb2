"""What a request asks for: service, operation and parameters, read off the wire for each of AWS's protocols."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from botocore.parsers import RpcV2CBORParser

from provisioning.sandbox.iam.rest_routes import find_route

_SCOPE = re.compile(r"Credential=[^/]+/[^/]*/([^/]*)/([^/]+)/aws4_request")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/(\w+)\Z")
_NUMBERED = re.compile(r"(?P<name>.+?)(?:\.member|\.Tag)?\.(?P<number>\d+)(?:\.(?P<member>.+))?\Z")
EC2, S3 = "ec2", "s3"
# The services whose names in a signature are not their actions' prefixes.
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag", "email": "ses"}


class Protocol(StrEnum):
    """How the service writes its requests, and therefore its errors."""

    QUERY = "query"
    EC2 = "ec2"
    JSON = "json"
    CBOR = "cbor"
    REST_XML = "rest-xml"
    REST_JSON = "rest-json"


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it arrived; header names are in lower case, `query` is the query string."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """`service` is the prefix of IAM's actions. `parameters` have the names of the wire; lists of the
    query protocol are lists here too. `operation` is empty if the request names none that is known.
    """

    service: str
    operation: str
    protocol: Protocol
    parameters: Mapping[str, Any]
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    region: str

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    def text(self, name: str) -> str:
        """A parameter's text; empty if it is not given."""
        given = self.parameters.get(name)
        return "" if given is None or isinstance(given, dict | list) else str(given)

    def texts(self, name: str) -> list[str]:
        given = self.parameters.get(name)
        return [str(one) for one in given] if isinstance(given, list) else [str(given)] if given else []


_XML = frozenset({"s3", "route53", "cloudfront"})


def read_call(wire: Wire) -> Call:
    """Reads a signed request. What names no operation gets an empty one."""
    scope = _SCOPE.search(wire.headers.get("authorization", ""))
    region, signed = (scope[1], scope[2]) if scope else ("us-east-1", S3)
    service = _PREFIXES.get(signed, signed)
    query = dict(parse_qsl(wire.query, keep_blank_values=True))
    operation, protocol, parameters = _operation(service, wire, query)
    return Call(
        service, operation, protocol, parameters, wire.method, wire.path, query, wire.headers, wire.body, region
    )


def _operation(service: str, wire: Wire, query: Mapping[str, str]) -> tuple[str, Protocol, Mapping[str, Any]]:
    target = wire.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2], Protocol.JSON, _json(wire.body)
    if match := _CBOR_PATH.match(wire.path):
        return match[1], Protocol.CBOR, _cbor(wire.body)
    if service == S3:
        return "", Protocol.REST_XML, {}
    is_form = wire.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if is_form or "Action" in query:
        form = {**query, **dict(parse_qsl(wire.body.decode("utf-8", "replace"), keep_blank_values=True))}
        return form.get("Action", ""), Protocol.EC2 if service == EC2 else Protocol.QUERY, _listed(form)
    protocol = Protocol.REST_XML if service in _XML else Protocol.REST_JSON
    route = find_route(service, wire.method, wire.path, query)
    if route is None:
        return "", protocol, {}
    return route.operation, protocol, {**query, **_json(wire.body), **route.parameters}


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _cbor(body: bytes) -> dict[str, Any]:
    document = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body))) if body else {}
    return document if isinstance(document, dict) else {}


def _listed(form: Mapping[str, str]) -> dict[str, Any]:
    """`Names.member.1` and the like as lists, `Tags.member.1.Key` as lists of maps."""
    parameters: dict[str, Any] = {}
    lists: dict[str, dict[int, Any]] = {}
    for name, text in form.items():
        match = _NUMBERED.match(name)
        if match is None:
            parameters[name] = text
            continue
        numbered = lists.setdefault(match["name"], {})
        if match["member"]:
            held = numbered.setdefault(int(match["number"]), {})
            if isinstance(held, dict):
                held[match["member"]] = text
        else:
            numbered[int(match["number"])] = text
    for name, numbered in lists.items():
        parameters[name] = [numbered[number] for number in sorted(numbered)]
    return parameters
