"""Which drift CloudFormation cannot revert, so that people know it before they request it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provisioning.aws.identifiers import is_create_only
from provisioning.lifecycle.drift.report_document import DriftContent, DriftedResource

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html, of the types in our
# blueprints: their actual state is not read, and the previous deployment is compared instead.
UNSUPPORTED: Final = frozenset({"AWS::IAM::OIDCProvider", "AWS::MSK::Cluster", "AWS::RDS::DBProxy"})


def not_reverted(content: DriftContent) -> tuple[str, ...]:
    """The resources and properties that putting back leaves as they are, in sentences."""
    return tuple(sentence for resource in content.resources for sentence in _sentences(resource))


def can_revert(content: DriftContent) -> bool:
    """Whether putting back would change anything that the report shows."""
    return any(_is_revertible(resource) for resource in content.resources)


def _is_revertible(resource: DriftedResource) -> bool:
    if resource.type in UNSUPPORTED:
        return False
    return resource.status == "DELETED" or any(
        not is_create_only(resource.type, _property(difference.path)) for difference in resource.differences
    )


def _sentences(resource: DriftedResource) -> Iterator[str]:
    if resource.type in UNSUPPORTED:
        yield f"{resource.logical_id}: CloudFormation cannot revert drift of the type {resource.type}."
        return
    for difference in resource.differences:
        if is_create_only(resource.type, _property(difference.path)):
            yield (
                f"{resource.logical_id}: {difference.path} can only be set when the resource is created, so its drift "
                "cannot be reverted."
            )


def _property(path: str) -> str:
    """`/Targets/0/Arn` as a path of the resource's schema: `Targets.Arn`."""
    return ".".join(part for part in path.split("/") if part and not part.isdigit())
