"""Programs request environments, and other people's programs decide on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal.api.idempotency import TAKEN_OVER_AFTER
from provisioning.blueprint import example_inputs
from provisioning.jobs.periodic import TASKS
from provisioning.lifecycle import clock
from provisioning.lifecycle.api_calls import forget_calls
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.plan_document import ChangePlan, from_json
from provisioning.lifecycle.rules import previews
from provisioning.models import ApiCall, Environment, Request
from tests.portal.api.conftest import Program
from tests.portal.conftest import REGION, SLUG, People, build, finish


def body(name: str = "orders-dev", *, size: str = "dev", **more: Any) -> dict[str, Any]:
    inputs, _ = example_inputs(catalogue().get(SLUG), size, {})
    account = "acme-prod" if size == "prod" else "acme-dev"
    return {
        "blueprint": SLUG,
        "size": size,
        "team": "payments",
        "account": account,
        "region": REGION,
        "name": name,
        "inputs": inputs,
        **more,
    }


def test_bob_requests_an_environment_and_reads_it(people: People, bobs: Program) -> None:
    answer = bobs.post("/requests", body())
    assert answer.status == 201, answer.content
    assert (answer.json["state"], answer.json["kind"], answer.json["requested_by"]) == ("approved", "create", "bob")
    environment = bobs.get(f"/environments/{answer.json['environment_id']}").json
    assert (environment["name"], environment["state"], environment["team"]) == ("orders-dev", "creating", "payments")
    assert [one["name"] for one in bobs.get("/environments?state=living").json["items"]] == ["orders-dev"]


def test_the_same_call_twice_is_one_environment_with_the_same_answer(people: People, bobs: Program) -> None:
    first, second = bobs.post("/requests", body(), key="deploy-4711"), bobs.post("/requests", body(), key="deploy-4711")
    assert (first.status, second.status) == (201, 201)
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Environment.objects.count() == 1


def test_another_call_with_the_same_key_is_refused(people: People, bobs: Program) -> None:
    bobs.post("/requests", body(), key="deploy-4711")
    answer = bobs.post("/requests", body("other"), key="deploy-4711")
    assert (answer.status, answer.json["code"]) == (409, "idempotency_key_reused")
    assert Environment.objects.count() == 1


def test_a_key_belongs_to_one_person(people: People, bobs: Program, charlies: Program) -> None:
    bobs.post("/requests", body(), key="deploy-4711")
    answer = charlies.post("/requests", body(team="logistics"), key="deploy-4711")
    assert (answer.status, answer.json["team"]) == (201, "logistics")


def test_a_call_that_is_in_progress_is_not_carried_out_twice(people: People, bobs: Program) -> None:
    bobs.post("/requests", body(), key="deploy-4711")
    ApiCall.objects.update(status=0)
    answer = bobs.post("/requests", body(), key="deploy-4711")
    assert (answer.status, answer.json["code"]) == (409, "in_progress")
    assert answer.headers["Retry-After"] == "2"


def test_a_call_whose_process_was_lost_is_carried_out_again_under_the_same_id(people: People, bobs: Program) -> None:
    first = bobs.post("/requests", body(), key="deploy-4711")
    ApiCall.objects.update(status=0, began_at=clock.now() - TAKEN_OVER_AFTER - timedelta(seconds=1))
    second = bobs.post("/requests", body(), key="deploy-4711")
    assert (second.status, second.json["id"]) == (201, first.json["id"])
    assert Request.objects.count() == 1


def test_errors_are_kept_too_and_all_of_them_go_after_a_day(people: People, bobs: Program) -> None:
    wrong = body("Not A Name")
    first, second = bobs.post("/requests", wrong, key="deploy-4711"), bobs.post("/requests", wrong, key="deploy-4711")
    assert (first.status, first.content) == (422, second.content)
    assert forget_calls() == 0
    assert forget_calls in {task.run for task in TASKS}, "a periodic task deletes them"
    ApiCall.objects.update(began_at="2026-01-01T00:00:00Z")
    assert forget_calls() == 1


def test_without_a_key_nothing_is_created(people: People, bobs: Program) -> None:
    answer = bobs._send("POST", "/requests", body(), {})
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert not Environment.objects.exists()


def test_wrong_values_are_named_at_their_fields(people: People, bobs: Program) -> None:
    for change, field, sentence in (
        ({"team": "logistics"}, "team", "not a team for which you may request"),
        ({"account": "nowhere"}, "account", "not an account that Payments may use"),
        ({"blueprint": "nothing"}, "blueprint", "There is no blueprint nothing"),
        ({"version": "0.0.1"}, "version", "The catalogue has"),
        ({"nmae": "x"}, "nmae", "Extra inputs are not permitted"),
        ({"inputs": {"nonsense": 1}}, "inputs.nonsense", "nonsense"),
    ):
        answer = bobs.post("/requests", {**body(), **change})
        assert answer.status == 422, change
        assert answer.headers["Content-Type"] == "application/problem+json"
        errors = {error["field"]: error["message"] for error in answer.json["errors"]}
        assert sentence in errors[field], errors


def test_olivia_approves_the_plan_that_she_has_read(people: People, bobs: Program, olivias: Program) -> None:
    asked = bobs.post("/requests", body(size="prod")).json
    assert asked["state"] == "waiting"
    listed = olivias.get("/requests?awaiting_me=true").json["items"]
    assert [one["id"] for one in listed] == [asked["id"]]
    assert olivias.post(f"/requests/{asked['id']}/approve", {"digest": "0" * 64}).status == 409
    answer = olivias.post(f"/requests/{asked['id']}/approve", {"digest": asked["digest"], "note": "Go."})
    assert (answer.status, answer.json["state"], answer.json["decided_by"]) == (200, "approved", "olivia")


def test_nobody_approves_their_own_request_with_a_token(people: People) -> None:
    people.bob.is_approver = True
    people.bob.save()
    from tests.portal.api.conftest import program  # noqa: PLC0415 - the token is created after the role

    bobs = program(people.bob)
    asked = bobs.post("/requests", body(size="prod")).json
    answer = bobs.post(f"/requests/{asked['id']}/approve", {"digest": asked["digest"]})
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert Request.objects.get().state == "waiting"


def test_the_requester_withdraws(people: People, bobs: Program) -> None:
    asked = bobs.post("/requests", body(size="prod")).json
    assert bobs.post(f"/requests/{asked['id']}/withdraw").json["state"] == "withdrawn"
    assert bobs.post(f"/requests/{asked['id']}/withdraw").status == 409


def test_a_plan_is_read_with_its_digest(people: People, bobs: Program) -> None:
    preview = bobs.post("/plans", body()).json
    asked = bobs.post("/requests", body()).json
    plan = bobs.get(f"/requests/{asked['id']}/plan").json
    assert (plan["digest"], plan["document"]["kind"]) == (asked["digest"], "create")
    assert plan["findings"] == preview["findings"] != []
    assert "Resources" in bobs.get(f"/requests/{asked['id']}/template").json


@pytest.mark.parametrize("path", ["/plans", "/plans/checks"])
def test_previews_of_programs_count_like_those_of_pages(
    people: People, bobs: Program, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(previews, "PREVIEWS_A_MINUTE", 1)
    assert bobs.post("/plans", body()).status == 200
    refused = bobs.post(path, body())
    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (429, "too_many_calls", "60")
    page = people.client("bob").post(f"/catalogue/{SLUG}/request/preflight/", people.form(""))
    assert page.status_code == 429


def test_a_teardown_has_no_findings(bobs: Program, running: Environment) -> None:
    base = f"/environments/{running.pk}/teardown"
    digest = bobs.get(base).json["digest"]
    asked = bobs.post(base, {"name": running.name, "expected_digest": digest}).json
    assert bobs.get(f"/requests/{asked['id']}/plan").json["findings"] is None


def test_an_exported_request_can_be_sent_as_it_is(people: People, bobs: Program) -> None:
    asked = people.ask("original")
    exported = people.client("bob").get(f"/requests/{asked.pk}/export/?as=json").content.decode()
    answer = bobs.post("/requests", exported.replace('"original"', '"copy"'))
    assert answer.status == 201, answer.content
    copy = Environment.objects.get(name="copy")
    assert copy.inputs == asked.environment.inputs


def test_a_key_that_is_used_again_after_a_day_asks_for_something_new(people: People, bobs: Program) -> None:
    first = bobs.post("/requests", body(), key="deploy-4711")
    ApiCall.objects.update(began_at="2026-01-01T00:00:00Z")
    second = bobs.post("/requests", body("another"), key="deploy-4711")
    assert (second.status, second.json["environment"]) == (201, "another")
    assert second.json["id"] != first.json["id"]


def test_after_an_error_of_the_portal_the_same_call_is_carried_out_again(
    people: People, bobs: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("portal.api.v1.requests.described", lambda _pk: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bobs.post("/requests", body(), key="deploy-4711")
    # The test client raises before the answer is kept.
    ApiCall.objects.update(began_at=clock.now() - TAKEN_OVER_AFTER - timedelta(seconds=1))
    created = Request.objects.get()
    again = bobs.post("/requests", body(), key="deploy-4711")
    assert (again.status, again.json["id"]) == (201, str(created.pk))
    other = bobs.post("/requests", body("other"), key="deploy-4711")
    assert (other.status, other.json["code"]) == (409, "idempotency_key_reused")


def test_outputs_become_ssm_parameters_on_request(people: People, bobs: Program) -> None:
    assert bobs.post("/plans", body()).json["output_parameters"] == []
    wanted = body(output_parameters=True)
    names = bobs.post("/plans", wanted).json["output_parameters"]
    assert any(name.startswith("/portal/payments/orders-dev-") and name.endswith("/outputs/Url") for name in names)
    created = bobs.post("/requests", wanted)
    assert created.status == 201
    environment = Environment.objects.get(pk=created.json["environment_id"])
    stack = build(environment, ready=1_000)
    name = f"/portal/payments/orders-dev-{environment.generation}/outputs/Url"
    stack.resources.filter(logical_id="OutputParameterUrl").update(physical_id=name)
    stack.outputs = {"Url": "https://orders.example.com", "Other": "x"}
    stack.save()
    listed = {one["id"]: one["parameter"] for one in bobs.get(f"/environments/{environment.pk}/outputs").json}
    assert listed == {"Url": name, "Other": ""}


def test_a_change_switches_ssm_parameters_on(people: People, bobs: Program, running: Environment) -> None:
    def has_parameters(change: dict[str, Any]) -> bool:
        answer = bobs.post(f"/environments/{running.pk}/changes", change)
        assert answer.status == 201, answer.content
        document = from_json(Request.objects.get(pk=answer.json["id"]).plan.content)
        assert isinstance(document, ChangePlan)
        finish(running, "running", "succeeded", "failed")
        return document.has_output_parameters

    assert has_parameters({"output_parameters": True})
    assert not has_parameters({"note": "nothing"})


def test_a_program_gives_tags_and_a_change_keeps_them(people: People, bobs: Program) -> None:
    wrong = bobs.post("/requests", body(tags={"aws:x": "y"}))
    assert (wrong.status, wrong.json["code"], wrong.json["errors"][0]["field"]) == (422, "invalid", "tags")
    answer = bobs.post("/requests", body(tags={"cost-centre": "4711"}))
    environment = Environment.objects.get()
    assert bobs.get(f"/requests/{answer.json['id']}/plan").json["document"]["tags"] == {"cost-centre": "4711"}
    assert bobs.get(f"/environments/{environment.pk}").json["tags"] == {"cost-centre": "4711"}
    finish(environment, "running", "succeeded", "done")
    kept = bobs.post(f"/environments/{environment.pk}/changes", {"size": "staging"}).json["id"]
    assert bobs.get(f"/requests/{kept}/plan").json["document"]["tags"] == {"cost-centre": "4711"}
