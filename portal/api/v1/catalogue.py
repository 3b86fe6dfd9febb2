"""The catalogue: blueprints, their sizes, and the inputs that they ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from portal.api.auth import caller
from portal.api.schemas import Resource, reads
from provisioning.blueprint import Blueprint, Size, UnknownBlueprint, Variable
from provisioning.errors import NotFound
from provisioning.lifecycle.catalogue import catalogue, why_not_offered
from provisioning.lifecycle.read.versions import changed_versions, versions_of

router = Router(tags=["Catalogue"])


class SizeOut(Schema):
    name: str = Field(examples=["dev"])
    requires_approval: bool
    why_not_offered: str = Field(description="Empty if it can be requested.")
    settings: dict[str, Any]


class InputOut(Schema):
    name: str = Field(examples=["domain"])
    type: str = Field(examples=["string"])
    description: str
    required: bool
    sensitive: bool
    default: Any
    example: Any
    sizes: list[str] | None = Field(description="The sizes in which it can be set; null for all.")
    unless: str = Field(description="Another input that makes this one unnecessary.")
    allowed: list[Any] | None


class BlueprintLine(Resource):
    id: str = Field(description="The slug.", examples=["static-site"])
    title: str
    summary: str
    version: str
    maturity: str = Field(description="draft, published or deprecated.")
    regions: list[str]
    sizes: list[str]
    digest: str


class BlueprintOut(BlueprintLine):
    size_settings: list[SizeOut]
    inputs: list[InputOut]
    outputs: list[str]


@router.get("", response=reads(list[BlueprintLine]), operation_id="catalogue_list", summary="List blueprints")
def blueprints(request: HttpRequest) -> Any:
    """Broken ones, and published versions whose files have changed, are left out."""
    caller(request)
    known = catalogue().blueprints
    changed = changed_versions(known.values())
    return [_line(blueprint) for slug, blueprint in sorted(known.items()) if slug not in changed]


def _line(blueprint: Blueprint) -> BlueprintLine:
    return BlueprintLine(**_fields(blueprint))


def _fields(blueprint: Blueprint) -> dict[str, Any]:
    return {
        "id": blueprint.slug,
        "title": blueprint.title,
        "summary": blueprint.summary,
        "version": blueprint.version,
        "maturity": blueprint.maturity,
        "regions": list(blueprint.regions),
        "sizes": list(blueprint.sizes),
        "digest": blueprint.digest,
    }


@router.get("/{slug:slug}", response=reads(BlueprintOut), operation_id="catalogue_get", summary="Read a blueprint")
def blueprint(request: HttpRequest, slug: str) -> Any:
    """With everything that a request needs: sizes, and inputs with types and examples."""
    caller(request)
    found = _found(slug)
    return BlueprintOut(
        **_fields(found),
        size_settings=[_size(found, size) for size in found.sizes.values()],
        inputs=[_input(variable) for variable in found.variables.values()],
        outputs=[output.name for output in found.outputs],
    )


def _found(slug: str) -> Blueprint:
    try:
        return catalogue().get(slug)
    except UnknownBlueprint as error:
        raise NotFound(f"There is no blueprint {slug}.") from error


def _size(blueprint: Blueprint, size: Size) -> SizeOut:
    return SizeOut(
        name=size.name,
        requires_approval=size.requires_approval,
        why_not_offered=why_not_offered(blueprint, size.name),
        settings=dict(size.settings),
    )


def _input(variable: Variable) -> InputOut:
    allowed = next((rule.allowed for rule in variable.validations if rule.allowed is not None), None)
    return InputOut(
        name=variable.name,
        type=str(variable.type),
        description=variable.description,
        required=variable.required,
        sensitive=variable.sensitive,
        default=None if variable.sensitive else variable.default,
        example=variable.example,
        sizes=list(variable.sizes) if variable.sizes is not None else None,
        unless=variable.unless,
        allowed=list(allowed) if allowed is not None else None,
    )


class VersionOut(Resource):
    id: str = Field(description="The version.", examples=["2.1.0"])
    maturity: str
    digest: str
    first_seen_at: datetime
    last_seen_at: datetime


@router.get(
    "/{slug:slug}/versions",
    response=reads(list[VersionOut]),
    operation_id="catalogue_versions",
    summary="List the versions of a blueprint that the portal has seen",
)
def versions(request: HttpRequest, slug: str) -> Any:
    caller(request)
    rows = versions_of(slug)
    if not rows:
        raise NotFound(f"There is no blueprint {slug}.")
    return [
        VersionOut(
            id=row.version,
            maturity=row.maturity,
            digest=row.digest,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
        )
        for row in rows
    ]
