"""Imports: what a Terraform module block, variables or an exported request say for a blueprint."""

from __future__ import annotations

from typing import Annotated, Any, Self

from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from portal.api.auth import Token, caller
from portal.api.schemas import Body, changes
from portal.api.v1.lookups import blueprint_of, invalid
from provisioning.blueprint import Blueprint
from provisioning.exchange import MAX_BYTES, Filled, Unreadable, fill, read
from provisioning.lifecycle.access import check_may_act_for_a_team, teams_user_may_act_for
from provisioning.lifecycle.services.tokens import Scope

router = Router(tags=["Catalogue"])


class Import(Body):
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_BYTES)] = Field(
        description="A module block, the lines of a .tfvars file, .tfvars.json, or an exported request.",
        examples=['module "orders" {\n  domain = "orders.example.com"\n}'],
    )
    size: str = Field("", max_length=10, description="If the text names none.", examples=["dev"])


class TakenOut(Schema):
    line: int
    name: str = Field(description="As the text has it.")
    input: str = Field(description="The blueprint's input.")


class LeftOut(Schema):
    line: int
    name: str
    reason: str = Field(description="Why it was not taken.")


class ImportedOut(Schema):
    """Inputs for a request. Secrets are never among them."""

    size: str
    name: str
    team: str
    account: str
    region: str
    output_parameters: bool
    tags: dict[str, str]
    inputs: dict[str, Any]
    taken: list[TakenOut]
    left: list[LeftOut]
    notes: list[str]

    @classmethod
    def of(cls, filled: Filled) -> Self:
        return cls(
            size=filled.size,
            name=filled.name,
            team=filled.team,
            account=filled.account,
            region=filled.region,
            output_parameters=filled.output_parameters,
            tags=filled.tags,
            inputs=filled.inputs,
            taken=[TakenOut(line=one.line, name=one.name, input=one.target) for one in filled.taken],
            left=[LeftOut(line=one.line, name=one.name, reason=one.why) for one in filled.left],
            notes=filled.notes,
        )


class ImportsOut(Schema):
    modules: list[ImportedOut] = Field(description="One for each module block of the text.")
    left: list[LeftOut] = Field(description="What belongs to no module block.")


@router.post(
    "/{slug:slug}/import",
    response=changes(ImportsOut),
    auth=Token(Scope.READ),
    operation_id="catalogue_import",
    summary="Read inputs for a blueprint out of Terraform text",
)
def import_text(request: HttpRequest, slug: str, body: Import) -> Any:
    """Nothing is requested, and none of the text is stored or logged."""
    check_may_act_for_a_team(teams_user_may_act_for(caller(request)))
    blueprint = blueprint_of(slug)
    return _imported(blueprint, body)


@sensitive_variables()
def _imported(blueprint: Blueprint, body: Import) -> ImportsOut:
    try:
        pasted = read(body.text.encode(errors="surrogatepass"))
    except Unreadable as error:
        raise invalid("text", str(error)) from None
    return ImportsOut(
        modules=[ImportedOut.of(fill(blueprint, source, size=body.size)) for source in pasted.sources],
        left=[LeftOut(line=one.line, name=one.name, reason=one.why) for one in pasted.left],
    )
