"""The approvals that a kind of request needs: the most that any rule in effect asks for, by group,
and never less than the portal itself requires of the size.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.lifecycle.rules.record import ApprovalRule, Needed, RuleReference
from provisioning.lifecycle.rules.rule_set import RuleSet
from provisioning.lifecycle.rules.scope import SIZE_TITLES
from provisioning.lifecycle.rules.settings import RequiredApprovals
from provisioning.models import ApproverGroup, RuleKind

# These always need an approver: a change that may delete data, and a stack that may belong to others.
_ALWAYS = {RuleKind.DANGEROUS_CHANGE: "Dangerous change", RuleKind.ADOPT: "Adoption"}


def combined(rules: RuleSet, *, kind: RuleKind, size: str, required: bool = False) -> ApprovalRule:
    """The approvals for a request of this kind. `rules` are those that apply.

    With `required`, the blueprint or the plan asks for an approval that no rule can lower.
    """
    needs = tuple(
        needed for group in ApproverGroup if (needed := _needed(rules, group, kind, size, required=required)).count
    )
    pending, pending_because = _fewest_days(rules, "pending_days")
    valid, valid_because = _fewest_days(rules, "approval_days")
    because = tuple(dict.fromkeys((*pending_because, *valid_because)))
    return ApprovalRule(needs, timedelta(days=pending), timedelta(days=valid), because)


def _needed(rules: RuleSet, group: ApproverGroup, kind: RuleKind, size: str, *, required: bool) -> Needed:
    # A dangerous change is a change: what either needs, it needs.
    kinds = (RuleKind.CHANGE, kind) if kind is RuleKind.DANGEROUS_CHANGE else (kind,)
    asked = [(_asked(rule.settings.approvals_for(one), group), rule.reference) for rule in rules.rules for one in kinds]
    if group is ApproverGroup.APPROVERS and (floor := _floor(kind, size, required=required)) is not None:
        asked.insert(0, (1, floor))
    most = max((count for count, _ in asked), default=0)
    because = tuple(dict.fromkeys(reference for count, reference in asked if most and count == most))
    return Needed(group, most, because)


def _asked(approvals: RequiredApprovals, group: ApproverGroup) -> int:
    match group:
        case ApproverGroup.APPROVERS:
            return approvals.approvers
        case ApproverGroup.OWNERS:
            return approvals.owners
        case ApproverGroup.ADMINS:
            return approvals.admins


def _floor(kind: RuleKind, size: str, *, required: bool) -> RuleReference | None:
    """What the portal itself requires, as a reference; None if it requires no approval."""
    if (policy := SIZE_POLICIES.get(size)) is not None and policy.requires_approval:
        return RuleReference(SIZE_TITLES.get(size, size))
    if (title := _ALWAYS.get(kind)) is not None:
        return RuleReference(title)
    return RuleReference("Blueprint or plan that requires an approval") if required else None


def _fewest_days(rules: RuleSet, name: str) -> tuple[int, tuple[RuleReference, ...]]:
    entries = [(days, rule.reference) for rule in rules.rules if (days := getattr(rule.settings, name)) is not None]
    fewest = min((days for days, _ in entries), default=settings.APPROVAL_VALID_DAYS)
    return fewest, tuple(reference for days, reference in entries if days == fewest)
