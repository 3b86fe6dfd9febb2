"""Values that pydantic or PostgreSQL read in another way than the document says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter, ValidationError

from portal.api.published import openapi_document, resolved
from portal.api.schemas import Body
from portal.web.cursor import Cursor
from provisioning.models import User
from tests.portal.api.conftest import Program, program
from tests.portal.api.test_requests import body
from tests.portal.conftest import People


def errors(answer: Any) -> dict[str, str]:
    assert answer.status == 422, answer.content
    return {one["field"]: one["message"] for one in answer.json["errors"]}


def test_texts_that_cannot_be_stored_are_refused_at_their_field(people: People, bobs: Program) -> None:
    for change, field, named in (
        ({"note": "a\x00b"}, "note", "U+0000"),
        ({"inputs": {"half": "\ud800"}}, "inputs", "U+D800"),
        ({"inputs": {"list": [{"key\x00": 1}]}}, "inputs", "U+0000"),
    ):
        assert named in errors(bobs.post("/requests", {**body(), **change}))[field]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_are_not_json_are_refused(people: People, bobs: Program, number: str) -> None:
    sent = json.dumps({**body(), "inputs": {"a": 0}}).replace('"a": 0', f'"a": {number}')
    answer = bobs.post("/requests", sent)
    assert (answer.status, answer.json["code"]) == (400, "bad_request")


def test_booleans_and_days_have_one_spelling(people: People, bobs: Program) -> None:
    otto = program(User.objects.create_user("otto", is_auditor=True))
    assert "accept_findings" in errors(bobs.post("/requests", {**body(), "accept_findings": 1}))
    assert errors(bobs.get("/requests?awaiting_me=yes")) == {"awaiting_me": "Send true or false."}
    assert errors(otto.get("/audit?first_day=0")) == {"first_day": "Send a day as YYYY-MM-DD."}
    assert "who" in errors(otto.get("/audit?who=%01"))
    assert bobs.get("/requests?awaiting_me=false").status == 200
    assert otto.get("/audit?first_day=0001-01-01&last_day=9999-12-31").json["items"]


def bodies(of: type[Body] = Body) -> Iterator[type[Body]]:
    for model in of.__subclasses__():
        yield model
        yield from bodies(model)


def test_no_body_reads_a_simple_value_that_its_document_does_not_allow() -> None:
    assert openapi_document()["paths"], "all bodies are loaded"
    checked = 0
    for model in bodies():
        for name, field in model.model_fields.items():
            adapter = TypeAdapter[Any](Annotated[field.annotation, field])
            documented = jsonschema_rs.validator_for(adapter.json_schema(), validate_formats=True)
            for value in (0, 1, 1.5, True, "0", "yes", "09:00:00Z", None):
                if not documented.is_valid(value):
                    checked += 1
                    with pytest.raises(ValidationError):
                        raise AssertionError(f"{model.__name__}.{name}: {adapter.validate_python(value)!r}")
    assert checked > 500


def test_people_are_listed_after_a_user_name_with_an_at_sign(people: People) -> None:
    otto = program(User.objects.create_user("otto", is_auditor=True))
    User.objects.create_user("a.berg@example.org")
    first = otto.get("/people?limit=1&fields=username").json
    assert first["next_cursor"] == "a.berg@example.org"
    rest = otto.get("/people?limit=1&cursor=a.berg%40example.org").json
    assert rest["items"][0]["username"] == "alice"
    assert otto.get("/people?words=%00").status == 400


def test_a_property_that_does_not_exist_is_named(people: People, bobs: Program) -> None:
    for sent, named in (("id,nmae", "“nmae”"), ("id,,name", "“”")):
        assert named in errors(bobs.get(f"/environments?fields={sent}"))["fields"]
    assert bobs.get("/environments?fields=id,name").status == 200


def test_a_cursor_is_in_utc_whatever_its_text_says() -> None:
    cursor = Cursor.parse(
        "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwOjAwLjAwMDAwMSIsICIwYjZmNWE1Mi04YzFiLTRhNTMtOWY3ZS0yZDFjNmE5ZTRiMTAiXQ"
    )
    assert cursor is not None
    assert str(cursor.at.tzinfo) == "UTC"


def test_no_parameter_is_documented_with_null() -> None:
    for methods in openapi_document()["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                schema = resolved(parameter)["schema"]
                assert "null" not in json.dumps(schema), (operation["operationId"], parameter)
