"""The catalogue of this process: read again when a file of a blueprint changes, and which versions the portal has seen.

Every version is kept whole at the first look. A draft may change, and then replaces what was kept; a published version
never changes, but for the one word that deprecates it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from django.conf import settings
from django.db import transaction

from provisioning.blueprint import Blueprint, Catalogue, load_catalogue
from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.errors import Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.blueprint_archives import is_deprecation, pack, unpack
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import BlueprintArchive, BlueprintVersion, Plan

DRAFT = "draft"
PUBLISHED = "published"
DEPRECATED = "deprecated"
_GONE = (EnvironmentState.GONE, EnvironmentState.WITHDRAWN)

_lock = threading.Lock()
_kept: dict[Path, tuple[object, Catalogue]] = {}
# (slug, digest that is pinned, digest of the folder) of what was found to be a deprecation and nothing else.
_DEPRECATIONS_KEPT = 1_000
_deprecations: set[tuple[str, str, str]] = set()


def catalogue() -> Catalogue:
    root = Path(settings.BLUEPRINTS_DIR)
    state = _file_state(root)
    with _lock:
        kept = _kept.get(root)
        if kept is None or kept[0] != state:
            kept = _kept[root] = (state, load_catalogue(root))
        return kept[1]


def why_not(blueprint: Blueprint, size: str) -> str:
    """The sentence for people who cannot have this size of this version; empty where its maturity allows it."""
    if blueprint.maturity == DEPRECATED:
        return f"{blueprint.title} {blueprint.version} is deprecated; choose another blueprint."
    if blueprint.maturity == DRAFT and not blueprint.sizes[size].policy.accepts_drafts:
        drafts = " or ".join(name for name, policy in SIZE_POLICIES.items() if policy.accepts_drafts)
        return (
            f"{blueprint.title} {blueprint.version} is a draft and may still change, so it is for size {drafts} only. "
            f"Choose {drafts}, or have a platform engineer publish it."
        )
    return ""


@transaction.atomic
def pin_version(blueprint: Blueprint) -> BlueprintVersion:
    """Return the row for this version, made at the first look at it. Raises Refused when a published version has changed."""
    at = clock.now()
    row, made = BlueprintVersion.objects.select_for_update().get_or_create(
        slug=blueprint.slug,
        version=blueprint.version,
        defaults={
            "digest": blueprint.digest,
            "title": blueprint.title,
            "maturity": blueprint.maturity,
            "first_seen_at": at,
            "last_seen_at": at,
        },
    )
    if made:
        keep(blueprint)
        return row
    if (row.digest, row.maturity) == (blueprint.digest, blueprint.maturity):
        return row
    if row.maturity == DRAFT:
        former = row.digest
        row.digest, row.maturity, row.title = blueprint.digest, blueprint.maturity, blueprint.title
        row.last_seen_at = at
        row.save(update_fields=["digest", "maturity", "title", "last_seen_at"])
        if former != blueprint.digest:
            keep(blueprint)
            _forget(row)
        return row
    _refuse_changed(row, blueprint)
    # Deprecated, or offered again: the files that are kept stay those of the published version.
    row.maturity, row.last_seen_at = blueprint.maturity, at
    row.save(update_fields=["maturity", "last_seen_at"])
    return row


def check_unchanged(blueprint: Blueprint) -> None:
    """Raise Refused when this version was seen before, as a published one with other files: told before anybody asks."""
    row = BlueprintVersion.objects.filter(slug=blueprint.slug, version=blueprint.version).first()
    if row is not None:
        _refuse_changed(row, blueprint)


def _refuse_changed(row: BlueprintVersion, blueprint: Blueprint) -> None:
    if sentence := changed_since(row, blueprint):
        raise Refused(sentence)


def changed_since(row: BlueprintVersion, blueprint: Blueprint) -> str:
    """The sentence about a published version whose folder has changed; empty where it has not."""
    if row.maturity == DRAFT or row.digest == blueprint.digest:
        return ""
    if blueprint.maturity == DEPRECATED and _is_deprecation(row, blueprint):
        return ""
    return (
        f"Version {blueprint.version} of {blueprint.slug} is published and its files have changed since. "
        "A platform engineer raises the version in blueprint.hcl, or takes the change back."
    )


def _is_deprecation(row: BlueprintVersion, blueprint: Blueprint) -> bool:
    key = (row.slug, row.digest, blueprint.digest)
    if key not in _deprecations:
        kept = BlueprintArchive.objects.filter(slug=row.slug, digest=row.digest).first()
        if kept is None or not is_deprecation(unpack(bytes(kept.body)), blueprint):
            return False
        if len(_deprecations) >= _DEPRECATIONS_KEPT:
            _deprecations.clear()
        _deprecations.add(key)
    return True


def keep(blueprint: Blueprint) -> None:
    """Store the version's files under their digest, unless they are stored."""
    where = {"slug": blueprint.slug, "digest": blueprint.digest}
    if BlueprintArchive.objects.filter(**where).exists():
        return
    try:
        body = pack(blueprint.files)
    except ValueError as error:
        raise Refused(f"{blueprint.title} is being changed right now: {error}. Try again in a moment.") from error
    BlueprintArchive.objects.bulk_create(
        [BlueprintArchive(**where, version=blueprint.version, body=body, stored_at=clock.now())],
        ignore_conflicts=True,
    )


def _forget(row: BlueprintVersion) -> None:
    """Drop what is kept of this version's former drafts, but for those that an environment was made of."""
    plans = Plan.objects.filter(environment__blueprint_version=row).exclude(environment__state__in=_GONE)
    named = {row.digest, *plans.values_list("content__blueprint__digest", flat=True)} - {None}
    BlueprintArchive.objects.filter(slug=row.slug, version=row.version).exclude(digest__in=named).delete()


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
