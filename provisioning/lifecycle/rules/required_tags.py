"""Required tags: which tags the environments in a rule's scope must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provisioning.blueprint.phrasing import listed, shown
from provisioning.lifecycle.environment_tags import problems_of_tags
from provisioning.lifecycle.rules.record import RuleReference
from provisioning.lifecycle.rules.rule_set import RuleSet, all_rules
from provisioning.lifecycle.rules.settings import RequiredTag, RuleSettings

MOST_TAGS: Final = 20
"""Of one rule. AWS allows 50 of a resource, and the portal and the team have theirs."""
MOST_VALUES: Final = 200
"""Of one tag."""


def tag_sentences(required: RequiredTag, tags: Mapping[str, str]) -> Iterator[str]:
    """Why tags are not what one rule requires. Keys and values are compared as AWS does, capitals
    included.
    """
    value = tags.get(required.key)
    if value is None:
        expected = f", with the value {listed(required.values)}" if required.values else ""
        other = next((key for key in tags if key.casefold() == required.key.casefold()), None)
        instead = f" There is {shown(other)}, which is another key in AWS." if other is not None else ""
        yield f"The tag {shown(required.key)} is required here{expected}.{instead}"
    elif required.values and value not in required.values:
        yield f"The tag {shown(required.key)} is {shown(value)}. It should be {listed(required.values)}."


@dataclass(frozen=True, slots=True)
class TagNeed:
    """What the rules in effect together require of one key. `values` are those that all of them
    permit; None if each permits any.
    """

    key: str
    values: tuple[str, ...] | None
    because: tuple[RuleReference, ...]

    @property
    def text(self) -> str:
        if self.values is None:
            return "any value"
        return ", ".join(self.values) or "no value, because no value is in all lists"


def tag_needs(rules: RuleSet) -> tuple[TagNeed, ...]:
    """The tags that the rules, which are those that apply, require."""
    by_key: dict[str, list[tuple[RequiredTag, RuleReference]]] = {}
    for rule in rules.rules:
        for required in rule.settings.required_tags:
            by_key.setdefault(required.key, []).append((required, rule.reference))
    needs = []
    for key, entries in by_key.items():
        lists = [required.values for required, _ in entries if required.values]
        common = tuple(value for value in lists[0] if all(value in other for other in lists)) if lists else None
        needs.append(TagNeed(key, common, tuple(dict.fromkeys(reference for _, reference in entries))))
    return tuple(needs)


def required_tag_problems(settings: RuleSettings, *, before: RuleSettings) -> Iterator[str]:
    """Why the required tags cannot be stored in place of `before`, in sentences: what no environment
    could have.
    """
    required = settings.required_tags
    if len(required) > MOST_TAGS:
        yield f"There are {len(required)} required tags, and a rule has at most {MOST_TAGS}."
        return
    seen: dict[str, str] = {}
    for tag in required:
        if len(tag.values) > MOST_VALUES:
            yield f"{shown(tag.key)} has {len(tag.values)} values, and at most {MOST_VALUES} are possible."
            continue
        examples = tag.values or ("any",)
        yield from dict.fromkeys(problem for value in examples for problem in problems_of_tags({tag.key: value}))
        if (same := seen.get(tag.key.casefold())) is not None:
            also = f", also as {shown(same)}" if same != tag.key else ""
            yield f"{shown(tag.key)} is there twice{also}. Write it once, with all its values."
        seen.setdefault(tag.key.casefold(), tag.key)
    yield from _spelled_otherwise(seen, before)


def _spelled_otherwise(keys: Mapping[str, str], before: RuleSettings) -> Iterator[str]:
    """Other rules may require the same key in other capitals. No environment could have both, because
    they are one key in AWS IAM.
    """
    if not keys:
        return
    for rule in all_rules().rules:
        for other in rule.settings.required_tags if rule.settings != before else ():
            key = keys.get(other.key.casefold(), other.key)
            if key != other.key:
                yield (
                    f"Another rule ({rule.reference.title}) requires {shown(other.key)}, and AWS IAM treats {shown(key)} "
                    f"as the same key. Write {shown(other.key)}."
                )
