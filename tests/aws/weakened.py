"""The onboarding templates, each with one thing weakened: a Deny or one of its actions dropped, a
condition of an Allow dropped, or a resource of an Allow opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from provisioning.policy.template import Template
from tests.aws.onboarded import account_template, team_template

Document = dict[str, Any]
_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument")


@dataclass(frozen=True, slots=True)
class Weakened:
    """`statement` is the Sid of the changed statement with its resource's logical id."""

    statement: str
    change: str
    account: Template
    team: Template

    def __str__(self) -> str:
        return f"{self.statement}: {self.change}"


def all_weakened() -> Iterator[Weakened]:
    for template in (account_template(), team_template()):
        for logical_id, resource in template.resources.items():
            for place, statement in _statements(resource.get("Properties", {})):
                # What former environments have is kept as it was.
                if resource.get("Condition") == "Former" and statement["Effect"] == "Allow":
                    continue
                for change, changed in _weaker(statement):
                    resources = deepcopy(dict(template.resources))
                    documents = dict(_places(resources[logical_id]["Properties"]))
                    document, position = place
                    statements = documents[document]["Statement"]
                    statements[position : position + 1] = changed
                    other = replace(template, resources=resources)
                    yield Weakened(
                        statement=f"{logical_id}/{statement['Sid']}",
                        change=change,
                        account=other if template is account_template() else account_template(),
                        team=other if template is team_template() else team_template(),
                    )


def _weaker(statement: Mapping[str, Any]) -> Iterator[tuple[str, list[Document]]]:
    if statement["Effect"] == "Deny":
        yield "dropped", []
        actions = statement.get("Action", [])
        for action in actions if isinstance(actions, list) and len(actions) > 1 else ():
            yield f"without {action}", [{**statement, "Action": [one for one in actions if one != action]}]
        return
    conditions = statement.get("Condition", {})
    for operator, keys in conditions.items():
        for key in keys:
            weaker = deepcopy(dict(statement))
            del weaker["Condition"][operator][key]
            weaker["Condition"] = {name: block for name, block in weaker["Condition"].items() if block}
            yield f"without its condition on {key} ({operator})", [weaker]
    resource = statement.get("Resource", "*")
    for position, named in enumerate(resource if isinstance(resource, list) else [resource]):
        if named != "*":
            opened = (
                ["*" if other == position else one for other, one in enumerate(resource)]
                if isinstance(resource, list)
                else "*"
            )
            yield f"with * for {_text(named)}", [{**statement, "Resource": opened}]


def _text(resource: Any) -> str:
    return resource if isinstance(resource, str) else str(next(iter(resource.values())))


Place = tuple[int, int]
"""The number of a policy document in its resource, and the position of a statement in it."""


def _statements(properties: Mapping[str, Any]) -> Iterator[tuple[Place, Document]]:
    for number, document in _places(properties):
        for position, statement in enumerate(document["Statement"]):
            if "Effect" in statement:
                yield (number, position), statement


def _places(properties: Any) -> Iterator[tuple[int, Document]]:
    """Yields the policy documents anywhere in a resource's properties, in their order."""
    return enumerate(_documents(properties))


def _documents(value: Any) -> Iterator[Document]:
    if isinstance(value, list):
        for one in value:
            yield from _documents(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name in _DOCUMENTS:
                yield one
            else:
                yield from _documents(one)
