"""`manage.py blueprints` and `manage.py render`: what they print, and how they end."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.blueprint.conftest import GOOD, Write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def catalogue(write: Write, tmp_path: Path, settings: Any) -> Path:
    write(GOOD)
    write(GOOD.replace("var.image", "var.imagine"), "bad")
    settings.BLUEPRINTS_DIR = tmp_path
    return tmp_path


def ended(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        call_command(*words)
    assert isinstance(end.value.code, int)
    return end.value.code


def test_blueprints_lists_the_good_and_the_broken(catalogue: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("blueprints")
    printed = capsys.readouterr().out
    assert "notes  1.2.3    draft     dev, staging, prod  eu-north-1, us-east-1  Notes" in printed
    assert 'bad/blueprint.hcl:44: There is no variable "imagine"; did you mean "image"?' in printed


def test_blueprints_prints_json(catalogue: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("blueprints", "--json")
    data = json.loads(capsys.readouterr().out)
    assert [item["slug"] for item in data["blueprints"]] == ["notes"]
    assert data["broken"][0]["problems"][0]["line"] == 44


def test_blueprints_check_ends_with_1_when_one_is_broken(catalogue: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("blueprints", "--check") == 1
    (catalogue / "bad" / "blueprint.hcl").write_text(GOOD)
    call_command("blueprints", "--check")


def test_an_empty_catalogue_is_said(settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings.BLUEPRINTS_DIR = tmp_path / "none"
    call_command("blueprints")
    assert capsys.readouterr().out == f"There are no blueprints in {tmp_path / 'none'}.\n"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "Name a blueprint: notes."),
        (["notes"], 2, "Name a size with --size: dev, staging or prod."),
        (["note", "--size", "dev"], 2, 'There is no blueprint "note"; did you mean "notes"?'),
        (["notes", "--size", "huge"], 2, 'notes has no size "huge"; its sizes are dev, staging and prod.'),
        (["notes", "--size", "dev", "--region", "mars"], 2, 'notes is not offered in "mars"; its regions are eu-north-1 and us-east-1.'),
        (["notes", "--size", "dev", "--set", "port"], 2, '--set takes name=value, and "port" has no name or no equals sign.'),
        (["notes", "--size", "dev", "--set", "port=1", "--set", "port=2"], 2, '--set names "port" twice; give it once.'),
        (["notes", "--size", "dev", "--set", "port=x"], 2, "port should be a number."),
        (["notes", "--size", "dev", "--set", "prt=1"], 2, 'notes has no input "prt"; did you mean "port"?'),
        (["notes", "--size", "dev", "--set", "port=70000"], 2, "notes/blueprint.hcl:45: service.api: port should be less than or equal to 65535."),
        (["notes", "--size", "dev", "--name", "My"], 2, "“My” is not a valid environment name: use at most 32 lowercase letters, digits and single hyphens, starting with a letter and not ending with a hyphen."),
        (["notes", "--size", "dev", "--account", "12"], 2, '"12" is no AWS account id; it must have 12 digits.'),
        (["bad", "--size", "dev"], 1, 'bad is broken: bad/blueprint.hcl:44: There is no variable "imagine"; did you mean "image"? (1 more: manage.py blueprints)'),
    ],
)  # fmt: skip
def test_render_ends_with_one_sentence(
    catalogue: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str
) -> None:
    assert ended("render", *words) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", sentence + "\n")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, without database, Redis or secret key."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_render_prints_a_template_and_says_which_examples_it_took() -> None:
    done = run("render", "carbon-connect", "--size", "dev", "--name", "first", "--set", "github_repository=me/it")
    assert (done.returncode, done.stderr) == (0, "Not given, so the example was used: api_image, certificate_arn.\n")
    template = json.loads(done.stdout)
    assert len(template["Resources"]) > 50
    assert "portal/team/first-" in done.stdout
    assert "me/it" in done.stdout


def test_render_refuses_a_stack_that_there_is_not() -> None:
    done = run("render", "carbon-connect", "--size", "dev", "--stack", "edge")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'carbon-connect has no stack "edge"; it has main.\n'


def test_blueprints_needs_no_server() -> None:
    done = run("blueprints", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = {item["slug"]: item for item in json.loads(done.stdout)["blueprints"]}
    asked = {item["name"]: item for item in found["carbon-connect"]["inputs"]}
    assert asked["domain"]["required"] is False
    assert asked["domain"]["default"] == {"dev": None, "staging": None, "prod": None}
    assert asked["github_repository"]["example"] == "example/carbon-connect"
