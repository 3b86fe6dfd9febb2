"""The catalogue as this process sees it: loaded once, and again when a file of a blueprint changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, TypeAlias

from django.conf import settings

from provisioning.blueprint import Blueprint, Catalogue, load_catalogue
from provisioning.caching import Cache
from provisioning.design.size_policy import SIZE_POLICIES

DRAFT = "draft"
PUBLISHED = "published"
DEPRECATED = "deprecated"

FileState: TypeAlias = tuple[tuple[str, int, int], ...]
# One folder is in use. While its files change, requests that began earlier still use the former state.
_CATALOGUES_KEPT: Final = 4
_catalogues: Cache[tuple[Path, FileState], Catalogue] = Cache(max_size=_CATALOGUES_KEPT)


def catalogue() -> Catalogue:
    """Return the catalogue in `settings.BLUEPRINTS_DIR`. Never raises for what a folder holds."""
    root = Path(settings.BLUEPRINTS_DIR)
    return _catalogues.get_or_compute((root, _file_state(root)), lambda: load_catalogue(root))


def why_not_offered(blueprint: Blueprint, size: str) -> str:
    """Return the sentence that says why this version is not offered in `size`; empty if it is."""
    if blueprint.maturity == DEPRECATED:
        return f"{blueprint.title} {blueprint.version} is deprecated. Choose another blueprint."
    if blueprint.maturity == DRAFT and not blueprint.sizes[size].policy.accepts_drafts:
        sizes = " or ".join(name for name, policy in SIZE_POLICIES.items() if policy.accepts_drafts)
        return (
            f"{blueprint.title} {blueprint.version} is a draft and may still change, so it is for size {sizes} only. "
            f"Choose {sizes}, or ask a platform engineer to publish it."
        )
    return ""


def _file_state(root: Path) -> FileState:
    """Return name, size in bytes and modification time in nanoseconds of every file below `root`.
    Reads no file.
    """
    states = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue  # removed after the folder was listed
            states.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(states))
