"""Test the connection to an account: what it grants, and what its administrator has to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from django.db.models import Count

from provisioning.aws import Aws
from provisioning.aws.onboarding import environment_boundary_arn
from provisioning.design.names import team_key
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.aws_access import new_connection
from provisioning.lifecycle.connection.portal_role import check_portal_role
from provisioning.lifecycle.connection.reach import check_reach
from provisioning.lifecycle.connection.regions import check_region
from provisioning.lifecycle.connection.report import ConnectionReport, Findings, Outcome
from provisioning.lifecycle.connection.team_roles import check_boundary, check_former_role, check_team
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.models import Account, AccountTeam, Environment, User

Connect: TypeAlias = Callable[[Account, str], Aws]


def check_connection(*, actor: User | None, account: Account, connect: Connect = new_connection) -> ConnectionReport:
    """Find out what is missing, and write that it was tested to the audit log.

    `actor` is None for a command. Reads only. Never raises for what AWS answers: each error becomes
    a finding. `connect` has to return a connection that assumes the role again.
    """
    findings = Findings()
    if account.regions:
        _check(findings, account, connect)
    else:
        findings.missing(f"{account.name} has no regions.", "Enter the regions that environments may use.")
    report = ConnectionReport(account.name, tuple(findings.collected))
    audit_event(
        AuditAction.ACCOUNT_TEST,
        actor=actor,
        account=account,
        at=clock.now(),
        passed=report.passed,
        missing=report.count(Outcome.MISSING),
        unknown=report.count(Outcome.UNKNOWN),
    )
    return report


def _check(findings: Findings, account: Account, connect: Connect) -> None:
    first, *others = account.regions
    aws = check_reach(findings, account, lambda: connect(account, first))
    if aws is None:
        return
    check_region(findings, account, aws)
    for region in others:
        check_region(findings, account, connect(account, region))
    if account.role_arn:
        _check_roles(findings, account, aws)
    findings.unknown(
        "Service control policies of the account's organization cannot be seen from the account. They can still deny what "
        "the roles grant.",
        "If AWS refuses a call “with an explicit deny in a service control policy”, ask the organization's administrator.",
    )


def _check_roles(findings: Findings, account: Account, aws: Aws) -> None:
    region, partition = aws.access.region, account.role_arn.split(":")[1]
    entries = list(AccountTeam.objects.filter(account=account).select_related("account", "team").order_by("team__slug"))
    if not entries:
        findings.note(f"No team may use {account.name} yet.", "Add the teams of the account.")
    with findings.reading(f"The role {account.role_arn}"):
        role = aws.reads.role(account.role_arn.rpartition("/")[2])
        if role is None:
            findings.unknown(f"The portal cannot read the role {account.role_arn}.", "Compare Role ARN with AWS.")
        else:
            key = team_key(entries[0].team.slug) if entries else "team"
            check_portal_role(findings, account, role, region=region, team_key=key)
    with findings.reading("The permissions boundary"):
        boundary = aws.reads.managed_policy(environment_boundary_arn(account.account_id, partition=partition))
        check_boundary(findings, account, boundary, region=region, partition=partition)
    for entry in entries:
        with findings.reading(f"The stack role of {entry.team.name}"):
            stack_role = aws.reads.role(entry.stack_role_arn.rpartition("/")[2])
            secret_arns = _secret_arns(aws, entry)
            check_team(findings, entry, stack_role, secret_arns=secret_arns, region=region, partition=partition)
    for role_arn, environments in _former_roles(account, entries).items():
        with findings.reading(f"The role {role_arn}"):
            former = aws.reads.role(role_arn.rpartition("/")[2])
            check_former_role(findings, role_arn, former, environments=environments)


def _secret_arns(aws: Aws, entry: AccountTeam) -> list[str]:
    """Return the ARNs of the team's listed secrets; one that is not in this region is left out."""
    states = [None if name.startswith("arn:") else aws.reads.secret(name) for name in entry.secrets]
    return [
        state.arn if state else name
        for name, state in zip(entry.secrets, states, strict=True)
        if state or name.startswith("arn:")
    ]


def _former_roles(account: Account, entries: Sequence[AccountTeam]) -> Mapping[str, int]:
    """Return the roles, other than those of the teams, that living environments need, with their number."""
    living = Environment.objects.filter(account=account).exclude(state__in=NO_LONGER_THERE)
    needed: Counter[str] = Counter()
    for role_arn, number in living.values_list("stack_role_arn").annotate(number=Count("pk")).order_by():
        needed[role_arn or account.stack_role_arn] += number  # as `Environment.role_for_stacks`
    of_teams = {entry.stack_role_arn for entry in entries}
    return {role_arn: number for role_arn, number in needed.items() if role_arn and role_arn not in of_teams}
