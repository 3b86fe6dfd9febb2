"""Asking for a teardown: what dies and what stays is shown first, and exactly that is what is agreed to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import may_operate, may_see
from provisioning.lifecycle.digests import digest_of_plan
from provisioning.lifecycle.filing import file_request
from provisioning.lifecycle.ledger import living
from provisioning.lifecycle.states import EnvironmentState, RequestState
from provisioning.models import Environment, Plan, Request, RequestKind, Stack, StackResource, User

CAN_BE_TORN_DOWN = (EnvironmentState.RUNNING, EnvironmentState.CREATE_FAILED, EnvironmentState.TEARDOWN_FAILED)
BUCKET = "AWS::S3::Bucket"
# What AWS does with a type when its stack goes, where that is not simply an end.
NOTES = {
    BUCKET: "Emptied first: every object, version and unfinished upload goes with it.",
    "AWS::KMS::Key": "AWS keeps it for its waiting period, then deletes it; what it encrypted is unreadable from the start.",
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
    "AWS::SecretsManager::Secret": "CloudFormation deletes it at once, without a recovery window.",
}


@dataclass(frozen=True, slots=True)
class Line:
    logical_id: str
    type: str
    physical_id: str
    address: str
    title: str
    policy: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class TeardownPreview:
    """`buckets` are (name, note); `protected` are sentences about what is lifted; `digest` is what is agreed to."""

    dies: list[Line]
    stays: list[Line]
    buckets: list[tuple[str, str]]
    protected: list[str]
    digest: str
    content: dict[str, Any]
    requires_approval: bool


def create_content(environment: Environment) -> dict[str, Any]:
    """The plan that the environment was made from."""
    content: dict[str, Any] = (
        Plan.objects.filter(environment=environment, requests__kind=RequestKind.CREATE)
        .order_by("created_at")
        .values_list("content", flat=True)
        .first()
    ) or {}
    return content


def preview_teardown(*, actor: User, environment: Environment) -> TeardownPreview:
    """What a teardown would do now. Raises NotAllowed for people who may not see the environment."""
    if not may_see(actor, environment.team):
        raise NotAllowed("Only members of the team and approvers see this.")
    made_from = create_content(environment)
    stacks = list(Stack.objects.filter(environment=environment).order_by("created_at"))
    titles = {resource["logical_id"]: resource["title"] for resource in made_from.get("resources", [])}
    kept = {line["logical_id"]: line for line in made_from.get("retained", [])}
    dies: list[Line] = []
    stays: list[Line] = []
    for row in living(stack.pk for stack in stacks):
        keeps = kept.get(row.logical_id) if _was_complete(row) else None
        line = _line(row, title=titles.get(row.logical_id, row.logical_id), kept=keeps)
        (stays if keeps else dies).append(line)
    content = {
        "kind": "teardown",
        "environment_id": str(environment.pk),
        "stacks": [stack.stack_id for stack in stacks],
        "dies": [asdict(line) for line in dies],
        "stays": [asdict(line) for line in stays],
    }
    return TeardownPreview(
        dies=dies,
        stays=stays,
        buckets=[(line.physical_id, line.why) for line in dies if line.type == BUCKET],
        protected=_protected(made_from, {line.logical_id: line for line in dies + stays}),
        digest=digest_of_plan(content),
        content=content,
        requires_approval=bool(made_from.get("requires_approval")),
    )


def _was_complete(row: StackResource) -> bool:
    """RetainExceptOnCreate keeps only what was once created for good; see the components' `keep`."""
    return row.status not in ("CREATE_FAILED", "CREATE_IN_PROGRESS")


def _line(row: StackResource, *, title: str, kept: Mapping[str, str] | None) -> Line:
    return Line(
        logical_id=row.logical_id,
        type=row.type,
        physical_id=row.physical_id,
        address=row.address,
        title=title,
        policy=kept["policy"] if kept else "",
        why=kept["why"] if kept else NOTES.get(row.type, ""),
    )


def _protected(content: Mapping[str, Any], lines: Mapping[str, Line]) -> list[str]:
    """Which locks are taken off, read from the template that made them."""
    sentences = []
    if content.get("termination_protection"):
        sentences.append("The stack's termination protection is lifted.")
    resources = json.loads(content["body"])["Resources"] if content.get("body") else {}
    for logical_id, line in lines.items():
        properties = resources.get(logical_id, {}).get("Properties", {})
        attributes = properties.get("LoadBalancerAttributes") or []
        guarded = any(
            item.get("Key") == "deletion_protection.enabled" and item.get("Value") == "true" for item in attributes
        )
        if guarded or properties.get("DeletionProtection") in (True, "true"):
            sentences.append(f"The deletion protection of {line.title} ({line.physical_id}) is lifted.")
    return sentences


def request_teardown(
    *, actor: User, environment: Environment, typed_name: str, expected_digest: str, request_id: UUID | None = None
) -> Request:
    """Ask for the end of an environment. Sizes that need an approver to begin need one to end; others start at once.

    Raises NotAllowed, Refused (the typed name), and WrongState (it moves already, or is not what was shown).
    """
    if not may_operate(actor, environment.team):
        raise NotAllowed(f"Only members of {environment.team.name} tear its environments down.")
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
        check_may_be_torn_down(environment)
        plan = Plan.objects.create(
            environment=environment, digest=preview.digest, content=preview.content, created_at=at
        )
        return file_request(
            actor=actor,
            environment=environment,
            plan=plan,
            kind=RequestKind.TEARDOWN,
            requires_approval=preview.requires_approval,
            request_id=request_id,
            at=at,
        )


def check_may_be_torn_down(environment: Environment) -> None:
    if (why_not := why_no_teardown(environment)) != "":
        raise WrongState(why_not)


def why_no_teardown(environment: Environment) -> str:
    """Why a teardown cannot be asked for now; empty when it can."""
    state = EnvironmentState(environment.state)
    if state not in CAN_BE_TORN_DOWN:
        return f"The environment is “{state.label.lower()}”; it can be torn down once that has ended."
    waiting = Request.objects.filter(environment=environment, kind=RequestKind.TEARDOWN, state=RequestState.WAITING)
    return "A teardown waits for an approver already." if waiting.exists() else ""
