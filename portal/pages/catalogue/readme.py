"""A blueprint's README, as its page shows it."""

from __future__ import annotations

from pathlib import Path

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from provisioning.blueprint import Blueprint
from provisioning.caching import Cache

MAX_BYTES = 200_000
# Raw HTML in the file is shown as text, and links use http, https and mailto only: the library's own rules.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
# Keys are the digests of blueprints, which cover their READMEs.
_pages: Cache[str, SafeString] = Cache(max_size=100)


def readme(blueprint: Blueprint) -> SafeString:
    """Empty where there is none, or where it is too long for a page."""
    return _pages.get_or_compute(blueprint.digest, lambda: _rendered(blueprint.path / "README.md"))


def _rendered(path: Path) -> SafeString:
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return SafeString("")
    text = path.read_text(encoding="utf-8", errors="replace")
    # The page has the title already.
    body = text.split("\n", 1)[1] if text.startswith("# ") and "\n" in text else text
    shown: SafeString = mark_safe(_markdown.render(body))  # noqa: S308 - the library has escaped what it did not make
    return shown
