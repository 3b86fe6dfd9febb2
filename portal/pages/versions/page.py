"""The contents of the version pages: the list of a blueprint's versions, and what changes between
two of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count
from django.urls import reverse

from portal.web.components import ComponentGroup, group_by_component
from portal.web.formatting import format_setting, title_of
from provisioning.blueprint import Blueprint
from provisioning.design.graph import EnvironmentContext, Value
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.catalogue import DEPRECATED, catalogue
from provisioning.lifecycle.plan_document import PinnedBlueprint
from provisioning.lifecycle.read.versions import newer_version, versions_of
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.lifecycle.version_registry import changed_since
from provisioning.models import BlueprintVersion, Environment, User
from provisioning.template.diff import PropertyChange, ResourceDifference
from provisioning.version_diff.compare import VersionChanges, compare_versions, example_environment
from provisioning.version_diff.input_changes import InputChange
from provisioning.version_diff.text_lines import DiffLine, differing_lines

MAX_SHORT_VALUE = 120
"""Characters up to which two values are shown side by side."""
MAX_LINES_SHOWN = 400
TONES = {"removed": "bad", "changed": "note", "added": "ok"}


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version. `problem` is the sentence about a published version whose folder has changed.

    `environments` counts those that the user may see. `compare_url` is the page of the changes
    since the version before.
    """

    row: BlueprintVersion
    is_offered: bool
    problem: str
    environments: int
    compare_url: str


@dataclass(frozen=True, slots=True)
class News:
    """A newer version than an environment's. `version` is empty if the environment's own draft has
    changed.
    """

    version: str
    compare_url: str


class Change(NamedTuple):
    """A thing that was added, changed or removed, with the tone and the word of its badge."""

    tone: str
    word: str
    noun: str
    name: str


@dataclass(frozen=True, slots=True)
class ShownInput:
    tone: str
    title: str
    change: InputChange


@dataclass(frozen=True, slots=True)
class ShownProperty:
    """One property. Short values stand side by side in `before` and `after`; of long ones, `lines`
    shows a diff.

    `lines_left_out` counts the lines beyond `MAX_LINES_SHOWN`.
    """

    path: str
    before: str = ""
    after: str = ""
    lines: Sequence[DiffLine] = ()
    lines_left_out: int = 0


@dataclass(frozen=True, slots=True)
class ShownResource:
    address: str
    tone: str
    word: str
    title: str
    type: str
    logical_id: str
    stack: str
    changes: Sequence[ShownProperty]


@dataclass(frozen=True, slots=True)
class VersionsPage:
    """`is_in_catalogue` is false for a blueprint whose folder was removed."""

    slug: str
    title: str
    lines: Sequence[VersionLine]
    is_in_catalogue: bool


def versions_page(user: User, slug: str) -> VersionsPage:
    """Raises NotFound for a blueprint without versions."""
    lines = version_lines(user, slug)
    return VersionsPage(slug, lines[0].row.title, lines, slug in catalogue().blueprints)


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """`settings` has a line for each setting that differs: in each size its former and its new
    value, or None.
    """

    before: Blueprint
    after: Blueprint
    size: str
    environment: Environment | None
    changes: VersionChanges
    region: str
    counts: Mapping[str, int]
    groups: Sequence[ComponentGroup[ShownResource]]
    outputs: Sequence[Change]
    inputs: Sequence[ShownInput]
    settings: Sequence[tuple[str, Sequence[tuple[str, str] | None]]]
    parts: Sequence[Change]
    assumed: Sequence[str]
    rejected: Sequence[tuple[str, str]]


def compare_url(slug: str, before: str, after: str) -> str:
    return reverse("compare_versions", kwargs={"slug": slug, "before": before, "after": after})


