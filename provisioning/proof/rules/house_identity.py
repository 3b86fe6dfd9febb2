"""House rules for what IAM tells teams and environments apart by: paths, tags and names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioning.design.names import ENVIRONMENT_TAG, GENERATION_TAG, TEAM_TAG, EnvironmentNames
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import has_unknown, is_unknown, mapping, shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_PATHS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"
_ABAC = "https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction_attribute-based-access-control.html"
_NAMESPACES = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html"
_WITH_PATH = ("AWS::IAM::Role", "AWS::IAM::InstanceProfile")
_ALL_ENVIRONMENTS = "/portal/env/"
_OWN = "portal:"
_NAME_PROPERTIES = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::SSM::Parameter": "Name",
}


def _names(view: View, stack: str) -> EnvironmentNames | None:
    """Return the names of the stack's environment, or None if its tags do not say which it is."""
    tags = view.model.stack(stack).tags or {}
    if not all(tags.get(tag) for tag in (TEAM_TAG, ENVIRONMENT_TAG, GENERATION_TAG)):
        return None
    return EnvironmentNames(tags[TEAM_TAG], tags[ENVIRONMENT_TAG], tags[GENERATION_TAG])


@rule(
    "house.role-path",
    "Every role is in its environment's path",
    severity="medium",
    why="IAM lets a team create and pass only the roles in its own path.",
    remedy="Set Path to the environment's path.",
    source=_PATHS,
    types=_WITH_PATH,
)
def role_path(view: View, report: Reporter) -> None:
    for resource in view.of(*_WITH_PATH):
        path, names = resource.get("Path", "/"), _names(view, resource.stack)
        own = path == names.role_path if names else isinstance(path, str) and path.startswith(_ALL_ENVIRONMENTS)
        if is_unknown(path):
            report.undecided(resource, f"The path of {resource.key} cannot be determined.", resource.at("Path"))
        elif own:
            report.passes(resource, f"{resource.at('Path')} is {shown(path)}")
        else:
            expected = names.role_path if names else f"{_ALL_ENVIRONMENTS}…"
            report.fault(
                resource, f"{resource.key} is not in the path {expected}.", f"{resource.at('Path')} is {shown(path)}"
            )


@rule(
    "house.own-tags",
    "No resource claims to be another environment's",
    severity="high",
    why="IAM decides by the tags of roles and resources. One with another environment's tags could reach its data.",
    remedy="Remove tags that begin with portal: from the resource; roles get those of their stack.",
    source=_ABAC,
    types=("AWS::IAM::Role",),
)
def own_tags(view: View, report: Reporter) -> None:
    for resource in view.model.resources.values():
        expected = view.model.stack(resource.stack).tags
        claimed = dict(_portal_tags(resource.properties))
        foreign = {key: value for key, value in claimed.items() if expected is not None and value != expected.get(key)}
        for key, value in foreign.items():
            report.fault(resource, f"{resource.key} has the tag {key} = {shown(value)}.", resource.at("Tags"))
        if resource.type != "AWS::IAM::Role" or foreign:
            continue
        missing = [key for key in expected or {} if key.startswith(_OWN) and key not in claimed]
        if missing:
            sentence = f"{resource.key} lacks the tags {', '.join(missing)}, so IAM cannot tell whose it is."
            report.fault(resource, sentence, resource.at("Tags"), severity="medium")
        else:
            report.passes(resource, f"{resource.at('Tags')}: {len(claimed)} of the portal's")


def _portal_tags(properties: Any) -> Iterator[tuple[str, Any]]:
    """Yield the portal's tags that a resource sets itself, as lists or as maps, at any depth.

    Not recursive, because a raw template may nest to any depth.
    """
    waiting = [properties]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
            continue
        pair = mapping(value)
        key = pair.get("Key")
        if isinstance(key, str) and key.lower().startswith(_OWN):
            yield key, pair.get("Value")
        yield from ((name, part) for name, part in pair.items() if name.lower().startswith(_OWN))
        waiting += [part for part in pair.values() if isinstance(part, dict | list)]


@rule(
    "house.scoped-names",
    "Buckets, secrets and parameters carry the names of their team and environment",
    severity="medium",
    why="Where AWS does not decide by tags, IAM separates teams and environments by these names.",
    remedy="Let the portal name the resource.",
    source=_NAMESPACES,
    types=_NAME_PROPERTIES,
)
def scoped_names(view: View, report: Reporter) -> None:
    for resource in view.of(*_NAME_PROPERTIES):
        names = _names(view, resource.stack)
        if names is None:
            report.fact(f"{resource.key}: the tags of its stack are unknown")
            continue
        path = _NAME_PROPERTIES[resource.type]
        name, start = str(resource.get(path, "")), _start(names, resource)
        if not name.startswith(start):
            undecided = has_unknown(name[: len(start)])
            sentence = f"The name of {resource.key} does not begin with {start}."
            report.fault(
                resource, sentence, f"{resource.at(path)} is {shown(name) or 'not set'}", certain=not undecided
            )
        elif resource.type == "AWS::S3::Bucket" and resource.get("BucketNamespace") != "account-regional":
            report.fault(
                resource,
                f"Another account could take the name of {resource.key} before or after it.",
                f"{resource.at('BucketNamespace')} is not account-regional",
            )
        else:
            report.passes(resource, f"{resource.at(path)} is {shown(name)}")


def _start(names: EnvironmentNames, resource: Resource) -> str:
    match resource.type:
        case "AWS::S3::Bucket":
            return names.bucket_prefix
        case "AWS::SecretsManager::Secret":
            return names.secret("")
        case _:
            return names.parameter("")
