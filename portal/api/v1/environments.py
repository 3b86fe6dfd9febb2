"""Environments: lists, details, and what runs in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from portal.api.auth import caller
from portal.api.paging import Limit, PageCursor, among, chosen, fields_query, page_of, parse_cursor
from portal.api.schemas import Page, Resource, only, reads
from portal.web.lookups import NO_SUCH_ENVIRONMENT, get_environment_for
from provisioning.components.kit.values import MAIN
from provisioning.errors import NotFound
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.read.output_parameters import by_output, parameters_of_stacks
from provisioning.lifecycle.states import NO_LONGER_THERE, EnvironmentState
from provisioning.models import Environment, Receipt, Stack, StackResource

router = Router(tags=["Environments"])

_COLUMNS: Final = (
    "id",
    "name",
    "state",
    "size",
    "region",
    "team__slug",
    "account__name",
    "blueprint_version__slug",
    "blueprint_version__version",
    "created_by__username",
    "created_at",
    "state_changed_at",
    "version",
    "is_adopted",
    "tags",
)


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    name: str
    state: str
    size: str
    region: str
    team: str
    account: str
    blueprint: str
    blueprint_version: str
    created_by: str
    created_at: datetime
    state_changed_at: datetime
    version: int
    is_adopted: bool
    tags: dict[str, str]


TAGS: Final = "The team's tags by key. The stacks have them, and so do the resources that AWS can tag."


class EnvironmentOut(Resource):
    """An environment of a team."""

    id: UUID
    name: str = Field(examples=["orders-dev"])
    state: str = Field(description="One of the states of environments.", examples=["running"])
    size: str = Field(examples=["dev"])
    region: str = Field(description="The region of the main stack.", examples=["eu-north-1"])
    team: str = Field(description="The team's slug.", examples=["payments"])
    account: str = Field(description="The account's name.", examples=["sandbox-dev"])
    blueprint: str = Field(description="The blueprint's slug.", examples=["carbon-connect"])
    blueprint_version: str = Field(examples=["2.1.0"])
    created_by: str = Field(description="The user name of who requested it.")
    created_at: datetime
    state_changed_at: datetime
    version: int = Field(description="Grows with every change of the environment.")
    is_adopted: bool = Field(description="The portal only watches its stack, which was created without it.")
    tags: dict[str, str] = Field(description=TAGS, examples=[{"cost-centre": "4711"}])


NAMES: Final = tuple(EnvironmentOut.model_fields)
EnvironmentFields = Annotated[str, among(NAMES), fields_query("id,state")]


def state_name(states: type, stored: str) -> str:
    """The name of a state in the API. Some are stored under an older word."""
    return str(states(stored).name).lower()


def stored_state(states: Any, name: str) -> str:
    return str(states[name.upper()])


def describe(row: Row) -> EnvironmentOut:
    values = {name: getattr(row, name) for name in NAMES}
    return EnvironmentOut(**values | {"state": state_name(EnvironmentState, row.state)})


StateFilter = Annotated[
    str,
    Query(
        pattern=f"^(|living|{'|'.join(state.name.lower() for state in EnvironmentState)})$",
        description="A state, or `living` for those that were not torn down or withdrawn. Empty for all.",
    ),
]
Word = Annotated[str, Query(max_length=64, pattern=r"^[A-Za-z0-9._-]*$")]


@router.get("", response=reads(Page[EnvironmentOut]), operation_id="environments_list", summary="List environments")
def environments(  # noqa: PLR0917 - ninja reads the parameters by name
    request: HttpRequest,
    cursor: PageCursor = "",
    limit: Limit = 25,
    fields: EnvironmentFields = "",
    state: StateFilter = "",
    team: Word = "",
    size: Word = "",
    region: Word = "",
    account: Word = "",
    blueprint: Word = "",
    name: Word = "",
) -> Any:
    """The environments that the caller may see, newest first."""
    names = chosen(fields, NAMES)
    condition = visible(caller(request)) & _filters(
        team__slug=team,
        size=size,
        region=region,
        account__name=account,
        blueprint_version__slug=blueprint,
        name=name,
    )
    if state == "living":
        condition &= ~Q(state__in=NO_LONGER_THERE)
    elif state:
        condition &= Q(state=stored_state(EnvironmentState, state))
    if (after := parse_cursor(cursor)) is not None:
        condition &= after.following("created_at")
    values = Environment.objects.filter(condition).order_by("-created_at", "-id").values_list(*_COLUMNS)
    rows = [Row(*value) for value in values[: limit + 1]]
    return only(page_of(rows, limit=limit, at=lambda row: row.created_at, describe=describe), names)


def _filters(**conditions: str) -> Q:
    return Q(**{name: value for name, value in conditions.items() if value})


@router.get(
    "/{uuid:environment_id}",
    response=reads(EnvironmentOut),
    operation_id="environments_get",
    summary="Read an environment",
)
def environment(request: HttpRequest, environment_id: UUID, fields: EnvironmentFields = "") -> Any:
    """With `If-None-Match` and `Prefer: wait=30`, the answer waits until the environment changes."""
    names = chosen(fields, NAMES)
    rows = Environment.objects.filter(visible(caller(request)), pk=environment_id).values_list(*_COLUMNS)
    row = rows.first()
    if row is None:
        raise NotFound(NO_SUCH_ENVIRONMENT)
    return only(describe(Row(*row)), names)


class OutputOut(Resource):
    id: str = Field(description="The name of the output.", examples=["Url"])
    value: str
    stack: str = Field(description="The key of the stack that has it.", examples=["main"])
    parameter: str = Field(
        description="The SSM parameter that holds it, in the environment's account and region. Empty if there is none.",
        examples=["/portal/payments/handbook-dev-7k2mx/outputs/Url"],
    )


@router.get(
    "/{uuid:environment_id}/outputs",
    response=reads(list[OutputOut]),
    operation_id="environments_outputs",
    summary="Read the outputs of an environment's stacks",
)
def outputs(request: HttpRequest, environment_id: UUID) -> Any:
    """Addresses, names and ARNs. Outputs contain no secrets, but may name them."""
    found = get_environment_for(caller(request), environment_id)
    return [
        OutputOut(id=name, value=str(value), stack=key, parameter=parameters.get(name, "") if key == MAIN else "")
        for key, (stack_outputs, parameters) in _newest_stacks(found).items()
        for name, value in sorted(stack_outputs.items())
    ]


def _newest_stacks(environment: Environment) -> Mapping[str, tuple[Mapping[str, Any], Mapping[str, str]]]:
    """The outputs of the stacks by key, with the parameters that hold them; after a failed attempt the
    newest stack of a key counts. One query.
    """
    rows = Stack.objects.filter(environment=environment).annotate(parameters=parameters_of_stacks())
    values = rows.order_by("created_at", "id").values_list("role", "outputs", "parameters")
    return {role: (outputs or {}, by_output(parameters)) for role, outputs, parameters in values}


class ResourceOut(Resource):
    id: int | str
    logical_id: str
    physical_id: str
    type: str = Field(examples=["AWS::S3::Bucket"])
    component: str = Field(description="The address of its component.", examples=["bucket.documents"])
    status: str = Field(description="The status that CloudFormation gives it, or PLANNED.")
    reason: str
    stack: str
    region: str


_RESOURCE_COLUMNS: Final = (
    "id",
    "logical_id",
    "physical_id",
    "type",
    "address",
    "status",
    "reason",
    "stack__role",
    "stack__region",
)


@router.get(
    "/{uuid:environment_id}/resources",
    response=reads(list[ResourceOut]),
    operation_id="environments_resources",
    summary="List everything that was ever created for an environment",
)
def resources(request: HttpRequest, environment_id: UUID) -> Any:
    """The ledger: every physical id ever seen, with its last status."""
    found = get_environment_for(caller(request), environment_id)
    rows = StackResource.objects.filter(stack__environment=found).order_by("stack__created_at", "id")
    return [
        ResourceOut(**dict(zip(ResourceOut.model_fields, row, strict=True)))
        for row in rows.values_list(*_RESOURCE_COLUMNS)
    ]


class ReceiptLineOut(Resource):
    id: str = Field(description="The physical id.")
    logical_id: str
    type: str
    end: str = Field(description="deleted, retained, left_over, not_verified …")
    policy: str
    note: str


class ReceiptOut(Resource):
    id: UUID = Field(description="The operation of the teardown.")
    written_at: datetime
    digest: str
    lines: list[ReceiptLineOut]


@router.get(
    "/{uuid:environment_id}/receipt",
    response=reads(ReceiptOut),
    operation_id="environments_receipt",
    summary="Read the receipt of an environment's last teardown",
)
def receipt(request: HttpRequest, environment_id: UUID) -> Any:
    found = get_environment_for(caller(request), environment_id)
    newest = Receipt.objects.filter(environment=found).order_by("-written_at", "-id").first()
    if newest is None:
        raise NotFound("This environment has no receipt: it was not torn down.")
    lines = [
        ReceiptLineOut(
            id=str(line.get("physical_id", "")),
            **{name: str(line.get(name) or "") for name in ("logical_id", "type", "end", "policy", "note")},
        )
        for line in newest.lines
    ]
    return ReceiptOut(id=newest.operation_id, written_at=newest.written_at, digest=newest.digest, lines=lines)
