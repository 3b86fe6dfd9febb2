"""Narrowed inputs: what a rule lets a team enter, in addition to what the blueprint says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from provisioning.blueprint.inputs.variables import compiled
from provisioning.blueprint.phrasing import listed
from provisioning.lifecycle.rules.record import RuleReference
from provisioning.lifecycle.rules.rule_set import RuleSet
from provisioning.lifecycle.rules.settings import NarrowedInput


def complaints(narrowed: NarrowedInput, value: object) -> Iterator[str]:
    """What is wrong with a value, each as the rest of a sentence that begins with the input's name."""
    texts = [text_of(item) for item in _items(value)]
    if narrowed.allowed and any(text not in narrowed.allowed for text in texts):
        yield f"should be {listed(narrowed.allowed)}"
    if narrowed.pattern and not all(compiled(narrowed.pattern).isinstance_python(text) for text in texts):
        yield f"does not match {narrowed.pattern}"
    numbers = [number for text in texts if (number := _number(text)) is not None]
    if narrowed.minimum and any(number < Decimal(narrowed.minimum) for number in numbers):
        yield f"should be at least {narrowed.minimum}"
    if narrowed.maximum and any(number > Decimal(narrowed.maximum) for number in numbers):
        yield f"should be at most {narrowed.maximum}"


def text_of(value: object) -> str:
    """A value as the form and a rule write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How the rules in effect narrow one input. `allowed` is what all of them allow; None if none
    lists values.
    """

    allowed: tuple[str, ...] | None
    limits: tuple[str, ...]
    because: tuple[RuleReference, ...]


def narrowings(rules: RuleSet, blueprint: str) -> Mapping[str, Narrowing]:
    """How the rules, which are those that apply, narrow the inputs of a blueprint, by their name."""
    by_name: dict[str, list[tuple[NarrowedInput, RuleReference]]] = {}
    for rule in rules.rules:
        for narrowed in rule.settings.inputs:
            if narrowed.blueprint == blueprint:
                by_name.setdefault(narrowed.name, []).append((narrowed, rule.reference))
    return {name: _combined(entries) for name, entries in by_name.items()}


def _combined(entries: Sequence[tuple[NarrowedInput, RuleReference]]) -> Narrowing:
    lists = [narrowed.allowed for narrowed, _ in entries if narrowed.allowed]
    in_all = tuple(value for value in lists[0] if all(value in other for other in lists)) if lists else None
    limits = tuple(
        text
        for narrowed, _ in entries
        for limit, text in (
            (narrowed.minimum, f"at least {narrowed.minimum}"),
            (narrowed.maximum, f"at most {narrowed.maximum}"),
            (narrowed.pattern, f"matching {narrowed.pattern}"),
        )
        if limit
    )
    return Narrowing(in_all, limits, tuple(dict.fromkeys(reference for _, reference in entries)))


def _items(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
