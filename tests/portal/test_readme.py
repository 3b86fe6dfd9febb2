"""A blueprint's README on its page: formatted, and without a way to bring HTML of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from portal.pages.catalogue.readme import readme
from provisioning.lifecycle.catalogue import catalogue
from tests.portal.conftest import SLUG, People


def test_it_is_shown_formatted(people: People) -> None:
    page = people.client("bob").get(f"/catalogue/{SLUG}/").content.decode()
    assert "<h2>What you get</h2>" in page
    assert "<table>" in page.rsplit("readme-title", 1)[1]


def test_html_and_scripts_in_it_are_text(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# T\n\n<script>x()</script> [a](javascript:x()) <b onclick=x()>b</b>\n")
    shown = readme(replace(catalogue().get(SLUG), path=tmp_path, digest="other"))
    assert "<script" not in shown
    assert "<b " not in shown
    assert "href" not in shown


def test_a_blueprint_without_one_has_none(tmp_path: Path) -> None:
    assert readme(replace(catalogue().get(SLUG), path=tmp_path, digest="none")) == ""
