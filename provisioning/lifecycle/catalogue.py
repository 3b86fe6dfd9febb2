"""The catalogue of this process: read again when a file of a blueprint changes, and which versions were ever used.

A published version never changes: its digest is stored when it is first used.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from django.conf import settings

from provisioning.blueprint import Blueprint, Catalogue, load_catalogue
from provisioning.errors import Refused
from provisioning.models import BlueprintVersion

PUBLISHED = "published"

_lock = threading.Lock()
_kept: dict[Path, tuple[object, Catalogue]] = {}


def catalogue() -> Catalogue:
    root = Path(settings.BLUEPRINTS_DIR)
    state = _file_state(root)
    with _lock:
        kept = _kept.get(root)
        if kept is None or kept[0] != state:
            kept = _kept[root] = (state, load_catalogue(root))
        return kept[1]


def pin_version(blueprint: Blueprint) -> BlueprintVersion:
    """Return the row for this version, made at its first use. Raises Refused when a published version has changed."""
    row, made = BlueprintVersion.objects.select_for_update().get_or_create(
        slug=blueprint.slug,
        version=blueprint.version,
        defaults={"digest": blueprint.digest, "title": blueprint.title, "maturity": blueprint.maturity},
    )
    if made:
        return row
    _refuse_changed(row, blueprint)
    # A draft may change until it is published.
    if (row.digest, row.maturity, row.title) != (blueprint.digest, blueprint.maturity, blueprint.title):
        row.digest, row.maturity, row.title = blueprint.digest, blueprint.maturity, blueprint.title
        row.save(update_fields=["digest", "maturity", "title"])
    return row


def check_unchanged(blueprint: Blueprint) -> None:
    """Raise Refused when this version was used before, as a published one with other files: told before anybody asks."""
    row = BlueprintVersion.objects.filter(slug=blueprint.slug, version=blueprint.version).first()
    if row is not None:
        _refuse_changed(row, blueprint)


def _refuse_changed(row: BlueprintVersion, blueprint: Blueprint) -> None:
    if row.digest != blueprint.digest and row.maturity == PUBLISHED:
        raise Refused(
            f"Version {blueprint.version} of {blueprint.slug} is published and its files have changed since. "
            "A platform engineer raises the version in blueprint.hcl, or takes the change back."
        )


def _file_state(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every file below the root: a look, not a read."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue  # removed between the listing and the look
            found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(found))
