"""How many approvals a request needs, and by whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from provisioning.lifecycle.rules import approval_rule, approval_rule_of
from provisioning.lifecycle.rules.record import ApprovalRule, Needed
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RequiredApprovals, RuleSettings
from provisioning.models import ApproverGroup, RuleKind, RuleVersion
from tests.fixtures.world import World
from tests.lifecycle.rules.support import write_rule

APPROVERS, OWNERS, ADMINS = ApproverGroup.APPROVERS, ApproverGroup.OWNERS, ApproverGroup.ADMINS


def counts(rule: ApprovalRule) -> dict[ApproverGroup, int]:
    return {needed.group: needed.count for needed in rule.needs}


@pytest.mark.parametrize(
    ("size", "kind", "expected"),
    [
        ("dev", RuleKind.CREATE, {}),
        ("dev", RuleKind.DANGEROUS_CHANGE, {APPROVERS: 1}),
        ("staging", RuleKind.TEARDOWN, {}),
        ("dev", RuleKind.ADOPT, {APPROVERS: 1}),
        ("prod", RuleKind.CREATE, {APPROVERS: 1}),
        ("prod", RuleKind.TEARDOWN, {APPROVERS: 1}),
    ],
)
def test_without_rules_the_size_and_the_kind_decide(
    world: World, size: str, kind: RuleKind, expected: dict[ApproverGroup, int]
) -> None:
    rule = approval_rule(team=world.team, account=world.account, size=size, kind=kind)
    assert counts(rule) == expected
    assert rule.pending_for == rule.valid_for == timedelta(days=7)


def test_of_several_rules_the_strictest_decides_and_is_named(world: World) -> None:
    write_rule(Scope(), approvals=(RequiredApprovals("create", approvers=1, owners=1),), approval_days=3)
    write_rule(
        Scope(size="prod", account=world.prod_account),
        approvals=(RequiredApprovals("create", approvers=2),),
        approval_days=5,
    )
    write_rule(Scope(size="staging"), approvals=(RequiredApprovals("create", admins=4),))
    rule = approval_rule(team=world.team, account=world.prod_account, size="prod", kind=RuleKind.CREATE)
    assert counts(rule) == {APPROVERS: 2, OWNERS: 1}
    assert rule.valid_for == timedelta(days=3)
    assert [reference.title for reference in rule.needs[0].because] == [f"Production in {world.prod_account.name}"]
    assert [reference.title for reference in rule.needs[1].because] == ["Whole portal"]


def test_no_rule_lowers_what_the_size_requires(world: World) -> None:
    write_rule(Scope(size="prod"), approvals=(RequiredApprovals("create", owners=1),))
    rule = approval_rule(team=world.team, account=world.prod_account, size="prod", kind=RuleKind.CREATE)
    assert counts(rule) == {APPROVERS: 1, OWNERS: 1}


def test_a_dangerous_change_needs_what_any_change_needs_as_well(world: World) -> None:
    write_rule(
        Scope(),
        approvals=(RequiredApprovals("change", owners=2), RequiredApprovals("dangerous_change", approvers=2, owners=1)),
    )
    rule = approval_rule(team=world.team, account=world.account, size="dev", kind=RuleKind.DANGEROUS_CHANGE)
    assert counts(rule) == {APPROVERS: 2, OWNERS: 2}


def test_a_change_of_the_size_needs_what_either_size_needs(world: World) -> None:
    write_rule(Scope(size="dev"), approvals=(RequiredApprovals("change", owners=1),))
    rule = approval_rule(team=world.team, account=world.account, size="dev", size_before="prod", kind=RuleKind.CHANGE)
    assert counts(rule) == {APPROVERS: 1, OWNERS: 1}


def test_a_request_is_judged_by_its_plan(world: World) -> None:
    request = world.request(size="prod")
    assert counts(approval_rule_of(request)) == {APPROVERS: 1}
    write_rule(Scope(team=world.team), approvals=(RequiredApprovals("create", approvers=3),))
    assert counts(approval_rule_of(request)) == {APPROVERS: 3}


def test_each_person_counts_once_where_that_helps_most() -> None:
    rule = ApprovalRule((Needed(APPROVERS, 1), Needed(OWNERS, 1)), timedelta(1), timedelta(1))
    both, approver = frozenset({APPROVERS, OWNERS}), frozenset({APPROVERS})
    assert [needed.group for needed in rule.missing([both])] == [OWNERS]
    assert rule.missing([both, approver]) == ()
    assert [needed.group for needed in rule.missing([approver, approver])] == [OWNERS]


def test_a_stored_version_never_changes(world: World) -> None:
    version = write_rule(Scope(), lifetime_days=30)
    for change in (
        lambda: RuleVersion.objects.filter(pk=version.pk).update(reason="another"),
        lambda: RuleVersion.objects.filter(pk=version.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            change()
    version.refresh_from_db()
    assert RuleSettings.from_json(version.settings) == RuleSettings(lifetime_days=30)
