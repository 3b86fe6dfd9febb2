"""Terraform's text on its way to a filled-in form: seen by whom, in which size, and never kept."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from portal.pages.import_terraform.views import MAX_BODY
from provisioning.models import Membership, Request
from tests.blueprint.conftest import GOOD
from tests.exchange.conftest import PAGE, variables
from tests.portal.conftest import SLUG, People

URL = f"/catalogue/{SLUG}/import/"
MODULE = """\
module "orders" {
  source            = "./orders"
  environment       = "staging"
  region            = "eu-central-1"
  name              = "orders-staging"
  api_image         = "registry.example.com/orders:7"
  github_repository = "example/<orders>"
  certificate_arn   = var.certificate
  replicas          = 3
}
"""


@pytest.fixture
def bob(people: People) -> Client:
    return people.client("bob")


def value_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]*?name="{name}"', page
    )
    assert found is not None, name
    return html.unescape(found[1])


def test_a_module_block_becomes_a_filled_in_form(bob: Client, people: People) -> None:
    answer = bob.post(URL, {"text": MODULE})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert value_of(page, "name") == "orders-staging"
    assert value_of(page, "input_api_image") == "registry.example.com/orders:7"
    assert value_of(page, "input_github_repository") == "example/<orders>"
    assert 'value="staging" checked' in page
    assert f'value="{people.dev.pk}/eu-central-1" selected' in page
    assert "5 values filled in from your text." in page


def test_what_was_not_taken_is_listed_with_line_and_reason(bob: Client) -> None:
    page = html.unescape(bob.post(URL, {"text": MODULE}).content.decode())
    for line, name, why in (
        (2, "source", "is not needed: the blueprint replaces the module"),
        (8, "certificate_arn", "refers to something else (var. …), and references are not resolved"),
        (9, "replicas", "is no input of Carbon Connect"),
    ):
        assert f'<tr><td>{line}</td><td class="mono break">{name}</td><td>{why}' in page


def test_importing_asks_for_nothing(bob: Client) -> None:
    bob.post(URL, {"text": MODULE})
    assert not Request.objects.exists()


def test_the_filled_in_form_can_be_sent_as_it_is(bob: Client) -> None:
    page = bob.post(URL, {"text": MODULE.replace("var.certificate", '"arn:aws:acm:eu-north-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"').replace("<orders>", "orders")}).content.decode()  # fmt: skip
    names = ("request_id", "team", "name", "input_api_image", "input_github_repository", "input_certificate_arn")
    form = {name: value_of(page, name) for name in (*names, "expected_digest")}
    form |= {"size": "staging", "place": re.findall(r'<option value="([^"]+)" selected', page)[0]}
    answer = bob.post(f"/catalogue/{SLUG}/request/", form)
    assert answer.status_code == 302
    made = Request.objects.get()
    assert (made.environment.name, made.environment.region) == ("orders-staging", "eu-central-1")
    assert made.environment.inputs["api_image"] == "registry.example.com/orders:7"


def test_marks_stay_when_the_size_changes(bob: Client) -> None:
    page = bob.post(URL, {"text": MODULE}).content.decode()
    assert page.count("from Terraform</span>") == 2
    form = {"size": "dev", "imported": value_of(page, "imported")}
    again = bob.post(f"/catalogue/{SLUG}/request/preview/", form, HTTP_HX_REQUEST="true", HTTP_HX_TRIGGER_NAME="size")
    assert again.content.decode().count("from Terraform</span>") == 2


@pytest.mark.parametrize("name", ["orders.tf", "orders.tfvars.json"])
def test_a_file_is_read_as_well(bob: Client, name: str) -> None:
    text = '{"api_image": "registry.example.com/orders:7"}' if name.endswith("json") else MODULE
    page = bob.post(URL, {"file": SimpleUploadedFile(name, b"\xef\xbb\xbf" + text.encode())}).content.decode()
    assert value_of(page, "input_api_image") == "registry.example.com/orders:7"


def test_one_of_several_modules_is_chosen(bob: Client) -> None:
    second = MODULE.replace('"orders"', '"invoices"').replace("orders:7", "invoices:8")
    page = bob.post(URL, {"text": f'provider "aws" {{\n}}\n{MODULE}\n{second}'}).content.decode()
    assert "2 found" in page
    assert "provider &quot;aws&quot;" in page
    tokens = re.findall(r'name="choice" value="([^"]+)"', page)
    chosen = bob.post(URL, {"choice": tokens[1]}).content.decode()
    assert value_of(chosen, "input_api_image") == "registry.example.com/invoices:8"
    assert "is no input of Carbon Connect" in chosen


@pytest.mark.parametrize("team", ["payments", "logistics"])
def test_the_team_in_the_file_is_selected(bob: Client, people: People, team: str) -> None:
    """Of a user in two teams. Without a team in the file it would be the first by name."""
    Membership.objects.create(team=people.logistics, user=people.bob)
    owner = getattr(people, team)
    environment = people.ask(team=owner).environment
    exported = bob.get(f"/environments/{environment.pk}/export/", {"as": "json"}).content
    page = bob.post(URL, {"file": SimpleUploadedFile("request.json", exported)}).content.decode()
    assert f'<option value="{owner.pk}" selected>' in page


def test_a_forged_choice_is_refused(bob: Client) -> None:
    answer = bob.post(URL, {"choice": "forged:1:2"})
    assert (answer.status_code, "This choice has expired" in answer.content.decode()) == (422, True)


def test_of_something_unreadable_nothing_is_shown_again_or_logged(
    bob: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = bob.post(URL, {"text": 'a = 1\npassword = [hunter2 hunter3]\nb = "hunter4"'})
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "Line 2: “…” is not allowed here" in page
    assert "hunter" not in page + caplog.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Paste the text or choose a file, but not both."),
        ({"text": " \n"}, "Paste the text or choose a file, but not both."),
        ({"text": "a = 1", "file": SimpleUploadedFile("a.tf", b"b = 1")}, "but not both"),
        ({"file": SimpleUploadedFile("a.tf", b"")}, "It is empty."),
        ({"file": SimpleUploadedFile("a.tf", b"\x7fELF\x02\x01\xff")}, "Byte 0xff is not UTF-8"),
        ({"file": SimpleUploadedFile("a.tf", "a = 1".encode("utf-16"))}, "This is UTF-16"),
        ({"text": "a = 1\x00"}, "Null characters"),
        ({"text": "x" * 300_000}, "256000 are allowed"),
        ({"file": SimpleUploadedFile("a.tf", b"# x\n" * 100_000)}, "256000 are allowed"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_terraform_is_refused(bob: Client, given: dict[str, object], said: str) -> None:
    answer = bob.post(URL, given)
    assert (answer.status_code, said in html.unescape(answer.content.decode())) == (422, True)


def test_ten_megabytes_are_refused_before_they_are_read(bob: Client) -> None:
    answer = bob.post(URL, {"file": SimpleUploadedFile("a.tf", b"x" * 10_000_000)})
    assert (answer.status_code, "too large" in answer.content.decode()) == (413, True)
    assert answer.wsgi_request._read_started is False


def test_a_form_without_its_token_is_refused(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.bob)
    assert client.post(URL, {"text": MODULE}).status_code == 403
    assert client.post(URL, {"text": "x" * MAX_BODY}).status_code == 413


def test_only_members_of_a_team_import(people: People) -> None:
    assert people.client("olivia").post(URL, {"text": MODULE}).status_code == 403
    assert people.client("bob").post("/catalogue/nothing/import/", {"text": MODULE}).status_code == 404


def test_the_page_says_what_becomes_of_the_text_and_the_blueprint_leads_to_it(bob: Client) -> None:
    page = bob.get(URL).content.decode()
    assert "Your text is neither stored nor logged." in page
    assert f'href="{URL}' in bob.get(f"/catalogue/{SLUG}/").content.decode()
    assert f'href="{URL}' in bob.get(f"/catalogue/{SLUG}/request/").content.decode()


@pytest.fixture
def vulcan(tmp_path: Path) -> Iterator[str]:
    """A blueprint with a secret, and with the inputs of a published module."""
    (tmp_path / "vulcan").mkdir()
    (tmp_path / "vulcan" / "blueprint.hcl").write_text(f"{GOOD}\n{variables()}\n")
    with override_settings(BLUEPRINTS_DIR=tmp_path):
        yield "/catalogue/vulcan/import/"


def test_the_published_module_fills_every_field(bob: Client, vulcan: str) -> None:
    page = bob.post(vulcan, {"text": PAGE}).content.decode()
    assert "11 values filled in from your text." in page
    assert 'value="prod" checked' in page
    assert value_of(page, "input_ecs_cpu") == "1024"
    assert "Project = Infracast\nEnvironment = prod</textarea>" in page
    assert "<p>1 not used:</p>" in page


def test_a_secret_is_not_taken_and_not_sent_back(bob: Client, vulcan: str) -> None:
    page = bob.post(vulcan, {"text": 'db_password = "hunter2"\necs_cpu = 256\n'}).content.decode()
    assert "is a secret, and secrets are not imported from text" in page
    assert value_of(page, "input_ecs_cpu") == "256"
    assert "hunter2" not in page


def test_an_empty_field_shows_the_default_of_its_size(bob: Client, vulcan: str) -> None:
    form = vulcan.replace("import", "request")
    for size, default in (("dev", 1), ("prod", 2)):
        page = bob.get(f"{form}?size={size}").content.decode()
        field = re.search(r'<input[^>]*name="input_ecs_cpu"[^>]*>', page)
        assert field is not None
        assert f'placeholder="default: {default}"' in field[0]
