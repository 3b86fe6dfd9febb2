"""Checks the account of a plan: of a draft while its form is filled in, and of a request's plan.

No AWS call is made within a transaction: the reads come first, and one statement stores the report.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from django.db import Error as DatabaseUnavailable

from provisioning.aws.interface import Aws
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may_see
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.plan_document import StackedDocument, StackedPlan, from_json
from provisioning.lifecycle.planning import PlanDraft
from provisioning.lifecycle.preflight.name_servers import public_name_servers, sandbox_name_servers
from provisioning.lifecycle.preflight.recent import FRESH, RECENT, STORABLE, SURVEYS
from provisioning.lifecycle.preflight.report import PreflightReport
from provisioning.lifecycle.preflight.run import failed_report, run_preflight
from provisioning.lifecycle.preflight.subject import subject_of
from provisioning.lifecycle.preflight.survey import Survey
from provisioning.lifecycle.states import RequestState
from provisioning.models import Account, Plan, Request, RequestKind, User

log = logging.getLogger(__name__)

UNCHECKED_FOR: Final = timedelta(hours=1)
"""The worker checks requests of this age that have no report yet. Older ones are checked on demand."""
_CHECKED_STATES: Final = (RequestState.WAITING, RequestState.APPROVED)

Connect = Callable[[Account, str], Aws]


def check_draft(
    *, draft: PlanDraft[StackedDocument], account: Account, connect: Connect = aws_for_account
) -> PreflightReport:
    """Checks the account for a plan that nobody has requested yet. A report of the last minute is
    returned again, and so are AWS's answers for another plan. Nothing is written.
    """
    report = RECENT.get(account.pk, draft.digest, now=clock.now(), within=FRESH)
    if report is None:
        report = _check(
            draft.document,
            account,
            lambda region: SURVEYS.get(
                account.pk, region, now=clock.now(), make=lambda: Survey(partial(connect, account, region))
            ),
            stack_role_arn=draft.stack_role_arn,
        )
        RECENT.put(account.pk, draft.digest, report)
    return report


def report_for_draft(draft: PlanDraft[StackedDocument], account: Account) -> PreflightReport | None:
    """The report that the sender of a form may have seen for exactly this plan."""
    return RECENT.get(account.pk, draft.digest, now=clock.now(), within=STORABLE)


def check_request(*, actor: User, request: Request, connect: Connect = aws_for_account) -> PreflightReport:
    """Checks the account for the plan of a request now, and stores the report with the plan.

    Raises NotAllowed, and WrongState for a plan that cannot be read or will not run any more. Does
    nothing to a teardown.
    """
    check_may_see(actor, request.environment.team)
    if not is_checkable(request):
        label = RequestState(request.state).label.lower()
        raise WrongState(f"The account is checked only for plans that may still run. This request is “{label}”.")
    return _check_plan(request, connect)


def is_checkable(request: Request) -> bool:
    """Whether the request's plan may still run. What has been created is not checked against the
    account that contains it.
    """
    return request.state in (*_CHECKED_STATES, RequestState.FAILED)


def check_unchecked_requests(*, limit: int = 1, connect: Connect = aws_for_account) -> int:
    """Checks requests that were sent without a report, oldest first. Returns how many.

    If the portal fails at one, its report says so, and the next cycle goes on with the others.
    """
    unchecked = (
        Request.objects.filter(kind=RequestKind.CREATE, state__in=_CHECKED_STATES, plan__preflight={})
        .filter(requested_at__gt=clock.now() - UNCHECKED_FOR)
        .select_related("plan", "environment__account")
        .order_by("requested_at")
    )
    requests = list(unchecked[:limit])
    for request in requests:
        try:
            _check_plan(request, connect)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("The account of request %s could not be checked.", request.pk)
            report = failed_report(at=clock.now())
            Plan.objects.filter(pk=request.plan_id).update(preflight=report.as_json())
    return len(requests)


def check_findings_accepted(report: PreflightReport, *, accepted: bool) -> None:
    """Raises Refused if AWS would refuse the plan as things were when it was checked, and nobody has
    accepted that.

    A finding never forbids anything for good: the account may have changed since, and a person may
    know better than the check.
    """
    if accepted or not report.blocking:
        return
    findings = "\n".join(f"{result.sentence} {result.remedy}" for result in report.blocking)
    raise Refused(
        "AWS would refuse this plan as the account is now. Correct the findings and check again, or confirm under "
        f"Account checks that it is to start nevertheless.\n{findings}"
    )


def stored_report(plan: Plan) -> PreflightReport | None:
    """The plan's report. None if it has none, or one of a version that is no longer read."""
    try:
        return PreflightReport.from_json(plan.preflight) if plan.preflight else None
    except ValueError:
        return None


def _check_plan(request: Request, connect: Connect) -> PreflightReport:
    document = from_json(request.plan.content)
    if not isinstance(document, StackedPlan):
        return PreflightReport(checked_at=clock.now(), results=())
    environment = request.environment
    account = environment.account
    report = _check(
        document,
        account,
        lambda region: Survey(partial(connect, account, region)),
        stack_role_arn=environment.role_for_stacks,
    )
    Plan.objects.filter(pk=request.plan_id).update(preflight=report.as_json())
    return report


def _check(
    document: StackedPlan, account: Account, survey_in: Callable[[str], Survey], *, stack_role_arn: str
) -> PreflightReport:
    access = account.access(document.region)
    name_servers = sandbox_name_servers(access) if account.is_sandbox else public_name_servers
    return run_preflight(
        subject_of(document, stack_role_arn=stack_role_arn, examples=_examples(document)),
        survey_in=survey_in,
        name_servers=name_servers,
        now=clock.now,
    )


def _examples(document: StackedPlan) -> frozenset[str]:
    """The example values of the blueprint's variables, as far as this process has the blueprint."""
    blueprint = catalogue().blueprints.get(document.blueprint.slug)
    if blueprint is None:
        return frozenset()
    examples = (variable.example for variable in blueprint.variables.values())
    return frozenset(example for example in examples if isinstance(example, str))
