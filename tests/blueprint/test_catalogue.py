"""Loading folders: what is a blueprint, what is broken, and that one never stops another."""

import os
from pathlib import Path

import pytest

from provisioning.blueprint import BrokenBlueprintError, UnknownBlueprint, load_catalogue
from tests.blueprint.conftest import GOOD, Write, problems


def test_it_reads_what_the_file_says(write: Write) -> None:
    notes = write(GOOD).get("notes")
    assert (notes.title, notes.version, notes.maturity, notes.default_region) == (
        "Notes",
        "1.2.3",
        "draft",
        "eu-north-1",
    )
    assert list(notes.sizes) == ["dev", "staging", "prod"]
    assert [size.requires_approval for size in notes.sizes.values()] == [False, False, True]
    assert dict(notes.sizes["prod"].settings) == {"approval": "required", "tasks": 2, "keep": True}
    assert notes.variables["image"].required
    assert not notes.variables["port"].required
    assert notes.variables["port"].default == 8000
    assert str(notes.variables["image"].source) == "notes/blueprint.hcl:9"
    assert notes.usage == {
        "files_gb": {"low": 1, "likely": 10, "high": 100},
        "mails": {"low": 5, "likely": 5, "high": 5},
    }


def test_the_blueprints_stand_sorted_by_title(write: Write) -> None:
    write(GOOD, "notes")
    catalogue = write(GOOD.replace('"Notes"', '"Archive"'), "zeta")
    assert list(catalogue.blueprints) == ["zeta", "notes"]


def test_a_broken_blueprint_stops_none_of_the_others(write: Write) -> None:
    write(GOOD, "good")
    catalogue = write(GOOD.replace("var.image", "var.imagine", 1), "bad")
    assert list(catalogue.blueprints) == ["good"]
    assert problems(catalogue, "bad") == ['bad/blueprint.hcl:44: There is no variable "imagine"; did you mean "image"?']
    with pytest.raises(BrokenBlueprintError, match=r"bad/blueprint.hcl:44: There is no variable"):
        catalogue.get("bad")


def test_an_unknown_slug_is_told_with_the_known_ones(write: Write) -> None:
    with pytest.raises(UnknownBlueprint, match='There is no blueprint "note"; did you mean "notes"'):
        write(GOOD).get("note")
    with pytest.raises(UnknownBlueprint, match='There is no blueprint "x"; known are notes'):
        write(GOOD).get("x")


def test_an_absent_root_is_an_empty_catalogue(tmp_path: Path) -> None:
    catalogue = load_catalogue(tmp_path / "nowhere")
    assert (dict(catalogue.blueprints), catalogue.broken) == ({}, ())


def test_a_folder_without_the_file_is_broken_and_a_file_beside_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").write_text("x")
    catalogue = load_catalogue(tmp_path)
    assert [item.slug for item in catalogue.broken] == ["empty"]
    assert problems(catalogue, "empty") == [
        "empty/blueprint.hcl:1: The folder has no such file; every folder of the catalogue holds one."
    ]


def test_a_folder_that_cannot_be_a_slug_is_broken(write: Write) -> None:
    (found,) = problems(write(GOOD, "My Notes"), "My Notes")
    assert "lowercase letters, digits and single hyphens" in found


def test_the_digest_covers_names_and_bytes_of_all_files(write: Write, tmp_path: Path) -> None:
    first = write(GOOD).get("notes").digest
    assert write(GOOD).get("notes").digest == first
    (tmp_path / "notes" / "lib").mkdir()
    (tmp_path / "notes" / "lib" / "handler.py").write_text("x = 1")
    second = write(GOOD).get("notes").digest
    (tmp_path / "notes" / "lib" / "handler.py").write_text("x = 2")
    third = write(GOOD).get("notes").digest
    (tmp_path / "notes" / "lib" / "handler.py").rename(tmp_path / "notes" / "handler.py")
    fourth = write(GOOD).get("notes").digest
    assert len({first, second, third, fourth}) == 4


def test_a_name_cannot_pass_for_bytes_in_the_digest(write: Write, tmp_path: Path) -> None:
    digests = []
    for name, text in (("ab", "c"), ("a", "bc")):
        write(GOOD)
        (tmp_path / "notes" / name).write_text(text)
        digests.append(write(GOOD).get("notes").digest)
        (tmp_path / "notes" / name).unlink()
    assert digests[0] != digests[1]


def test_a_link_is_never_read(write: Write, tmp_path: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret.hcl"
    secret.write_text(GOOD)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "blueprint.hcl").symlink_to(secret)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "blueprint.hcl").write_text(GOOD)
    (tmp_path / "beside" / "data").symlink_to(secret)
    (tmp_path / "linked").symlink_to(tmp_path / "beside")
    os.mkfifo(tmp_path / "beside" / "pipe")
    catalogue = load_catalogue(tmp_path)
    assert not catalogue.blueprints
    assert "only plain files are read" in problems(catalogue, "notes")[0]
    assert "only plain files are read" in problems(catalogue, "beside")[0]
    assert "links are not followed" in problems(catalogue, "linked")[0]


def test_the_reference_blueprint_loads() -> None:
    root = Path(__file__).resolve().parents[2] / "blueprints"
    catalogue = load_catalogue(root)
    assert [str(problem) for item in catalogue.broken for problem in item.problems] == []
    carbon = catalogue.get("carbon-connect")
    assert carbon.default_region == "eu-north-1"
    assert [size.requires_approval for size in carbon.sizes.values()] == [False, False, True]
