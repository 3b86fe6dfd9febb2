"""The tags that a team gives its environment.

They become tags of each stack, in addition to those of the blueprint and of the portal, and CloudFormation
passes them on to the resources. AWS's limits for one tag are in `provisioning.blueprint.tags`; here
are those that depend on what the template contains. Every problem is one of the field `tags`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from provisioning.aws import aws_type
from provisioning.blueprint.phrasing import shown
from provisioning.blueprint.tags import MAX_TAGS, tag_problems
from provisioning.design.graph import Design
from provisioning.errors import InvalidFields
from provisioning.lifecycle.ownership import PORTAL_TAGS
from provisioning.proof.facts.secrets import VALUES
from provisioning.template.compile import CompiledDesign, CompiledTemplate

FIELD: Final = "tags"
MOST_PROBLEMS: Final = 20
"""A program may send thousands of wrong tags."""
# Where CloudFormation's types have their tags:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
_PROPERTIES: Final = ("Tags", "HostedZoneTags", "HealthCheckTags", "FileSystemTags")
_IAM: Final = "AWS::IAM::"


def without_portal_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a stack that are not the portal's own: the team's and the blueprint's."""
    return {key: value for key, value in tags.items() if not key.startswith(PORTAL_TAGS)}


def problems_of_tags(tags: Mapping[str, str]) -> list[str]:
    """What is wrong with tags whatever they are for, in sentences.

    A text that looks like a secret is not repeated, because refusals are logged.
    """
    if secrets := sorted({kind for pair in tags.items() for text in pair for kind in _secrets_in(text)}):
        return [
            f"There is {kind} among the tags. Everyone who sees the account can read tags; remove it."
            for kind in secrets
        ]
    problems = [f"The list {problem}." for problem in islice(tag_problems(dict(tags)), MOST_PROBLEMS)]
    # Forms write a tag as key = value.
    problems += [f"The list has the key {shown(key)}; leave out the =." for key in tags if "=" in key]
    return problems[:MOST_PROBLEMS]


def with_tags(design: Design, tags: Mapping[str, str]) -> Design:
    """Return the design with the team's tags in addition to those of the blueprint.

    Raises InvalidFields for tags that AWS refuses or the portal reserves, and for a key that the
    blueprint sets to something else.
    """
    if not tags:
        return design
    problems = problems_of_tags(tags)
    theirs = {key.casefold(): key for key in design.tags}
    for key, value in tags.items():
        same = theirs.get(key.casefold())
        if same is not None and (same, design.tags[same]) != (key, value):
            problems.append(
                f"The blueprint sets the tag {shown(same)} to {shown(design.tags[same])} already. Remove {shown(key)} here."
            )
    together = {**design.tags, **tags}
    if not problems and len(together) > MAX_TAGS:
        problems.append(
            f"With the blueprint’s own, there are {len(together)} tags; {MAX_TAGS} are allowed. Remove some."
        )
    _refuse(problems)
    return replace(design, tags=together)


def check_tagged_resources(compiled: CompiledDesign, tags: Mapping[str, str]) -> None:
    """Raise InvalidFields for tags that a resource of the templates cannot have.

    Some resources have fewer tags than others. IAM refuses two keys that differ only in capitals:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html.
    """
    if tags:
        _refuse(
            list(dict.fromkeys(problem for stack in compiled.stacks for problem in _resource_problems(stack, tags)))
        )


def _resource_problems(stack: CompiledTemplate, tags: Mapping[str, str]) -> Iterator[str]:
    resources: Mapping[str, Mapping[str, Any]] = json.loads(stack.body)["Resources"]
    for logical_id, resource in resources.items():
        kind = aws_type(resource["Type"])
        own = _own_keys(resource.get("Properties", {}))
        if not (own or kind.taggable):
            continue
        count = len(own | stack.tags.keys())
        if count > kind.max_tags:
            room = max(0, len(tags) - (count - kind.max_tags))
            yield (
                f"{logical_id} ({kind.name}) would have {count} tags with those of the portal, and AWS allows "
                f"{kind.max_tags}. Give at most {room}."
            )
        if kind.name.startswith(_IAM):
            theirs = {key.casefold(): key for key in own}
            for key in tags:
                if (same := theirs.get(key.casefold(), key)) != key:
                    yield (
                        f"{logical_id} has the tag {shown(same)}, and AWS IAM treats {shown(key)} as the same key. "
                        f"Write {shown(same)}."
                    )


def _own_keys(properties: Mapping[str, Any]) -> set[str]:
    """The keys of the tags that a template gives the resource itself, as far as they are plain text."""
    keys: set[str] = set()
    for name in _PROPERTIES:
        tags = properties.get(name)
        if isinstance(tags, list):
            keys |= {tag["Key"] for tag in tags if isinstance(tag, dict) and isinstance(tag.get("Key"), str)}
        elif isinstance(tags, dict):
            keys |= tags.keys()
    return keys


def _secrets_in(text: str) -> Iterator[str]:
    return (kind for kind, pattern in VALUES.items() if pattern.search(text))


def _refuse(problems: list[str]) -> None:
    if problems:
        raise InvalidFields({FIELD: problems})
