"""Plans the adoption of an existing stack: who may take in which stack, and what it consists of.

Reads AWS with five calls, and writes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from provisioning.aws import Aws, NotFound, StackState, aws_type
from provisioning.components.kinds.cloudformation.imported_template.reading import TemplateProblem, read_template
from provisioning.design.environment_name import name_problem
from provisioning.design.names import ENVIRONMENT_ID_TAG, TEAM_TAG, team_key
from provisioning.errors import Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_use_account
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.decisions import Act, Phase
from provisioning.lifecycle.fingerprint import StackReading, read_stack
from provisioning.lifecycle.kinds.adopt import ADOPT
from provisioning.lifecycle.plan_checks import name_is_taken
from provisioning.lifecycle.plan_document import (
    AdoptPlan,
    PinnedBlueprint,
    PlannedResource,
    PlannedStack,
    RetainedResource,
    digest_of,
)
from provisioning.lifecycle.rules import Facts, Verdict, evaluate
from provisioning.lifecycle.scan.orphans import uuid_of
from provisioning.lifecycle.states import NO_LONGER_THERE, EnvironmentState
from provisioning.models import Account, AccountTeam, Environment, RuleKind, Stack, Team, User
from provisioning.template.dependencies import dependencies, levels_of

Connect: TypeAlias = Callable[[Account, str], Aws]
BLUEPRINT: Final = PinnedBlueprint("adopted-stack", "0.0.0", "")
"""In place of a blueprint, which an adopted stack does not have."""
KEY: Final = "main"

_ARN: Final = re.compile(r"arn:[a-z-]+:cloudformation:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):stack/[^/]+/[^/]+")
_NAME: Final = re.compile(r"[A-Za-z][-A-Za-z0-9]{0,127}")
_ENDED: Final = (*NO_LONGER_THERE, EnvironmentState.ADOPT_FAILED)
_KEPT: Final = ("Type", "DeletionPolicy", "UpdateReplacePolicy", "DependsOn")
_POLICIES: Final[Mapping[str, str]] = {
    "Retain": "The stack’s template retains it.",
    "RetainExceptOnCreate": "The stack’s template retains it.",
    "Snapshot": "The stack’s template keeps a snapshot of it.",
}


@dataclass(frozen=True, slots=True)
class AdoptionDraft:
    digest: str
    document: AdoptPlan
    state: StackState
    account_team: AccountTeam
    facts: Facts
    verdict: Verdict
    """What the rules said about the `facts` when the stack was read."""

    @property
    def stack(self) -> PlannedStack:
        return self.document.main


def draft_adoption(
    *,
    actor: User,
    team: Team,
    name: str,
    size: str,
    account: Account,
    region: str,
    stack: str,
    environment_id: UUID,
    connect: Connect = aws_for_account,
) -> AdoptionDraft:
    """Plan the adoption of a stack by its name or ARN. Nothing is written.

    Raises NotAllowed, AwsError, and Refused if a rule forbids it.
    """
    check_may(actor, team, ADOPT.permission)
    account_team = check_may_use_account(team, account, size=size, region=region)
    if region not in account.regions:
        raise Refused(
            f"The account {account.name} is not used in {region}; choose one of {', '.join(account.regions)}."
        )
    _check_name(name, team=team, account=account, region=region)
    _check_stack(stack, account=account, region=region)
    aws = connect(account, region)
    state = _described(aws, stack, account=account, region=region)
    _check_status(state)
    _check_owner(state, team=team)
    try:
        reading = read_stack(aws, state.stack_id)
    except NotFound as error:
        raise Refused(f"The stack {state.name} was deleted a moment ago.") from error
    document = _document(reading, size=size, account=account, region=region, environment_id=environment_id)
    facts = Facts(kind=RuleKind.ADOPT, team=team, account=account, size=size, region=region, name=name, at=clock.now())
    verdict = evaluate(facts, actor=actor, required=document.requires_approval)
    return AdoptionDraft(digest_of(document), document, reading.state, account_team, facts, verdict)


def is_held(stack_id: str, *, beside: Environment | None = None) -> bool:
    """Whether the ledger of an environment that has not ended contains a stack, other than `beside`."""
    rows = Stack.objects.filter(stack_id=stack_id).exclude(environment__state__in=_ENDED)
    return rows.exclude(environment=beside).exists() if beside is not None else rows.exists()


def _check_name(name: str, *, team: Team, account: Account, region: str) -> None:
    if problem := name_problem(name):
        raise Refused(problem)
    same = Environment.objects.filter(team=team, account=account, region=region, name=name)
    if same.exclude(state__in=NO_LONGER_THERE).exists():
        raise Refused(name_is_taken(name, team=team, account=account, region=region))


def _check_stack(stack: str, *, account: Account, region: str) -> None:
    """Whether the text can name a stack of this account and region."""
    if (arn := _ARN.fullmatch(stack)) is not None:
        if arn["account"] != account.account_id:
            raise Refused(
                f"The ARN names a stack in the AWS account {arn['account']}; {account.name} is {account.account_id}."
            )
        if arn["region"] != region:
            raise Refused(f"The ARN names a stack in {arn['region']}. Choose that region.")
    elif _NAME.fullmatch(stack) is None:
        raise Refused("Stack must be the name or the ARN of a CloudFormation stack.")


def _described(aws: Aws, stack: str, *, account: Account, region: str) -> StackState:
    state = aws.describe_stack(stack)
    if state is None or state.status == "DELETE_COMPLETE":
        raise Refused(
            f"There is no stack {stack.split('/')[1] if '/' in stack else stack} in {account.name} in {region}."
        )
    return state


def _check_status(state: StackState) -> None:
    if state.parent_id:
        parent = state.parent_id.split("/")[1]
        raise Refused(f"The stack {state.name} is nested in {parent}. Adopt the stack at the top instead.")
    decision = ADOPT.decide(Phase.ARRIVE, state.status)
    if decision.act is Act.WAIT:
        raise Refused(f"An operation is in progress on the stack ({state.status}). Adopt it when that has ended.")
    if decision.act is not Act.READ:
        raise Refused(decision.reason)


def _check_owner(state: StackState, *, team: Team) -> None:
    """No stack belongs to two environments, and no team takes in a stack of another one."""
    named = uuid_of(state.tags.get(ENVIRONMENT_ID_TAG, ""))
    living = Environment.objects.exclude(state__in=_ENDED).filter(pk=named) if named else Environment.objects.none()
    if is_held(state.stack_id) or living.exists():
        raise Refused(f"The stack {state.name} belongs to an environment of the portal already.")
    owner = state.tags.get(TEAM_TAG, "")
    if owner not in ("", team_key(team.slug)):
        raise Refused(f"The tag {TEAM_TAG} of the stack names another team ({owner}), which has to adopt it.")


def _document(reading: StackReading, *, size: str, account: Account, region: str, environment_id: UUID) -> AdoptPlan:
    state, template = reading.state, _template(reading)
    resources: Mapping[str, Mapping[str, Any]] = template["Resources"]
    outlines = {name: _outline(resource) for name, resource in resources.items()}
    outputs: Mapping[str, Mapping[str, Any]] = template.get("Outputs") or {}
    descriptions = {name: {"Description": str(output.get("Description", ""))} for name, output in outputs.items()}
    stack = PlannedStack(
        key=KEY,
        name=state.name,
        region=region,
        body=json.dumps({"Resources": outlines, "Outputs": descriptions}, sort_keys=True),
        parameters={},
        inputs=(),
        tags=dict(state.tags),
        capabilities=tuple(state.capabilities),
        termination_protection=state.termination_protection,
        stack_policy=None,
        express=state.express,
        resources=tuple(
            PlannedResource(resource.logical_id, resource.type, "", resource.logical_id, KEY)
            for resource in reading.resources
        ),
        retained=tuple(_retained(reading, outlines)),
        outputs=tuple(sorted(state.outputs)),
        levels=tuple(tuple(level) for level in levels_of(dependencies(resources))),
        artefacts=(),
        artefact_bucket="",
    )
    return AdoptPlan(
        account_id=account.account_id,
        region=region,
        blueprint=BLUEPRINT,
        size=size,
        stacks=(stack,),
        tasks=(),
        manual_tasks=(),
        inputs={},
        requires_approval=True,
        environment_id=str(environment_id),
        stack_id=state.stack_id,
        fingerprint=reading.fingerprint().digest,
    )


def _template(reading: StackReading) -> Mapping[str, Any]:
    try:
        return read_template(reading.template).data
    except TemplateProblem as error:
        raise Refused(f"The template of the stack {reading.state.name} cannot be read: {error}") from error


def _outline(resource: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a resource, with the deletion policy that applies."""
    outline = {key: resource[key] for key in _KEPT if key in resource}
    if (default := aws_type(outline["Type"]).default_policy(resource.get("Properties") or {})) != "Delete":
        outline.setdefault("DeletionPolicy", default)
    return outline


def _retained(reading: StackReading, outlines: Mapping[str, Mapping[str, Any]]) -> Iterator[RetainedResource]:
    """What a teardown must not touch. A policy that only CloudFormation can work out, as one from a
    macro, counts as retaining.
    """
    for resource in reading.resources:
        outline = outlines.get(resource.logical_id)
        policy = "" if outline is None else outline.get("DeletionPolicy", "Delete")
        if outline is None and "Transform" not in reading.template:
            continue
        if policy == "Delete":
            continue
        known = isinstance(policy, str) and policy in _POLICIES
        yield RetainedResource(
            logical_id=resource.logical_id,
            type=resource.type,
            policy=str(policy) if known else "Retain",
            why=_POLICIES[policy] if known else "The template does not show whether it is retained.",
            stack=KEY,
        )
