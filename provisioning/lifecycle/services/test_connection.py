"""Test the connection to an account: what it grants, and what its administrator has to change.

All checks run at the same time, within a budget of seconds, because a person waits for them. What
AWS has not answered by then is reported as not checked.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, TypeAlias

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from provisioning.aws import Aws
from provisioning.aws.onboarding import environment_boundary_arn
from provisioning.aws.regions import region_name
from provisioning.design.names import team_key
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.aws_access import close_connection, new_connection
from provisioning.lifecycle.connection.portal_role import check_portal_role
from provisioning.lifecycle.connection.quotas import check_quotas
from provisioning.lifecycle.connection.reach import check_reach
from provisioning.lifecycle.connection.regions import check_region
from provisioning.lifecycle.connection.report import ConnectionReport, Findings, Outcome
from provisioning.lifecycle.connection.team_roles import check_boundary, check_former_role, check_team
from provisioning.lifecycle.database import in_thread
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.models import Account, AccountTeam, AccountTest, Connection, Environment, User

Connect: TypeAlias = Callable[[Account, str], Aws]
Part: TypeAlias = Callable[[Findings], None]

AT_ONCE: Final = 12
# What the result of a test depends on. If one of them has changed in the meantime, the result is not stored.
_TESTED_FIELDS: Final = ("role_arn", "external_id", "endpoint_url", "regions", "artefact_bucket", "artefact_region")


def check_connection(
    *,
    actor: User | None,
    account: Account,
    connect: Connect = new_connection,
    budget_seconds: float | None = None,
) -> ConnectionReport:
    """Find out what is missing, store the result, and write it to the audit log.

    `actor` is None for a command. Raises NotAllowed unless the actor is a portal admin. Only reads in
    AWS, and never raises for what AWS answers: each error becomes a finding. `connect` has to return a connection that assumes the role again.
    """
    if actor is not None:
        check_admin(actor)
    report = _report(account, connect, settings.CONNECTION_TEST_SECONDS if budget_seconds is None else budget_seconds)
    with transaction.atomic():
        _store(report, account, actor)
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


def connection_after(report: ConnectionReport) -> Connection:
    if not report.reached:
        return Connection.FAILED
    return Connection.PASSED if report.passed and not report.unfinished else Connection.INCOMPLETE


def _store(report: ConnectionReport, account: Account, actor: User | None) -> None:
    stored = Account.objects.select_for_update().filter(pk=account.pk).first()
    if stored is None or any(getattr(stored, name) != getattr(account, name) for name in _TESTED_FIELDS):
        return
    account.connection = stored.connection = connection_after(report)
    stored.save(update_fields=["connection"])
    AccountTest.objects.update_or_create(
        account=stored, defaults={"tested_at": clock.now(), "tested_by": actor, "report": report.as_json()}
    )


def _report(account: Account, connect: Connect, budget_seconds: float) -> ConnectionReport:
    connection = Findings("Connection")
    if not account.regions:
        connection.missing(f"{account.name} has no regions.", "Enter the regions that environments may use.")
        return ConnectionReport(account.name, tuple(connection.collected), reached=False)
    deadline = time.monotonic() + budget_seconds
    first = account.regions[0]
    new = connect(account, first)
    executor = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="connection-test")
    try:
        reach = executor.submit(in_thread(check_reach), connection, account, lambda: new)
        wait([reach], timeout=budget_seconds)
        if not reach.done():
            late = Findings(connection.area)
            late.missing(
                f"AWS in {region_name(first)} has not answered within {budget_seconds:g} s.",
                "Check the network between the portal and AWS, then test the connection again.",
            )
            return ConnectionReport(account.name, tuple(late.collected), reached=False, unfinished=True)
        if (aws := reach.result()) is None:
            return ConnectionReport(account.name, tuple(connection.collected), reached=False)
        parts = _parts(account, aws, connect)
        futures = [(part, executor.submit(in_thread(part.collect))) for part in parts]
        wait([future for _, future in futures], timeout=max(0.0, deadline - time.monotonic()))
        findings = [*connection.collected]
        for part, future in futures:
            findings += (future.result() if future.done() else _not_checked(part, budget_seconds)).collected
        return ConnectionReport(
            account.name, tuple(findings), unfinished=any(not future.done() for _, future in futures)
        )
    finally:
        close_connection(new)
        executor.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of the test. It runs in a thread of its own."""

    area: str
    subject: str
    check: Part

    def collect(self) -> Findings:
        findings = Findings(self.area)
        self.check(findings)
        return findings


