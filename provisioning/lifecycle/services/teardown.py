"""Asking for a teardown: what dies and what stays is shown first, and exactly that is what is agreed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from provisioning.aws import aws_type
from provisioning.components.kit.values import MAIN
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_see
from provisioning.lifecycle.digests import digest_of_plan
from provisioning.lifecycle.kinds.registry import keys_providing_plans
from provisioning.lifecycle.kinds.teardown import TEARDOWN
from provisioning.lifecycle.ledger import living
from provisioning.lifecycle.plan_document import regions_of, resources_of, retained_of, stacks_of, templates_of
from provisioning.lifecycle.services.recording import file_request, request_sent_before
from provisioning.lifecycle.states import EnvironmentState, RequestState
from provisioning.models import Environment, Plan, Request, Stack, StackResource, User


@dataclass(frozen=True, slots=True)
class Line:
    logical_id: str
    type: str
    physical_id: str
    address: str
    title: str
    policy: str = ""
    why: str = ""
    stack: str = MAIN
    region: str = ""


@dataclass(frozen=True, slots=True)
class TeardownPreview:
    """`emptied` are (name, note); `protected` are sentences about what is lifted; `digest` is what is agreed to.

    `regions` are those in which there is something; `packages` how many packages of code stay in the artefact buckets.
    """

    dies: list[Line]
    stays: list[Line]
    emptied: list[tuple[str, str]]
    protected: list[str]
    digest: str
    content: dict[str, Any]
    requires_approval: bool
    regions: list[str]
    packages: int


def create_content(environment: Environment) -> dict[str, Any]:
    """The plan that the environment was made from."""
    content: dict[str, Any] = (
        Plan.objects.filter(environment=environment, requests__kind__in=keys_providing_plans())
        .order_by("created_at")
        .values_list("content", flat=True)
        .first()
    ) or {}
    return content


def preview_teardown(*, actor: User, environment: Environment) -> TeardownPreview:
    """What a teardown would do now. Raises NotAllowed for people who may not see the environment."""
    check_may_see(actor, environment.team)
    made_from = create_content(environment)
    stacks = list(Stack.objects.filter(environment=environment).order_by("created_at"))
    by_id = {stack.pk: stack for stack in stacks}
    titles = {resource["logical_id"]: resource["title"] for resource in resources_of(made_from)}
    kept = {line["logical_id"]: line for line in retained_of(made_from)}
    dies: list[Line] = []
    stays: list[Line] = []
    for row in living(by_id):
        keeps = kept.get(row.logical_id) if _was_complete(row) else None
        title = titles.get(row.logical_id, row.logical_id)
        line = _line(row, stack=by_id[row.stack_id], title=title, kept=keeps)
        (stays if keeps else dies).append(line)
    content = {
        "kind": TEARDOWN.key,
        "environment_id": str(environment.pk),
        "stacks": [_stack(plan, stacks) for plan in stacks_of(made_from)],
        "dies": [asdict(line) for line in dies],
        "stays": [asdict(line) for line in stays],
    }
    return TeardownPreview(
        dies=dies,
        stays=stays,
        emptied=[(line.physical_id, line.why) for line in dies if aws_type(line.type).emptying],
        protected=_protected(made_from, {line.logical_id: line for line in dies + stays}),
        digest=digest_of_plan(content),
        content=content,
        requires_approval=bool(made_from.get("requires_approval")),
        regions=[region for region in regions_of(made_from) if any(line.region == region for line in dies + stays)],
        packages=len({made["key"] for plan in stacks_of(made_from) for made in plan["artefacts"]}),
    )


def _stack(plan: Mapping[str, Any], stacks: Sequence[Stack]) -> dict[str, Any]:
    """A stack as the teardown goes through it: all that were ever begun under its name."""
    ids = [stack.stack_id for stack in stacks if stack.role == plan["stack"]]
    return {key: plan[key] for key in ("stack", "stack_name", "region")} | {"stack_ids": ids}


def _was_complete(row: StackResource) -> bool:
    """RetainExceptOnCreate keeps only what was once created for good; see the components' `keep`."""
    return row.status not in ("CREATE_FAILED", "CREATE_IN_PROGRESS")


def _line(row: StackResource, *, stack: Stack, title: str, kept: Mapping[str, str] | None) -> Line:
    return Line(
        logical_id=row.logical_id,
        type=row.type,
        physical_id=row.physical_id,
        address=row.address,
        title=title,
        policy=kept["policy"] if kept else "",
        why=kept["why"] if kept else aws_type(row.type).teardown_note,
        stack=stack.role,
        region=stack.region,
    )


def _protected(content: Mapping[str, Any], lines: Mapping[str, Line]) -> list[str]:
    """Which protections are lifted, read from the template that switched them on."""
    sentences = []
    stacks = stacks_of(content)
    if any(stack["termination_protection"] for stack in stacks):
        sentences.append(f"The {'stack’s' if len(stacks) == 1 else 'stacks’'} termination protection is lifted.")
    resources = templates_of(content)
    for logical_id, line in lines.items():
        protection = aws_type(line.type).protection
        properties = resources.get(logical_id, {}).get("Properties", {})
        if protection is not None and line.policy != "Retain" and protection.is_on(properties):
            sentences.append(f"The deletion protection of {line.title} ({line.physical_id}) is lifted.")
    return sentences


def request_teardown(
    *, actor: User, environment: Environment, typed_name: str, expected_digest: str, request_id: UUID | None = None
) -> Request:
    """Request the teardown of an environment. It needs an approval if the creation needed one, else it starts at once.

    A repeated `request_id` of the same actor returns the existing request.
    Raises NotAllowed, Refused (the typed name), and WrongState (an operation is running, or the environment differs
    from what was shown).
    """
    check_may(actor, environment.team, TEARDOWN.permission)
    if request_id is not None and (sent := request_sent_before(request_id, actor=actor, environment=environment)):
        return sent
    if typed_name.strip() != environment.name:
        raise Refused(f"Type the environment's name, {environment.name}, to say that you mean this one.")
    check_may_be_torn_down(environment)
    preview = preview_teardown(actor=actor, environment=environment)
    if preview.digest != expected_digest:
        raise WrongState(
            "What would be deleted has changed since it was shown. Look at it again.",
            expected=expected_digest,
            actual=preview.digest,
        )
    at = clock.now()
    with transaction.atomic():
        # One at a time: the row is locked for the moment in which the request is looked for and written.
        Environment.objects.select_for_update().get(pk=environment.pk)
        if request_id is not None and (sent := request_sent_before(request_id, actor=actor, environment=environment)):
            return sent
        check_may_be_torn_down(environment)
        plan = Plan.objects.create(
            environment=environment, digest=preview.digest, content=preview.content, created_at=at
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
    if (why_not := why_no_teardown(environment)) != "":
        raise WrongState(why_not)


def why_no_teardown(environment: Environment) -> str:
    """Why a teardown cannot be requested now, as a sentence; empty if it can."""
    state = EnvironmentState(environment.state)
    if state not in TEARDOWN.starts_from:
        return f"The environment is “{state.label.lower()}”. It can be torn down when that has ended."
    pending = Request.objects.filter(environment=environment, kind=TEARDOWN.key, state=RequestState.WAITING)
    return TEARDOWN.words.pending if pending.exists() else ""
