"""Previews and requests teardowns. A request applies to exactly what its preview showed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from provisioning.aws import aws_type
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_see
from provisioning.lifecycle.kinds.teardown import TEARDOWN
from provisioning.lifecycle.ledger import existing_resources
from provisioning.lifecycle.plan_document import (
    RetainedResource,
    StackedPlan,
    StackToDelete,
    TeardownLine,
    TeardownPlan,
    as_json,
    digest_of,
)
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.services.recording import file_request, request_sent_before, why_not_requested
from provisioning.models import Environment, Plan, Request, Stack, StackResource, User


@dataclass(frozen=True, slots=True)
class TeardownPreview:
    """What a teardown would do now. `digest` is what the request confirms.

    `emptied` are (name, note). `protected` are sentences about protections that are lifted.
    `regions` are those with resources. `packages` counts the code packages that are retained in the
    artefact buckets.
    """

    emptied: list[tuple[str, str]]
    protected: list[str]
    digest: str
    plan: TeardownPlan
    requires_approval: bool
    regions: list[str]
    packages: int


def preview_teardown(*, actor: User, environment: Environment) -> TeardownPreview:
    """Plan a teardown without requesting it.

    Raises NotAllowed for users who may not see the environment.
    """
    check_may_see(actor, environment.team)
    current = current_document(environment)
    stacks = list(Stack.objects.filter(environment=environment).order_by("created_at"))
    by_id = {stack.pk: stack for stack in stacks}
    titles = current.titles
    retained = {resource.logical_id: resource for resource in current.retained}
    to_delete: list[TeardownLine] = []
    to_retain: list[TeardownLine] = []
    for row in existing_resources(by_id):
        # RetainExceptOnCreate retains only a resource that was created. See the components' `keep`.
        was_created = row.status not in ("CREATE_FAILED", "CREATE_IN_PROGRESS")
        keeps = retained.get(row.logical_id) if was_created else None
        title = titles.get(row.logical_id, row.logical_id)
        line = _line(row, stack=by_id[row.stack_id], title=title, kept=keeps)
        (to_retain if keeps else to_delete).append(line)
    plan = TeardownPlan(
        environment_id=str(environment.pk),
        stacks=tuple(
            StackToDelete(
                key=planned.key,
                name=planned.name,
                region=planned.region,
                stack_ids=tuple(stack.stack_id for stack in stacks if stack.role == planned.key),
            )
            for planned in current.stacks
        ),
        to_delete=tuple(to_delete),
        to_retain=tuple(to_retain),
    )
    return TeardownPreview(
        plan=plan,
        digest=digest_of(plan),
        emptied=[(line.physical_id, line.why) for line in to_delete if aws_type(line.type).emptying],
        protected=_protected(current, plan),
        requires_approval=current.requires_approval,
        regions=[region for region in current.regions if any(line.region == region for line in plan.lines)],
        packages=len({artefact.key for stack in current.stacks for artefact in stack.artefacts}),
    )


def _line(row: StackResource, *, stack: Stack, title: str, kept: RetainedResource | None) -> TeardownLine:
    return TeardownLine(
        logical_id=row.logical_id,
        type=row.type,
        physical_id=row.physical_id,
        address=row.address,
        title=title,
        policy=kept.policy if kept else "",
        why=kept.why if kept else aws_type(row.type).teardown_note,
        stack=stack.role,
        region=stack.region,
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
    *, actor: User, environment: Environment, typed_name: str, expected_digest: str, request_id: UUID | None = None
) -> Request:
    """Request the teardown of an environment.

    It needs an approval if the creation needed one, else it starts at once.

    A repeated `request_id` of the same actor returns the existing request. Raises NotAllowed,
    Refused (the typed name), and WrongState (an operation is running, or the environment differs
    from what was shown).
    """
    check_may(actor, environment.team, TEARDOWN.permission)
    if request_id is not None and (sent := request_sent_before(request_id, actor=actor, environment=environment)):
        return sent
    if typed_name.strip() != environment.name:
        raise Refused(f"Type the environment's name, {environment.name}, to confirm.")
    check_may_be_torn_down(environment)
    preview = preview_teardown(actor=actor, environment=environment)
    if preview.digest != expected_digest:
        raise WrongState(
            "The teardown plan has changed since it was shown. Check the new plan, then confirm.",
            expected=expected_digest,
            actual=preview.digest,
        )
    at = clock.now()
    with transaction.atomic():
        # One request at a time: the row is locked while the others are checked and this one is
        # written.
        Environment.objects.select_for_update().get(pk=environment.pk)
        if request_id is not None and (sent := request_sent_before(request_id, actor=actor, environment=environment)):
            return sent
        check_may_be_torn_down(environment)
        plan = Plan.objects.create(
            environment=environment, digest=preview.digest, content=as_json(preview.plan), created_at=at
        )
        return file_request(
            actor=actor,
            environment=environment,
            plan=plan,
            kind=TEARDOWN,
            requires_approval=preview.requires_approval,
            request_id=request_id,
            at=at,
        )


def check_may_be_torn_down(environment: Environment) -> None:
    """Raises WrongState if a teardown cannot be requested now."""
    if (why_not := why_not_requested(TEARDOWN, environment)) != "":
        raise WrongState(why_not)
