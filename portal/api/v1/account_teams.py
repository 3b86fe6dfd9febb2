"""What a team may use in an account: regions, sizes, hosted zones, secrets, images and more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final, Self
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status
from pydantic import Field, StringConstraints

from portal.api.auth import Token, caller
from portal.api.schemas import Body, Resource, changes, reads, removes
from portal.api.v1.account_setup import account_to_change
from portal.api.v1.onboarding import OnboardingStackOut, describe_stack
from provisioning.aws.onboarding_stacks import team_onboarding_stack
from provisioning.aws.regions import partition_of
from provisioning.design.names import team_key
from provisioning.errors import NotFound, WrongState
from provisioning.lifecycle.read.accounts import get_account_for
from provisioning.lifecycle.services.account_teams import TeamRights, admit_team, change_team_rights, remove_team
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import Account, AccountTeam, Team

router = Router(tags=["Accounts"])

_MOST: Final = 500
"""Entries of a list, more than any team has."""
Entry = Annotated[str, StringConstraints(max_length=2_048)]


class Rights(Body):
    """Without `regions` and `sizes`, a team may use all of the account's; of the rest, only what is listed."""

    regions: list[Entry] = Field(default_factory=list, max_length=50, examples=[["eu-north-1"]])
    sizes: list[Entry] = Field(default_factory=list, max_length=3, examples=[["dev"]])
    hosted_zones: list[Entry] = Field(default_factory=list, max_length=_MOST, examples=[["Z0123456789ABCDEFGHIJ"]])
    secrets: list[Entry] = Field(
        default_factory=list, max_length=_MOST, description="Names or ARNs.", examples=[["payments/mail"]]
    )
    certificates: list[Entry] = Field(default_factory=list, max_length=_MOST, description="ARNs.")
    roles: list[Entry] = Field(default_factory=list, max_length=_MOST, description="ARNs.")
    image_repositories: list[Entry] = Field(default_factory=list, max_length=_MOST)
    email_identities: list[Entry] = Field(default_factory=list, max_length=_MOST)
    trusted_accounts: list[Entry] = Field(default_factory=list, max_length=_MOST)

    @classmethod
    def of(cls, rights: TeamRights) -> Self:
        return cls(**{name: list(entries) for name, entries in asdict(rights).items()})

    def as_rights(self) -> TeamRights:
        return TeamRights(**{name: tuple(getattr(self, name)) for name in Rights.model_fields})


class AccountTeamOut(Resource):
    id: str = Field(description="The team's slug.", examples=["payments"])
    name: str = Field(examples=["Payments"])
    rights: Rights
    stack_role_arn: str
    stack: OnboardingStackOut | None = Field(
        description="The team's stack, which an administrator of the AWS account creates. Null in the list."
    )


def describe(entry: AccountTeam, *, with_stack: bool) -> AccountTeamOut:
    return AccountTeamOut(
        id=entry.team.slug,
        name=entry.team.name,
        rights=Rights.of(TeamRights.of(entry)),
        stack_role_arn=entry.stack_role_arn,
        stack=_stack(entry) if with_stack and entry.account.regions else None,
    )


def _stack(entry: AccountTeam) -> OnboardingStackOut:
    account = entry.account
    return describe_stack(
        team_onboarding_stack(
            team_key(entry.team.slug),
            region=account.regions[0],
            account_id=account.account_id,
            partition=partition_of(account.regions[0]),
            hosted_zones=entry.hosted_zones,
            secrets=entry.secrets,
        )
    )


@router.get(
    "/{uuid:account_id}/teams",
    response=reads(list[AccountTeamOut]),
    operation_id="account_teams_list",
    summary="List the teams that may use an account",
)
def account_teams(request: HttpRequest, account_id: UUID) -> Any:
    """With what each may use there."""
    account = get_account_for(caller(request), account_id)
    rows = AccountTeam.objects.filter(account=account).select_related("team", "account").order_by("team__slug")
    return [describe(entry, with_stack=False) for entry in rows]


def _entry(account: Account, slug: str) -> AccountTeam | None:
    rows = AccountTeam.objects.filter(account=account, team__slug=slug, team__deleted_at=None)
    return rows.select_related("team", "account").first()


@router.get(
    "/{uuid:account_id}/teams/{slug:team}",
    response=reads(AccountTeamOut),
    operation_id="account_teams_get",
    summary="Read what a team may use in an account",
)
def account_team(request: HttpRequest, account_id: UUID, team: str) -> Any:
    """With the stack that the AWS account needs for the team."""
    entry = _entry(account_to_change(caller(request), account_id), team)
    if entry is None:
        raise NotFound("This team may not use the account.")
    return describe(entry, with_stack=True)


class NewRights(Body):
    rights: Rights
    expected: Rights | None = Field(
        None, description="What you have read. If the team may use something else by now, nothing is changed."
    )


@router.put(
    "/{uuid:account_id}/teams/{slug:team}",
    response=changes(AccountTeamOut),
    auth=Token(Scope.ADMIN),
    operation_id="account_teams_set",
    summary="Let a team use an account, or change what it may use there",
)
def set_rights(request: HttpRequest, account_id: UUID, team: str, body: NewRights) -> Any:
    """The rights replace those of before. A team that is new in the account needs its stack there."""
    actor = caller(request)
    account = account_to_change(actor, account_id)
    found = Team.objects.filter(slug=team, deleted_at=None).first()
    if found is None:
        raise NotFound("This team does not exist.")
    rights, seen = body.rights.as_rights(), body.expected.as_rights() if body.expected is not None else None
    entry = _entry(account, team)
    if entry is None:
        if seen is not None:
            raise WrongState(f"{found.name} may not use {account.name}. Leave out `expected` to let it.")
        return describe(admit_team(actor=actor, account=account, team=found, rights=rights), with_stack=True)
    return describe(change_team_rights(actor=actor, entry=entry, rights=rights, seen=seen), with_stack=True)


@router.delete(
    "/{uuid:account_id}/teams/{slug:team}",
    response=removes(),
    auth=Token(Scope.ADMIN),
    operation_id="account_teams_remove",
    summary="End that a team may use an account",
)
def remove(request: HttpRequest, account_id: UUID, team: str) -> Any:
    """Refused while environments need it. The team's stack in AWS is not changed."""
    actor = caller(request)
    entry = _entry(account_to_change(actor, account_id), team)
    if entry is None:
        raise NotFound("This team may not use the account.")
    remove_team(actor=actor, entry=entry)
    return Status(204, None)
