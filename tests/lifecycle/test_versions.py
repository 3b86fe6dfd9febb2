"""Versions of blueprints: stored completely, read after their folder changed, sorted, and
distinguished.
"""

from __future__ import annotations

import gc
import io
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries, Settings
from semver import Version

from provisioning.blueprint import Blueprint
from provisioning.caching import Cache
from provisioning.errors import NotFound, Refused
from provisioning.jobs import reconciler
from provisioning.jobs.reconciler import Registration
from provisioning.lifecycle.blueprint_archives import BadArchiveError, pack, read_blueprint, unpack
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.read import versions
from provisioning.lifecycle.read.versions import blueprint_of, newer_version, versions_of
from provisioning.lifecycle.version_registry import check_unchanged, pin_version, register_versions
from provisioning.models import BlueprintArchive, BlueprintVersion
from tests.fixtures.world import SMALL, World

Release = Callable[..., Blueprint]


@pytest.fixture(autouse=True)
def _nothing_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    versions._archived.clear()


@pytest.fixture
def release(tmp_path: Path, settings: Settings) -> Release:
    """Put `small` into the catalogue, with texts of its file replaced; returns it as it is offered
    then.
    """
    settings.BLUEPRINTS_DIR = tmp_path
    source = (SMALL / "small" / "blueprint.hcl").read_text()

    def write(version: str, maturity: str = "published", *, slug: str = "small", **changes: str) -> Blueprint:
        shutil.rmtree(tmp_path / slug, ignore_errors=True)
        (tmp_path / slug / "notes").mkdir(parents=True)
        text = source.replace('"0.1.0"', f'"{version}"').replace('"published"', f'"{maturity}"')
        for old, new in (change.split("=>") for change in changes.values()):
            assert old in text
            text = text.replace(old, new)
        (tmp_path / slug / "blueprint.hcl").write_text(text)
        (tmp_path / slug / "notes" / "read.txt").write_text(f"of {version}")
        return catalogue().get(slug)

    return write


TITLED = '"Small"=>"Renamed"'


# Kept whole


def test_a_version_is_kept_at_the_first_look_and_read_again_after_its_folder_has_moved_on(
    world: World, release: Release
) -> None:
    first = release("1.0.0")
    assert register_versions([first]) == {}
    release("1.1.0", title=TITLED)
    again = blueprint_of("small", "1.0.0")
    assert (again.version, again.title, again.digest) == ("1.0.0", "Small", first.digest)
    assert again.files["notes/read.txt"] == b"of 1.0.0"
    assert again is blueprint_of("small", "1.0.0")
    assert blueprint_of("small", "1.1.0") is catalogue().get("small")


def test_its_folder_may_even_be_gone(world: World, release: Release, tmp_path: Path) -> None:
    register_versions([release("1.0.0")])
    shutil.rmtree(tmp_path / "small")
    assert blueprint_of("small", "1.0.0").version == "1.0.0"
    assert [row.version for row in versions_of("small")] == ["1.0.0"]


def test_the_unpacked_files_go_with_the_blueprint(world: World, release: Release) -> None:
    first = release("1.0.0")
    old = read_blueprint(pack(first.files), slug="small", digest=first.digest)
    folder = old.path
    assert (folder.name, folder.parent.name) == ("small", first.digest)
    assert folder.parent.parent.stat().st_mode & 0o077 == 0
    del old
    gc.collect()
    assert not folder.parent.parent.exists()


def test_an_archive_is_the_same_bytes_for_the_same_files(release: Release) -> None:
    files = dict(release("1.0.0").files)
    assert pack(files) == pack(dict(reversed(list(files.items()))))
    assert unpack(pack(files)) == files


