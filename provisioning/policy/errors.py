# ruff: noqa: N818 - named for what they say, as in provisioning/errors.py
"""The errors of this package. Each message says what is wrong and where."""

from __future__ import annotations


class PolicyError(ValueError):
    """A policy, a request or a template that cannot be evaluated."""


class UnknownAction(PolicyError):
    """The action is not in the service authorization reference, or its service is not in our part of it."""

    def __init__(self, action: str) -> None:
        super().__init__(f"{action} is not an action of AWS's service authorization reference")
        self.action = action


class UnknownOperator(PolicyError):
    """AWS has no such condition operator."""

    def __init__(self, operator: str) -> None:
        super().__init__(f"{operator} is not a condition operator")
        self.operator = operator


class MalformedPolicy(PolicyError):
    """The document is not a policy that IAM would accept."""


class UnresolvedReference(PolicyError):
    """A template refers to something that neither the template nor the parameters define."""
