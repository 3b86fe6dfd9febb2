"""Compares an account's statements with those of this portal's onboarding templates."""

from __future__ import annotations

from provisioning.lifecycle.connection.report import Findings
from provisioning.policy.compare import missing_statements
from provisioning.policy.documents import Effect, Statement

Statements = tuple[Statement, ...]


def compare(findings: Findings, title: str, expected: Statements, actual: Statements, remedy: str) -> None:
    """Report statements that are missing, and those that the template does not have."""
    grants = [one.sid for one in missing_statements(expected, actual) if one.effect is Effect.ALLOW]
    if grants:
        findings.missing(f"{title} lacks permissions of this portal's template: {', '.join(grants)}.", remedy)
    limits_are_those_of_the_template = compare_limits(findings, title, expected, actual, remedy)
    if limits_are_those_of_the_template and not grants:
        findings.passed(f"{title} is what this portal's template makes.")


def compare_limits(findings: Findings, title: str, expected: Statements, actual: Statements, remedy: str) -> bool:
    """Report prohibitions that are missing, and statements that the template does not have. Return
    whether there are none of either.
    """
    prohibitions = [one.sid for one in missing_statements(expected, actual) if one.effect is Effect.DENY]
    additions = missing_statements(actual, expected)
    if prohibitions:
        findings.missing(f"{title} lacks prohibitions of this portal's template: {', '.join(prohibitions)}.", remedy)
    if additions:
        findings.note(
            f"{title} has statements that are not in this portal's template: {', '.join(map(str, additions))}.",
            "Ask an administrator of the account why, and remove them if nobody knows.",
        )
    return not (prohibitions or additions)