def _not_checked(part: _Part, budget_seconds: float) -> Findings:
    findings = Findings(part.area)
    findings.unknown(
        f"{part.subject} could not be checked: AWS has not answered within {budget_seconds:g} s.",
        "Test the connection again.",
    )
    return findings


def _parts(account: Account, aws: Aws, connect: Connect) -> list[_Part]:
    parts: list[_Part] = []
    if account.role_arn:
        parts += _role_parts(account, aws)
    for region in account.regions:
        # The connection of the first region is already there; the others assume the role again. They are made here,
        # since making one reads the database.
        here = aws if region == account.regions[0] else connect(account, region)

        def in_region(findings: Findings, here: Aws = here) -> None:
            check_region(findings, account, here)
            check_quotas(findings, here)
            close_connection(here)

        parts.append(_Part(region_name(region), f"The region {region}", in_region))
    parts.append(_Part("Organization", "The organization", _explain_organization))
    return parts


def _explain_organization(findings: Findings) -> None:
    findings.unknown(
        "Service control policies of the account's organization cannot be seen from the account. They can still deny what "
        "the roles grant.",
        "If AWS refuses a call “with an explicit deny in a service control policy”, ask the organization's administrator.",
    )


def _role_parts(account: Account, aws: Aws) -> list[_Part]:
    region, partition = aws.access.region, account.partition
    entries = list(AccountTeam.objects.filter(account=account).select_related("account", "team").order_by("team__slug"))

    def portal_role(findings: Findings) -> None:
        if not entries:
            findings.note(f"No team may use {account.name} yet.", "Add the teams of the account.")
        with findings.reading(f"The role {account.role_arn}"):
            role = aws.reads.role(account.role_arn.rpartition("/")[2])
            if role is None:
                findings.unknown(f"The portal cannot read the role {account.role_arn}.", "Compare Role ARN with AWS.")
            else:
                key = team_key(entries[0].team.slug) if entries else "team"
                check_portal_role(findings, account, role, region=region, team_key=key)

    def boundary(findings: Findings) -> None:
        with findings.reading("The permissions boundary"):
            policy = aws.reads.managed_policy(environment_boundary_arn(account.account_id, partition=partition))
            check_boundary(findings, account, policy, region=region, partition=partition)

    parts = [
        _Part("Permissions", f"The role {account.role_arn}", portal_role),
        _Part("Permissions", "The permissions boundary", boundary),
    ]
    for entry in entries:

        def team(findings: Findings, entry: AccountTeam = entry) -> None:
            with findings.reading(f"The stack role of {entry.team.name}"):
                stack_role = aws.reads.role(entry.stack_role_arn.rpartition("/")[2])
                secret_arns = _secret_arns(aws, entry)
                check_team(findings, entry, stack_role, secret_arns=secret_arns, region=region, partition=partition)

        parts.append(_Part(f"Team {entry.team.name}", f"The stack role of {entry.team.name}", team))
    for role_arn, environments in _former_roles(account, entries).items():

        def former(findings: Findings, role_arn: str = role_arn, environments: int = environments) -> None:
            with findings.reading(f"The role {role_arn}"):
                role = aws.reads.role(role_arn.rpartition("/")[2])
                check_former_role(findings, role_arn, role, environments=environments)

        parts.append(_Part("Former environments", f"The role {role_arn}", former))
    return parts


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
