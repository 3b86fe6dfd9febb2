"""Request the adoption of an existing stack. The portal only watches it; nothing in AWS changes."""

from __future__ import annotations

import uuid
from typing import Final

import psycopg
from django.db import IntegrityError, transaction

from provisioning.aws import AwsError
from provisioning.design.names import generation_of, team_key
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_use_account
from provisioning.lifecycle.adoption import BLUEPRINT, KEY, AdoptionDraft, Connect, draft_adoption
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.kinds.adopt import ADOPT
from provisioning.lifecycle.plan_checks import name_is_taken
from provisioning.lifecycle.plan_document import as_json
from provisioning.lifecycle.planning import environment_id_for, places_of
from provisioning.lifecycle.rules import check_rules, lock_quotas
from provisioning.lifecycle.services.recording import file_request, request_sent_before
from provisioning.lifecycle.states import EnvironmentState
from provisioning.lifecycle.transitions import record
from provisioning.models import Account, BlueprintVersion, Environment, Plan, Request, Stack, Team, User

WATCHED_ONLY: Final = (
    "The portal only watches this stack. Before it can be torn down here, an administrator of the AWS account "
    "adds its ARN to the parameter AdoptedStacks of the onboarding stack."
)


def preview_adoption(
    *,
    actor: User,
    team: Team,
    name: str,
    size: str,
    account: Account,
    region: str,
    stack: str,
    request_id: uuid.UUID,
    connect: Connect = aws_for_account,
) -> AdoptionDraft:
    """Read a stack without requesting its adoption. Nothing is written.

    Raises NotAllowed and Refused, also for what AWS refuses.
    """
    try:
        return draft_adoption(
            actor=actor,
            team=team,
            name=name,
            size=size,
            account=account,
            region=region,
            stack=stack.strip(),
            environment_id=environment_id_for(request_id),
            connect=connect,
        )
    except AwsError as error:
        raise Refused(f"The stack could not be read in {account.name}. {error.advice}".strip()) from error


def request_adoption(
    *,
    actor: User,
    team: Team,
    name: str,
    size: str,
    account: Account,
    region: str,
    stack: str,
    request_id: uuid.UUID,
    expected_digest: str | None = None,
    note: str = "",
    connect: Connect = aws_for_account,
) -> Request:
    """Request the adoption. It always needs an approval, because the stack may belong to others.

    A repeated `request_id` of the same actor returns the existing request. Raises NotAllowed,
    Refused, and WrongState if the stack differs from the one that was shown.
    """
    if (sent := request_sent_before(request_id, actor=actor)) is not None:
        return sent
    draft = preview_adoption(
        actor=actor,
        team=team,
        name=name,
        size=size,
        account=account,
        region=region,
        stack=stack,
        request_id=request_id,
        connect=connect,
    )
    if expected_digest is not None and expected_digest != draft.digest:
        raise WrongState(
            "The stack has changed since it was shown. Look at it again, then send the request again.",
            expected=expected_digest,
            actual=draft.digest,
        )
    try:
        with transaction.atomic():
            return _file(
                actor=actor, team=team, name=name, account=account, draft=draft, request_id=request_id, note=note
            )
    except IntegrityError as error:
        if (sent := request_sent_before(request_id, actor=actor)) is not None:
            return sent
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name == "environment_name_once_in_team":
            raise Refused(name_is_taken(name, team=team, account=account, region=region)) from error
        raise


def _file(
    *,
    actor: User,
    team: Team,
    name: str,
    account: Account,
    draft: AdoptionDraft,
    request_id: uuid.UUID,
    note: str,
) -> Request:
    lock_quotas(team=team, actor=actor)
    if (sent := request_sent_before(request_id, actor=actor)) is not None:
        return sent
    at, document = clock.now(), draft.document
    check_may_use_account(team, account, size=document.size, region=document.region)  # again, with the team locked
    verdict = check_rules(draft.facts, actor=actor, required=document.requires_approval)
    version, _ = BlueprintVersion.objects.get_or_create(
        slug=BLUEPRINT.slug,
        version=BLUEPRINT.version,
        defaults={
            "digest": BLUEPRINT.digest,
            "title": "Adopted stack",
            "maturity": "published",
            "first_seen_at": at,
            "last_seen_at": at,
        },
    )
    environment_id = environment_id_for(request_id)
    environment = Environment.objects.create(
        id=environment_id,
        team=team,
        name=name,
        blueprint_version=version,
        size=document.size,
        account=account,
        region=document.region,
        places=places_of(document),
        state=str(EnvironmentState.REQUESTED),
        state_changed_at=at,
        created_by=actor,
        created_at=at,
        generation=generation_of(environment_id),
        stack_role_arn=draft.account_team.stack_role_arn,
        team_key=team_key(team.slug),
        is_adopted=True,
        expires_at=verdict.lifetime.ends_at(at) if verdict.lifetime is not None else None,
    )
    check_may(actor, team, ADOPT.permission)  # again: now nobody can delete the team
    record(environment, "", EnvironmentState.REQUESTED, at=at, actor=actor)
    Stack.objects.create(
        environment=environment,
        role=KEY,
        name=document.main.name,
        region=document.region,
        stack_id=document.stack_id,
        created_at=at,
    )
    plan = Plan.objects.create(environment=environment, digest=draft.digest, content=as_json(document), created_at=at)
    return file_request(
        actor=actor,
        environment=environment,
        plan=plan,
        kind=ADOPT,
        approval=verdict.approval,
        request_id=request_id,
        note=note,
        at=at,
    )
