"""`manage.py timeline`: what it prints, and how it ends."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from provisioning.timeline.timeline import Timeline


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    call_command("timeline", *words)
    return capsys.readouterr().out


def test_it_says_what_decides(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _printed(capsys, "carbon-connect", "--size", "prod").splitlines()
    assert lines[0] == "carbon-connect, size prod, in eu-north-1: about 22 minutes (12 to 53), 121 resources"
    assert "   2:13    16 min 40 s  Database  postgres.main" in lines
    assert any(line.startswith("  18:56") and line.endswith("service.worker  (assumed)") for line in lines)
    assert any("of this time is assumed; the rest has a published source" in line for line in lines)


def test_a_plan_of_work_stands_below(capsys: pytest.CaptureFixture[str]) -> None:
    printed = _printed(capsys, "webhook-pipeline", "--size", "dev")
    assert "Manual work: 17.5 hours before launch and 24 that can follow it; 12 hours until launch" in printed
    assert "\n*     2 h      6 h  RabbitMQ EC2 Deployment\n" in printed
    assert "\n      0 h    0.5 h  Cloudflare Configuration\n" in printed


@pytest.mark.parametrize("slug", ["amply", "webhook-pipeline"])
def test_json_is_the_stored_form_with_work_and_sources(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(_printed(capsys, slug, "--size", "dev", "--json"))
    made = Timeline.from_json(data)
    assert made.as_json().items() <= data.items()
    assert set(data["sources"]) == {step.type for step in made.path}
    assert all(data["sources"].values())
    assert (data["work"] is not None) == (slug == "webhook-pipeline")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["carbon-conect", "--size", "dev"], 2, "carbon-conect"),
        (["carbon-connect", "--size", "huge"], 2, "huge"),
        (["carbon-connect", "--size", "dev", "--set", "x=1"], 2, "x"),
    ],
)
def test_wrong_use_ends_with_two_and_a_sentence(
    words: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        call_command("timeline", *words)
    assert end.value.code == code
    told = capsys.readouterr().err.strip()
    assert sentence in told
    assert "\n" not in told
