"""The reference as pages: every kind, its nested settings, and the links to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from portal.templatetags.reference import coded
from provisioning.components.docs.reference import describe
from provisioning.components.registry import kinds
from tests.portal.conftest import People


def _page(people: People, path: str = "") -> str:
    answer = people.client("bob").get(f"/components/{path}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_catalogue_leads_to_all_components(people: People) -> None:
    assert 'href="/components/"' in people.client("bob").get("/catalogue/").content.decode()
    text = _page(people)
    assert f"The {len(kinds())} building blocks" in text
    for kind in kinds():
        assert text.count(f'href="/components/{kind}/"') == 1, kind
    assert 'href="/catalogue/" aria-current="page"' in text


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_has_a_page_with_every_setting(kind: str, people: People) -> None:
    text = _page(people, f"{kind}/")
    page = describe(kind)
    assert f"<h1>{page.title}</h1>" in text
    for setting in page.settings:
        assert f"<dt><code>{setting.name}</code>" in text
        for part in setting.parts:
            assert f"<dt><code>{part.name}</code>" in text
    for name in page.attributes:
        assert f"<dt><code>{name}</code></dt>" in text
    assert ("Other components cannot use it." in text) == (page.gives is None)


def test_a_page_says_what_a_user_gets_and_shows_an_example(people: People) -> None:
    text = _page(people, "bucket/")
    assert "Variables <code>&lt;NAME&gt;_BUCKET</code>" in text
    assert "component &quot;bucket&quot;" in text
    assert 'A blueprint with this component needs exactly one <a href="/components/network/">network</a>' in _page(
        people, "postgres/"
    )


def test_an_example_of_a_broken_blueprint_is_shown_without_a_link(
    people: People, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "blueprint.hcl").write_text('component "queue" "jobs" {\n  nothing = "such"\n}\n')
    settings.BLUEPRINTS_DIR = tmp_path
    text = _page(people, "queue/")
    assert "nothing = &quot;such&quot;" in text
    assert "from half<" in text
    assert 'href="/catalogue/half/"' not in text


def test_an_unknown_kind_is_not_found(people: People) -> None:
    answer = people.client("bob").get("/components/postgress/")
    assert answer.status_code == 404
    assert "There is no component kind &quot;postgress&quot;" in answer.content.decode()


def test_nothing_can_be_posted(people: People) -> None:
    assert people.client("bob").post("/components/").status_code == 405


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a `b` c", "a <code>b</code> c"),
        ("`<b>` <i> &", "<code>&lt;b&gt;</code> &lt;i&gt; &amp;"),
        ("an odd ` one", "an odd <code> one</code>"),
        ("see https://example.com/x", 'see <a href="https://example.com/x" rel="nofollow">https://example.com/x</a>'),
        ("`https://example.com`", "<code>https://example.com</code>"),
        ("javascript:alert(1) <script>", "javascript:alert(1) &lt;script&gt;"),
    ],
)
def test_words_between_backticks_are_code(text: str, shown: str) -> None:
    assert coded(text) == shown
