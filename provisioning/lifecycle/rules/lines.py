"""A rule as people read it: one line for each setting, and the lines in which two versions differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provisioning.lifecycle.rules.freezes import WORDS, local
from provisioning.lifecycle.rules.settings import Freeze, NarrowedInput, RequiredApprovals, RuleSettings
from provisioning.models import RuleKind

REQUIRED_TAG: Final = "Required tag"


@dataclass(frozen=True, slots=True)
class Line:
    """`Regions` and `eu-north-1, eu-central-1`."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What a version says that the one before did not (`added`), and the reverse."""

    removed: tuple[Line, ...]
    added: tuple[Line, ...]


def difference(before: RuleSettings, after: RuleSettings) -> Difference:
    old, new = tuple(lines_of(before)), tuple(lines_of(after))
    return Difference(tuple(line for line in old if line not in new), tuple(line for line in new if line not in old))


def lines_of(settings: RuleSettings) -> Iterator[Line]:
    """Everything that the rule restricts, in the order of its form."""
    yield from _approval_lines(settings)
    yield from _design_lines(settings)
    yield from _limit_lines(settings)
    for freeze in settings.freezes:
        yield Line(f"Change freeze “{freeze.name}”", freeze_text(freeze))


def _approval_lines(settings: RuleSettings) -> Iterator[Line]:
    for entry in settings.approvals:
        if text := approvals_text(entry):
            yield Line(f"Approvals, {RuleKind(entry.kind).label}", text)
    if settings.pending_days is not None:
        yield Line("Pending requests expire after", _days(settings.pending_days))
    if settings.approval_days is not None:
        yield Line("Approvals expire after", _days(settings.approval_days))


def _design_lines(settings: RuleSettings) -> Iterator[Line]:
    for title, allowed in (
        ("Allowed blueprints", settings.blueprints),
        ("Allowed maturities", settings.maturities),
        ("Allowed regions", settings.regions),
    ):
        if allowed is not None:
            yield Line(title, ", ".join(map(str, allowed)) or "none")
    for narrowed in settings.inputs:
        yield Line(f"Input {narrowed.blueprint}.{narrowed.name}", narrowing_text(narrowed))
    for tag in settings.required_tags:
        yield Line(f"{REQUIRED_TAG} {tag.key}", ", ".join(tag.values) or "any value")
    for rule in settings.refused_findings:
        yield Line("Refused finding", rule)


def _limit_lines(settings: RuleSettings) -> Iterator[Line]:
    for title, number in (
        ("Environments of each team", settings.environments),
        ("Requests an hour, each person", settings.requests_per_hour_of_person),
        ("Requests an hour, each team", settings.requests_per_hour_of_team),
        ("Previews a minute, each person", settings.previews_per_minute),
    ):
        if number is not None:
            yield Line(title, f"at most {number:,}")
    if settings.lifetime_days is not None:
        yield Line("Lifetime of an environment", f"at most {_days(settings.lifetime_days)}")


def approvals_text(entry: RequiredApprovals) -> str:
    """`1 by approvers, 1 by owners of the team`."""
    by = ((entry.approvers, "approvers"), (entry.owners, "owners of the team"), (entry.admins, "portal admins"))
    return ", ".join(f"{number} by {group}" for number, group in by if number)


def narrowing_text(narrowed: NarrowedInput) -> str:
    texts = [", ".join(narrowed.allowed)] if narrowed.allowed else []
    if narrowed.minimum or narrowed.maximum:
        texts.append(f"{narrowed.minimum}..{narrowed.maximum}")
    if narrowed.pattern:
        texts.append(f"/{narrowed.pattern}/")
    return " and ".join(texts)


def freeze_text(freeze: Freeze) -> str:
    kinds = ", ".join(f"{WORDS[kind]}s" for kind in freeze.kinds)
    except_for = f", except {', '.join(freeze.exceptions)}" if freeze.exceptions else ""
    return f"no {kinds} from {local(freeze.starts_at, freeze)} to {local(freeze.ends_at, freeze)}{except_for}. {freeze.reason}"


def _days(number: int) -> str:
    return f"{number:,} {'day' if number == 1 else 'days'}"
