"""The tags that CloudFormation gives a stack's resource, by its type's schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.sandbox.schemas import schema_of

LAUNCH_TEMPLATE = "AWS::EC2::LaunchTemplate"


def planned_tags(
    resource_type: str, properties: Mapping[str, Any], stack_tags: Iterable[Mapping[str, str]]
) -> dict[str, str]:
    """The stack's tags, under the resource's own; none for a type that CloudFormation does not tag."""
    if resource_type == LAUNCH_TEMPLATE:
        return _of_specifications(properties)
    tagging = (schema_of(resource_type) or {}).get("tagging") or {}
    if not tagging.get("taggable") or resource_type == "AWS::ApplicationAutoScaling::ScalableTarget":
        # Scalable targets: AWS's schemas disagree, and Application Auto Scaling's guide says that only its API tags them.
        return {}
    name = str(tagging.get("tagProperty") or "/properties/Tags").rpartition("/")[2]
    return {**{tag["Key"]: tag["Value"] for tag in stack_tags}, **_pairs(properties.get(name))}


def tags_with_creation(resource_type: str) -> bool:
    """Whether the tags are part of the creating call, rather than of a second one."""
    tagging = (schema_of(resource_type) or {}).get("tagging") or {}
    return bool(tagging.get("tagOnCreate")) or resource_type == LAUNCH_TEMPLATE


def _of_specifications(properties: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: text
        for specification in properties.get("TagSpecifications") or []
        if specification.get("ResourceType") == "launch-template"
        for key, text in _pairs(specification.get("Tags")).items()
    }


def _pairs(tags: Any) -> dict[str, str]:
    if isinstance(tags, Mapping):
        return {str(key): str(text) for key, text in tags.items()}
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags or []}
