"""Bob and olivia work in a terminal: each command against the portal itself."""

from __future__ import annotations

import json

import pytest

from portal.cli.commands.environments import env_lines, variable_name
from portal.cli.errors import CliError
from portal.cli.resources import Output
from portal.cli.transport import Answer
from provisioning.design.graph import OUTPUT_PARAMETERS
from provisioning.lifecycle.plan_document import ChangePlan, from_json
from provisioning.models import Environment, Plan, Request
from tests.cli.conftest import URL, Shell
from tests.portal.api.test_requests import body
from tests.portal.conftest import SLUG, People, finish, put


def test_bob_reads_the_catalogue(bobs: Shell) -> None:
    assert SLUG in bobs("catalogue").out
    described = bobs("catalogue", SLUG)
    assert "REQUIRED" in described.out
    assert bobs("catalogue", SLUG, "--json").json["id"] == SLUG
    missing = bobs("catalogue", "nothing")
    assert (missing.code, missing.out, missing.err) == (4, "", "There is no blueprint nothing.\n")


def test_bob_plans_without_writing_anything(bobs: Shell, file: str) -> None:
    planned = bobs("plan", file)
    assert (planned.code, "RESOURCES" in planned.out, "needs no approval" in planned.out) == (0, True, True)
    assert bobs("plan", file, "--json").json["digest"]
    assert bobs("plan", "-", stdin=json.dumps(body())).code == 0
    assert not Request.objects.exists()


def test_options_replace_what_the_file_has_and_inputs_get_their_types(bobs: Shell, file: str) -> None:
    inputs = body()["inputs"]
    name, text = next((name, text) for name, text in inputs.items() if isinstance(text, str))
    asked = bobs("apply", file, "--name", "other-dev", "--set-env", f"{name}=FROM_HERE", FROM_HERE=text)
    assert asked.code == 0, asked.err
    assert Environment.objects.get().name == "other-dev"
    refused = bobs("plan", file, "--set", "nonsense=1")
    assert (refused.code, "inputs.nonsense" in refused.err) == (1, True)
    assert bobs("plan", file, "--set", "nonsense").code == 2


def test_a_lost_answer_is_repeated_with_the_same_key_and_creates_one_environment(bobs: Shell, file: str) -> None:
    bobs.transport.failures = [Answer(503, {"retry-after": "7"}, b""), Answer(429, {}, b"")]
    assert bobs("list").code == 0
    assert bobs.sleeps == [7.0, 2.0]
    bobs.transport.calls.clear()
    bobs.transport.failures = [Answer(200, {}, b'{"items": [], "next_cursor": ""}'), None]
    asked = bobs("apply", file)
    assert (asked.code, "connection reset by peer" in asked.err) == (0, True)
    [key] = {call.headers["Idempotency-Key"] for call in bobs.transport.calls if call.method == "POST"}
    assert (f"Idempotency key: {key}\n" in asked.err, Request.objects.count()) == (True, 1)


def test_a_decision_is_never_repeated(people: People, olivias: Shell) -> None:
    asked = people.ask("shop", size="prod")
    olivias.transport.failures = [None]
    lost = olivias("approve", str(asked.pk), "--digest", asked.plan.digest)
    assert (lost.code, "check before you repeat it" in lost.err, len(olivias.transport.calls)) == (1, True, 1)


def test_apply_says_whether_something_begins_or_waits(bobs: Shell) -> None:
    begun = bobs("apply", "-", stdin=json.dumps(body("other")))
    assert f"Creating other of payments: {URL}" in begun.err
    waits = bobs("apply", "-", stdin=json.dumps(body("shop", size="prod", account="acme-prod")))
    assert f"The creation of shop of payments waits for an approval: {URL}" in waits.err


def test_the_plan_of_an_environment_that_exists_is_that_of_a_change(
    running: Environment, bobs: Shell, file: str
) -> None:
    planned = bobs("plan", file)
    assert (planned.code, "exists. `portal apply` requests a change." in planned.out) == (0, True)
    assert bobs("plan", file, "--json").json == {"exists": True, "environment_id": str(running.pk)}


