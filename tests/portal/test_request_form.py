from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django import Settings

from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.plan_document import CreatePlan, from_json
from provisioning.models import Account, AccountTeam, Environment, Membership, Request
from tests.portal.conftest import SLUG, People, finish
from tests.support.accounts import admit

ASK, LOOK = f"/catalogue/{SLUG}/request/", f"/catalogue/{SLUG}/request/preview/"


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return html.unescape(found[1])


def look(people: People, form: dict[str, str], name: str = "bob") -> str:
    answer = people.client(name).post(LOOK, form, headers={"hx-request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def seen(people: People, form: dict[str, str]) -> dict[str, str]:
    """The form with what the live panel put into it."""
    text = look(people, form)
    return {**form, "expected_digest": hidden(text, "expected_digest"), "shown": hidden(text, "shown")}


def test_the_empty_form_says_what_is_needed_and_complains_of_nothing(people: People) -> None:
    text = people.client("bob").get(ASK).content.decode()
    assert "Required: Name, API image, Certificate ARN, GitHub repository." in text
    assert 'class="error" id="error-name"></p>' in text
    assert uuid.UUID(hidden(text, "request_id"))
    assert "acme-dev · Europe (Stockholm) eu-north-1" in text
    assert "acme-prod" not in text


def test_names_that_are_listed_for_the_team_can_be_chosen(people: People) -> None:
    AccountTeam.objects.filter(team=people.payments, account=people.dev).update(
        hosted_zones=["ZPAYMENTS"], image_repositories=["100000000001.dkr.ecr.eu-north-1.amazonaws.com/base/*"]
    )
    AccountTeam.objects.filter(team=people.payments, account=people.prod).update(hosted_zones=["ZPROD"])
    AccountTeam.objects.filter(team=people.logistics).update(hosted_zones=["ZLOGISTICS"])
    text = people.client("bob").get(ASK).content.decode()
    assert 'list="list-hosted_zone_id"' in text
    assert '<datalist id="list-hosted_zone_id"><option value="ZPAYMENTS"></option></datalist>' in text
    assert "ZPROD" not in text
    assert "ZLOGISTICS" not in text
    assert "list-api_image" not in text  # a folder of names is no name
    assert "Payments may use no" not in text


def test_a_team_without_hosted_zones_reads_whom_to_ask(people: People) -> None:
    AccountTeam.objects.filter(team=people.payments).update(hosted_zones=[])
    text = people.client("bob").get(ASK).content.decode()
    assert (
        "Payments may use no hosted zone yet: ask an administrator of the portal to list one under “Hosted zones”."
        in text
    )
    assert "list-hosted_zone_id" not in text
    assert "Payments may use no image" not in text  # public ones need no entry


def test_a_text_that_names_no_secret_of_the_team_is_not_sent_back_in_its_field(people: People) -> None:
    pipeline = catalogue().get("webhook-pipeline")
    form = people.form(questions=pipeline.variables, input_pagerduty_secret="portal/logistics/pagerduty", preview="1")
    people.dev.artefact_bucket = "portal-artefacts-100000000001-eu-north-1"
    people.dev.save()
    text = people.client("bob").post("/catalogue/webhook-pipeline/request/", form).content.decode()
    assert "names the secret" in text
    assert 'value="portal/logistics/pagerduty"' not in text


def test_the_size_decides_which_accounts_are_offered(people: People) -> None:
    text = people.client("bob").get(f"{ASK}?size=prod").content.decode()
    assert "acme-prod · Europe (Stockholm) eu-north-1" in text
    assert "acme-dev" not in text
    assert "Send request" in text


def test_a_size_without_an_account_is_told(people: People) -> None:
    Account.objects.filter(name="acme-prod").delete()
    text = people.client("bob").get(f"{ASK}?size=prod").content.decode()
    assert "Payments may use no account that accepts size prod of this blueprint." in text
    assert "deploy the stack portal-onboarding-payments in it" in text


def test_each_team_is_offered_the_accounts_that_it_may_use(people: People) -> None:
    Membership.objects.create(team=people.logistics, user=people.bob)
    AccountTeam.objects.filter(team=people.logistics, account=people.dev).delete()
    theirs = Account.objects.create(
        name="logistics-dev", account_id="100000000003", regions=["eu-north-1"], sizes=["dev"]
    )
    admit(people.logistics, theirs)
    text = people.client("bob").get(ASK).content.decode()
    assert "logistics-dev" in text  # logistics is the first of bob's teams by name
    assert "acme-dev" not in text
    headers = {"hx-request": "true", "hx-trigger-name": "team"}
    form = people.form() | {"place": f"{theirs.pk}/eu-north-1"}
    text = people.client("bob").post(LOOK, form, headers=headers).content.decode()
    assert '<form id="request-form"' in text
    assert "logistics-dev" not in text
    assert f'value="{people.dev.pk}/eu-north-1" selected' in text


def test_a_place_that_is_not_the_teams_is_refused_when_it_is_sent(people: People) -> None:
    theirs = Account.objects.create(
        name="logistics-dev", account_id="100000000003", regions=["eu-north-1"], sizes=["dev"]
    )
    admit(people.logistics, theirs)
    form = seen(people, people.form()) | {"place": f"{theirs.pk}/eu-north-1"}
    answer = people.client("bob").post(ASK, form)
    assert answer.status_code == 422
    assert "The team cannot create this size in this account and region." in answer.content.decode()
    assert "logistics-dev" not in answer.content.decode()
    assert not Request.objects.exists()


def test_the_panel_plans_what_is_typed(people: People) -> None:
    text = look(people, people.form())
    assert "exactly this plan will run" in text
    assert re.search(r"\b1\d\d resources in \d+ components", text)
    assert re.fullmatch("[0-9a-f]{64}", hidden(text, "expected_digest"))
    assert "<html" not in text


def test_the_panel_forgives_what_is_not_typed_yet(people: People) -> None:
    text = look(people, people.form("", input_api_image=""))
    assert "Required: Name, API image." in text
    assert 'id="error-name" hx-swap-oob="true"></p>' in text
    assert hidden(text, "expected_digest") == ""


def test_the_panel_puts_complaints_beside_their_fields(people: People) -> None:
    text = look(people, people.form(input_certificate_arn="nonsense"))
    assert 'id="error-input_certificate_arn" hx-swap-oob="true">Certificate ARN is not the ARN' in text
    assert hidden(text, "expected_digest") == ""


def test_another_size_brings_the_whole_form_back(people: People) -> None:
    headers = {"hx-request": "true", "hx-trigger-name": "size"}
    text = people.client("bob").post(LOOK, people.form(size="prod"), headers=headers).content.decode()
    assert '<form id="request-form"' in text
    assert 'value="example/carbon-connect"' in text


def test_what_was_seen_is_what_is_made(people: People) -> None:
    form = seen(people, people.form())
    answer = people.client("bob").post(ASK, form)
    environment = Environment.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/environments/{environment.pk}/")
    assert environment.state == "creating"
    assert environment.plans.get().digest == form["expected_digest"]


def test_the_outputs_become_ssm_parameters_if_it_is_ticked(people: People) -> None:
    assert "also written to SSM parameters" not in look(people, people.form())
    form = seen(people, people.form(output_parameters="on"))
    assert "also written to SSM parameters below" in look(people, form)
    people.client("bob").post(ASK, form)
    stored = Request.objects.get()
    document = from_json(stored.plan.content)
    assert isinstance(document, CreatePlan)
    assert document.has_output_parameters
    change = reverse("change", kwargs={"pk": stored.environment_id})
    finish(stored.environment, "running", "succeeded", "done")
    text = people.client("bob").get(change).content.decode()
    assert "checked" in text.split('name="output_parameters"')[1].split(">")[0]


def test_a_double_click_makes_one(people: People) -> None:
    form = seen(people, people.form())
    bob = people.client("bob")
    first, second = bob.post(ASK, form), bob.post(ASK, form)
    assert first.headers["Location"] == second.headers["Location"]
    assert Request.objects.count() == 1


def test_prod_goes_to_an_approver_first(people: People) -> None:
    answer = people.client("bob").post(ASK, seen(people, people.form(size="prod")), follow=True)
    text = answer.content.decode()
    assert "This request is pending approval. You cannot decide on your own request." in text
    assert Environment.objects.get().state == "requested"


def test_nothing_is_made_before_it_was_looked_at(people: People) -> None:
    answer = people.client("bob").post(ASK, people.form())
    assert "Check the plan, then send the request." in answer.content.decode()
    assert not Request.objects.exists()


def test_it_works_without_script_by_looking_first(people: People) -> None:
    text = people.client("bob").post(ASK, {**people.form(), "preview": "1"}).content.decode()
    assert "exactly this plan will run" in text
    assert hidden(text, "expected_digest")
    assert not Request.objects.exists()


def test_another_plan_than_the_one_seen_is_a_409_that_tells_the_difference(people: People) -> None:
    form = {**seen(people, people.form()), "name": "orders-other"}
    answer = people.client("bob").post(ASK, form)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "The plan has changed since it was shown" in text
    assert "<td>Name</td><td>orders-dev</td><td>orders-other</td>" in text
    assert 'value="example/carbon-connect"' in text
    assert hidden(text, "expected_digest") != form["expected_digest"]
    assert not Request.objects.exists()


def test_a_form_found_again_with_the_back_button_is_another_request(people: People) -> None:
    bob, form = people.client("bob"), people.form()
    bob.post(ASK, seen(people, form))
    again = {**form, "name": "orders-two"}
    answer = bob.post(ASK, seen(people, again))
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "already sent" in text
    assert hidden(text, "request_id") != form["request_id"]
    fresh = {**again, **{name: hidden(text, name) for name in ("request_id", "expected_digest")}}
    assert bob.post(ASK, fresh).status_code == 302
    assert Environment.objects.count() == 2


def test_a_form_sent_by_somebody_else_is_refused(people: People) -> None:
    form = seen(people, people.form())
    people.client("bob").post(ASK, form)
    answer = people.client("alice").post(ASK, {**form, "name": "orders-dev"})
    assert answer.status_code in (409, 422)
    assert Request.objects.count() == 1


def test_a_taken_name_is_told_and_everything_typed_is_kept(people: People) -> None:
    people.ask("orders-dev")
    answer = people.client("bob").post(ASK, {**people.form(), "expected_digest": "x", "note": "for bob"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "The name “orders-dev” is taken" in text
    assert "for bob" in text


def test_an_error_names_every_field_at_once(people: People) -> None:
    form = people.form("", input_api_image="", input_github_repository="no slash", expected_digest="x")
    answer = people.client("bob").post(ASK, form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="error-name">Enter a name, such as orders-dev.' in text
    assert 'id="error-input_api_image">API image is required' in text
    assert "is not a repository" in text


@pytest.mark.parametrize(
    "change",
    [
        {"team": str(uuid.uuid4())},
        {"team": "x"},
        {"request_id": "x"},
        {"size": "huge"},
        {"name": "<script>alert(1)</script>"},
        {"name": "a" * 5_000},
        {"note": "x" * 5_000},
        {"name": "a\x00b"},
        {"input_api_image": "a\x00b"},
        {"input_api_image": "x" * 200_000},
    ],
)
def test_hostile_values_are_answered_and_make_nothing(change: dict[str, str], people: People) -> None:
    form = {**people.form(), "expected_digest": "0" * 64, "shown": "{}", **change}
    bob = people.client("bob")
    for url in (ASK, LOOK):
        answer = bob.post(url, form, headers={"hx-request": "true"} if url == LOOK else {})
        assert answer.status_code in (200, 409, 422)
        assert "<script>alert" not in answer.content.decode()
    assert not Request.objects.exists()


@pytest.mark.parametrize("shown", ["", "[]", "nonsense", "[" * 10_000, '{"Name": {"a": 1}}', "null"])
def test_a_forged_memory_of_what_was_shown_is_harmless(shown: str, people: People) -> None:
    form = {**people.form(), "expected_digest": "0" * 64, "shown": shown}
    assert people.client("bob").post(ASK, form).status_code == 409


def test_nobody_asks_in_another_teams_name(people: People) -> None:
    form = seen(people, people.form())
    answer = people.client("charlie").post(ASK, form)
    assert answer.status_code == 422
    assert not Request.objects.exists()


def test_somebody_in_two_teams_chooses(people: People) -> None:
    Membership.objects.create(team=people.logistics, user=people.bob)
    text = people.client("bob").get(ASK).content.decode()
    assert '<select name="team"' in text
    form = people.form(team=str(people.logistics.pk))
    people.client("bob").post(ASK, seen(people, form))
    assert Environment.objects.get().team == people.logistics


BLUEPRINT = """
blueprint {
  title = "Odd"
  summary = "Every kind of question"
  version = "1.0.0"
  maturity = "published"
  regions = ["eu-north-1"]
}
variable "token" {
  type = string
  description = "A secret word"
  example = "hush"
  sensitive = true
}
variable "level" {
  type = string
  description = "How loud"
  default = "low"
  validation {
    allowed = ["low", "high"]
  }
}
variable "replicas" {
  type = number
  description = "How many"
  default = 2
}
variable "public" {
  type = bool
  description = "For all to see"
  default = true
}
variable "names" {
  type = list(string)
  description = "Which"
  default = ["a", "b"]
}
variable "labels" {
  type = map(string)
  description = "More"
  default = { a = "b" }
  sizes = ["prod"]
}
size "dev" { keep = false }
size "staging" { keep = false }
size "prod" { keep = true }
component "bucket" "files" { keep_data = size.keep }
"""


@pytest.fixture
def odd(settings: Settings, tmp_path: Path) -> Callable[[str], str]:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "blueprint.hcl").write_text(BLUEPRINT)
    settings.BLUEPRINTS_DIR = tmp_path
    return lambda size: f"/catalogue/odd/request/?size={size}"


def test_each_type_of_variable_has_its_own_field(odd: Callable[[str], str], people: People) -> None:
    text = people.client("bob").get(odd("dev")).content.decode()
    assert 'type="password" name="input_token"' in text
    assert '<select name="input_level"' in text
    assert '<select name="input_public"' in text
    assert 'inputmode="decimal"' in text
    assert '<textarea name="input_names"' in text
    assert "input_labels" not in text
    assert "input_labels" in people.client("bob").get(odd("prod")).content.decode()


def test_a_sensitive_value_is_never_sent_back(odd: Callable[[str], str], people: People) -> None:
    form = people.form(questions={}, input_token="very-secret", input_replicas="many")
    for url in ("/catalogue/odd/request/", "/catalogue/odd/request/preview/"):
        text = people.client("bob").post(url, form).content.decode()
        assert "very-secret" not in text
        assert "should be a number" in text
    ok = {**form, "input_replicas": "3"}
    assert "very-secret" not in people.client("bob").post("/catalogue/odd/request/preview/", ok).content.decode()
