"""Completes the OpenAPI document that ninja writes: problem documents, headers and servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from portal.api.errors import Problem
from portal.api.examples import example_of, problem_examples
from portal.web.problem import MEDIA_TYPE

_PROBLEM: Final = "Problem"
_PROBLEM_SCHEMA: Final = f"#/components/schemas/{_PROBLEM}"
_CONDITIONAL: Final = {
    "IfNoneMatch": {
        "in": "header",
        "name": "If-None-Match",
        "required": False,
        "schema": {"type": "string"},
        "description": "The ETag of the content that you have. The answer is 304 if it is still the same.",
    },
    "Prefer": {
        "in": "header",
        "name": "Prefer",
        "required": False,
        "schema": {"type": "string"},
        "description": "`wait=30` together with If-None-Match: answer as soon as the content changes, after 30 s at the latest.",
    },
}
_RETRY_AFTER: Final = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
_SUMMARIES: Final = {
    "200": "Done",
    "201": "Created",
    "204": "Removed",
    "304": "Not changed since the ETag",
    "400": "The request cannot be read",
    "401": "The token is missing or not valid",
    "403": "The caller or the token may not do this",
    "404": "Not found, or not for this caller",
    "408": "The request did not arrive in time",
    "409": "The state does not allow it, or something changed in the meantime",
    "413": "The request is too large",
    "415": "The body is not JSON",
    "422": "Values are not valid, or a rule forbids it",
    "429": "Too many calls",
    "503": "The portal is busy, or AWS could not be read",
}
_ERRORS: Final = ("400", "401", "403", "404", "409", "422", "429", "503")
_ERRORS_OF_BODIES: Final = (*_ERRORS, "408", "413", "415")
"""Problem documents. Handlers write them, so ninja needs no model of them for each route, which would take the
web processes a second at their start."""


def complete(document: dict[str, Any], scopes: Mapping[str, str]) -> dict[str, Any]:
    """Change the document in place, and return it. `scopes` has the scope that each operation id needs.

    Problem documents and the headers of conditional calls are components, which operations refer to.
    """
    document["servers"] = [{"url": "/api/v1"}]
    components = document["components"]
    components |= {"parameters": dict(_CONDITIONAL), "responses": {}}
    _add_problem(components["schemas"])
    for methods in document["paths"].values():
        for method, operation in methods.items():
            _complete_operation(method, operation, components)
            if operation.get("security"):
                operation["security"] = [{"Token": [scopes[operation["operationId"]]]}]
    return document


def _add_problem(schemas: dict[str, Any]) -> None:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schema.pop("$defs", {})
    schemas[_PROBLEM] = schema


def _complete_operation(method: str, operation: dict[str, Any], components: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        _without_null(parameter)
        if isinstance(parameter.get("examples"), list):  # pydantic's, which only a schema may have
            parameter["example"] = parameter.pop("examples")[0]
    if method == "get":
        referred = [{"$ref": f"#/components/parameters/{name}"} for name in _CONDITIONAL]
        operation["parameters"] = [*operation.get("parameters", []), *referred]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content.setdefault("example", example_of(content["schema"], components["schemas"]))
    errors = _ERRORS if method == "get" else _ERRORS_OF_BODIES
    operation["responses"] = {
        **{str(code): _completed_response(str(code), one, components) for code, one in operation["responses"].items()},
        **{status: _problem_response(status, components) for status in errors},
    }


def _without_null(parameter: dict[str, Any]) -> None:
    """A parameter has no null; it is left out."""
    schema = parameter["schema"]
    kinds = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
    if schema.get("default", "") is None:
        del schema["default"]


def _completed_response(status: str, response: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    response["description"] = _SUMMARIES.get(status, response["description"])
    for content in response.get("content", {}).values():
        content.setdefault("example", example_of(content["schema"], components["schemas"]))
    return response


def _problem_response(status: str, components: dict[str, Any]) -> dict[str, Any]:
    """Refer to the answer with a problem document, with an example for each of its codes."""
    name = f"{_PROBLEM}{status}"
    problem = {"schema": {"$ref": _PROBLEM_SCHEMA}, "examples": problem_examples(int(status))}
    response = {"description": _SUMMARIES[status], "content": {MEDIA_TYPE: problem}}
    components["responses"][name] = response | ({"headers": _RETRY_AFTER} if status in {"429", "503"} else {})
    return {"$ref": f"#/components/responses/{name}"}
