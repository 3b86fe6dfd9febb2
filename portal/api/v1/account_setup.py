"""What portal admins do with an account: connect it step by step, change, test, open, close and remove it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field, StringConstraints

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.paging import among, chosen, fields_query
from portal.api.schemas import Body, Resource, changes, creates, only, reads, removes
from portal.api.v1 import accounts
from portal.api.v1.accounts import AccountTestOut, test_of
from portal.api.v1.lookups import invalid
from provisioning.lifecycle.access import check_admin, why_not_offered
from provisioning.lifecycle.connection.zones import zones_of
from provisioning.lifecycle.read.accounts import get_account_for
from provisioning.lifecycle.services.accounts import (
    AccountValues,
    change_account,
    close_account,
    open_account,
    read_outputs,
    remove_account,
    start_account,
)
from provisioning.lifecycle.services.test_connection import check_connection
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import Account, User

router = accounts.router
"""The same one: a path has one router for all of its methods."""

_ADMIN: Final = Token(Scope.ADMIN)
Region = Annotated[str, StringConstraints(max_length=25)]
Size = Literal["dev", "staging", "prod"]


class AccountDetailOut(Resource):
    id: UUID
    name: str = Field(examples=["sandbox-dev"])
    account_id: str = Field(examples=["123456789012"])
    state: str = Field(description="connecting, open or closed.", examples=["open"])
    connection: str = Field(description="How its last test ended.", examples=["passed"])
    regions: list[str] = Field(description="The first one is the main region.", examples=[["eu-north-1"]])
    sizes: list[str] = Field(examples=[["dev", "staging"]])
    role_arn: str
    artefact_bucket: str
    artefact_region: str = Field(description="Of a bucket that onboarding did not create.")
    endpoint_url: str = Field(description="Of an emulator; empty for AWS.")
    is_sandbox: bool
    not_offered: list[str] = Field(description="Why teams cannot create environments in it now.")


NAMES: Final = tuple(AccountDetailOut.model_fields)
AccountFields = Annotated[str, among(NAMES), fields_query("id,state")]


def describe(account: Account) -> AccountDetailOut:
    same = [
        "name",
        "account_id",
        "regions",
        "sizes",
        "role_arn",
        "artefact_bucket",
        "artefact_region",
        "endpoint_url",
        "is_sandbox",
    ]
    reasons = dict.fromkeys(why_not_offered(account, size) for size in account.sizes)
    return AccountDetailOut(
        id=account.pk,
        state=str(account.state),
        connection=str(account.connection),
        not_offered=[reason for reason in reasons if reason],
        **{name: getattr(account, name) for name in same},
    )


def account_to_change(actor: User, account_id: UUID) -> Account:
    """Raises NotAllowed and NotFound."""
    account = get_account_for(actor, account_id)
    check_admin(actor)
    return account


@router.get(
    "/{uuid:account_id}", response=reads(AccountDetailOut), operation_id="accounts_get", summary="Read an account"
)
def account(request: HttpRequest, account_id: UUID, fields: AccountFields = "") -> Any:
    names = chosen(fields, NAMES)
    return only(describe(get_account_for(caller(request), account_id)), names)


class NewAccount(Body):
    name: str = Field(max_length=64, examples=["acme-dev"])
    account_id: str = Field(max_length=20, description="Twelve digits.", examples=["111122223333"])
    regions: list[Region] = Field(
        max_length=50, description="The first one is the main region.", examples=[["eu-north-1"]]
    )
    sizes: list[Size] = Field(max_length=3, examples=[["dev"]])
    endpoint_url: str = Field("", max_length=200, description="Only for an emulator. Empty means AWS.")


@router.post(
    "", response=creates(AccountDetailOut), auth=_ADMIN, operation_id="accounts_connect", summary="Connect an account"
)
@created_once
def connect(request: HttpRequest, body: NewAccount, idempotency_key: Key) -> Any:
    """The first step, which gives it an external ID. Read its onboarding next, let an administrator of the
    AWS account create the stacks, read their outputs, test the connection, and open the account.
    """
    del idempotency_key
    stored = start_account(
        actor=caller(request),
        name=body.name,
        account_id=body.account_id.replace("-", "").replace(" ", ""),
        regions=tuple(dict.fromkeys(body.regions)),
        sizes=tuple(dict.fromkeys(body.sizes)),
        endpoint_url=body.endpoint_url,
    )
    return Status(201, describe(stored))


class AccountChange(Body):
    """What is left out is not changed."""

    name: str | None = Field(None, max_length=64, examples=["acme-dev"])
    regions: list[Region] | None = Field(None, max_length=50, examples=[["eu-north-1", "eu-west-1"]])
    sizes: list[Size] | None = Field(None, max_length=3, examples=[["dev"]])
    role_arn: str | None = Field(None, max_length=2_048, examples=["arn:aws:iam::111122223333:role/portal"])
    artefact_bucket: str | None = Field(None, max_length=63, examples=["acme-portal-artefacts"])
    artefact_region: str | None = Field(None, max_length=25, examples=["eu-north-1"])


@router.patch(
    "/{uuid:account_id}",
    response=changes(AccountDetailOut),
    auth=_ADMIN,
    operation_id="accounts_change",
    summary="Change an account",
)
def change(request: HttpRequest, account_id: UUID, body: AccountChange) -> Any:
    """If that decides what the portal can reach, test the connection next: the account is not offered until
    then.
    """
    actor = caller(request)
    stored = account_to_change(actor, account_id)
    seen = AccountValues.of(stored)
    given = body.model_dump(exclude_none=True)
    values = AccountValues(
        name=given.get("name", seen.name),
        regions=tuple(dict.fromkeys(given.get("regions", seen.regions))),
        sizes=tuple(dict.fromkeys(given.get("sizes", seen.sizes))),
        role_arn=given.get("role_arn", seen.role_arn),
        artefact_bucket=given.get("artefact_bucket", seen.artefact_bucket),
        artefact_region=given.get("artefact_region", seen.artefact_region),
    )
    return describe(change_account(actor=actor, account=stored, values=values, seen=seen))


class Outputs(Body):
    role_arn: str = Field(
        "", max_length=2_048, description="Output PortalRoleArn, if the role was renamed. Empty for the usual one."
    )


@router.post(
    "/{uuid:account_id}/outputs",
    response=changes(AccountDetailOut),
    auth=_ADMIN,
    operation_id="accounts_read_outputs",
    summary="Read the outputs of the onboarding stack",
)
def outputs(request: HttpRequest, account_id: UUID, body: Outputs) -> Any:
    """Assumes the role and stores what the stack says. It reads AWS, which takes some seconds."""
    actor = caller(request)
    stored = account_to_change(actor, account_id)
    return describe(read_outputs(actor=actor, account=stored, role_arn=body.role_arn))


@router.post(
    "/{uuid:account_id}/test",
    response=changes(AccountTestOut),
    auth=_ADMIN,
    operation_id="accounts_run_test",
    summary="Test the connection to an account",
)
def run_test(request: HttpRequest, account_id: UUID) -> Any:
    """Reads AWS for some seconds, changes nothing there, and stores the result."""
    actor = caller(request)
    stored = account_to_change(actor, account_id)
    check_connection(actor=actor, account=stored)
    return test_of(stored)


@router.post(
    "/{uuid:account_id}/open",
    response=changes(AccountDetailOut),
    auth=_ADMIN,
    operation_id="accounts_open",
    summary="Offer an account to its teams",
)
def open_(request: HttpRequest, account_id: UUID) -> Any:
    actor = caller(request)
    return describe(open_account(actor=actor, account=account_to_change(actor, account_id)))


@router.post(
    "/{uuid:account_id}/close",
    response=changes(AccountDetailOut),
    auth=_ADMIN,
    operation_id="accounts_close",
    summary="Close an account for new environments",
)
def close(request: HttpRequest, account_id: UUID) -> Any:
    """Those that exist are changed and torn down as before."""
    actor = caller(request)
    return describe(close_account(actor=actor, account=account_to_change(actor, account_id)))


@router.delete(
    "/{uuid:account_id}",
    response=removes(),
    auth=_ADMIN,
    operation_id="accounts_remove",
    summary="Remove an account that no environment refers to",
)
def remove(
    request: HttpRequest,
    account_id: UUID,
    name: Annotated[str, Query(max_length=64, description="The account's name, to confirm.", examples=["acme-old"])],
) -> Any:
    """Nothing is changed in AWS."""
    actor = caller(request)
    stored = account_to_change(actor, account_id)
    if name != stored.name:
        raise invalid("name", f"Send the account’s name, {stored.name}, to confirm.")
    remove_account(actor=actor, account=stored)
    return Status(204, None)


class ZoneOut(Resource):
    id: str = Field(examples=["Z0123456789ABCDEFGHIJ"])
    name: str = Field(examples=["example.com"])


class ZonesOut(Schema):
    zones: list[ZoneOut]
    problem: str = Field(description="Why AWS has not listed them. Empty if it has.", examples=[""])


@router.get(
    "/{uuid:account_id}/zones",
    response=reads(ZonesOut),
    operation_id="accounts_zones",
    summary="List the hosted zones of an account",
)
def zones(request: HttpRequest, account_id: UUID) -> Any:
    """For portal admins, to choose what a team may use. It asks AWS, which takes some seconds."""
    offer = zones_of(account_to_change(caller(request), account_id))
    return ZonesOut(zones=[ZoneOut(id=zone.zone_id, name=zone.name) for zone in offer.zones], problem=offer.problem)