def version_lines(user: User, slug: str) -> list[VersionLine]:
    """Return the versions of a blueprint, the newest first. Raises NotFound if there is none."""
    rows = versions_of(slug)
    offered = catalogue().blueprints.get(slug)
    living = Environment.objects.filter(visible(user), blueprint_version__in=[row.pk for row in rows])
    counts: dict[UUID, int] = dict(
        living.exclude(state__in=NO_LONGER_THERE)
        .values_list("blueprint_version")
        .annotate(Count("pk"))
        .values_list("blueprint_version", "pk__count")
    )
    lines = []
    for row, earlier in zip(rows, [*rows[1:], None], strict=True):
        here = offered if offered is not None and offered.version == row.version else None
        problem = changed_since(row, here) if here is not None else ""
        since = row.version if problem else earlier.version if earlier is not None else ""
        lines.append(
            VersionLine(
                row=row,
                is_offered=here is not None and not problem and row.maturity != DEPRECATED,
                problem=problem,
                environments=counts.get(row.pk, 0),
                compare_url=compare_url(slug, since, row.version) if since else "",
            )
        )
    return lines


def news_of(environment: Environment, pinned: PinnedBlueprint | None) -> News | None:
    """Return whether there is a newer version than the environment's, or another draft of it.

    `pinned` is the blueprint of the environment's plan; None if it has no plan.
    """
    if environment.state in NO_LONGER_THERE:
        return None
    mine = environment.blueprint_version
    newer = newer_version(mine.slug, mine.version)
    changed = pinned is not None and pinned.digest != mine.digest
    if not newer and not changed:
        return None
    return News(newer, f"{compare_url(mine.slug, mine.version, newer or mine.version)}?environment={environment.pk}")


def comparison_page(
    before: Blueprint, after: Blueprint, *, size: str, environment: Environment | None
) -> ComparisonPage:
    """Compare two versions: for an environment with its own inputs, or else with the examples."""
    inputs: Mapping[str, Value] = environment.inputs if environment is not None else {}
    context = _context_of(environment) if environment is not None else example_environment(before, after, size=size)
    changes = compare_versions(before, after, size=size, inputs=inputs, environment=context)
    resources = changes.template.resources if changes.template else ()
    return ComparisonPage(
        before=before,
        after=after,
        size=size,
        environment=environment,
        changes=changes,
        region=context.region,
        counts=Counter(resource.kind for resource in resources),
        groups=group_by_component([_resource(resource) for resource in resources]),
        outputs=[Change(TONES[one.kind], one.kind, "Output", title_of(one.name)) for one in changes.outputs],
        inputs=[ShownInput(TONES[change.kind], title_of(change.name), change) for change in changes.inputs],
        settings=_settings(changes),
        parts=list(_parts(changes)),
        assumed=[title_of(name) for name in changes.assumed],
        rejected=[(title_of(name), sentence) for name, sentence in changes.rejected.items()],
    )


def _context_of(environment: Environment) -> EnvironmentContext:
    return EnvironmentContext(
        name=environment.name,
        team=environment.key_in_aws,
        region=environment.region,
        account_id=environment.account.account_id,
        environment_id=environment.pk,
        artefact_bucket=environment.account.artefact_bucket_in(environment.region),
    )


def _resource(difference: ResourceDifference) -> ShownResource:
    return ShownResource(
        address=difference.address,
        tone=TONES[difference.kind],
        word=difference.kind,
        title=difference.title,
        type=difference.type,
        logical_id=difference.logical_id,
        stack=difference.stack,
        changes=[_property(change) for change in difference.changes],
    )


def _property(change: PropertyChange) -> ShownProperty:
    before, after = change.before or "", change.after or ""
    if max(len(before), len(after)) <= MAX_SHORT_VALUE and "\n" not in before + after:
        return ShownProperty(change.path, _value(change.before), _value(change.after))
    lines = differing_lines(before, after)
    return ShownProperty(
        change.path, lines=lines[:MAX_LINES_SHOWN], lines_left_out=max(0, len(lines) - MAX_LINES_SHOWN)
    )


def _value(text: str | None) -> str:
    return "–" if text is None else text or "“”"


def _settings(changes: VersionChanges) -> list[tuple[str, list[tuple[str, str] | None]]]:
    rows: dict[str, dict[str, tuple[str, str]]] = {}
    for change in changes.settings:
        rows.setdefault(change.name, {})[change.size] = (format_setting(change.before), format_setting(change.after))
    return [(title_of(name), [row.get(size) for size in changes.after.sizes]) for name, row in rows.items()]


def _parts(changes: VersionChanges) -> Iterator[Change]:
    for noun, parts in (("Region", changes.regions), ("Component", changes.components), ("File", changes.files)):
        for part in parts:
            yield Change(TONES[part.kind], part.kind, noun, part.name)
