"""Compares policies by what their statements say, whatever their order, their Sids and their case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from provisioning.policy.conditions import Condition
from provisioning.policy.documents import Statement

Meaning: TypeAlias = tuple[object, ...]


def missing_statements(expected: Iterable[Statement], actual: Iterable[Statement]) -> tuple[Statement, ...]:
    """Return the expected statements of which `actual` has none with the same meaning."""
    present = {meaning(one) for one in actual}
    return tuple(one for one in expected if meaning(one) not in present)


def meaning(statement: Statement) -> Meaning:
    return (
        statement.effect,
        frozenset(one.lower() for one in statement.actions),
        statement.excludes_actions,
        frozenset(statement.resources),
        statement.excludes_resources,
        frozenset(map(_meaning_of_condition, statement.conditions)),
        statement.principal
        and _listed(statement.principal.aws, statement.principal.services, statement.principal.federated),
        statement.principal and statement.principal.excludes,
    )


def _meaning_of_condition(condition: Condition) -> Meaning:
    name = condition.operator.name if condition.operator else "Null"
    return (
        name,
        condition.quantifier,
        condition.if_exists,
        condition.absent,
        condition.key,
        frozenset(condition.values),
    )


def _listed(*kinds: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    return tuple(map(frozenset, kinds))
