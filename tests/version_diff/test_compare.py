"""What differs between two versions: questions, sizes, parts, and the templates with one
environment's own answers.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from provisioning.blueprint import Blueprint, load_catalogue
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.graph import EnvironmentContext, Value
from provisioning.version_diff.compare import HIDDEN, VersionChanges, compare_versions
from tests.fixtures.world import ROOT, SMALL

PLACE = EnvironmentContext(
    name="orders",
    team="payments",
    region="eu-north-1",
    account_id="111111111111",
    environment_id=EXAMPLE_ENVIRONMENT_ID,
)
SOURCE = (SMALL / "small" / "blueprint.hcl").read_text()
NOTE = 'variable "note" {\n  type        = string'
Version = Callable[..., Blueprint]


@pytest.fixture
def version(tmp_path: Path) -> Version:
    """`small` with texts of its file replaced, one after the other."""

    def make(number: str, *changes: tuple[str, str], files: Mapping[str, str] | None = None) -> Blueprint:
        text = SOURCE.replace('"0.1.0"', f'"{number}"')
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        folder = tmp_path / number / "small"
        folder.mkdir(parents=True)
        for name, content in {"blueprint.hcl": text, **(files or {})}.items():
            (folder / name).write_text(content)
        found = load_catalogue(folder.parent)
        assert not found.broken, found.broken
        return found.blueprints["small"]

    return make


def compare(before: Blueprint, after: Blueprint, size: str = "dev", **inputs: Value) -> VersionChanges:
    return compare_versions(before, after, size=size, inputs=inputs, environment=PLACE)


def said(changes: VersionChanges) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {change.name: (change.kind, change.sentences) for change in changes.inputs}


def _own(text: str | None) -> str | None:
    """A secret's description as the blueprint has it."""
    return text.removesuffix(" (placeholder until its value is provided)") if text else text


def properties(changes: VersionChanges) -> dict[str, tuple[str | None, str | None]]:
    assert changes.template is not None, changes.problem
    return {
        f"{resource.logical_id}.{change.path}": (_own(change.before), _own(change.after))
        for resource in changes.template.of("changed")
        for change in resource.changes
    }


def test_a_new_number_alone_is_no_difference(version: Version) -> None:
    changes = compare(version("1.0.0"), version("1.0.1"))
    assert changes.is_empty
    assert changes.template is not None


@pytest.mark.parametrize("slug", ["carbon-connect", "event-inbox"])
def test_a_new_number_alone_is_no_difference_where_the_version_is_a_tag_inside(slug: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "blueprints" / slug, tmp_path / slug)
    before = load_catalogue(ROOT / "blueprints").blueprints[slug]
    file = tmp_path / slug / "blueprint.hcl"
    file.write_text(file.read_text().replace(f'"{before.version}"', '"99.0.0"', 1))
    after = load_catalogue(tmp_path).blueprints[slug]
    assert after.version == "99.0.0"
    assert compare(before, after).is_empty


def test_inputs_come_go_and_change_in_sentences(version: Version) -> None:
    added = (
        '\nvariable "days" {\n  type = number\n  description = "How long"\n  example = 7\n  validation { min = 1 }\n}\n'
    )
    rule = '  validation {\n    allowed = ["a", "b"]\n  }\n'
    changes = compare(
        version("1.0.0"),
        version(
            "1.1.0",
            ('  default     = "nothing"\n', f'  default     = "a"\n{rule}'),
            ('"Part of the secret\'s description"', '"What the secret is for"'),
            ('size "dev" {', f'{added}\nsize "dev" {{'),
        ),
    )
    assert said(changes) == {
        "note": (
            "changed",
            (
                "Its default was “nothing” and is “a”.",
                "It accepted any value; it now accepts “a” or “b”.",
                "New description: What the secret is for",
            ),
        ),
        "days": ("added", ("How long", "Required.", "It accepts at least 1.")),
    }
    assert [change.needs_value for change in changes.inputs] == [False, True]
    assert changes.assumed == ("days",)
    back = compare(changes.after, changes.before)
    assert said(back)["days"] == ("removed", ("Removed. It was: How long",))


