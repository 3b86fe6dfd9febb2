"""What changes between two versions of a blueprint."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from portal.api.auth import caller
from portal.api.schemas import reads
from portal.api.v1.lookups import invalid
from portal.api.values import PRINTABLE
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.read.versions import blueprint_of
from provisioning.template.diff import ResourceDifference
from provisioning.version_diff.compare import compare_versions, example_environment

router = Router(tags=["Catalogue"])

Version = Annotated[str, Query(max_length=64, pattern=PRINTABLE, examples=["1.0.0"])]


class PartOut(Schema):
    kind: str = Field(description="added, removed or changed.", examples=["added"])
    name: str


class SettingOut(Schema):
    size: str = Field(examples=["dev"])
    name: str
    before: Any = Field(description="Null if the size did not set it.")
    after: Any


class InputChangeOut(PartOut):
    sentences: list[str]
    needs_value: bool = Field(description="An environment of the earlier version needs a value for it.")


class PropertyOut(Schema):
    path: str
    before: str | None = Field(description="JSON text; null if it is absent.")
    after: str | None


class ResourceChangeOut(Schema):
    kind: str = Field(description="added, removed or changed.", examples=["changed"])
    stack: str
    logical_id: str
    type: str = Field(examples=["AWS::S3::Bucket"])
    component: str
    properties: list[PropertyOut]


class ComparisonOut(Schema):
    """The same inputs, size and environment in both versions. Values of sensitive inputs are not shown."""

    size: str = Field(examples=["dev"])
    problem: str = Field(description="Why the templates cannot be compared. Empty if they are.", examples=[""])
    inputs: list[InputChangeOut]
    settings: list[SettingOut]
    regions: list[PartOut]
    components: list[PartOut]
    files: list[PartOut]
    outputs: list[PartOut]
    resources: list[ResourceChangeOut]


def _resource(one: ResourceDifference) -> ResourceChangeOut:
    return ResourceChangeOut(
        kind=one.kind,
        stack=one.stack,
        logical_id=one.logical_id,
        type=one.type,
        component=one.address,
        properties=[PropertyOut(path=change.path, before=change.before, after=change.after) for change in one.changes],
    )


@router.get(
    "/{slug:slug}/changes",
    response=reads(ComparisonOut),
    operation_id="catalogue_compare",
    summary="Read what changes between two versions of a blueprint",
)
def compare(
    request: HttpRequest,
    slug: str,
    before: Version,
    after: Version,
    size: Annotated[str, Query(max_length=10, description="Empty for the first size.")] = "",
) -> Any:
    """With the examples of the inputs."""
    caller(request)
    earlier = blueprint_of(slug, before)
    offered = catalogue().blueprints.get(slug)
    # The same version twice compares its archive with its folder.
    in_folder = offered is not None and before == after == offered.version
    later = offered if in_folder and offered is not None else blueprint_of(slug, after)
    if size and size not in later.sizes:
        raise invalid("size", f"{slug} {after} has no size {size}. It has {', '.join(later.sizes)}.")
    wanted = size or next(iter(later.sizes))
    found = compare_versions(
        earlier, later, size=wanted, inputs={}, environment=example_environment(earlier, later, size=wanted)
    )
    parts = {
        name: [PartOut(kind=one.kind, name=one.name) for one in getattr(found, name)]
        for name in ("regions", "components", "files", "outputs")
    }
    return ComparisonOut(
        size=wanted,
        problem=found.problem,
        inputs=[
            InputChangeOut(kind=one.kind, name=one.name, sentences=list(one.sentences), needs_value=one.needs_value)
            for one in found.inputs
        ],
        settings=[
            SettingOut(size=one.size, name=one.name, before=one.before, after=one.after) for one in found.settings
        ],
        resources=[_resource(one) for one in (found.template.resources if found.template is not None else ())],
        **parts,
    )
