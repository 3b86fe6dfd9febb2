"""Rules in the browser: ada edits them with a dry run and a history, and bob's form follows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from portal.pages.request_form.forms import PREFIX
from provisioning.lifecycle.rules.limits import limits_of
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import (
    AllowedBlueprint,
    Freeze,
    NarrowedInput,
    RequiredApprovals,
    RuleSettings,
)
from provisioning.models import AuditEvent, Environment, Request, Rule, RuleVersion, User
from tests.lifecycle.rules.support import write_rule
from tests.portal.conftest import SLUG, People

EDIT = "/rules/edit/"
NEXT_YEAR = datetime.now(UTC).year + 1


@pytest.fixture
def ada(db: None) -> Client:
    user = User.objects.create_user("ada", password="correct horse battery", first_name="Ada", is_admin=True)
    client = Client()
    client.force_login(user)
    return client


def fields(version: int = 0, **more: object) -> dict[str, object]:
    return {
        "expected_version": version,
        "freezes-TOTAL_FORMS": 1,
        "freezes-INITIAL_FORMS": 0,
        "reason": "Agreed with the platform team.",
        **more,
    }


def freeze(**more: object) -> Mapping[str, object]:
    values = {
        "name": "Year end",
        "starts_at": f"{NEXT_YEAR}-12-20T18:00",
        "ends_at": f"{NEXT_YEAR + 1}-01-02T09:00",
        "time_zone": "Europe/Stockholm",
        "reason": "The books are closed.",
        "kinds": ["create", "change"],
        "exceptions": "payments\npayments/orders",
    }
    return {f"freezes-0-{name}": value for name, value in (values | more).items()}


def test_ada_writes_the_first_version_and_reads_it_back(ada: Client, people: People) -> None:
    scope = f"{EDIT}?size=prod&account={people.prod.pk}"
    answer = ada.post(
        scope,
        fields(
            approvals_create_approvers=2,
            approvals_create_owners=1,
            blueprints=SLUG,
            regions="eu-north-1",
            environments=30,
            lifetime_days=365,
            refused_findings="iam.user",
            **freeze(),
        ),
    )
    assert answer.status_code == 302
    version = RuleVersion.objects.get()
    assert RuleSettings.from_json(version.settings) == RuleSettings(
        approvals=(RequiredApprovals("create", approvers=2, owners=1),),
        blueprints=(AllowedBlueprint(SLUG),),
        regions=("eu-north-1",),
        environments=30,
        lifetime_days=365,
        refused_findings=("iam.user",),
        freezes=(
            Freeze(
                name="Year end",
                starts_at=datetime(NEXT_YEAR, 12, 20, 17, tzinfo=UTC),
                ends_at=datetime(NEXT_YEAR + 1, 1, 2, 8, tzinfo=UTC),
                time_zone="Europe/Stockholm",
                reason="The books are closed.",
                kinds=("create", "change"),
                exceptions=("payments", "payments/orders"),
            ),
        ),
    )
    shown = ada.get(answer.headers["Location"]).content.decode()
    assert "Production in acme-prod" in shown
    assert f"no creations, changes from {NEXT_YEAR}-12-20 18:00 Europe/Stockholm" in shown
    event = AuditEvent.objects.get(action="rule:change")
    assert event.subject == "rule Production in acme-prod"
    assert (event.before, event.after["environments"]) == ({"format": 1}, 30)
    form = ada.get(scope).content.decode()
    assert f'value="{NEXT_YEAR}-12-20T18:00"' in form
    assert "payments/orders" in form


def test_an_edit_is_a_new_version_with_its_difference(ada: Client, people: People) -> None:
    ada.post(EDIT, fields(environments=5, regions="eu-north-1"))
    answer = ada.post(EDIT, fields(1, environments=9, reason="More room."))
    shown = ada.get(answer.headers["Location"]).content.decode()
    assert "<del>Environments of each team: at most 5</del>" in shown
    assert "<ins>Environments of each team: at most 9</ins>" in shown
    assert "<del>Allowed regions: eu-north-1</del>" in shown
    assert "More room." in shown
    assert [version.settings.get("environments") for version in RuleVersion.objects.order_by("number")] == [5, 9]


def test_the_second_of_two_editors_is_told(ada: Client, people: People) -> None:
    ada.post(EDIT, fields(environments=5))
    ada.post(EDIT, fields(1, environments=6))
    for late in (fields(1, environments=7), fields(0, environments=7)):
        answer = ada.post(EDIT, late)
        assert answer.status_code == 409
        assert "This rule has changed in the meantime" in answer.content.decode()
        assert 'value="7"' in answer.content.decode()  # nothing that was typed is lost
    assert RuleVersion.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("regions", "eu-nowhere-1", "AWS has no region &quot;eu-nowhere-1&quot;"),
        ("blueprints", "carbon-conect", "There is no blueprint &quot;carbon-conect&quot;; did you mean"),
        ("blueprints", f"{SLUG}@9.9.9", f"There is no version 9.9.9 of {SLUG}."),
        ("blueprints", f"{SLUG}@new+", "names no version"),
        ("inputs", f"{SLUG}.nothing: 1", "has no input &quot;nothing&quot;"),
        ("inputs", f"{SLUG}.domain: /(/", "the pattern &quot;(&quot; cannot be used"),
        ("inputs", f"{SLUG}.domain: 1..3", "a range is for numbers, and this input is a string."),
        ("inputs", "anything", "“anything” is not blueprint.input: values."),
        ("refused_findings", "iam.nobody", "The security checks have no rule &quot;iam.nobody&quot;"),
        ("environments", "-1", "Enter a number from 0 to 10,000, or nothing for no limit."),
        ("approvals_create_approvers", "11", "Create, approvers: Enter a whole number from 0 to 10."),
        ("reason", " ", "Enter a reason, so that others know why the rule changed."),
        ("freezes-0-ends_at", "2020-01-01T00:00", "Year end: it ends before it begins."),
        ("freezes-0-time_zone", "Mars/Olympus", "There is no time zone “Mars/Olympus”."),
        ("freezes-0-exceptions", "nobody", "there is no team &quot;nobody&quot;"),
        ("freezes-0-starts_at", "", "Enter a date and a time."),
    ],
)
def test_a_wrong_setting_gets_a_sentence(ada: Client, people: People, name: str, typed: str, sentence: str) -> None:
    more = freeze() if name.startswith("freezes") else {}
    answer = ada.post(EDIT, fields(**{**more, name: typed}))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Rule.objects.exists()


def test_the_first_wrong_field_of_the_page_has_the_focus(ada: Client, people: People) -> None:
    answer = ada.post(EDIT, fields(approvals_create_approvers="11", inputs="anything"))
    focused = re.findall(r"<(?:input|textarea)[^>]* autofocus", answer.content.decode())
    assert len(focused) == 1
    assert 'name="approvals_create_approvers"' in focused[0]


def test_the_times_of_a_freeze_name_one_moment_each(ada: Client, people: People) -> None:
    """In Stockholm, 02:30 is missing on 2099-03-29 and comes twice on 2099-10-25."""
    for starts_at, ends_at in (("2099-03-29T02:30", "2099-10-25T02:30"), ("0001-01-01T00:00", "9999-12-31T23:59")):
        typed = freeze(starts_at=starts_at, ends_at=ends_at, time_zone="Europe/Stockholm")
        text = ada.post(EDIT, fields(**typed)).content.decode()
        assert (text.count("The clocks in Europe/Stockholm change") + text.count("Enter a year from 2000")) == 2


def test_a_new_freeze_may_not_be_in_the_past(ada: Client, people: People) -> None:
    past = freeze(starts_at="2020-01-01T00:00", ends_at="2020-01-02T00:00")
    answer = ada.post(EDIT, fields(**past))
    assert "Year end: it is in the past." in answer.content.decode()
    ended = Freeze(
        name="Year end",
        starts_at=datetime(2020, 1, 1, tzinfo=UTC),
        ends_at=datetime(2020, 1, 2, tzinfo=UTC),
        time_zone="UTC",
        reason="The books are closed.",
        kinds=("create",),
    )
    write_rule(Scope(), freezes=(ended,))
    same = freeze(
        starts_at="2020-01-01T00:00", ends_at="2020-01-02T00:00", time_zone="UTC", kinds=["create"], exceptions=""
    )
    assert ada.post(EDIT, fields(1, environments=5, **same)).status_code == 302


def test_a_dry_run_says_whom_it_affects_and_saves_nothing(ada: Client, people: People, running: Environment) -> None:
    answer = ada.post(EDIT, fields(regions="eu-central-1", dry_run="1"))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Requests that would have been refused: 1" in text
    assert "Environments outside the rule now: 1" in text
    assert running.name in text
    assert not Rule.objects.exists()
    assert "AWS has no region" in ada.post(EDIT, fields(regions="x", dry_run="1")).content.decode()


@pytest.mark.parametrize(("name", "seen", "edits"), [("alice", 403, 403), ("charlie", 403, 403), ("olivia", 200, 403)])
def test_only_admins_edit_and_members_do_not_see_all_rules(people: People, name: str, seen: int, edits: int) -> None:
    version = write_rule(Scope(), environments=5)
    client = people.client(name)
    for url in ("/rules/", f"/rules/{version.rule_id}/"):
        assert client.get(url).status_code == seen
    assert client.get(EDIT).status_code == edits
    assert client.post(EDIT, fields(1)).status_code == edits
    assert RuleVersion.objects.count() == 1


def test_the_list_says_what_is_in_effect_and_because_of_what(ada: Client, people: People) -> None:
    write_rule(Scope(), regions=("eu-north-1", "eu-central-1"), lifetime_days=90)
    write_rule(Scope(size="prod"), regions=("eu-north-1",), approvals=(RequiredApprovals("create", approvers=2),))
    write_rule(Scope(size="dev"), lifetime_days=7)
    query = f"?size=prod&account={people.prod.pk}&team={people.payments.pk}"
    text = ada.get(f"/rules/{query}").content.decode()
    effect = text[: text.index("rules-title")]
    assert "2 approvals: 2 by approvers" in effect
    assert "at most 90 days" in effect
    assert "at most 7 days" not in effect
    assert "Rule: Production, version 1, Ada" in effect
    assert ada.get("/rules/?team=nobody").status_code == 404


def test_the_form_shows_all_refusals_and_sends_nothing(people: People) -> None:
    write_rule(Scope(size="dev"), environments=0)
    write_rule(Scope(team=people.payments), regions=("eu-central-1",))
    bob = people.client("bob")
    for answer in (
        bob.get(f"/catalogue/{SLUG}/request/"),
        bob.post(f"/catalogue/{SLUG}/request/preview/", people.form()),
        bob.post(f"/catalogue/{SLUG}/request/", {**people.form(), "preview": "1"}),
    ):
        text = answer.content.decode()
        assert "Payments may have no environments here" in text
        assert "Rule: Development, version 1, Ada" in text
        assert "No new environment may be in eu-north-1." in text
        assert "Rule: Payments, version 1, Ada" in text
    digest = answer.context["page"].preview.digest
    sent = bob.post(f"/catalogue/{SLUG}/request/", {**people.form(), "expected_digest": digest})
    assert sent.status_code in (409, 422)
    assert not Request.objects.exists()


def test_the_form_offers_only_what_rules_allow(people: People) -> None:
    write_rule(
        Scope(team=people.payments),
        inputs=(NarrowedInput(SLUG, "domain", allowed=("shop.example.org", "pay.example.org")),),
        approvals=(RequiredApprovals("create", owners=1),),
        lifetime_days=30,
    )
    text = people.client("bob").get(f"/catalogue/{SLUG}/request/").content.decode()
    assert '<option value="pay.example.org">' in text
    assert "Limited by rules (Payments)" in text
    assert "1 approval: 1 by owners of the team" in text
    assert "It may live for 30 days." in text
    refused = people.client("bob").post(
        f"/catalogue/{SLUG}/request/preview/", people.form(**{PREFIX + "domain": "evil.example.org"})
    )
    assert "Choose one of the values that the rules allow." in refused.content.decode()


def test_a_program_cannot_ask_for_previews_without_end(people: People) -> None:
    write_rule(Scope(), previews_per_minute=10)
    bob, url = people.client("bob"), f"/catalogue/{SLUG}/request/preview/"
    texts = [bob.post(url, {"size": "dev"}).content.decode() for _ in range(22)]  # the minute may change once
    assert any("You have asked for more than 10 previews within a minute" in text for text in texts)
    assert "previews within a minute" not in people.client("alice").post(url, {"size": "dev"}).content.decode()


def test_an_environment_shows_until_when_it_may_live(people: People) -> None:
    write_rule(Scope(), lifetime_days=30)
    environment = people.ask().environment
    until = environment.created_at + timedelta(days=30)
    text = people.client("bob").get(f"/environments/{environment.pk}/").content.decode()
    assert f"May live until</dt><dd>{until.day} {until:%b %Y}" in text


def test_a_team_reads_what_it_has_used_of_its_limits(people: People) -> None:
    write_rule(Scope(), environments=4, requests_per_hour_of_team=10, lifetime_days=30)
    write_rule(Scope(size="prod"), environments=1)
    people.ask("one")
    people.ask("two")
    limits = limits_of(people.payments)
    assert [(limit.title, limit.used, limit.limit, limit.percent) for limit in limits.limits] == [
        ("Environments, Whole portal", 2, 4, 50),
        ("Requests an hour, Whole portal", 2, 10, 20),
        ("Environments, Production", 0, 1, 0),
    ]
    assert [(line.title, line.text) for line in limits.others] == [
        ("Lifetime of an environment, Whole portal", "at most 30 days")
    ]
    assert limits_of(people.logistics).limits[0].used == 0
