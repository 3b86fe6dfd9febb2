"""Policies as AWS returned them, parsed."""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.aws.account_reads import PolicyText
from provisioning.policy.documents import Statement, parse_policy


def statements_of(policies: Iterable[PolicyText]) -> tuple[Statement, ...]:
    """Raises PolicyError for a document that cannot be evaluated."""
    return tuple(statement for one in policies for statement in parse_policy(one.document, one.name))
