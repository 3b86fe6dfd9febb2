"""`manage.py prove`: readable, as JSON, and with exit codes that programs can lean on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent


def run(*words: str, blueprints: Path = _ROOT / "blueprints") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "prove", *words]
    environment = {**os.environ, "BLUEPRINTS_DIR": str(blueprints), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=60, env=environment)


def test_it_tells_what_was_proved() -> None:
    ended = run("carbon-connect", "--size", "prod")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("carbon-connect 1.1.2, prod, eu-north-1: ")
    assert (
        "✓ Data subnets have no route to the internet (network.data-to-internet): 3 checked, all pass" in ended.stdout
    )
    assert "Not covered" in ended.stdout
    assert "Not given, so the example was used: " in ended.stderr


def test_it_shows_every_line_of_evidence_when_asked() -> None:
    ended = run("carbon-connect", "--size", "prod", "-v", "2")
    assert "Postgres.StorageEncrypted is true" in ended.stdout


def test_it_gives_json() -> None:
    ended = run("carbon-connect", "--size", "dev", "--region", "eu-central-1", "--json")
    assert ended.returncode == 0, ended.stderr
    proof = json.loads(ended.stdout)
    assert proof["worst"] in ("low", "info", None)
    assert {one["rule"] for one in proof["checked"]} >= {"network.data-to-internet", "iam.escalation"}


def test_wrong_use_is_one_sentence_and_ends_with_two() -> None:
    for words in (["carbon-connect"], ["nothing", "--size", "dev"], ["carbon-connect", "--size", "dev", "--set", "x"]):
        ended = run(*words)
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert len(ended.stderr.strip().splitlines()) == 1


def test_a_high_finding_ends_with_one(tmp_path: Path) -> None:
    shutil.copytree(_ROOT / "blueprints" / "portal", tmp_path / "portal")
    recipe = tmp_path / "portal" / "blueprint.hcl"
    text = recipe.read_text(encoding="utf-8")
    plain = "{ ALLOWED_HOSTS = var.domain }"
    assert text.count(plain) == 1
    recipe.write_text(text.replace(plain, '{ API_TOKEN = "abcdef0123456789" }'), encoding="utf-8")
    ended = run("portal", "--size", "dev", blueprints=tmp_path)
    assert ended.returncode == 1, ended.stderr
    assert "HIGH secrets.environment: ServiceWorkerTask gets API_TOKEN as plain text." in ended.stdout
    assert "abcdef0123456789" not in ended.stdout
