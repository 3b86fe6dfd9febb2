"""The reference of component kinds: the list, and the page of one kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from provisioning.caching import Cache
from provisioning.components.docs.reference import KindReference, blueprint_texts, families, reference
from provisioning.errors import NotFound
from provisioning.lifecycle.catalogue import catalogue

# Keys are the catalogue's root and the digests of its blueprints, whose files serve as examples.
_references: Cache[tuple[Path, tuple[tuple[str, str], ...]], tuple[KindReference, ...]] = Cache(max_size=4)


@dataclass(frozen=True, slots=True)
class ComponentsPage:
    families: Mapping[str, Sequence[KindReference]]
    count: int


@dataclass(frozen=True, slots=True)
class ComponentPage:
    """`example_title` is the title of the blueprint that the example is from; empty if it is not in
    the catalogue.
    """

    kind: KindReference
    families: Mapping[str, Sequence[KindReference]]
    example_title: str


def components_page() -> ComponentsPage:
    kinds = _kinds()
    return ComponentsPage(families(kinds), len(kinds))


def component_page(name: str) -> ComponentPage:
    """Raises NotFound for a kind that does not exist."""
    kinds = _kinds()
    kind = next((kind for kind in kinds if kind.kind == name), None)
    if kind is None:
        raise NotFound(f'There is no component kind "{name}".')
    # A broken blueprint may still be the source of an example.
    source = catalogue().blueprints.get(kind.example.blueprint) if kind.example else None
    return ComponentPage(kind, families(kinds), source.title if source else "")


def _kinds() -> tuple[KindReference, ...]:
    # The digests change when a file of the catalogue changes, and the reference is read again.
    digests = tuple((slug, blueprint.digest) for slug, blueprint in catalogue().blueprints.items())
    root = Path(settings.BLUEPRINTS_DIR)
    return _references.get_or_compute((root, digests), lambda: reference(blueprint_texts(root)))
