"""Why a rule cannot be stored: one sentence for each mistake, by the setting that it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias
from zoneinfo import available_timezones

from semver import Version

from provisioning.aws.regions import known_regions
from provisioning.blueprint import Blueprint
from provisioning.blueprint.inputs.variables import MAX_PATTERN, compiled
from provisioning.blueprint.phrasing import known, shown
from provisioning.lifecycle.catalogue import DEPRECATED, DRAFT, PUBLISHED, catalogue
from provisioning.lifecycle.rules.required_tags import required_tag_problems
from provisioning.lifecycle.rules.settings import FREEZE_KINDS, Freeze, NarrowedInput, RuleSettings
from provisioning.models import BlueprintVersion, RuleKind, Team
from provisioning.proof.rule import RULES
from provisioning.proof.rules import load as load_proof_rules

MATURITIES: Final = (DRAFT, PUBLISHED, DEPRECATED)
MOST_APPROVALS: Final = 10
"""Of one group. More persons than this never decide on one request."""
# The smallest and the largest value of each setting that is a number.
LIMITS: Final = {
    "pending_days": (1, 90),
    "approval_days": (1, 90),
    "environments": (0, 10_000),
    "requests_per_hour_of_person": (1, 10_000),
    "requests_per_hour_of_team": (1, 10_000),
    "previews_per_minute": (10, 10_000),
    "lifetime_days": (1, 3_650),
}


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule is compared with. `before` are the settings of the version that it replaces."""

    at: datetime
    before: RuleSettings


Problem: TypeAlias = tuple[str, str]
"""The name of the setting, and the sentence."""
Check: TypeAlias = Callable[[RuleSettings, Context], Iterator[Problem]]


def setting_problems(settings: RuleSettings, *, before: RuleSettings, at: datetime) -> dict[str, list[str]]:
    """The sentences about what is wrong, by setting; empty if the rule can be stored."""
    problems: dict[str, list[str]] = {}
    for check in _CHECKS:
        for name, sentence in check(settings, Context(at, before)):
            problems.setdefault(name, []).append(sentence)
    return problems


def _numbers(settings: RuleSettings, _context: Context) -> Iterator[Problem]:
    for name, (least, most) in LIMITS.items():
        number = getattr(settings, name)
        if number is not None and not least <= number <= most:
            yield name, f"Enter a number from {least:,} to {most:,}, or nothing for no limit."


def _approvals(settings: RuleSettings, _context: Context) -> Iterator[Problem]:
    for entry in settings.approvals:
        if entry.kind not in RuleKind.values:
            yield "approvals", f"There is no kind of request {shown(entry.kind)}."
        for number in (entry.approvers, entry.owners, entry.admins):
            if not 0 <= number <= MOST_APPROVALS:
                yield "approvals", f"A group approves 0 to {MOST_APPROVALS} times, and not {number}."


def _blueprints(settings: RuleSettings, _context: Context) -> Iterator[Problem]:
    allowed = settings.blueprints or ()
    registered = set(
        BlueprintVersion.objects.filter(slug__in={one.slug for one in allowed}).values_list("slug", "version")
    )
    for one in allowed:
        blueprint = _blueprint(one.slug)
        if blueprint is None:
            yield "blueprints", f"There is no blueprint {shown(one.slug)}; {known(one.slug, catalogue().blueprints)}"
        elif one.version and not Version.is_valid(one.version):
            yield (
                "blueprints",
                f"{one} names no version. Write {one.slug}@1.2.0, or {one.slug}@1.2.0+ for all from there.",
            )
        elif (
            one.version not in ("", blueprint.version)
            and not one.or_later
            and (one.slug, one.version) not in registered
        ):
            yield "blueprints", f"There is no version {one.version} of {one.slug}. It has {blueprint.version}."


def _maturities(settings: RuleSettings, _context: Context) -> Iterator[Problem]:
    for maturity in settings.maturities or ():
        if maturity not in MATURITIES:
            yield "maturities", f"There is no maturity {shown(maturity)}; {known(maturity, MATURITIES)}"


def _regions(settings: RuleSettings, _context: Context) -> Iterator[Problem]:
    for region in settings.regions or ():
        if region not in known_regions():
            yield "regions", f"AWS has no region {shown(region)}; {known(region, known_regions())}"


