"""Finds conditions on keys that AWS never sends with an action of their statement.

An Allow with such a condition never applies to that action; a Deny with a negated operator always does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provisioning.policy.documents import Statement
from provisioning.policy.globs import compiled_glob
from provisioning.policy.reference import REFERENCE, is_among, is_global_key


@dataclass(frozen=True, slots=True)
class UnknownKey:
    statement: str
    action: str
    key: str

    def __str__(self) -> str:
        return f"{self.statement}: {self.action} does not know {self.key}"


def unknown_keys(statements: tuple[Statement, ...]) -> tuple[UnknownKey, ...]:
    """Return them in the statements' order; conditions with Null or …IfExists expect an absent key and are left out."""
    return tuple(
        UnknownKey(str(one), action, condition.key)
        for one in statements
        for condition in one.conditions
        if condition.operator is not None and not condition.if_exists and not is_global_key(condition.key)
        for action in actions_named(one)
        if not is_among(condition.key, REFERENCE.action(action).all_keys)
    )


def actions_named(statement: Statement) -> Iterator[str]:
    """Yield the actions of the reference that a statement's Action element names, with wildcards expanded.

    NotAction and a wildcard in the service's part yield nothing: they name nearly everything.
    """
    for pattern in () if statement.excludes_actions else statement.actions:
        prefix, _, verb = pattern.partition(":")
        if prefix.lower() not in REFERENCE.prefixes:
            continue
        regex = compiled_glob(verb, ignore_case=True)
        yield from (one for one in REFERENCE.actions_of(prefix.lower()) if regex.fullmatch(one.partition(":")[2]))
