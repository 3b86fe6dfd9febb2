"""The versions of blueprints that the portal has seen: looking at the catalogue, listing them, and reading an old one again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from provisioning.blueprint import Blueprint, BrokenBlueprint, Problem
from provisioning.blueprint.catalogue.load import FILE
from provisioning.blueprint.precedence import is_prerelease, precedence
from provisioning.design.graph import Source
from provisioning.errors import NotFound, Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.blueprint_archives import BadArchiveError, read_blueprint
from provisioning.lifecycle.catalogue import DRAFT, PUBLISHED, catalogue, changed_since, keep, pin_version
from provisioning.models import BlueprintArchive, BlueprintVersion

# A look that is younger than this is not written down again.
LOOK_EVERY: Final = timedelta(hours=1)
READ_AT_MOST: Final = 16

_lock = threading.Lock()
_read: OrderedDict[tuple[str, str], Blueprint] = OrderedDict()


def see_versions(blueprints: Iterable[Blueprint]) -> dict[str, str]:
    """Keep every version that is new here. Returns, by slug, the sentence about each that cannot be used as it is now."""
    found = list(blueprints)
    return see_among(found, _known(found))


def changed_versions(blueprints: Iterable[Blueprint]) -> dict[str, str]:
    """The same sentences, with nothing written."""
    found = list(blueprints)
    known = _known(found)
    said = {one.slug: changed_since(row, one) for one in found if (row := known.get((one.slug, one.version)))}
    return {slug: sentence for slug, sentence in said.items() if sentence}


def _known(blueprints: Iterable[Blueprint]) -> dict[tuple[str, str], BlueprintVersion]:
    rows = BlueprintVersion.objects.filter(slug__in=[blueprint.slug for blueprint in blueprints])
    return {(row.slug, row.version): row for row in rows}


def see_among(blueprints: Iterable[Blueprint], known: Mapping[tuple[str, str], BlueprintVersion]) -> dict[str, str]:
    """As `see_versions`, where the rows are at hand already: nothing new costs nothing."""
    troubles: dict[str, str] = {}
    seen: list[BlueprintVersion] = []
    at = None
    for blueprint in blueprints:
        row = known.get((blueprint.slug, blueprint.version))
        if row is not None and (sentence := changed_since(row, blueprint)):
            troubles[blueprint.slug] = sentence
            continue
        at = at or clock.now()
        try:
            if row is None or row.maturity != blueprint.maturity or _is_another_draft(row, blueprint):
                pin_version(blueprint)
            elif row.last_seen_at < at - LOOK_EVERY:
                seen.append(row)
                if row.digest == blueprint.digest:
                    keep(blueprint)  # it may have been seen first when files were not kept yet
        except Refused as error:
            troubles[blueprint.slug] = error.sentence
    if seen:
        BlueprintVersion.objects.filter(pk__in=[row.pk for row in seen]).update(last_seen_at=at)
    return troubles


def broken_by_change(found: tuple[str, str]) -> BrokenBlueprint:
    """A published version whose folder has changed, told as every other blueprint that cannot be used: slug, sentence."""
    slug, sentence = found
    return BrokenBlueprint(slug, (Problem(Source(f"{slug}/{FILE}", 1), sentence),))


def _is_another_draft(row: BlueprintVersion, blueprint: Blueprint) -> bool:
    return row.maturity == DRAFT and row.digest != blueprint.digest


def versions_of(slug: str) -> list[BlueprintVersion]:
    """Every version that was seen, the newest first; what the folder holds now among them.

    Raises NotFound where the portal has never seen such a blueprint.
    """
    rows = list(BlueprintVersion.objects.filter(slug=slug))
    now = catalogue().blueprints.get(slug)
    if now is not None and not any((row.version, row.digest) == (now.version, now.digest) for row in rows):
        see_versions([now])
        rows = list(BlueprintVersion.objects.filter(slug=slug))
    if not rows:
        raise NotFound(f"The portal has never seen a blueprint {slug}; the catalogue lists those that there are.")
    return sorted(rows, key=lambda row: precedence(row.version), reverse=True)


def newer_version(slug: str, version: str) -> str:
    """The newest published version after this one, or nothing. A pre-release is news only for who is on one."""
    rows = BlueprintVersion.objects.filter(slug=slug, maturity=PUBLISHED).exclude(version=version)
    mine = precedence(version)
    newer = [
        found
        for found in rows.values_list("version", flat=True)
        if precedence(found) > mine and (is_prerelease(version) or not is_prerelease(found))
    ]
    return max(newer, key=precedence, default="")


def blueprint_of(slug: str, version: str, *, digest: str = "") -> Blueprint:
    """Any version that was ever seen, from its folder where that still holds it, else from what was kept.

    `digest` asks for one draft among several. Raises NotFound where it was never seen or is not kept any more, and
    Refused where it cannot be read any more.
    """
    row = BlueprintVersion.objects.filter(slug=slug, version=version).first()
    now = catalogue().blueprints.get(slug)
    if row is None and now is not None and now.version == version:
        row = pin_version(now)
    if row is None:
        raise NotFound(
            f"The portal has never seen version {version[:32]} of {slug}; the blueprint's page lists its versions."
        )
    wanted = digest or row.digest
    if now is not None and now.digest == wanted:
        return now
    return _kept(slug, version, wanted)


def _kept(slug: str, version: str, digest: str) -> Blueprint:
    """Read once per process; the files of what is dropped here go when nobody uses them any more."""
    with _lock:
        if (slug, digest) in _read:
            _read.move_to_end((slug, digest))
            return _read[slug, digest]
    archive = BlueprintArchive.objects.filter(slug=slug, version=version, digest=digest).first()
    if archive is None:
        raise NotFound(
            f"The files of {slug} {version} with the digest {digest[:12]} are not kept: "
            "a draft's are replaced by those of the next."
        )
    try:
        blueprint = read_blueprint(bytes(archive.body), slug=slug, digest=digest)
    except BadArchiveError as error:
        raise Refused(f"Version {version} of {slug} cannot be read from what was kept of it. {error}") from error
    with _lock:
        _read[slug, digest] = blueprint
        while len(_read) > READ_AT_MOST:
            _read.popitem(last=False)
    return blueprint
