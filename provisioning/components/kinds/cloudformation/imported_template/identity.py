"""What ties the resources of an imported template to their environment: names, paths, tags and the
boundary.

IAM policies tell teams and environments apart by these, so the template may not choose them. Roles
and instance profiles get the environment's path, roles also its tags and the account's boundary.
Buckets, secrets, parameters and log groups without a name get one by the naming rule. A template
that sets one of these itself, or a tag that is the portal's, is refused when the catalogue loads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioning.components.kinds.cloudformation.imported_template.reading import ImportedTemplate, TemplateProblem
from provisioning.components.kit.intrinsic_functions import functions

_ROLE: Final = "AWS::IAM::Role"
_BUCKET: Final = "AWS::S3::Bucket"
_LOG_GROUP: Final = "AWS::Logs::LogGroup"
_WITH_PATH: Final = (_ROLE, "AWS::IAM::InstanceProfile")
# The account lets a team's stacks create these under the team's names only.
_NAMED_BY_PORTAL: Final[Mapping[str, tuple[str, ...]]] = {
    _BUCKET: ("BucketName", "BucketNamePrefix", "BucketNamespace"),
    "AWS::SecretsManager::Secret": ("Name",),
    "AWS::SSM::Parameter": ("Name",),
}
_IDENTIFIED: Final = (*_WITH_PATH, *_NAMED_BY_PORTAL, _LOG_GROUP)
_OWN_TAG: Final = "portal:"
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the environment gives to the resources of an imported template.

    `boundary` is the ARN of the boundary, and `bucket` returns the name of a bucket, both as template
    expressions. The functions are those of `design/names.EnvironmentNames`.
    """

    boundary: Any
    role_path: str
    tags: Mapping[str, str]
    bucket: Callable[[str], Any]
    secret: Callable[[str], str]
    parameter: Callable[[str], str]
    log_group: Callable[[str], str]


def claims(template: ImportedTemplate) -> Iterator[TemplateProblem]:
    """Yield what a template sets although only the portal may."""
    for name, resource in template.section("Resources").items():
        properties, line = resource.get("Properties", {}), template.line("Resources", name)
        for key in _NAMED_BY_PORTAL.get(resource["Type"], ()):
            if key in properties:
                yield TemplateProblem(
                    line,
                    f"{name} sets {key}, but the portal names every {resource['Type']} for its team and environment; "
                    f"remove {key}, and refer to the resource with Ref or GetAtt.",
                )
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            yield TemplateProblem(
                line,
                f"{name} is a managed policy, which the portal's stack roles may not create; write its statements into "
                "the Policies of the roles that need them.",
            )
        if resource["Type"] == _ROLE and not isinstance(properties.get("Tags", []), list):
            yield TemplateProblem(
                line, f"The tags of {name} are computed, so the portal cannot add its own; list them."
            )
        yield from (TemplateProblem(line, f"{name} {problem}") for problem in _tag_problems(properties))


def _tag_problems(value: Any) -> Iterator[str]:
    """Yield what is wrong with the tags anywhere in a resource's properties."""
    if isinstance(value, list):
        for item in value:
            yield from _tag_problems(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key.lower().startswith(_OWN_TAG):
            yield f"sets the tag {key[:60]}; tags that begin with {_OWN_TAG} are the portal's. Remove it."
        elif key == "Key" and "Value" in value and _may_be_own(item):
            yield (
                f"has a tag whose key is or may be one of the portal's, which begin with {_OWN_TAG}; write another key "
                "as plain text."
            )
        yield from _tag_problems(item)


def _may_be_own(key: Any) -> bool:
    """Return whether a tag's key is one of the portal's, or is computed and could become one.

    A computed key is harmless if the text before its first variable already differs.
    """
    if isinstance(key, dict):
        found = next(functions(key), ("", ""))
        start = _literal_start(*found)
        return start[: len(_OWN_TAG)].lower() == _OWN_TAG[: len(start)]
    return isinstance(key, str) and key.lower().startswith(_OWN_TAG)


def _literal_start(function: str, argument: Any) -> str:
    """Return the text that the result of a function is certain to begin with."""
    if function == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) and argument else argument
        return text.partition("${")[0] if isinstance(text, str) else ""
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) > 1 and isinstance(argument[1], list):
        first = argument[1][0] if argument[1] else ""
        return first if isinstance(first, str) else ""
    return ""


def identify(resources: Mapping[str, dict[str, Any]], identity: Identity) -> Iterator[str]:
    """Set what only the portal may set, in place. Yields each change in a sentence."""
    buckets: set[str] = set()
    for name, resource in resources.items():
        kind = resource["Type"]
        if kind not in _IDENTIFIED:
            continue
        properties = resource.setdefault("Properties", {})
        if kind in _WITH_PATH:
            properties["Path"] = identity.role_path
        if kind == _ROLE:
            instead = " instead of its own" if "PermissionsBoundary" in properties else ""
            properties["PermissionsBoundary"] = identity.boundary
            theirs = properties.get("Tags", [])
            keys = {str(tag.get("Key")) for tag in theirs if isinstance(tag, dict)}
            tags = [{"Key": key, "Value": value} for key, value in identity.tags.items() if key not in keys]
            properties["Tags"] = [*theirs, *tags]
            yield f"The role {name} receives the account's permissions boundary{instead}, and the environment's path and tags."
        elif kind == _BUCKET:
            properties["BucketName"] = identity.bucket(_distinct(name, buckets))
            properties["BucketNamespace"] = "account-regional"
        elif kind == "AWS::SecretsManager::Secret":
            properties["Name"] = identity.secret(name)
        elif kind == "AWS::SSM::Parameter":
            properties["Name"] = identity.parameter(name)
        elif kind == _LOG_GROUP:
            properties.setdefault("LogGroupName", identity.log_group(name))


def _distinct(logical_id: str, taken: set[str]) -> str:
    """Return `data-bucket` for `DataBucket`, with a number if another logical id gives the same."""
    words = _WORD_START.sub("-", logical_id).lower()
    name, number = words, 2
    while name in taken:
        name, number = f"{words}-{number}", number + 1
    taken.add(name)
    return name
