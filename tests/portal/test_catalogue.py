from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.portal.conftest import SLUG, People


@pytest.fixture
def broken(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "half-done"
    folder.mkdir()
    (folder / "blueprint.hcl").write_text('blueprint {\n  title = "Half\n')
    settings.BLUEPRINTS_DIR = tmp_path


def test_a_card_shows_picture_and_sizes(people: People) -> None:
    text = people.client("bob").get("/catalogue/").content.decode()
    assert "Carbon Connect" in text
    assert 'class="pic"' in text
    assert "needs approval" in text


def test_a_broken_blueprint_is_told_with_file_and_line_to_those_who_can_mend_it(broken: None, people: People) -> None:
    olivia, bob = (people.client(name).get("/catalogue/").content.decode() for name in ("olivia", "bob"))
    assert "half-done/blueprint.hcl:" in olivia
    assert "Not available until fixed: half-done" in bob
    assert "blueprint.hcl:" not in bob
    answer = people.client("bob").get("/catalogue/half-done/request/")
    assert answer.status_code == 404
    assert "is broken and cannot be used" in answer.content.decode()


def test_an_empty_catalogue_says_so(settings: Settings, tmp_path: Path, people: People) -> None:
    settings.BLUEPRINTS_DIR = tmp_path / "none"
    assert "The catalogue is empty" in people.client("bob").get("/catalogue/").content.decode()


@pytest.mark.parametrize("size", ["dev", "staging", "prod", "nonsense"])
def test_a_blueprint_shows_each_size(size: str, people: People) -> None:
    text = people.client("bob").get(f"/catalogue/{SLUG}/", {"size": size}).content.decode()
    wanted = "dev" if size == "nonsense" else size
    assert f'href="/catalogue/{SLUG}/request/?size={wanted}"' in text
    assert "Sizes compared" in text
    assert "Certificate ARN" in text


def test_the_request_link_is_shown_to_team_members_only(people: People) -> None:
    led = 'href="/catalogue/carbon-connect/request/?size=dev"'
    assert led in people.client("bob").get("/catalogue/carbon-connect/").content.decode()
    text = people.client("olivia").get("/catalogue/carbon-connect/").content.decode()
    assert led not in text
    assert "only owners and operators of a team may request them" in text


def test_an_unknown_blueprint_is_not_found(people: People) -> None:
    answer = people.client("bob").get("/catalogue/carbon-conect/")
    assert answer.status_code == 404
    assert "carbon-connect" in answer.content.decode()
