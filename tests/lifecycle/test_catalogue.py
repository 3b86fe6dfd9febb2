"""The catalogue is read again when a file changes, and a broken blueprint is listed with the
others.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from provisioning.errors import Refused
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.version_registry import check_unchanged, pin_version
from provisioning.models import BlueprintVersion
from tests.fixtures.world import SMALL, World


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    shutil.copytree(SMALL / "small", tmp_path / "small")
    rewrite(tmp_path / "small" / "blueprint.hcl", '"published"', '"draft"')
    settings.BLUEPRINTS_DIR = tmp_path
    return tmp_path


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def test_it_is_read_once_while_nothing_changes(folder: Path) -> None:
    assert catalogue() is catalogue()


def test_a_changed_file_is_read_again(folder: Path) -> None:
    before = catalogue().get("small")
    rewrite(folder / "small" / "blueprint.hcl", '"Small"', '"Smaller"')
    assert (before.title, catalogue().get("small").title) == ("Small", "Smaller")


def test_a_file_that_broke_is_listed_and_stops_nobody(folder: Path) -> None:
    shutil.copytree(folder / "small", folder / "other")
    rewrite(folder / "other" / "blueprint.hcl", "blueprint {", "blueprint {{")
    assert list(catalogue().blueprints) == ["small"]
    assert [broken.slug for broken in catalogue().broken] == ["other"]


def test_a_draft_may_change_until_it_is_published(world: World, folder: Path) -> None:
    pin_version(catalogue().get("small"))
    rewrite(folder / "small" / "blueprint.hcl", '"draft"', '"published"')
    row = pin_version(catalogue().get("small"))
    assert (BlueprintVersion.objects.count(), row.maturity, row.digest) == (
        1,
        "published",
        catalogue().get("small").digest,
    )


def test_a_published_version_that_has_changed_is_refused_before_anybody_asks(world: World, folder: Path) -> None:
    check_unchanged(catalogue().get("small"))
    rewrite(folder / "small" / "blueprint.hcl", '"draft"', '"published"')
    pin_version(catalogue().get("small"))
    check_unchanged(catalogue().get("small"))
    rewrite(folder / "small" / "blueprint.hcl", '"Small"', '"Smaller"')
    with pytest.raises(Refused, match="its files have changed since"):
        check_unchanged(catalogue().get("small"))
