"""The building blocks of a blueprint: all of them, and one with its settings, what it gives and an example."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from provisioning.caching import Cache
from provisioning.components.docs.reference import KindReference, blueprint_texts, families, reference
from provisioning.errors import NotFound
from provisioning.lifecycle.catalogue import catalogue

# Keys are the catalogue's root and the digests of its blueprints, whose files serve as examples.
_references: Cache[tuple[Path, tuple[tuple[str, str], ...]], tuple[KindReference, ...]] = Cache(max_size=4)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    pages = _pages()
    return render(request, "pages/components/index.html", {"families": families(pages), "count": len(pages)})


@require_safe
def detail(request: HttpRequest, kind: str) -> HttpResponse:
    pages = _pages()
    page = next((page for page in pages if page.kind == kind), None)
    if page is None:
        raise NotFound(f'There is no component kind "{kind}"; the list has all of them.')
    return render(
        request,
        "pages/components/detail.html",
        {
            "page": page,
            "families": families(pages),
            "example_title": _title(page.example.blueprint) if page.example else "",
        },
    )


def _title(slug: str) -> str:
    """A blueprint's title where it is on offer: one that is broken may still serve as an example."""
    found = catalogue().blueprints.get(slug)
    return found.title if found else ""


def _pages() -> tuple[KindReference, ...]:
    # The catalogue is read again when a file of it changes, and its digests say that one did.
    digests = tuple((slug, blueprint.digest) for slug, blueprint in catalogue().blueprints.items())
    root = Path(settings.BLUEPRINTS_DIR)
    return _references.get_or_compute((root, digests), lambda: reference(blueprint_texts(root)))
