"""What the rules that apply come to together, line by line, and because of which rules."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.lifecycle.rules.approvals import combined
from provisioning.lifecycle.rules.lines import REQUIRED_TAG, lines_of
from provisioning.lifecycle.rules.record import RuleReference
from provisioning.lifecycle.rules.required_tags import tag_needs
from provisioning.lifecycle.rules.rule_set import RuleSet
from provisioning.models import RuleKind


@dataclass(frozen=True, slots=True)
class EffectiveLine:
    """`Approvals, create`, `1 approval: 1 by approvers`, and the rules because of which it is so."""

    title: str
    text: str
    because: tuple[RuleReference, ...]


def in_effect(rules: RuleSet, *, size: str) -> list[EffectiveLine]:
    """The lines for one team, account and size. `rules` are those that apply."""
    lines = []
    for kind in RuleKind:
        approval = combined(rules, kind=kind, size=size)
        because = dict.fromkeys(reference for needed in approval.needs for reference in needed.because)
        lines.append(EffectiveLine(f"Approvals, {kind.label}", approval.sentence, tuple(because)))
    durations = combined(rules, kind=RuleKind.CREATE, size=size)
    for title, duration in (
        ("Pending requests expire after", durations.pending_for),
        ("Approvals expire after", durations.valid_for),
    ):
        lines.append(EffectiveLine(title, f"{duration.days} days", durations.because))
    for title, regions in (("Allowed regions", "regions"), ("Allowed maturities", "maturities")):
        if (line := _in_all(rules, title, regions)) is not None:
            lines.append(line)
    if (line := _shortest_lifetime(rules)) is not None:
        lines.append(line)
    lines.extend(EffectiveLine(f"{REQUIRED_TAG} {need.key}", need.text, need.because) for need in tag_needs(rules))
    combined_above = ("Approvals", "Pending", "Allowed regions", "Allowed maturities", "Lifetime", REQUIRED_TAG)
    lines.extend(
        EffectiveLine(one.title, one.text, (rule.reference,))
        for rule in rules.rules  # of the other settings, each holds by itself
        for one in lines_of(rule.settings)
        if not one.title.startswith(combined_above)
    )
    return lines


def _in_all(rules: RuleSet, title: str, name: str) -> EffectiveLine | None:
    lists = [(allowed, rule.reference) for rule in rules.rules if (allowed := getattr(rule.settings, name)) is not None]
    if not lists:
        return None
    common = [value for value in lists[0][0] if all(value in allowed for allowed, _ in lists)]
    return EffectiveLine(title, ", ".join(common) or "none", tuple(reference for _, reference in lists))


def _shortest_lifetime(rules: RuleSet) -> EffectiveLine | None:
    limits = [(rule.settings.lifetime_days, rule.reference) for rule in rules.rules]
    days = min((limit for limit, _ in limits if limit is not None), default=None)
    if days is None:
        return None
    because = tuple(reference for limit, reference in limits if limit == days)
    return EffectiveLine("Lifetime of an environment", f"at most {days} days", because)
