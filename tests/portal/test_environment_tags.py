"""Tags in the browser, in exported files and in the API."""

from __future__ import annotations

import html
import re

import pytest

from provisioning.exchange import fill, read
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RequiredTag
from provisioning.models import Environment
from tests.lifecycle.rules.support import write_rule
from tests.portal.conftest import SLUG, People, finish
from tests.portal.test_request_form import ASK, look, seen

GIVEN = {"cost-centre": "4711", "acme:owner": "Süd / Orders"}
TYPED = "cost-centre = 4711\n\n acme:owner=Süd / Orders "


def error_at(text: str, field: str = "tags") -> str:
    found = re.search(rf'id="error-{field}"[^>]*>([^<]*)</p>', text)
    assert found is not None
    return html.unescape(found[1])


def test_the_form_says_what_rules_require_and_the_request_has_it(people: People) -> None:
    write_rule(
        Scope(size="dev"), required_tags=(RequiredTag("cost-centre", ("4711", "4712")), RequiredTag("acme:owner"))
    )
    bob = people.client("bob")
    text = html.unescape(bob.get(ASK).content.decode())
    assert "Required here: cost-centre (4711 or 4712), acme:owner." in text
    assert 'placeholder="cost-centre = 4711\nacme:owner = …"' in text
    assert 'The tag "cost-centre" is required here, with the value 4711 or 4712.' in html.unescape(
        look(people, people.form())
    )
    answer = bob.post(ASK, seen(people, people.form(tags=TYPED)))
    environment = Environment.objects.get()
    assert answer.headers["Location"] == f"/environments/{environment.pk}/"
    assert environment.tags == GIVEN
    page = bob.get(f"/environments/{environment.pk}/").content.decode()
    assert "Süd / Orders" in page
    decision = people.client("olivia").get(f"/requests/{environment.requests.get().pk}/").content.decode()
    assert '<dt class="break">cost-centre</dt><dd class="mono break">4711</dd>' in decision


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("AKIAIOSFODNN7EXAMPLE", "Line 1 has no =. Write key = value."),
        ("a = 1\n\na = 2", "Line 3 has a key that is already there. Remove one of the two lines."),
        ("portal:team = x", 'The list has the key "portal:team"; keys that begin with aws: or portal: are reserved.'),
    ],
)
def test_a_wrong_line_gets_a_sentence_at_the_field(people: People, typed: str, sentence: str) -> None:
    assert error_at(look(people, people.form(tags=typed))) == sentence
    assert error_at(look(people, people.form(name="", tags=typed))) == sentence, "whatever else is missing"
    answer = people.client("bob").post(ASK, people.form(tags=typed))
    assert (answer.status_code, error_at(answer.content.decode())) == (422, sentence)


def test_the_change_form_has_them_and_replaces_them(people: People) -> None:
    environment = people.ask(tags=GIVEN).environment
    finish(environment, "running", "succeeded", "done")
    bob = people.client("bob")
    url = f"/environments/{environment.pk}/change/"
    page = bob.get(url).content.decode()
    assert "acme:owner = Süd / Orders\ncost-centre = 4711</textarea>" in page
    form = {**people.form(), "version": environment.blueprint_version.version}
    answer = bob.post(url, {**form, "tags": "a = "})
    assert (answer.status_code, error_at(answer.content.decode())) == (
        422,
        'The list has a value of 0 characters for "a"; it should have 1 to 256.',
    )
    assert bob.post(url, {**form, "tags": "owner = Bob"}).status_code == 302
    request = environment.requests.get(kind="change")
    page = people.client("olivia").get(f"/requests/{request.pk}/").content.decode()
    assert '<dd class="mono break">Bob <span class="muted">was –</span></dd>' in page
    assert '<dd class="mono break">– <span class="muted">was 4711</span></dd>' in page


@pytest.mark.parametrize("kind", ["tfvars", "tfvars.json", "json"])
def test_an_exported_request_has_them_and_fills_in_the_form(people: People, kind: str) -> None:
    asked = people.ask(tags=GIVEN)
    bob = people.client("bob")
    data = bob.get(f"/requests/{asked.pk}/export/", {"as": kind}).content
    (source,) = read(data).sources
    assert fill(catalogue().get(SLUG), source).tags == GIVEN
    page = bob.post(f"/catalogue/{SLUG}/import/", {"text": data.decode()}).content.decode()
    assert "acme:owner = Süd / Orders\ncost-centre = 4711</textarea>" in page


def test_a_rule_is_written_and_read_as_lines(people: People) -> None:
    people.olivia.is_admin = True
    people.olivia.save()
    olivia = people.client("olivia")
    form = {
        "expected_version": 0,
        "freezes-TOTAL_FORMS": 1,
        "freezes-INITIAL_FORMS": 0,
        "reason": "For the accounts department.",
        "required_tags": "acme:owner\ncost-centre = 4711, 4712",
    }
    wrong = olivia.post("/rules/edit/", {**form, "required_tags": "aws:x"})
    assert wrong.status_code == 422
    assert error_at(wrong.content.decode(), "required_tags").startswith('The list has the key "aws:x"')
    assert olivia.post("/rules/edit/", form).status_code == 302
    assert "acme:owner\ncost-centre = 4711, 4712</textarea>" in olivia.get("/rules/edit/").content.decode()
    page = olivia.get("/rules/").content.decode()
    assert "<b>Required tag cost-centre:</b> 4711, 4712" in page
