"""Registers the versions of blueprints: pins each version's digest and archives its files.

A published version never changes, except that it may be deprecated. A draft may change; its row and
its archive then follow. `manage.py prepare`, the reconciler and the services write here; pages read
with `lifecycle/read/versions`, which also shows a version that is not registered yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from provisioning.blueprint import Blueprint
from provisioning.caching import Cache
from provisioning.errors import Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.blueprint_archives import BadArchiveError, is_deprecation, pack, unpack
from provisioning.lifecycle.catalogue import DEPRECATED, DRAFT
from provisioning.lifecycle.plan_queries import blueprint_digests
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.models import BlueprintArchive, BlueprintVersion, Plan

SEEN_AGAIN_AFTER: Final = timedelta(hours=1)
"""`last_seen_at` is not written again before it is this old."""

# Keys are (slug, pinned digest, digest of the folder). Only proven deprecations are stored: they stay true.
_deprecations: Cache[tuple[str, str, str], bool] = Cache(max_size=1_000, store_if=bool)


def register_versions(blueprints: Iterable[Blueprint]) -> dict[str, str]:
    """Pin every version that is new or has changed as it may. Versions that are known cost one
    query in all.

    Returns, by slug, the sentence about each blueprint that cannot be used as its folder is now.
    """
    offered = list(blueprints)
    rows = rows_of(offered)
    problems: dict[str, str] = {}
    at, seen_again = clock.now(), []
    for blueprint in offered:
        row = rows.get((blueprint.slug, blueprint.version))
        if row is not None and (sentence := changed_since(row, blueprint)):
            problems[blueprint.slug] = sentence
            continue
        try:
            if row is None or updated_fields(row, blueprint):
                pin_version(blueprint)
            elif row.last_seen_at < at - SEEN_AGAIN_AFTER:
                seen_again.append(row.pk)
                if row.digest == blueprint.digest:
                    archive_files(blueprint)  # the version may have been registered before files were archived
        except Refused as error:
            problems[blueprint.slug] = error.sentence
    if seen_again:
        BlueprintVersion.objects.filter(pk__in=seen_again).update(last_seen_at=at)
    return problems


def rows_of(blueprints: Iterable[Blueprint]) -> dict[tuple[str, str], BlueprintVersion]:
    """Return the registered versions of these blueprints, all of them, by slug and version. One
    query.
    """
    rows = BlueprintVersion.objects.filter(slug__in=[blueprint.slug for blueprint in blueprints])
    return {(row.slug, row.version): row for row in rows}


@transaction.atomic
def pin_version(blueprint: Blueprint) -> BlueprintVersion:
    """Return the row of this version, created or brought up to date. Raises Refused if a published
    version has changed.
    """
    at = clock.now()
    row, created = BlueprintVersion.objects.select_for_update().get_or_create(
        slug=blueprint.slug, version=blueprint.version, defaults=_values_when_new(blueprint, at=at)
    )
    if created:
        archive_files(blueprint)
        return row
    if sentence := changed_since(row, blueprint):
        raise Refused(sentence)
    changes = updated_fields(row, blueprint)
    if not changes:
        return row
    for name, value in changes.items():
        setattr(row, name, value)
    row.last_seen_at = at
    row.save(update_fields=[*changes, "last_seen_at"])
    if "digest" in changes:
        archive_files(blueprint)
        _drop_former_drafts(row)
    return row


def new_row(blueprint: Blueprint, *, at: datetime) -> BlueprintVersion:
    """Return the row that a version gets if it is registered at this time, without saving it."""
    return BlueprintVersion(slug=blueprint.slug, version=blueprint.version, **_values_when_new(blueprint, at=at))


def _values_when_new(blueprint: Blueprint, *, at: datetime) -> dict[str, Any]:
    return {
        "digest": blueprint.digest,
        "title": blueprint.title,
        "maturity": blueprint.maturity,
        "first_seen_at": at,
        "last_seen_at": at,
    }


def updated_fields(row: BlueprintVersion, blueprint: Blueprint) -> dict[str, str]:
    """Return what changes in the row of a version whose folder is now `blueprint`, and may be.

    A draft's row follows its folder. Of a published version only the maturity changes, when it is
    deprecated or offered again: the archived files stay those of the published version.
    """
    names = ("digest", "maturity", "title") if row.maturity == DRAFT else ("maturity",)
    if (row.digest, row.maturity) == (blueprint.digest, blueprint.maturity):
        return {}
    return {name: getattr(blueprint, name) for name in names if getattr(row, name) != getattr(blueprint, name)}


def check_unchanged(blueprint: Blueprint) -> None:
    """Raise Refused if this version is registered as a published one with other files."""
    row = BlueprintVersion.objects.filter(slug=blueprint.slug, version=blueprint.version).first()
    if row is not None and (sentence := changed_since(row, blueprint)):
        raise Refused(sentence)


def changed_since(row: BlueprintVersion, blueprint: Blueprint) -> str:
    """Return the sentence about a published version whose folder has changed; empty if it has not."""
    if row.maturity == DRAFT or row.digest == blueprint.digest:
        return ""
    if blueprint.maturity == DEPRECATED and _is_deprecation(row, blueprint):
        return ""
    return (
        f"Version {blueprint.version} of {blueprint.slug} is published and its files have changed since. "
        "A platform engineer must raise the version in blueprint.hcl or undo the change."
    )


def archive_files(blueprint: Blueprint) -> None:
    """Store the version's files under their digest, unless they are stored. Raises Refused while a
    file is changing.
    """
    key = {"slug": blueprint.slug, "digest": blueprint.digest}
    if BlueprintArchive.objects.filter(**key).exists():
        return
    try:
        body = pack(blueprint.files)
    except ValueError as error:
        raise Refused(f"{blueprint.title} is being changed right now: {error}. Try again in a moment.") from error
    BlueprintArchive.objects.bulk_create(
        [BlueprintArchive(**key, version=blueprint.version, body=body, stored_at=clock.now())],
        ignore_conflicts=True,
    )


def _is_deprecation(row: BlueprintVersion, blueprint: Blueprint) -> bool:
    def compare() -> bool:
        archive = BlueprintArchive.objects.filter(slug=row.slug, digest=row.digest).first()
        try:
            return archive is not None and is_deprecation(unpack(bytes(archive.body)), blueprint)
        except BadArchiveError:
            return False

    return _deprecations.get_or_compute((row.slug, row.digest, blueprint.digest), compare)


def _drop_former_drafts(row: BlueprintVersion) -> None:
    """Delete the archives of this version's former drafts, except those that an existing
    environment uses.
    """
    plans = Plan.objects.filter(environment__blueprint_version=row).exclude(environment__state__in=NO_LONGER_THERE)
    used = {row.digest, *blueprint_digests(plans)}
    BlueprintArchive.objects.filter(slug=row.slug, version=row.version).exclude(digest__in=used).delete()
