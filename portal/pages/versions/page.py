"""What the pages show of a blueprint's versions: their list, what differs between two, and which are newer than one's own."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.urls import reverse

from portal.web.components import ComponentGroup, group_by_component
from portal.web.formatting import said_setting, title_of
from provisioning.blueprint import Blueprint
from provisioning.design.environment_name import EXAMPLE_ACCOUNT_ID, default_name
from provisioning.design.graph import EnvironmentContext, Value
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.catalogue import DEPRECATED, catalogue
from provisioning.lifecycle.plan_document import PinnedBlueprint
from provisioning.lifecycle.planning import NO_LONGER_THERE
from provisioning.lifecycle.read.versions import newer_version, versions_of
from provisioning.lifecycle.version_registry import changed_since
from provisioning.models import BlueprintVersion, Environment, User
from provisioning.template.diff import PropertyChange, ResourceDifference
from provisioning.version_diff.compare import VersionChanges, compare_versions

SHORT_VALUE = 120
LINES_COMPARED, LINES_SHOWN, LINES_AROUND = 3_000, 400, 2
MARKS = {"+": "more", "-": "less", "@": "gap", " ": "same"}
KINDS = {"removed": ("bad", "removed"), "changed": ("note", "changed"), "added": ("ok", "added")}
# An escaped line end inside JSON's text, and no backslash that stands before an n.
_LINE_END = re.compile(r"(?<!\\)((?:\\\\)*)\\n")


@dataclass(frozen=True, slots=True)
class VersionLine:
    """`environments` are those that this person may see; `compare` leads to what changed since the version before."""

    row: BlueprintVersion
    is_offered: bool
    trouble: str
    environments: int
    compare: str


@dataclass(frozen=True, slots=True)
class News:
    """What an environment's page says of its version; `version` is empty where its own draft has moved on."""

    version: str
    compare: str


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One property. Short values stand side by side; a long one is told as lines, each with its mark."""

    path: str
    before: str
    after: str
    lines: Sequence[tuple[str, str]]
    more: int


@dataclass(frozen=True, slots=True)
class ShownResource:
    address: str
    tone: str
    word: str
    title: str
    type: str
    logical_id: str
    stack: str
    changes: Sequence[ShownChange]


def compare_url(slug: str, before: str, after: str) -> str:
    return reverse("compare_versions", kwargs={"slug": slug, "before": before, "after": after})


def version_lines(user: User, slug: str, *, counted: bool = True) -> list[VersionLine]:
    """The newest first. Raises NotFound for a blueprint that was never seen."""
    rows = versions_of(slug)
    offered = catalogue().blueprints.get(slug)
    used: Mapping[Any, int] = {}
    if counted:
        living = Environment.objects.filter(visible(user), blueprint_version__in=[row.pk for row in rows]).exclude(
            state__in=NO_LONGER_THERE
        )
        used = dict(
            living.values_list("blueprint_version").annotate(Count("pk")).values_list("blueprint_version", "pk__count")
        )
    return [_line(row, earlier, offered, used) for row, earlier in zip(rows, [*rows[1:], None], strict=True)]


def _line(
    row: BlueprintVersion, earlier: BlueprintVersion | None, offered: Blueprint | None, used: Mapping[Any, int]
) -> VersionLine:
    here = offered if offered is not None and offered.version == row.version else None
    trouble = changed_since(row, here) if here is not None else ""
    since = row.version if trouble else earlier.version if earlier is not None else ""
    return VersionLine(
        row=row,
        is_offered=here is not None and not trouble and row.maturity != DEPRECATED,
        trouble=trouble,
        environments=used.get(row.pk, 0),
        compare=compare_url(row.slug, since, row.version) if since else "",
    )


def news_of(environment: Environment, made_of: PinnedBlueprint | None) -> News | None:
    """Whether there is a newer version than the environment's, or another draft of it. `made_of` is its plan's blueprint."""
    if environment.state in NO_LONGER_THERE:
        return None
    mine = environment.blueprint_version
    newer = newer_version(mine.slug, mine.version)
    changed = made_of is not None and made_of.digest != mine.digest
    if not newer and not changed:
        return None
    url = compare_url(mine.slug, mine.version, newer or mine.version)
    return News(newer, f"{url}?environment={environment.pk}")


def comparison_page(
    before: Blueprint, after: Blueprint, *, size: str, environment: Environment | None
) -> dict[str, Any]:
    place = _place_of(environment) if environment is not None else _example_place(before, after, size)
    answers: Mapping[str, Value] = environment.inputs if environment is not None else {}
    changes = compare_versions(before, after, size=size, inputs=answers, environment=place)
    found = changes.template.resources if changes.template else ()
    return {
        "changes": changes,
        "region": place.region,
        "counts": Counter(resource.kind for resource in found),
        "groups": _groups(found),
        "outputs": _outputs(changes),
        "inputs": [(*KINDS[change.kind], change, title_of(change.name)) for change in changes.inputs],
        "settings": _settings(changes),
        "parts": list(_parts(changes)),
        "assumed": [title_of(name) for name in changes.assumed],
        "refused": [(title_of(name), sentence) for name, sentence in changes.refused.items()],
    }


def _place_of(environment: Environment) -> EnvironmentContext:
    return EnvironmentContext(
        name=environment.name,
        team=environment.team.slug,
        region=environment.region,
        account_id=environment.account.account_id,
        artefact_bucket=environment.account.artefact_bucket_in(environment.region),
    )


def _example_place(before: Blueprint, after: Blueprint, size: str) -> EnvironmentContext:
    """In the first region that both versions are offered in."""
    both = [region for region in after.regions if region in before.regions]
    region = both[0] if both else after.default_region
    return EnvironmentContext(default_name(after.slug, size), "team", region, EXAMPLE_ACCOUNT_ID)


def _groups(found: Sequence[ResourceDifference]) -> list[ComponentGroup[ShownResource]]:
    return group_by_component([_resource(resource) for resource in found])


def _resource(found: ResourceDifference) -> ShownResource:
    tone, word = KINDS[found.kind]
    changes = [_change(change) for change in found.changes]
    return ShownResource(found.address, tone, word, found.title, found.type, found.logical_id, found.stack, changes)


def _change(change: PropertyChange) -> ShownChange:
    before, after = change.before or "", change.after or ""
    if max(len(before), len(after)) <= SHORT_VALUE and "\n" not in before + after:
        return ShownChange(change.path, _absent(change.before), _absent(change.after), (), 0)
    lines = list(_differing_lines(before, after))
    return ShownChange(change.path, "", "", lines[:LINES_SHOWN], max(0, len(lines) - LINES_SHOWN))


def _absent(text: str | None) -> str:
    return "–" if text is None else text or "“”"


def _differing_lines(before: str, after: str) -> Iterator[tuple[str, str]]:
    old, new = _readable(before), _readable(after)
    for line in list(difflib.unified_diff(old, new, lineterm="", n=LINES_AROUND))[2:]:
        mark = MARKS[line[0]]
        yield mark, "⋯" if mark == "gap" else line[1:]


def _readable(text: str) -> list[str]:
    """JSON on lines of its own, and the lines of a text inside it too."""
    if not text:
        return []
    try:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:  # plain text
        return text.splitlines()[:LINES_COMPARED]
    return _LINE_END.sub(r"\1\n", text).splitlines()[:LINES_COMPARED]


def _outputs(changes: VersionChanges) -> list[tuple[str, str, str]]:
    """Tone, word and title of each output that comes or goes."""
    signs = {"-": KINDS["removed"], "+": KINDS["added"]}
    return [(*signs[name[0]], title_of(name[1:])) for name in (changes.template.outputs if changes.template else ())]


def _settings(changes: VersionChanges) -> list[tuple[str, list[tuple[str, str] | None]]]:
    """A line for each setting that differs, with what it was and is in each size; None where it is the same."""
    rows: dict[str, dict[str, tuple[str, str]]] = {}
    for change in changes.settings:
        rows.setdefault(change.name, {})[change.size] = (said_setting(change.before), said_setting(change.after))
    return [(title_of(name), [row.get(size) for size in changes.after.sizes]) for name, row in rows.items()]


def _parts(changes: VersionChanges) -> Iterator[tuple[str, str, str, str]]:
    """Tone, word, what it is, and its name."""
    for what, parts in (("Region", changes.regions), ("Component", changes.components), ("File", changes.files)):
        for part in parts:
            yield *KINDS[part.kind], what, part.name
