"""The OpenAPI document as a page shows it: one section for each noun, one entry for each operation."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from portal.api.published import openapi_document, resolved
from portal.web.problem import TITLES
from provisioning.lifecycle.services.tokens import Scope

_DEEPEST: Final = 4
_SHOWN_BYTES: Final = 4_000


@dataclass(frozen=True, slots=True)
class Property:
    """A parameter, or a property of a body or an answer."""

    name: str
    type: str
    description: str
    required: bool
    parts: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    description: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    paragraphs: tuple[str, ...]
    scope: str
    parameters: tuple[Property, ...]
    body: tuple[Property, ...]
    answer: tuple[Property, ...]
    answer_example: str
    answers: tuple[Answer, ...]
    command: str


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    slug: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class ErrorCode:
    code: str
    status: int
    title: str


@dataclass(frozen=True, slots=True)
class ReferencePage:
    version: str
    sections: tuple[Section, ...]
    scopes: tuple[Scope, ...]
    codes: tuple[ErrorCode, ...]
    count: int


@cache
def reference_page() -> ReferencePage:
    document = openapi_document()
    by_tag: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    sections = tuple(
        Section(title, title.lower().replace(" ", "-"), tuple(operations)) for title, operations in by_tag.items()
    )
    return ReferencePage(
        version=document["info"]["version"],
        sections=sections,
        scopes=tuple(Scope),
        codes=tuple(ErrorCode(code, status, title) for code, (status, title) in TITLES.items()),
        count=sum(len(operations) for operations in by_tag.values()),
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Operation:
    status, success = next((s, r) for s, r in operation["responses"].items() if s.startswith("2"))
    content: Mapping[str, Any] = next(iter(success.get("content", {}).values()), {})
    body: Mapping[str, Any] = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
    answers = [
        Answer(int(code), response["description"], _codes(response))
        for code, response in ((code, resolved(part)) for code, part in operation["responses"].items())
        if code != status
    ]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        paragraphs=tuple(" ".join(part.split()) for part in operation.get("description", "").split("\n\n") if part),
        scope=operation["security"][0]["Token"][0],
        parameters=tuple(_parameter(resolved(parameter)) for parameter in operation.get("parameters", ())),
        body=_properties(body.get("schema", {})),
        answer=_properties(content.get("schema", {})),
        answer_example=_shown(content.get("example")),
        answers=(Answer(int(status), success["description"], ()), *answers),
        command=_command(path, method, operation, body.get("example")),
    )


def _codes(response: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(code for content in response.get("content", {}).values() for code in content.get("examples", {}))


def _parameter(parameter: Mapping[str, Any]) -> Property:
    schema = parameter["schema"]
    return Property(
        name=parameter["name"],
        type=f"{_type(schema)}, {parameter['in']}",
        description=parameter.get("description", schema.get("description", "")),
        required=parameter.get("required", False),
    )


def _properties(schema: Mapping[str, Any], depth: int = 0) -> tuple[Property, ...]:
    """The properties of an object, or of the objects in an array. Schemas may refer to each other."""
    schema = resolved(schema)
    if schema.get("type") == "array":
        return _properties(schema.get("items", {}), depth)
    if depth == _DEEPEST:
        return ()
    required = schema.get("required", [])
    return tuple(
        Property(
            name=name,
            type=_type(part),
            description=part.get("description", ""),
            required=name in required,
            parts=tuple(_parts(part, depth + 1)),
        )
        for name, part in schema.get("properties", {}).items()
    )


def _parts(schema: Mapping[str, Any], depth: int) -> Iterator[Property]:
    for option in schema.get("anyOf", [schema]):
        yield from _properties(option, depth)


def _type(schema: Mapping[str, Any]) -> str:
    schema = resolved(schema)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(option) for option in schema["anyOf"]))
    if schema.get("enum"):
        return " or ".join(str(word) for word in schema["enum"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format", kind))


def _shown(example: Any) -> str:
    text = json.dumps(example, indent=2, ensure_ascii=False) if example is not None else ""
    return text if len(text) <= _SHOWN_BYTES else f"{text[:_SHOWN_BYTES]}\n…"


def _command(path: str, method: str, operation: Mapping[str, Any], body: Any) -> str:
    """A curl command with the examples of the document. The placeholders of the path stay."""
    names: Sequence[str] = [resolved(parameter)["name"] for parameter in operation.get("parameters", ())]
    lines = ["curl" if method == "get" else f"curl -X {method.upper()}", '-H "Authorization: Bearer $PORTAL_TOKEN"']
    if "Idempotency-Key" in names:
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if body is not None:
        lines += ['-H "Content-Type: application/json"', f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}"]
    return " \\\n  ".join([*lines, f'"$PORTAL_URL/api/v1{path}"'])
