"""Programs read environments, change them and tear them down."""

from __future__ import annotations

import pytest

from provisioning.models import Environment, Operation, Request
from tests.portal.api.conftest import Program, program
from tests.portal.conftest import SLUG, People


def test_everything_about_an_environment_can_be_read(running: Environment, bobs: Program) -> None:
    base = f"/environments/{running.pk}"
    outputs = {one["id"]: one["value"] for one in bobs.get(f"{base}/outputs").json}
    assert outputs["Url"] == "https://orders.example.com"
    resources = bobs.get(f"{base}/resources").json
    assert {"logical_id", "physical_id", "status"} <= resources[0].keys()
    (operation,) = bobs.get(f"{base}/operations").json["items"]
    assert (operation["kind"], operation["state"], operation["succeeded"]) == ("create", "succeeded", True)
    assert bobs.get(f"/operations/{operation['id']}").json["steps"][0]["state"] == "done"
    assert bobs.get(f"{base}/events?limit=3").json[0]["status"] == "CREATE_COMPLETE"
    assert bobs.get(f"{base}/receipt").status == 404
    assert bobs.get(f"{base}/drift").status == 404


def test_an_outsider_finds_nothing(running: Environment, charlies: Program) -> None:
    operation, request = Operation.objects.get(), Request.objects.get()
    paths = [f"/environments/{running.pk}{rest}" for rest in ("", "/outputs", "/resources", "/operations", "/events")]
    for path in [*paths, f"/operations/{operation.pk}", f"/requests/{request.pk}", f"/requests/{request.pk}/plan"]:
        answer = charlies.get(path)
        assert (answer.status, answer.json["code"]) == (404, "not_found"), path
        assert running.name.encode() not in answer.content
    for path in ("/environments", "/requests"):
        assert charlies.get(path).json == {"items": [], "next_cursor": ""}


def test_a_teardown_needs_the_digest_of_its_preview_and_the_name(running: Environment, bobs: Program) -> None:
    base = f"/environments/{running.pk}/teardown"
    preview = bobs.get(base).json
    assert preview["to_delete"]
    wrong = {"name": "another", "expected_digest": preview["digest"]}
    assert bobs.post(base, wrong).status == 422
    assert bobs.post(base, {"name": running.name, "expected_digest": "0" * 64}).status == 409
    answer = bobs.post(base, {"name": running.name, "expected_digest": preview["digest"]})
    assert (answer.status, answer.json["kind"]) == (201, "teardown")
    running.refresh_from_db()
    assert running.state == "tearing_down"


def test_a_change_is_planned_first(running: Environment, bobs: Program) -> None:
    answer = bobs.post(f"/environments/{running.pk}/changes", {"size": "staging"})
    assert (answer.status, answer.json["state"], answer.json["kind"]) == (201, "planning", "change"), answer.content


def test_a_failed_creation_is_retried_by_its_newest_operation(failed: Environment, bobs: Program) -> None:
    first = Operation.objects.get()
    read = bobs.get(f"/operations/{first.pk}").json
    assert (read["state"], read["next_action"]) == ("failed", "retry")
    answer = bobs.post(f"/operations/{first.pk}/retry")
    assert (answer.status, answer.json["is_ended"]) == (200, False)
    assert bobs.post(f"/operations/{first.pk}/retry").status == 409
    cancelled = bobs.post(f"/operations/{answer.json['id']}/cancel")
    assert cancelled.json["cancel_requested_at"] is not None


def test_lists_are_read_by_cursor_and_filtered(people: People, bobs: Program, many) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    many(7)
    names, cursor, pages = list[str](), "", 0
    while pages == 0 or cursor:
        page = bobs.get(f"/environments?limit=3&fields=name&cursor={cursor}").json
        assert all(set(item) == {"id", "name"} for item in page["items"])
        names += [item["name"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (len(names), len(set(names)), pages) == (8, 8, 3)
    assert len(bobs.get("/environments?state=running").json["items"]) == 7
    assert bobs.get("/environments?state=gone&team=payments&size=dev").json["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=nonsense", "cursor"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("fields=colour", "fields"),
        ("state=odd", "state"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, field: str, bobs: Program) -> None:
    answer = bobs.get(f"/environments?{query}")
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, field)


def test_what_has_not_changed_is_not_sent_again(running: Environment, bobs: Program) -> None:
    first = bobs.get(f"/environments/{running.pk}")
    again = bobs.get(f"/environments/{running.pk}", If_None_Match=first.headers["ETag"])
    assert (again.status, again.content) == (304, b"")
    Environment.objects.update(version=1_000)
    assert bobs.get(f"/environments/{running.pk}", If_None_Match=first.headers["ETag"]).status == 200


def test_the_catalogue_says_what_a_request_needs(people: People, bobs: Program) -> None:
    assert SLUG in {one["id"] for one in bobs.get("/catalogue").json}
    blueprint = bobs.get(f"/catalogue/{SLUG}").json
    assert {size["name"]: size["requires_approval"] for size in blueprint["size_settings"]}["prod"] is True
    assert any(one["required"] for one in blueprint["inputs"])
    assert bobs.get("/catalogue/nothing").status == 404


def test_a_plan_can_be_read_before_anything_is_requested(people: People, bobs: Program) -> None:
    from tests.portal.api.test_requests import body  # noqa: PLC0415 - shared with the stories of requests

    plan = bobs.post("/plans?templates=true", body()).json
    assert plan["stacks"][0]["template"]["Resources"]
    assert not plan["requires_approval"]
    assert not Environment.objects.exists()


def test_a_viewer_reads_and_changes_nothing(running: Environment, people: People) -> None:
    viewer = program(people.bob, scopes=["read"])
    assert viewer.get(f"/environments/{running.pk}").status == 200
    answer = viewer.post(f"/environments/{running.pk}/changes", {"size": "staging"})
    assert (answer.status, answer.json["code"]) == (403, "scope_missing")