def _inputs(settings: RuleSettings, _context: Context) -> Iterator[Problem]:
    for narrowed in settings.inputs:
        blueprint = _blueprint(narrowed.blueprint)
        if blueprint is None:
            yield "inputs", f"There is no blueprint {shown(narrowed.blueprint)}."
            continue
        if narrowed.name not in blueprint.variables:
            yield (
                "inputs",
                f"{narrowed.blueprint} has no input {shown(narrowed.name)}; {known(narrowed.name, blueprint.variables)}",
            )
            continue
        for sentence in _narrowing_problems(narrowed, blueprint.variables[narrowed.name].type.scalar):
            yield "inputs", f"{narrowed.blueprint}.{narrowed.name}: {sentence}"


def _narrowing_problems(narrowed: NarrowedInput, scalar: str) -> Iterator[str]:
    bounds = [bound for bound in (narrowed.minimum, narrowed.maximum) if bound]
    if not (narrowed.allowed or bounds or narrowed.pattern):
        yield "enter values, a range such as 1..4, or a pattern between slashes."
    if bounds and scalar != "number":
        yield f"a range is for numbers, and this input is a {scalar}."
    for text in [*bounds, *(narrowed.allowed if scalar == "number" else ())]:
        if not _is_number(text):
            yield f"{shown(text)} is not a number."
            return
    if len(bounds) == 2 and Decimal(bounds[0]) > Decimal(bounds[1]):  # noqa: PLR2004 - both ends
        yield f"{narrowed.minimum} is more than {narrowed.maximum}."
    if scalar == "bool" and set(narrowed.allowed) - {"true", "false"}:
        yield "this input is true or false."
    if problem := _pattern_problem(narrowed.pattern):
        yield problem


def _freezes(settings: RuleSettings, context: Context) -> Iterator[Problem]:
    slugs = {entry.split("/")[0] for freeze in settings.freezes for entry in freeze.exceptions}
    teams = set(Team.objects.filter(slug__in=slugs).values_list("slug", flat=True)) if slugs else set()
    for freeze in settings.freezes:
        is_new = freeze not in context.before.freezes
        for sentence in _freeze_problems(freeze, teams, at=context.at if is_new else None):
            yield "freezes", f"{freeze.name or 'Freeze'}: {sentence}"


def _freeze_problems(freeze: Freeze, teams: set[str], *, at: datetime | None) -> Iterator[str]:
    """`at` is the present, with which a new freeze is compared."""
    if not freeze.name.strip() or not freeze.reason.strip():
        yield "enter a name and a reason, which people read when they are refused."
    if freeze.time_zone not in available_timezones():
        yield f"there is no time zone {shown(freeze.time_zone)}. Enter one such as Europe/Stockholm or UTC."
    if freeze.ends_at <= freeze.starts_at:
        yield "it ends before it begins."
    elif at is not None and freeze.ends_at <= at:
        yield "it is in the past. Enter an end that is still to come."
    if not freeze.kinds or set(freeze.kinds) - set(FREEZE_KINDS):
        yield "choose what it stops: creations, changes or teardowns."
    for entry in freeze.exceptions:
        if entry.split("/")[0] not in teams:
            yield f"there is no team {shown(entry.split('/')[0])}. An exception is a team or team/environment."


def _tags(settings: RuleSettings, context: Context) -> Iterator[Problem]:
    for sentence in required_tag_problems(settings, before=context.before):
        yield "required_tags", sentence


def _findings(settings: RuleSettings, _context: Context) -> Iterator[Problem]:
    load_proof_rules()
    for rule in settings.refused_findings:
        if rule not in RULES:
            yield "refused_findings", f"The security checks have no rule {shown(rule)}; {known(rule, RULES)}"


def _blueprint(slug: str) -> Blueprint | None:
    return catalogue().blueprints.get(slug)


def _pattern_problem(pattern: str) -> str:
    if len(pattern) > MAX_PATTERN:
        return f"the pattern has {len(pattern)} characters; {MAX_PATTERN} are allowed."
    try:
        compiled(pattern)
    except ValueError as error:
        return f"the pattern {shown(pattern)} cannot be used: {error}."
    return ""


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


_CHECKS: Final[tuple[Check, ...]] = (
    _numbers,
    _approvals,
    _blueprints,
    _maturities,
    _regions,
    _inputs,
    _freezes,
    _tags,
    _findings,
)
