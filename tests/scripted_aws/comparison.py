"""What a change set says about two renderings of a stack: which resources are added, modified,
replaced and removed, and why.

Details follow the examples of AWS's page "Change sets for CloudFormation stacks": what a parameter
causes has a static detail with its name and a dynamic one of the template; what another resource
causes is dynamic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioning.aws.change_sets import ChangeDetail, ResourceChange
from tests.scripted_aws.rendering import ATTRIBUTES, Rendered
from tests.scripted_aws.schemas import schema_of


@dataclass(frozen=True)
class Comparison:
    """`physical` are the physical ids that the stack has now."""

    old: Mapping[str, Rendered]
    new: Mapping[str, Rendered]
    physical: Mapping[str, str]
    tags_differ: bool = False
    parameters_differ: frozenset[str] = frozenset()

    def changes(self) -> list[ResourceChange]:
        changes = {name: change for name in self.new if (change := self._change(name)) is not None}
        self._add_dependants(changes)
        removed = [self._removed(name) for name in self.old if name not in self.new]
        return [*changes.values(), *removed]

    def _change(self, name: str) -> ResourceChange | None:
        new = self.new[name]
        if name not in self.old or not self.physical.get(name):
            return ResourceChange(action="Add", logical_id=name, type=new.type)
        details = [
            detail
            for prop in sorted({*self.old[name].properties, *new.properties})
            for detail in self._details(name, prop)
        ]
        details += [
            ChangeDetail(
                attribute=attribute, requires_recreation="Never", evaluation="Static", source="DirectModification"
            )
            for attribute in ATTRIBUTES
            if self.old[name].attributes.get(attribute) != new.attributes.get(attribute)
        ]
        if self.tags_differ and schema_of(new.type).taggable:
            details.append(
                ChangeDetail(
                    attribute="Tags", requires_recreation="Never", evaluation="Static", source="DirectModification"
                )
            )
        return self._modified(name, details) if details else None

    def _details(self, name: str, prop: str) -> list[ChangeDetail]:
        before, after = self.old[name].properties.get(prop), self.new[name].properties.get(prop)
        if before == after:
            return []
        detail = ChangeDetail(
            attribute="Properties",
            name=prop,
            requires_recreation=recreation(self.new[name].type, prop),
            evaluation="Static",
            source="DirectModification",
            path=f"/Properties/{prop}",
            before=_text(before),
            after=_text(after),
            change_type="Add" if before is None else "Remove" if after is None else "Modify",
        )
        causes = self.new[name].parameters.get(prop, frozenset()) & self.parameters_differ
        if not causes:
            return [detail]
        caused = [replace(detail, source="ParameterReference", causing_entity=cause) for cause in sorted(causes)]
        return [*caused, replace(detail, evaluation="Dynamic")]

    def _modified(self, name: str, details: list[ChangeDetail]) -> ResourceChange:
        replacement = worst(details)
        removes = self.new[name].replace_policy
        return ResourceChange(
            action="Modify",
            logical_id=name,
            type=self.new[name].type,
            physical_id=self.physical[name],
            replacement=replacement,
            policy_action="" if replacement == "False" else f"ReplaceAnd{_policy(removes)}",
            scope=tuple(sorted({detail.attribute for detail in details})),
            details=tuple(details),
        )

    def _add_dependants(self, changes: dict[str, ResourceChange]) -> None:
        """What depends on a resource that may be replaced, or on an attribute of one that changes,
        may change as well.
        """
        changed = True
        while changed:
            changed = False
            for name in self.new:
                if name not in self.old or not self.physical.get(name):
                    continue
                known = changes[name].details if name in changes else ()
                caused = [detail for detail in self._caused(name, changes) if detail not in known]
                if caused:
                    changes[name] = self._modified(name, [*known, *caused])
                    changed = True

    def _caused(self, name: str, changes: Mapping[str, ResourceChange]) -> list[ChangeDetail]:
        details = []
        for prop, references in sorted(self.new[name].references.items()):
            for other, attribute in sorted(references):
                change = changes.get(other)
                if change is None or change.action != "Modify" or other == name:
                    continue
                if change.replacement == "False" and not (attribute and "Properties" in change.scope):
                    continue
                details.append(
                    ChangeDetail(
                        attribute="Properties",
                        name=prop,
                        requires_recreation=recreation(self.new[name].type, prop),
                        evaluation="Dynamic",
                        source="ResourceAttribute" if attribute else "ResourceReference",
                        causing_entity=f"{other}.{attribute}" if attribute else other,
                        path=f"/Properties/{prop}",
                    )
                )
        return details

    def _removed(self, name: str) -> ResourceChange:
        old = self.old[name]
        return ResourceChange(
            action="Remove",
            logical_id=name,
            type=old.type,
            physical_id=self.physical.get(name, ""),
            policy_action=_policy(old.deletion_policy),
        )


def recreation(resource_type: str, prop: str) -> str:
    schema = schema_of(resource_type)
    if prop in schema.create_only:
        return "Always"
    return "Conditionally" if prop in schema.conditional else "Never"


def worst(details: list[ChangeDetail]) -> str:
    """The worst detail decides: Always and Static is True, Always and Dynamic or Conditionally is
    Conditional.
    """
    pairs = {(detail.requires_recreation, detail.evaluation) for detail in details}
    if ("Always", "Static") in pairs:
        return "True"
    if any(recreated in ("Always", "Conditionally") for recreated, _ in pairs):
        return "Conditional"
    return "False"


def _policy(policy: str) -> str:
    return "Retain" if policy.startswith("Retain") else policy


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)
