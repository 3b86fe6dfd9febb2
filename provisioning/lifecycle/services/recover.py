"""Previews and requests the recovery of an environment whose stack is stuck or half changed.

The preview reads AWS, outside of any transaction: what may be skipped depends on how the rollback
is stuck now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from django.db import transaction

from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.decisions import Act, Phase
from provisioning.lifecycle.engine import AwsFor
from provisioning.lifecycle.kinds.recover import RECOVER
from provisioning.lifecycle.plan_document import RecoverPlan, StackToRecover, as_json, digest_of
from provisioning.lifecycle.rules import ApprovalRule, check_rules_for, lock_quotas, preview_rules_for
from provisioning.lifecycle.services.recording import file_request, lock, request_sent_before, why_not_requested
from provisioning.lifecycle.stuck_resources import stuck_resources
from provisioning.models import Environment, Plan, Request, RuleKind, Stack, User

__all__ = ["AwsFor", "RecoveryPreview", "check_may_be_recovered", "preview_recovery", "request_recovery"]

Mode = Literal["continue", "skip", "rollback"]
_ACTS: Final = (Act.CONTINUE, Act.ROLL_BACK)


@dataclass(frozen=True, slots=True)
class RecoveryPreview:
    """What a recovery would do now. `digest` is what the request confirms.

    `skips` is whether resources are skipped: then the name is typed, and an approver decides.
    """

    plan: RecoverPlan
    digest: str
    skips: bool
    approval: ApprovalRule

    @property
    def requires_approval(self) -> bool:
        return self.approval.requires_approval


def preview_recovery(
    *, actor: User, environment: Environment, skip: bool = False, aws_for: AwsFor = aws_for_account
) -> RecoveryPreview:
    """Read which stacks are stuck or half changed, and at which resources.

    With `skip`, the resources that are stuck are left as they are. Raises NotAllowed, WrongState if
    there is nothing to recover, and AwsError.
    """
    check_may(actor, environment.team, RECOVER.permission)
    check_may_be_recovered(environment)
    stacks = tuple(
        stack for row in _newest(environment) if (stack := _to_recover(environment, row, skip=skip, aws_for=aws_for))
    )
    if not stacks:
        raise WrongState(
            "There is nothing to recover: AWS reports no stack of this environment that is stuck or half changed."
        )
    plan = RecoverPlan(environment_id=str(environment.pk), stacks=stacks)
    skips = any(stack.skip for stack in stacks)
    verdict = preview_rules_for(environment, actor=actor, kind=RuleKind.RECOVER, document=plan, at=clock.now())
    return RecoveryPreview(plan, digest_of(plan), skips, verdict.approval)


def _to_recover(environment: Environment, row: Stack, *, skip: bool, aws_for: AwsFor) -> StackToRecover | None:
    aws = aws_for(environment.account, row.region)
    state = aws.describe_stack(row.stack_id)
    if state is None:
        return None
    decision = RECOVER.decide(Phase.ARRIVE, state.status)
    if decision.act not in _ACTS:
        return None
    stuck = stuck_resources(aws, state) if decision.act is Act.CONTINUE else ()
    mode: Mode = "rollback" if decision.act is Act.ROLL_BACK else "skip" if skip and stuck else "continue"
    return StackToRecover(
        key=row.role,
        name=row.name,
        region=row.region,
        stack_id=row.stack_id,
        mode=mode,
        status=state.status,
        operation_id=state.last_operation[1],
        stuck=stuck,
        skip=tuple(resource.logical_id for resource in stuck) if mode == "skip" else (),
    )


def request_recovery(
    *,
    actor: User,
    environment: Environment,
    expected_digest: str,
    skip: bool = False,
    typed_name: str = "",
    note: str = "",
    request_id: UUID | None = None,
    aws_for: AwsFor = aws_for_account,
) -> Request:
    """Request the recovery that was previewed.

    It needs an approval if the creation needed one or a rule requires one, and always if resources are
    skipped: CloudFormation then treats them as changed although they are not. Raises NotAllowed,
    Refused (the typed name), RefusedByRules, WrongState (AWS has gone on since the preview, or something is in progress), and AwsError.
    """
    check_may(actor, environment.team, RECOVER.permission)
    if request_id is not None and (sent := request_sent_before(request_id, actor=actor, environment=environment)):
        return sent
    preview = preview_recovery(actor=actor, environment=environment, skip=skip, aws_for=aws_for)
    if preview.digest != expected_digest:
        raise WrongState(
            "The stack has changed since the recovery was shown. Check the new plan, then confirm.",
            expected=expected_digest,
            actual=preview.digest,
        )
    if preview.skips and typed_name.strip() != environment.name:
        raise Refused(f"Type the environment's name, {environment.name}, to confirm that resources are skipped.")
    at = clock.now()
    with transaction.atomic():
        lock_quotas(team=environment.team, actor=actor)
        lock(environment)
        if request_id is not None and (sent := request_sent_before(request_id, actor=actor, environment=environment)):
            return sent
        check_may_be_recovered(environment)
        verdict = check_rules_for(environment, actor=actor, kind=RuleKind.RECOVER, document=preview.plan, at=at)
        plan = Plan.objects.create(
            environment=environment, digest=preview.digest, content=as_json(preview.plan), created_at=at
        )
        return file_request(
            actor=actor,
            environment=environment,
            plan=plan,
            kind=RECOVER,
            approval=verdict.approval,
            request_id=request_id,
            note=note,
            at=at,
        )


def check_may_be_recovered(environment: Environment) -> None:
    """Raises WrongState if a recovery cannot be requested now. Reads the database only."""
    if (why_not := why_not_requested(RECOVER, environment)) != "":
        raise WrongState(why_not)


def _newest(environment: Environment) -> list[Stack]:
    """The newest row of each stack, in the order of creation."""
    rows = Stack.objects.filter(environment=environment).exclude(stack_id="").order_by("created_at", "id")
    return list({row.role: row for row in rows}.values())
