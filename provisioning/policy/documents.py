"""Policies as IAM stores them, parsed into statements once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from provisioning.policy.conditions import Condition, parse_condition
from provisioning.policy.errors import MalformedPolicy
from provisioning.policy.globs import Context, Glob, compiled_glob, parse_glob
from provisioning.policy.principals_named import PrincipalElement, parse_principal_element

VERSION_WITH_VARIABLES = "2012-10-17"
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """`source` is where it comes from (a policy's name), `sid` its Sid or "#" and its position in the document.

    Trust policies have no Resource element: `resources` is then empty and matches the role itself.
    """

    source: str
    sid: str
    effect: Effect
    actions: tuple[str, ...]
    excludes_actions: bool
    resources: tuple[Glob, ...]
    excludes_resources: bool
    conditions: tuple[Condition, ...]
    principal: PrincipalElement | None = None

    def __str__(self) -> str:
        return f"{self.source}/{self.sid}"

    def names_action(self, action: str) -> bool:
        named = any(compiled_glob(one, ignore_case=True).fullmatch(action) for one in self.actions)
        return named is not self.excludes_actions

    def names_resource(self, resource: str, context: Context) -> bool:
        if not self.resources:
            return True
        return any(one.matches(resource, context) for one in self.resources) is not self.excludes_resources

    def failed_condition(self, context: Context) -> Condition | None:
        """Return the first condition that does not hold; None if the statement applies."""
        for one in self.conditions:
            if not one.holds(context):
                return one
        return None


def parse_policy(document: object, source: str) -> tuple[Statement, ...]:
    """Parse a policy document: JSON text, or the dict that it stands for.

    `source` names the policy in decisions. Raises MalformedPolicy for what IAM would refuse, and
    UnknownOperator.
    """
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise MalformedPolicy(f"Policy {source} is not JSON: {error}") from error
    if not isinstance(document, dict) or "Statement" not in document:
        raise MalformedPolicy(f"Policy {source} has no Statement element")
    listed = document["Statement"]
    # IAM's default version is the old one, in which a variable is plain text (reference_policies_elements_version).
    with_variables = str(document.get("Version", "2008-10-17")) == VERSION_WITH_VARIABLES
    return tuple(
        _parse_statement(one, source, position, with_variables=with_variables)
        for position, one in enumerate(listed if isinstance(listed, list) else [listed])
    )


def _parse_statement(raw: object, source: str, position: int, *, with_variables: bool) -> Statement:
    if not isinstance(raw, dict):
        raise MalformedPolicy(f"Statement {position} of {source} is not an object")
    place = f"Statement {raw.get('Sid', position)} of {source}"
    if unknown := sorted(set(raw) - _ELEMENTS):
        raise MalformedPolicy(f"{place} has the unknown element {unknown[0]}")
    if raw.get("Effect") not in (Effect.ALLOW, Effect.DENY):
        raise MalformedPolicy(f"{place} needs the Effect Allow or Deny")
    actions, excludes_actions = _element(raw, "Action", place)
    resources, excludes_resources = _element(raw, "Resource", place, required=False)
    principal = None
    if "Principal" in raw or "NotPrincipal" in raw:
        excludes = "NotPrincipal" in raw
        if excludes and raw["Effect"] == Effect.ALLOW:
            raise MalformedPolicy(f"{place} uses NotPrincipal with Allow, which AWS does not support")
        principal = parse_principal_element(raw["NotPrincipal" if excludes else "Principal"], excludes=excludes)
    conditions = raw.get("Condition") or {}
    if not isinstance(conditions, dict) or not all(isinstance(block, dict) for block in conditions.values()):
        raise MalformedPolicy(f"{place} needs a map of operators as its Condition")
    return Statement(
        source=source,
        sid=str(raw.get("Sid") or f"#{position}"),
        effect=Effect(raw["Effect"]),
        actions=actions,
        excludes_actions=excludes_actions,
        resources=tuple(parse_glob(one, with_variables=with_variables) for one in resources),
        excludes_resources=excludes_resources,
        conditions=tuple(
            parse_condition(operator, key, values, with_variables=with_variables)
            for operator, block in conditions.items()
            for key, values in block.items()
        ),
        principal=principal,
    )


def _element(
    raw: Mapping[str, object], name: str, place: str, *, required: bool = True
) -> tuple[tuple[str, ...], bool]:
    """Return the texts of an element or of its Not… form, and whether it is the latter."""
    present = [key for key in (name, f"Not{name}") if key in raw]
    if len(present) > 1 or (required and not present):
        raise MalformedPolicy(f"{place} needs either {name} or Not{name}")
    if not present:
        return (), False
    listed = raw[present[0]]
    texts = listed if isinstance(listed, list) else [listed]
    if not texts or not all(isinstance(one, str) for one in texts):
        raise MalformedPolicy(f"{place} needs text in {present[0]}")
    return tuple(texts), present[0] != name
