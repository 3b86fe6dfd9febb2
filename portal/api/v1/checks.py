"""Checks of the account: of a plan that nobody has requested yet, and of a request's plan."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.schemas import changes, reads
from portal.api.v1.lookups import account_of, blueprint_of, check_previews, team_of
from portal.api.v1.requests import NewEnvironment
from portal.web.lookups import get_request_for
from provisioning.errors import NotFound
from provisioning.lifecycle.planning import draft_create
from provisioning.lifecycle.preflight.report import PreflightReport
from provisioning.lifecycle.services.preflight import check_draft, check_request, stored_report
from provisioning.lifecycle.services.tokens import Scope

of_plan = Router(tags=["Plans"])
of_request = Router(tags=["Requests"])


class CheckOut(Schema):
    check: str
    title: str
    outcome: str = Field(description="passed, warning, blocking or not_checked.", examples=["blocking"])
    sentence: str
    remedy: str = Field(description="What helps against a warning or a blocking result.")
    region: str
    address: str = Field(description="The logical id, or the value that it is about.")


class ReportOut(Schema):
    """`blocking` results are what AWS would refuse as things are now."""

    checked_at: datetime
    is_blocked: bool
    results: list[CheckOut]

    @classmethod
    def of(cls, report: PreflightReport) -> Self:
        results = [
            CheckOut(
                check=one.check,
                title=one.title,
                outcome=str(one.outcome),
                sentence=one.sentence,
                remedy=one.remedy,
                region=one.region,
                address=one.address,
            )
            for one in report.results
        ]
        return cls(checked_at=report.checked_at, is_blocked=bool(report.blocking), results=results)


@of_plan.post(
    "/checks",
    response=changes(ReportOut),
    auth=Token(Scope.READ),
    operation_id="plans_check",
    summary="Check the account for an environment without requesting it",
)
def check_plan(request: HttpRequest, body: NewEnvironment) -> Any:
    """Takes the body of a request. It reads AWS for some seconds, and writes nothing."""
    actor = caller(request)
    team = team_of(actor, body.team)
    check_previews(actor, team)
    account = account_of(team, body.account)
    draft = draft_create(
        actor=actor,
        team=team,
        name=body.name,
        blueprint=blueprint_of(body.blueprint, body.version),
        size=body.size,
        inputs=body.inputs,
        account=account,
        region=body.region,
        tags=body.tags,
        output_parameters=body.output_parameters,
        request_id=uuid.uuid4(),
    )
    return ReportOut.of(check_draft(draft=draft, account=account))


@of_request.get(
    "/{uuid:pk}/checks",
    response=reads(ReportOut),
    operation_id="requests_checks",
    summary="Read how the account was checked for a request",
)
def checks(request: HttpRequest, pk: UUID) -> Any:
    report = stored_report(get_request_for(caller(request), pk).plan)
    if report is None:
        raise NotFound("The account was not checked for this request yet.")
    return ReportOut.of(report)


@of_request.post(
    "/{uuid:pk}/checks",
    response=changes(ReportOut),
    auth=Token(),
    operation_id="requests_check",
    summary="Check the account for a request again",
)
def check(request: HttpRequest, pk: UUID) -> Any:
    """Everyone who sees the request may. It reads AWS for some seconds, and stores the report."""
    actor = caller(request)
    return ReportOut.of(check_request(actor=actor, request=get_request_for(actor, pk)))