def test_destroy_withdraws_a_request_that_still_waits(people: People, bobs: Shell) -> None:
    asked = people.ask("shop", size="prod")
    ended = bobs("destroy", "shop", "--yes-delete", "shop")
    assert (ended.code, ended.out) == (0, "The request for shop was withdrawn. Nothing was created.\n")
    asked.refresh_from_db()
    assert asked.state == "withdrawn"


def test_no_outputs_are_an_error(people: People, bobs: Shell) -> None:
    people.ask("shop", size="prod")
    for more in ((), ("--format", "env"), ("--json",)):
        outputs = bobs("outputs", "shop", *more)
        assert (outputs.code, outputs.out, outputs.err) == (1, "", "shop has no outputs. Its state: requested.\n")


def test_applying_again_requests_a_change(running: Environment, bobs: Shell, file: str) -> None:
    changed = bobs("apply", file, "--size", "staging", "--json")
    assert (changed.code, changed.json["kind"], changed.json["state"]) == (0, "change", "planning")
    finish(running, "running", "succeeded", "done")
    assert bobs("wait", changed.json["id"]).code == 0
    moved = bobs("apply", file, "--region", "eu-central-1")
    assert (moved.code, "cannot become eu-central-1" in moved.err) == (5, True)


def test_tags_are_added_to_those_of_the_file(running: Environment, bobs: Shell) -> None:
    tagged = json.dumps(body(running.name, tags={"owner": "Bob"}))
    assert bobs("apply", "-", "--tag", "cost-centre=4711", stdin=tagged).code == 0
    document = Request.objects.get(kind="change").plan.content
    assert document["tags"] == {"owner": "Bob", "cost-centre": "4711"}
    assert bobs("plan", "-", stdin=json.dumps(body(tags=["x"]))).code == 2
    assert "write KEY=VALUE" in bobs("plan", "-", "--tag", "x", stdin=tagged).err


def test_bob_lists_and_shows_environments(running: Environment, bobs: Shell) -> None:
    assert running.name in bobs("list").out
    assert [one["id"] for one in bobs("list", "--team", "payments", "--json").json] == [str(running.pk)]
    assert bobs("show", running.name, "--json").json == bobs("show", str(running.pk), "--json").json
    assert f"{URL}/environments/{running.pk}/" in bobs("show", running.name).out
    assert bobs("show", "nothing").err == "You see no environment nothing.\n"


def test_one_name_in_two_teams_needs_the_team(running: Environment, people: People, bobs: Shell) -> None:
    other = people.ask("other").environment
    put(other, team=people.logistics, name=running.name)
    people.bob.is_approver = True
    people.bob.save()
    assert (bobs("outputs", running.name).code, bobs("outputs", running.name, "--team", "payments").code) == (2, 0)


def test_outputs_as_json_and_for_a_shell(running: Environment, bobs: Shell) -> None:
    assert "https://orders.example.com" in bobs("outputs", running.name).out
    assert {one["id"] for one in bobs("outputs", running.name, "--format", "json").json} >= {"Url"}
    lines = bobs("outputs", running.name, "--format", "env").out.splitlines()
    assert "OUTPUT_URL=https://orders.example.com" in lines
    assert any(line.startswith("OUTPUT_CLAUDE_SECRET_ARN=arn:aws:") for line in lines)


def test_outputs_as_ssm_parameters(running: Environment, bobs: Shell, file: str) -> None:
    planned = bobs("plan", file, "--name", "other", "--output-parameters")
    assert "outputs are also written to SSM parameters below /portal/payments/" in planned.out
    assert "SSM" not in bobs("plan", file, "--name", "other").out
    assert "PARAMETER" not in bobs("outputs", running.name).out
    name = f"/portal/payments/orders-dev-{running.generation}/outputs/Url"
    running.stacks.get().resources.create(
        logical_id="OutputParameterUrl", type="AWS::SSM::Parameter", address=OUTPUT_PARAMETERS, physical_id=name
    )
    assert f"main   {name}" in bobs("outputs", running.name).out
    changed = bobs("apply", file, "--output-parameters", "--json")
    document = from_json(Request.objects.get(pk=changed.json["id"]).plan.content)
    assert isinstance(document, ChangePlan)
    assert document.has_output_parameters


