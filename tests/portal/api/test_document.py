"""The OpenAPI document: complete, valid, and the same as its committed copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from portal.api.published import COMMITTED, openapi_document, openapi_text, resolved
from portal.web.problem import MEDIA_TYPE, TITLES


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_committed_copy_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == openapi_text(), "run: manage.py openapi"


def test_the_document_is_valid_openapi_31() -> None:
    assert openapi_document()["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(openapi_document()).validate()


def test_every_operation_has_a_stable_id_a_summary_one_tag_and_a_scope() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]), operation["operationId"]
        assert operation["summary"], path
        assert len(operation["tags"]) == 1, path
        [security] = operation["security"]
        assert security["Token"], (method, path)


def test_every_body_and_every_answer_has_an_example_that_its_schema_allows() -> None:
    """Formats count, too: an identifier in an example is one."""
    components = openapi_document()["components"]
    contents = [*components["responses"].values()]
    for _, _, operation in operations():
        contents += [operation.get("requestBody", {}), *operation["responses"].values()]
    tried = 0
    for content in (media for holder in contents for media in holder.get("content", {}).values()):
        # Not jsonschema.validate: it would check all components each time.
        schema = {**content["schema"], "components": components}
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        for example in [one["value"] for one in content.get("examples", {}).values()] or [content["example"]]:
            validator.validate(example)
            tried += 1
    assert tried > len(list(operations()))


def test_every_error_is_documented_as_a_problem_with_an_example_for_each_code() -> None:
    documented = set()
    for path, _, operation in operations():
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")):
                examples = resolved(answer)["content"][MEDIA_TYPE]["examples"]
                assert {TITLES[code][0] for code in examples} == {int(status)}, path
                documented |= set(examples)
    # The rest come from the front of the process, before a route is known.
    assert set(TITLES) - documented <= {"method_not_allowed", "error"}


@pytest.mark.django_db
def test_programs_read_the_document_without_a_token() -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert answer.json() == openapi_document()
