"""Accounts, for portal admins and auditors, and stacks that belong to no environment."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from portal.api.auth import caller
from portal.api.schemas import Resource, reads
from provisioning.errors import NotFound
from provisioning.lifecycle.access import check_may_see_orphans
from provisioning.lifecycle.read.accounts import account_rows, get_account_for, last_test_of
from provisioning.lifecycle.read.orphans import orphan_lines
from provisioning.models import Account

router = Router(tags=["Accounts"])
orphans_router = Router(tags=["Accounts"])


class AccountOut(Resource):
    id: UUID
    name: str = Field(examples=["sandbox-dev"])
    account_id: str = Field(examples=["123456789012"])
    sizes: list[str]
    regions: list[str]
    state: str = Field(examples=["open"])
    connection: str = Field(description="How its last test ended.")
    tested_at: datetime | None
    is_sandbox: bool
    teams: int
    environments: int


@router.get("", response=reads(list[AccountOut]), operation_id="accounts_list", summary="List accounts")
def accounts(request: HttpRequest) -> Any:
    """For portal admins and auditors. Members find their accounts under their team."""
    return [
        AccountOut(
            id=row.id,
            name=row.name,
            account_id=row.account_id,
            sizes=list(row.sizes),
            regions=list(row.regions),
            state=str(row.state),
            connection=str(row.connection),
            tested_at=row.tested_at,
            is_sandbox=row.is_sandbox,
            teams=row.teams,
            environments=row.environments,
        )
        for row in account_rows(caller(request))
    ]


class TestFindingOut(Schema):
    outcome: str = Field(description="passed, note, missing or unknown.")
    message: str
    remedy: str


class AccountTestOut(Resource):
    id: UUID = Field(description="The account.")
    tested_at: datetime
    tested_by: str | None = Field(description="None for a command.")
    passed: bool
    findings: list[TestFindingOut]


@router.get(
    "/{uuid:account_id}/test",
    response=reads(AccountTestOut),
    operation_id="accounts_test",
    summary="Read the last connection test of an account",
)
def last_test(request: HttpRequest, account_id: UUID) -> Any:
    return test_of(get_account_for(caller(request), account_id))


def test_of(account: Account) -> AccountTestOut:
    """Raises NotFound before the first test."""
    stored = last_test_of(account)
    if stored is None:
        raise NotFound("The connection to this account was not tested yet.")
    return AccountTestOut(
        id=account.pk,
        tested_at=stored.tested_at,
        tested_by=stored.tested_by.username if stored.tested_by is not None else None,
        passed=stored.report.passed,
        findings=[
            TestFindingOut(outcome=str(one.outcome), message=one.sentence, remedy=one.remedy)
            for one in stored.report.findings
        ],
    )


class OrphanOut(Resource):
    id: str = Field(description="The ARN.")
    name: str
    type: str = Field(examples=["AWS::CloudFormation::Stack"])
    account: str
    region: str
    team: str = Field(description="The team in its tags; empty without one.")
    reason: str
    next_step: str
    found_at: datetime
    seen_at: datetime


@orphans_router.get(
    "", response=reads(list[OrphanOut]), operation_id="orphans_list", summary="List what belongs to no environment"
)
def orphans(request: HttpRequest) -> Any:
    """The newest 200, for those who see all teams."""
    check_may_see_orphans(caller(request))
    return [
        OrphanOut(
            id=line.arn,
            name=line.name,
            type=line.kind,
            account=line.account,
            region=line.region,
            team=line.team,
            reason=line.reason,
            next_step=line.next_step,
            found_at=line.found_at,
            seen_at=line.seen_at,
        )
        for line in orphan_lines()
    ]