def test_names_of_variables() -> None:
    assert [variable_name(name) for name in ("Url", "APIUrl", "queueURL", "a-b")] == [
        "URL",
        "API_URL",
        "QUEUE_URL",
        "A_B",
    ]
    same = [Output("Url", "1", "main", ""), Output("Url", "2", "edge", "")]
    assert list(env_lines(same, "")) == ["MAIN_URL=1", "EDGE_URL=2"]
    with pytest.raises(CliError):
        list(env_lines([Output("1", "x", "main", "")], ""))


def test_a_hostile_answer_steers_no_terminal(bobs: Shell) -> None:
    """U+009B begins a sequence as ESC [ does, and JSON leaves it as it is."""
    name = "a\x9b2J\x1b[2J\x7f\ud800å"
    bobs.transport.failures = [Answer(200, {}, json.dumps({"items": [{"name": name}], "next_cursor": ""}).encode())]
    listed = bobs("list", "--json")
    assert (listed.json[0]["name"], listed.out.replace("\n", "").isprintable(), "å" in listed.out) == (name, True, True)
    with pytest.raises(CliError, match="control characters"):
        list(env_lines([Output("Url", "a\x9b2J", "main", "")], ""))
    busy = Answer(503, {"retry-after": "9" * 400}, b"")
    bobs.transport.failures = [busy]
    assert (bobs("list").code, bobs.sleeps) == (0, [60.0])


def test_a_teardown_needs_the_name(running: Environment, bobs: Shell) -> None:
    nobody = bobs("destroy", running.name)
    assert (nobody.code, f"--yes-delete {running.name}" in nobody.err) == (2, True)
    assert bobs("destroy", running.name, stdin="another\n", tty=True).code == 2
    assert bobs("destroy", running.name, "--yes-delete", "another").code == 2
    running.refresh_from_db()
    assert running.state == "running"
    bobs.meanwhile = iter([lambda: finish(running, "gone", "succeeded", "done")])
    done = bobs("destroy", running.name, stdin=f"{running.name}\n", tty=True)
    assert (done.code, f"{running.name} is gone." in done.out, "  delete  " in done.err) == (0, True, True)
    assert bobs("destroy", running.name).code == 4
    assert bobs("destroy", running.name, "--missing-ok").code == 0


def test_a_plan_without_security_checks_can_be_approved(people: People, olivias: Shell) -> None:
    """Such as that of a teardown."""
    asked = people.ask("shop", size="prod")
    Plan.objects.update(proof={})
    approved = olivias("approve", str(asked.pk), stdin="yes\n", tty=True)
    assert (approved.code, "is approved." in approved.out) == (0, True)


def test_olivia_approves_the_plan_that_she_has_read(people: People, bobs: Shell, olivias: Shell) -> None:
    asked = people.ask("shop", size="prod")
    assert bobs("approve", str(asked.pk), "--digest", asked.plan.digest).code == 3
    assert olivias("approve", str(asked.pk), "--digest", "0" * 64).code == 5
    assert olivias("approve", str(asked.pk)).code == 2
    assert olivias("approve", str(asked.pk), stdin="no\n", tty=True).code == 1
    approved = olivias("approve", str(asked.pk), stdin="yes\n", tty=True)
    assert (approved.code, "is approved." in approved.out, "bob requests: create shop" in approved.err) == (
        0,
        True,
        True,
    )
    assert olivias("reject", "shop", "--note", "x").code == 4


def test_olivia_reads_the_new_size_and_each_change_before_she_approves(
    running: Environment, people: People, bobs: Shell, olivias: Shell, file: str
) -> None:
    changed = bobs("apply", file, "--size", "staging", "--json").json
    assert changed["size"] == "staging"
    request = Request.objects.get(pk=changed["id"])
    plan = request.plan
    change = {"logical_id": "Main", "action": "Modify", "type": "AWS::RDS::DBInstance", "replacement": "True"}
    verdict = {"logical_id": "Main", "is_dangerous": True, "outcome": "deleted", "reasons": ["It is replaced."]}
    plan.content = plan.content | {"change_sets": [{"changes": [change], "verdicts": [verdict]}]}
    plan.save()
    put(request, state="waiting")
    asked = olivias("approve", str(request.pk), stdin="no\n")
    assert "Size staging." in asked.err
    assert "modify Main (AWS::RDS::DBInstance, replaced)" in asked.err
    assert "DATA: Main: deleted. It is replaced." in asked.err
