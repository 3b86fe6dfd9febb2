"""What the pages say of versions: which there are, which one an environment is on, and what changes
between two.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from provisioning.blueprint import Blueprint
from provisioning.jobs.reconciler import Registration
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.requests import request_environment
from provisioning.lifecycle.version_registry import register_versions
from provisioning.models import BlueprintVersion, Environment, Request
from tests.fixtures.world import SMALL
from tests.portal.conftest import REGION, People, put

Release = Callable[..., Blueprint]
TITLED = ('"Small"', '"Renamed"')
NOTED = ('"nothing"', '"something new"')


@pytest.fixture
def release(tmp_path: Path, settings: Settings, people: People) -> Release:
    """Put a version of `small` into the catalogue and have the portal see it."""
    settings.BLUEPRINTS_DIR = tmp_path

    def write(version: str, *changes: tuple[str, str], maturity: str = "published") -> Blueprint:
        shutil.rmtree(tmp_path / "small", ignore_errors=True)
        (tmp_path / "small").mkdir()
        text = (SMALL / "small" / "blueprint.hcl").read_text()
        for old, new in (('"0.1.0"', f'"{version}"'), ('"published"', f'"{maturity}"'), *changes):
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "small" / "blueprint.hcl").write_text(text)
        register_versions(catalogue().blueprints.values())
        return catalogue().get("small")

    return write


def ask(people: People, *, size: str = "dev", **inputs: Any) -> Request:
    return request_environment(
        actor=people.bob,
        team=people.payments,
        name="orders",
        blueprint=catalogue().get("small"),
        size=size,
        inputs=inputs,
        account=people.dev,
        region=REGION,
    )


def running(people: People, **inputs: Any) -> Environment:
    environment = ask(people, **inputs).environment
    put(environment, state="running")
    return environment


def text_of(people: People, url: str, name: str = "bob", status: int = 200) -> str:
    answer = people.client(name).get(url)
    assert answer.status_code == status, answer.content.decode()
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


# The catalogue


def test_a_blueprints_page_lists_its_versions_and_leads_to_what_changed(release: Release, people: People) -> None:
    for version in ("1.9.0", "1.10.0", "1.11.0"):
        release(version)
    text = text_of(people, "/catalogue/small/")
    assert re.findall(r"<b>(1\.\d+\.0)</b>", text) == ["1.11.0", "1.10.0", "1.9.0"]
    assert text.count("available</span>") == 1
    assert 'href="/catalogue/small/versions/1.10.0...1.11.0/"' in text
    assert 'href="/catalogue/small/versions/1.9.0...1.10.0/"' in text
    assert 'href="/catalogue/small/versions/1.11.0...' not in text


def test_a_setting_that_is_an_object_is_told_with_what_is_in_it(release: Release, people: People) -> None:
    for version, nodes in (("1.0.0", 2), ("1.1.0", 3)):
        cache = f'cache = {{ mode = "nodes", nodes = {nodes} }}'
        release(version, *((f"keep_data = {word}", f"keep_data = {word}\n  {cache}") for word in ("true", "false")))
    text = text_of(people, "/catalogue/small/versions/1.0.0...1.1.0/")
    assert "mode nodes, nodes 2" in text
    assert "mode nodes, nodes 3" in text


def test_many_versions_have_a_page_of_their_own(release: Release, people: People) -> None:
    for number in range(8):
        release(f"1.{number}.0")
    assert len(re.findall(r"<b>1\.\d\.0</b>", text_of(people, "/catalogue/small/"))) == 5
    assert "Show 3 more" in text_of(people, "/catalogue/small/")
    assert len(re.findall(r"<b>1\.\d\.0</b>", text_of(people, "/catalogue/small/versions/"))) == 8


def test_the_page_stays_when_the_folder_is_gone(release: Release, people: People, tmp_path: Path) -> None:
    release("1.0.0")
    release("1.1.0", TITLED)
    shutil.rmtree(tmp_path / "small")
    text = text_of(people, "/catalogue/small/versions/")
    assert "This blueprint is no longer in the catalogue" in text
    assert "Renamed" in text
    assert "available</span>" not in text
    assert "1.0.0 → 1.1.0" in text_of(people, "/catalogue/small/versions/1.0.0...1.1.0/")
    text_of(people, "/catalogue/never-there/versions/", status=404)


def test_environments_are_counted_for_those_who_may_see_them(release: Release, people: People) -> None:
    release("1.0.0")
    running(people)
    counted = '<td data-label="Environments">1</td>'
    assert counted in text_of(people, "/catalogue/small/versions/")
    assert counted in text_of(people, "/catalogue/small/versions/", "olivia")
    assert counted not in text_of(people, "/catalogue/small/versions/", "charlie")


def test_the_reconciler_registers_every_version_and_the_catalogue_none(people: People) -> None:
    text_of(people, "/catalogue/")
    assert not BlueprintVersion.objects.exists()
    Registration().run()
    assert set(BlueprintVersion.objects.values_list("slug", flat=True)) == set(catalogue().blueprints)


def test_the_catalogue_costs_one_small_query_for_the_versions(
    people: People, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    bob = people.client("bob")
    bob.get("/catalogue/")
    with django_assert_num_queries(3):  # session, user, versions
        bob.get("/catalogue/")


def test_a_published_version_that_changed_is_listed_as_broken(release: Release, people: People) -> None:
    release("1.0.0")
    release("1.0.0", NOTED)
    olivia, bob = text_of(people, "/catalogue/", "olivia"), text_of(people, "/catalogue/")
    assert "small/blueprint.hcl:1</code><span>Version 1.0.0 of small is published and its files have changed" in olivia
    assert "Not available until fixed: small." in bob
    assert 'class="cover"' not in olivia + bob
    assert "/catalogue/small/request/" not in text_of(people, "/catalogue/small/")
    what = text_of(people, "/catalogue/small/versions/1.0.0...1.0.0/")
    assert "Its default was “nothing” and is “something new”." in what


def test_a_draft_says_that_it_is_for_dev_only(release: Release, people: People) -> None:
    release("1.0.0", maturity="draft")
    sentence = "Small 1.0.0 is a draft and may still change, so it is for size dev only."
    for url in ("/catalogue/small/", "/catalogue/small/request/"):
        assert sentence in text_of(people, f"{url}?size=prod")
        assert sentence not in text_of(people, f"{url}?size=dev")
    assert "/catalogue/small/request/?size=prod" not in text_of(people, "/catalogue/small/?size=prod")


def test_a_deprecated_version_is_shown_and_not_offered(release: Release, people: People) -> None:
    release("1.0.0")
    environment = running(people)
    release("1.0.0", maturity="deprecated")
    text = text_of(people, "/catalogue/small/")
    assert "Small 1.0.0 is deprecated" in text
    assert "/catalogue/small/request/" not in text
    assert "available</span>" not in text
    assert "(deprecated)" in text_of(people, f"/environments/{environment.pk}/")


# What changes


def test_the_comparison_shows_inputs_and_properties(release: Release, people: People) -> None:
    release("1.0.0")
    release(
        "1.1.0",
        NOTED,
        ('component "bucket" "files"', 'component "bucket" "more" { keep_data = true }\n\ncomponent "bucket" "files"'),
    )
    text = text_of(people, "/catalogue/small/versions/1.0.0...1.1.0/?size=staging")
    assert "Its default was “nothing” and is “something new”." in text
    assert re.search(r"<del>nothing [^<]*</del></td><td [^>]*><ins>something new [^<]*</ins>", text)
    assert '<span class="mono break">bucket.more</span>' in text
    assert re.search(r'badge small ok">added</span> \S.*?<span class="muted">S3 Bucket</span>', text)
    assert 'href="?size=staging" aria-current="true"' in text


def test_a_long_value_is_told_in_lines(release: Release, people: People) -> None:
    release("1.0.0")
    long = " ".join(f"word{number}" for number in range(40))
    release("1.1.0", ('"nothing"', f'"{long} <script>"'))
    text = people.client("bob").get("/catalogue/small/versions/1.0.0...1.1.0/").content.decode()
    assert '<span class="removed">nothing (placeholder' in text
    assert f'<span class="added">{long} &lt;script&gt; (placeholder' in text
    assert "<script>" not in text


def test_where_nothing_differs_the_page_says_so(release: Release, people: People) -> None:
    release("1.0.0")
    release("1.0.1")
    assert "There are no differences in size dev." in text_of(people, "/catalogue/small/versions/1.0.0...1.0.1/")


def test_any_two_can_be_picked(release: Release, people: People) -> None:
    release("1.0.0")
    answer = people.client("bob").get("/catalogue/small/versions/pick/", {"before": "1.0.0", "after": "1.0.0"})
    assert answer.headers["Location"] == "/catalogue/small/versions/1.0.0...1.0.0/"
    for nonsense in ({}, {"before": "../..", "after": "1"}):
        answer = people.client("bob").get("/catalogue/small/versions/pick/", nonsense)
        assert answer.headers["Location"] == "/catalogue/small/versions/"


@pytest.mark.parametrize("pair", ["1.0.0...9.9.9", "9.9.9...1.0.0", "x...y", "1.0.0...1.0.0...1.0.0", "%00...%00"])
def test_a_version_that_never_was_is_not_found(pair: str, release: Release, people: People) -> None:
    release("1.0.0")
    text_of(people, f"/catalogue/small/versions/{pair}/", status=404)


# An environment


def test_an_environment_says_which_version_it_is_on_and_that_a_newer_one_is_there(
    release: Release, people: People
) -> None:
    release("1.0.0")
    environment = running(people, note="mine alone")
    url = f"/environments/{environment.pk}/"
    assert "Compare the versions</a>" not in text_of(people, url)
    release("1.1.0", maturity="draft")
    assert "Compare the versions</a>" not in text_of(people, url)
    release("1.2.0", ("description = var.note", 'description = "${var.note}, kept"'))
    link = f"/catalogue/small/versions/1.0.0...1.2.0/?environment={environment.pk}"
    assert f'Version 1.2.0 of Small is available. <a href="{link}">See what changes</a>' in text_of(people, url)
    text = text_of(people, link)
    assert "<del>mine alone (placeholder" in text
    assert "<ins>mine alone, kept (placeholder" in text
    put(environment, state="gone")
    assert "Compare the versions</a>" not in text_of(people, url)


def test_only_who_sees_the_environment_compares_with_its_answers(release: Release, people: People) -> None:
    release("1.0.0")
    environment = running(people, note="mine alone")
    release("1.2.0", ("description = var.note", 'description = "${var.note}, kept"'))
    url = f"/catalogue/small/versions/1.0.0...1.2.0/?environment={environment.pk}"
    assert "mine alone" in text_of(people, url, "olivia")
    assert "mine alone" not in text_of(people, url, "charlie", 404)
    text_of(people, "/catalogue/small/versions/1.0.0...1.2.0/?environment=nonsense", status=404)
    other = url.replace("1.0.0...1.2.0", "1.2.0...1.0.0")
    assert "orders uses version 1.0.0 of small" in text_of(people, other, status=404)


def test_sensitive_answers_are_not_in_the_comparison(release: Release, people: People) -> None:
    used = ("description = var.note", 'description = "with ${var.hint}"')
    release("1.0.0", used)
    environment = running(people, hint="hunter2")
    release("1.1.0", used, ('"none"', '"swordfish"'))
    text = text_of(people, f"/catalogue/small/versions/1.0.0...1.1.0/?environment={environment.pk}")
    assert "neither is shown" in text
    assert "(sensitive, not shown)" in text
    assert "hunter2" not in text
    assert "swordfish" not in text


def test_an_environment_of_a_draft_that_moved_on_says_so(release: Release, people: People) -> None:
    release("1.0.0", maturity="draft")
    environment = running(people)
    release("1.0.0", NOTED, maturity="draft")
    link = f"/catalogue/small/versions/1.0.0...1.0.0/?environment={environment.pk}"
    said = f'The draft that this environment was created from has changed. <a href="{link}">See what changes</a>'
    assert said in text_of(people, f"/environments/{environment.pk}/")
    assert "is “something new”" in text_of(people, link)


def test_news_costs_an_environments_page_one_query(
    release: Release, people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(6):
        release(f"1.{number}.0")
    environment = running(people)
    bob = people.client("bob")
    with django_assert_max_num_queries(30) as captured:
        bob.get(f"/environments/{environment.pk}/")
    asked = [query["sql"] for query in captured if 'FROM "provisioning_blueprintversion"' in query["sql"]]
    assert len(asked) == 1


def test_a_request_shows_version_and_digest(release: Release, people: People) -> None:
    blueprint = release("1.0.0")
    asked = ask(people)
    text = text_of(people, f"/requests/{asked.pk}/")
    assert f'1.0.0 · dev · <span class="mono" title="{blueprint.digest}">{blueprint.digest[:12]}</span>' in text
