"""The versions of blueprints, for pages and commands: their list, the newest, and the files of an
old one. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from semver import Version

from provisioning.blueprint import Blueprint, BrokenBlueprint, Problem
from provisioning.blueprint.catalogue.load import FILE
from provisioning.caching import Cache
from provisioning.design.graph import Source
from provisioning.errors import NotFound, Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.blueprint_archives import BadArchiveError, read_blueprint
from provisioning.lifecycle.catalogue import DRAFT, PUBLISHED, catalogue
from provisioning.lifecycle.version_registry import changed_since, new_row, rows_of, updated_fields
from provisioning.models import BlueprintArchive, BlueprintVersion

_BLUEPRINTS_KEPT: Final = 16
# Keys are (slug, digest). The unpacked files of a blueprint are deleted when nobody uses it any more.
_archived: Cache[tuple[str, str], Blueprint] = Cache(max_size=_BLUEPRINTS_KEPT)


def changed_versions(blueprints: Iterable[Blueprint]) -> dict[str, str]:
    """Return, by slug, the sentence about each published version whose folder has changed. One
    query for the rows.
    """
    offered = list(blueprints)
    rows = rows_of(offered)
    sentences = {
        blueprint.slug: changed_since(row, blueprint)
        for blueprint in offered
        if (row := rows.get((blueprint.slug, blueprint.version)))
    }
    return {slug: sentence for slug, sentence in sentences.items() if sentence}


def broken_by_change(slug: str, sentence: str) -> BrokenBlueprint:
    """Return a published version whose folder has changed in the form of any other broken
    blueprint.
    """
    return BrokenBlueprint(slug, (Problem(Source(f"{slug}/{FILE}", 1), sentence),))


def versions_of(slug: str) -> list[BlueprintVersion]:
    """Return every version of a blueprint, the newest first, as its folder says now. The rows are
    not to be saved.

    A version that no process has registered yet is among them. Raises NotFound if there is no
    version.
    """
    rows = list(BlueprintVersion.objects.filter(slug=slug))
    offered = catalogue().blueprints.get(slug)
    if offered is not None:
        row = next((row for row in rows if row.version == offered.version), None)
        if row is None:
            rows.append(new_row(offered, at=clock.now()))
        elif not changed_since(row, offered):
            for name, value in updated_fields(row, offered).items():
                setattr(row, name, value)
    if not rows:
        raise NotFound(f"There is no blueprint {slug}. The catalogue lists all blueprints.")
    return sorted(rows, key=lambda row: _parsed(row.version), reverse=True)


def newer_version(slug: str, version: str) -> str:
    """Return the newest published version after `version`; empty if there is none.

    A pre-release counts only if `version` is one itself.
    """
    mine = _parsed(version)
    published = BlueprintVersion.objects.filter(slug=slug, maturity=PUBLISHED).exclude(version=version)
    candidates = [_parsed(text) for text in published.values_list("version", flat=True)]
    newer = [one for one in candidates if one > mine and (mine.prerelease or not one.prerelease)]
    return str(max(newer)) if newer else ""


def _parsed(version: str) -> Version:
    """Parse a registered version. Former releases accepted leading zeros (`1.0.0-01`); such a
    version comes last.
    """
    return Version.parse(version) if Version.is_valid(version) else Version(0)


def blueprint_of(slug: str, version: str, *, digest: str = "") -> Blueprint:
    """Return a version of a blueprint, from its folder if that still holds it, or else from its
    archive.

    `digest` selects one draft of the version. Raises NotFound if the version is unknown or its
    files are no longer archived, and Refused if this portal cannot read it any more.
    """
    row = BlueprintVersion.objects.filter(slug=slug, version=version).first()
    offered = catalogue().blueprints.get(slug)
    if offered is not None and offered.version != version:
        offered = None
    if not digest:
        if offered is not None and (row is None or row.maturity == DRAFT):
            return offered
        digest = row.digest if row is not None else ""
    if offered is not None and offered.digest == digest:
        return offered
    if row is None:
        raise NotFound(f"There is no version {version[:32]} of {slug}. The blueprint's page lists its versions.")
    return _archived.get_or_compute((slug, digest), lambda: _read_archive(slug, version, digest))


def _read_archive(slug: str, version: str, digest: str) -> Blueprint:
    archive = BlueprintArchive.objects.filter(slug=slug, version=version, digest=digest).first()
    if archive is None:
        raise NotFound(
            f"The files of {slug} {version} with the digest {digest[:12]} are no longer archived: "
            "a later draft has replaced them."
        )
    try:
        return read_blueprint(bytes(archive.body), slug=slug, digest=digest)
    except BadArchiveError as error:
        raise Refused(f"Version {version} of {slug} cannot be read from its archive. {error}") from error
