"""Previews and requests teardowns. A request applies to exactly what its preview showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from provisioning.aws import aws_type
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_see
from provisioning.lifecycle.kinds.teardown import TEARDOWN
from provisioning.lifecycle.ledger import existing_resources
from provisioning.lifecycle.plan_document import (
    StackedPlan,
    StackToDelete,
    TeardownLine,
    TeardownPlan,
    as_json,
    digest_of,
)
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.rules import ApprovalRule, Refusal, check_rules_for, lock_quotas, preview_rules_for
from provisioning.lifecycle.services.recording import file_request, lock, request_sent_before, why_not_requested
from provisioning.lifecycle.states import EnvironmentState
from provisioning.lifecycle.step_data import StepData
from provisioning.lifecycle.teardown_lines import TeardownLines, reason_of_row, teardown_lines
from provisioning.models import Environment, Operation, Plan, Request, RuleKind, Stack, StackResource, User


class Removal(StrEnum):
    """What a teardown may do with resources that an earlier one could not delete."""

    DELETE = "delete"
    """Delete everything, as far as it is not retained."""
    LEAVE = "leave"
    """Leave those resources in the account if they cannot be deleted this time either."""
    FORCE = "force"
    """Force the removal of the stack, which leaves whatever CloudFormation cannot delete."""


@dataclass(frozen=True, slots=True)
class StuckResource:
    """A resource that an earlier teardown could not delete, with the reason."""

    line: TeardownLine
    reason: str


@dataclass(frozen=True, slots=True)
class TeardownPreview:
    """What a teardown would do now. `digest` is what the request confirms.

    `emptied` are (name, note). `protected` are sentences about protections that are lifted.
    `regions` are those with resources. `packages` counts the code packages that are retained in the
    artefact buckets. `stuck` are the resources that an earlier teardown could not delete, and
    `unsearched` says why it could not search a region by tag. The ledger was complete at
    `listed_at`; None if a stack was never listed. `refusals` are those of rules: the request would be
    refused.
    """

    emptied: list[tuple[str, str]]
    protected: list[str]
    digest: str
    plan: TeardownPlan
    approval: ApprovalRule
    regions: list[str]
    packages: int
    stuck: tuple[StuckResource, ...] = ()
    unsearched: Mapping[str, str] = field(default_factory=dict)
    can_force: bool = False
    listed_at: datetime | None = None
    refusals: tuple[Refusal, ...] = ()

    @property
    def requires_approval(self) -> bool:
        return self.approval.requires_approval

    @property
    def removal(self) -> Removal:
        if self.plan.is_forced:
            return Removal.FORCE
        return Removal.LEAVE if self.plan.to_leave or self.plan.unsearched else Removal.DELETE


def preview_teardown(*, actor: User, environment: Environment, removal: Removal = Removal.DELETE) -> TeardownPreview:
    """Plan a teardown without requesting it.

    Raises NotAllowed for users who may not see the environment, and WrongState for a forced removal of
    an environment whose deletion has not failed.
    """
    check_may_see(actor, environment.team)
    current = current_document(environment)
    stacks = list(Stack.objects.filter(environment=environment).order_by("created_at"))
    lines = teardown_lines(stacks, current)
    last = _failed_teardown(environment)
    stuck = () if last is None else _stuck_resources(last, stacks, lines)
    unsearched = {} if last is None else last.unsearched
    can_force = any(stack.status == "DELETE_FAILED" for stack in stacks)
    if removal is Removal.FORCE and not can_force:
        raise WrongState("AWS accepts a forced removal only of a stack whose deletion has failed.")
    to_leave = tuple(item.line for item in stuck) if removal is not Removal.DELETE else ()
    plan = TeardownPlan(
        environment_id=str(environment.pk),
        account_id=environment.account.account_id,
        stacks=tuple(
            StackToDelete(
                key=planned.key,
                name=planned.name,
                region=planned.region,
                stack_ids=tuple(stack.stack_id for stack in stacks if stack.role == planned.key),
            )
            for planned in current.stacks
        ),
        to_delete=tuple(line for line in lines.to_delete if line not in to_leave),
        to_retain=lines.to_retain,
        to_leave=to_leave,
        is_forced=removal is Removal.FORCE,
        unsearched=tuple(unsearched) if removal is not Removal.DELETE else (),
    )
    verdict = preview_rules_for(environment, actor=actor, kind=RuleKind.TEARDOWN, document=plan, at=clock.now())
    return TeardownPreview(
        plan=plan,
        digest=digest_of(plan),
        emptied=[(line.physical_id, line.why) for line in plan.to_delete if aws_type(line.type).emptying],
        protected=_protected(current, plan),
        approval=verdict.approval,
        refusals=verdict.refusals,
        regions=[region for region in current.regions if any(line.region == region for line in plan.lines)],
        packages=len({artefact.key for stack in current.stacks for artefact in stack.artefacts}),
        stuck=stuck,
        unsearched=unsearched,
        can_force=can_force,
        listed_at=min((stack.listed_at for stack in stacks if stack.listed_at), default=None),
    )


def _failed_teardown(environment: Environment) -> StepData | None:
    """What the last teardown has stored, if it failed."""
    last = Operation.objects.filter(environment=environment, kind=TEARDOWN.key).order_by("-started_at").first()
    if environment.state != EnvironmentState.TEARDOWN_FAILED or last is None:
        return None
    return StepData.from_json(last.step_data)


def _stuck_resources(data: StepData, stacks: list[Stack], lines: TeardownLines) -> tuple[StuckResource, ...]:
    """What the last teardown named: resources of the ledger that still exist, and others with the
    environment's tag.
    """
    reasons = {row.physical_id: reason_of_row(row, data) for row in existing_resources(stack.pk for stack in stacks)}
    failed = set(
        StackResource.objects.filter(stack__in=stacks, status="DELETE_FAILED").values_list("physical_id", flat=True)
    )
    by_id = {line.physical_id: line for line in lines.to_delete}
    names = [name for name in by_id if name in failed or name in data.left]
    stuck = [StuckResource(by_id[name], reasons.get(name, "")) for name in names]
    known = {line.physical_id for line in lines.all}
    stuck += [
        StuckResource(
            _untracked_line(name), "It has the environment’s tag, and no stack of the environment created it."
        )
        for name in data.left
        if name not in known and name.startswith("arn:")
    ]
    return tuple(stuck)


def _untracked_line(arn: str) -> TeardownLine:
    """A resource that the search by tag has found and no ledger contains."""
    return TeardownLine(
        logical_id="",
        type="",
        physical_id=arn,
        address="",
        title=arn.rsplit(":", 1)[-1],
        policy="",
        why="",
        stack="",
        region=(arn.split(":") + [""] * 4)[3],
    )


def _protected(current: StackedPlan, plan: TeardownPlan) -> list[str]:
    """Say which protections are lifted, read from the templates that set them."""
    sentences = []
    stacks = current.stacks
    if any(stack.termination_protection for stack in stacks):
        sentences.append(f"The {'stack’s' if len(stacks) == 1 else 'stacks’'} termination protection is lifted.")
    resources = current.template_resources()
    for logical_id, line in {line.logical_id: line for line in plan.lines}.items():
        protection = aws_type(line.type).protection
        properties = resources.get(logical_id, {}).get("Properties", {})
        if protection is not None and line.policy != "Retain" and protection.is_on(properties):
            sentences.append(f"The deletion protection of {line.title} ({line.physical_id}) is lifted.")
    return sentences


def request_teardown(
    *,
    actor: User,
    environment: Environment,
    typed_name: str,
    expected_digest: str,
    request_id: UUID | None = None,
    removal: Removal = Removal.DELETE,
) -> Request:
    """Request the teardown of an environment.

    It needs an approval if the creation needed one or a rule requires one, else it starts at once.

    A repeated `request_id` of the same actor returns the existing request. Raises NotAllowed,
    Refused (the typed name), RefusedByRules, and WrongState (an operation is running, or the
    environment differs from what was shown).
    """
    check_may(actor, environment.team, TEARDOWN.permission)
    if request_id is not None and (sent := request_sent_before(request_id, actor=actor, environment=environment)):
        return sent
    if typed_name.strip() != environment.name:
        typed = f"You typed “{typed_name.strip()[:64]}”. " if typed_name.strip() else ""
        raise Refused(f"{typed}Type the environment's name, {environment.name}, to confirm.")
    check_may_be_torn_down(environment)
    preview = preview_teardown(actor=actor, environment=environment, removal=removal)
    if preview.digest != expected_digest:
        raise WrongState(
            "The teardown plan has changed since it was shown. Check the new plan, then confirm.",
            expected=expected_digest,
            actual=preview.digest,
        )
    at = clock.now()
    with transaction.atomic():
        lock_quotas(team=environment.team, actor=actor)
        lock(environment)
        if request_id is not None and (sent := request_sent_before(request_id, actor=actor, environment=environment)):
            return sent
        check_may_be_torn_down(environment)
        verdict = check_rules_for(environment, actor=actor, kind=RuleKind.TEARDOWN, document=preview.plan, at=at)
        plan = Plan.objects.create(
            environment=environment, digest=preview.digest, content=as_json(preview.plan), created_at=at
        )
        return file_request(
            actor=actor,
            environment=environment,
            plan=plan,
            kind=TEARDOWN,
            approval=verdict.approval,
            request_id=request_id,
            at=at,
        )


def check_may_be_torn_down(environment: Environment) -> None:
    """Raises WrongState if a teardown cannot be requested now."""
    if (why_not := why_not_requested(TEARDOWN, environment)) != "":
        raise WrongState(why_not)