def test_what_has_another_digest_is_refused(world: World, release: Release) -> None:
    first = release("1.0.0", title='"Small"=>"Tampered with"')
    register_versions([first])
    release("1.1.0")
    row = BlueprintArchive.objects.get(version="1.0.0")
    row.body = pack({**unpack(bytes(row.body)), "notes/read.txt": b"of somebody else"})
    row.save()
    with pytest.raises(Refused, match="does not have the digest"):
        blueprint_of("small", "1.0.0")


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out.txt", "a/../../out.txt", "a//b", "folder/"])
def test_no_archive_names_a_place_outside_its_folder(name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(BadArchiveError, match="outside its folder"):
        unpack(buffer.getvalue())


def test_a_damaged_or_endless_archive_is_refused() -> None:
    with pytest.raises(BadArchiveError, match="damaged"):
        unpack(b"PK no archive")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("bomb", b"0" * 20_000_001)
    with pytest.raises(BadArchiveError, match="more files or bytes"):
        unpack(buffer.getvalue())


def test_what_was_never_seen_is_not_found(world: World, release: Release) -> None:
    release("1.0.0")
    with pytest.raises(NotFound, match=r"no version 3.0.0 of small"):
        blueprint_of("small", "3.0.0")
    with pytest.raises(NotFound, match="no blueprint nothing"):
        versions_of("nothing")


def test_a_version_that_this_portal_cannot_read_any_more_says_where(world: World, release: Release) -> None:
    first = release("1.0.0")
    files = {
        **first.files,
        "blueprint.hcl": first.files["blueprint.hcl"].replace(b'"bucket" "files"', b'"pail" "files"'),
    }
    with pytest.raises(Refused, match=r'can no longer read that version of small: small/blueprint.hcl:\d+: .*"pail"'):
        read_blueprint(pack(files), slug="small", digest="0" * 64)


def test_few_versions_are_held_in_memory(world: World, release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_archived", Cache(max_size=2))
    for number in range(4):
        register_versions([release(f"1.{number}.0")])
    release("2.0.0")
    read = [blueprint_of("small", f"1.{number}.0") for number in range(4)]
    again = [blueprint_of("small", f"1.{number}.0") for number in (2, 3, 0)]
    assert [one is other for one, other in zip(again, [read[2], read[3], read[0]], strict=True)] == [True, True, False]


# Draft, published, deprecated


def test_a_draft_replaces_what_was_kept_of_it(world: World, release: Release) -> None:
    register_versions([release("1.0.0", "draft")])
    second = release("1.0.0", "draft", title=TITLED)
    assert register_versions([second]) == {}
    assert BlueprintArchive.objects.get().digest == BlueprintVersion.objects.get().digest == second.digest


def test_a_draft_that_an_environment_was_made_of_stays_until_that_is_gone(world: World, release: Release) -> None:
    world.blueprints = {"small": release("1.0.0", "draft")}
    first = world.blueprints["small"]
    environment = world.create()
    pin_version(release("1.0.0", "draft", title=TITLED))
    assert blueprint_of("small", "1.0.0", digest=first.digest).title == "Small"
    type(environment).objects.update(state="gone")
    versions._archived.clear()
    pin_version(release("1.0.0", "draft", title='"Small"=>"Third"'))
    with pytest.raises(NotFound, match="no longer archived"):
        blueprint_of("small", "1.0.0", digest=first.digest)


def test_a_published_version_whose_folder_changed_is_refused_and_kept_as_it_was(world: World, release: Release) -> None:
    first = release("1.0.0")
    register_versions([first])
    changed = release("1.0.0", title=TITLED)
    sentence = register_versions([changed])["small"]
    assert "published and its files have changed since" in sentence
    with pytest.raises(Refused, match="changed since"):
        pin_version(changed)
    assert blueprint_of("small", "1.0.0").digest == first.digest
    assert BlueprintVersion.objects.get().title == "Small"


def test_nobody_makes_a_draft_of_a_published_version(world: World, release: Release) -> None:
    register_versions([release("1.0.0")])
    assert register_versions([release("1.0.0", "draft")])


def test_a_published_version_is_deprecated_by_one_word_and_nothing_else(world: World, release: Release) -> None:
    first = release("1.0.0")
    register_versions([first])
    assert register_versions([release("1.0.0", "deprecated", title=TITLED)])
    deprecated = release("1.0.0", "deprecated")
    assert register_versions([deprecated]) == {}
    row = BlueprintVersion.objects.get()
    assert (row.maturity, row.digest) == ("deprecated", first.digest)
    check_unchanged(deprecated)
    assert register_versions([release("1.0.0", "deprecated", title=TITLED)])
    assert register_versions([release("1.0.0")]) == {}
    assert BlueprintVersion.objects.get().maturity == "published"


def test_environments_of_a_deprecated_version_go_on_and_no_new_one_comes(world: World, release: Release) -> None:
    world.blueprints = {"small": release("1.0.0")}
    environment = world.create()
    world.blueprints = {"small": release("1.0.0", "deprecated")}
    with pytest.raises(Refused, match=r"Small 1.0.0 is deprecated"):
        world.request("another")
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"


@pytest.mark.parametrize("size", ["staging", "prod"])
def test_a_draft_is_for_dev_only(world: World, release: Release, size: str) -> None:
    world.blueprints = {"small": release("1.0.0", "draft")}
    with pytest.raises(Refused, match=r"Small 1.0.0 is a draft .* for size dev only"):
        world.request(size=size)
    assert world.request(size="dev").state == "approved"


# Looking


def test_looking_again_costs_one_query_and_writes_once_an_hour(
    world: World, release: Release, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    offered = release("1.0.0")
    register_versions([offered])
    first = BlueprintVersion.objects.get().last_seen_at
    with django_assert_num_queries(1):
        register_versions([offered])
    world.cloud.clock.advance(3_601)
    register_versions([offered])
    row = BlueprintVersion.objects.get()
    assert row.last_seen_at - first == timedelta(seconds=3_601)
    assert row.first_seen_at == first


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.9.0", "1.10.0"), ("1.0.0", "2.0.0"), ("2.0.0-rc.1", "2.0.0"), ("2.0.0-rc.9", "2.0.0-rc.10"), ("1.0.0-alpha", "1.0.0-alpha.1"),
        ("1.0.0-alpha.1", "1.0.0-alpha.beta"), ("1.0.0-1", "1.0.0-a"), ("1.9.9", "2.0.0-rc.1"), ("1.0.0-rc-1", "1.0.0"),
    ],
)  # fmt: skip
def test_versions_are_put_in_order_by_their_meaning(lower: str, higher: str) -> None:
    assert Version.parse(lower) < Version.parse(higher)


def test_versions_are_listed_the_newest_first(world: World, release: Release) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        register_versions([release(version)])
    assert [row.version for row in versions_of("small")] == ["2.0.0-rc.1", "1.10.0", "1.9.0"]


def test_a_newer_version_is_a_published_one_and_no_candidate(world: World, release: Release) -> None:
    for version, maturity in (
        ("1.9.0", "published"),
        ("1.10.0", "published"),
        ("1.11.0", "draft"),
        ("2.0.0-rc.1", "published"),
    ):
        register_versions([release(version, maturity)])
    assert newer_version("small", "1.9.0") == "1.10.0"
    assert newer_version("small", "1.10.0") == ""
    assert newer_version("small", "2.0.0-beta") == "2.0.0-rc.1"


def test_the_command_tells_what_the_portal_has_pinned_when_asked(
    world: World, release: Release, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    settings.DATABASE_URL = "postgresql://in.tests/the-connection-is-there"
    register_versions([release("1.0.0")])
    release("1.0.0", title=TITLED)
    call_command("blueprints")
    assert "broken" not in capsys.readouterr().out
    call_command("blueprints", "--pinned")
    assert "small is broken:" in (told := capsys.readouterr().out)
    assert "small/blueprint.hcl:1: Version 1.0.0 of small is published" in told


def test_the_reconciler_registers_what_changes_and_looks_again_once_an_hour(
    world: World, release: Release, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    release("1.0.0")
    registration = Registration()
    registration.run()
    assert [row.version for row in BlueprintVersion.objects.all()] == ["1.0.0"]
    with django_assert_num_queries(0):
        registration.run()
    world.cloud.clock.advance(3_601)
    registration.run()
    assert BlueprintVersion.objects.get().last_seen_at == world.now
    release("1.1.0")
    registration.run()
    assert {row.version for row in BlueprintVersion.objects.all()} == {"1.0.0", "1.1.0"}


def test_a_failed_registration_stops_no_operation_and_is_repeated_later(
    world: World, release: Release, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    release("1.0.0")
    registration = Registration()
    with monkeypatch.context() as patched:
        patched.setattr(reconciler, "register_versions", lambda _: 1 / 0)
        registration.run()
    assert "could not be registered" in caplog.text
    registration.run()
    assert not BlueprintVersion.objects.exists()
    world.cloud.clock.advance(61)
    registration.run()
    assert BlueprintVersion.objects.get().version == "1.0.0"