def test_a_type_a_size_and_a_duty_are_told(version: Version) -> None:
    before = version("1.0.0", (NOTE, NOTE + '\n  sizes       = ["dev"]'))
    after = version(
        "1.1.0",
        (NOTE, 'variable "note" {\n  type        = list(string)\n  example     = ["x"]'),
        ('  default     = "nothing"\n', ""),
        ("description = var.note", 'description = "fixed"'),
    )
    assert said(compare(before, after))["note"][1] == (
        "Its type was string and is list(string).",
        "It was optional and is required.",
        "It could be set in dev; it can now be set in every size.",
    )


def test_a_secrets_default_is_never_told(version: Version) -> None:
    used = ("description = var.note", 'description = "a ${var.hint} b"')
    changes = compare(
        version("1.0.0", used, ('"none"', '"hunter2"')), version("1.1.0", used, ('"none"', '"swordfish"'))
    )
    assert said(changes)["hint"][1] == ("Its default changed; it is sensitive, so neither is shown.",)
    assert properties(changes) == {"SecretKey.Description": (HIDDEN, HIDDEN)}
    assert "hunter2" not in repr(changes.template) + repr(changes.inputs)
    assert "swordfish" not in repr(changes.template) + repr(changes.inputs)


def test_settings_regions_components_and_files_are_told(version: Version) -> None:
    before = version("1.0.0", files={"README.md": "# Small", "same.txt": "x", "gone.txt": "x"})
    after = version(
        "1.1.0",
        ('"us-east-1"', '"eu-central-1"'),
        ('size "staging" {\n  keep_data = true', 'size "staging" {\n  keep_data = false'),
        ('component "bucket" "files"', 'component "bucket" "media" { keep_data = true }\n\ncomponent "bucket" "files"'),
        files={"README.md": "# Small, really", "same.txt": "x"},
    )
    changes = compare(before, after)
    assert [(c.size, c.name, c.before, c.after) for c in changes.settings] == [("staging", "keep_data", True, False)]
    assert [(c.kind, c.name) for c in changes.regions] == [("removed", "us-east-1"), ("added", "eu-central-1")]
    assert [(c.kind, c.name) for c in changes.components] == [("added", "bucket.media")]
    assert [(c.kind, c.name) for c in changes.files] == [("removed", "gone.txt"), ("changed", "README.md")]
    assert changes.template is not None
    assert {resource.address for resource in changes.template.of("added")} == {"bucket.media"}


def test_the_template_is_made_with_the_environments_own_answers(version: Version) -> None:
    suffixed = ("description = var.note", 'description = "${var.note}, kept"')
    before, after = version("1.0.0"), version("1.1.0", suffixed)
    assert properties(compare(before, after, note="mine")) == {"SecretKey.Description": ("mine", "mine, kept")}


def test_a_stored_default_gives_way_to_the_new_one_and_an_own_answer_does_not(version: Version) -> None:
    before, after = version("1.0.0"), version("1.1.0", ('"nothing"', '"something"'))
    assert properties(compare(before, after, note="nothing")) == {"SecretKey.Description": ("nothing", "something")}
    assert properties(compare(before, after, note="mine")) == {}


def test_a_value_that_the_later_version_rejects_is_reported_and_left_out(version: Version) -> None:
    before = version("1.0.0")
    after = version(
        "1.1.0", ('  default     = "nothing"\n', '  default     = "nothing"\n  validation {\n    max = 7\n  }\n')
    )
    changes = compare(before, after, note="far too long")
    assert changes.rejected == {"note": "note should be at most 7 characters long."}
    assert properties(changes) == {"SecretKey.Description": ("far too long", "nothing")}


def test_a_region_that_is_no_longer_offered_is_reported(version: Version) -> None:
    before, after = version("1.0.0"), version("1.1.0", ('["eu-north-1", "us-east-1"]', '["us-east-1"]'))
    changes = compare(before, after)
    assert changes.template is None
    assert changes.problem.startswith("Version 1.1.0 cannot be compiled with these inputs: small is not offered in")
    assert not changes.is_empty


def test_sizes_are_compared_each_for_itself(version: Version) -> None:
    before = version("1.0.0")
    after = version("1.1.0", ('size "dev" {\n  keep_data = false', 'size "dev" {\n  keep_data = true'))
    assert properties(compare(before, after, "dev"))
    assert properties(compare(before, after, "prod")) == {}
