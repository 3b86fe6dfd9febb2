"""Who makes a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.policy.documents import Statement


@dataclass(frozen=True, slots=True)
class Principal:
    """A role or a user with everything that limits it.

    `arn` is the ARN of the role or user itself, as `aws:PrincipalArn` has it, never that of a
    session. `tags` are the principal's tags together with the session's. None for `boundary`, `scp`
    or `session_policy` means that there is none; an empty tuple is one that allows nothing.
    """

    arn: str
    identity: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    scp: tuple[Statement, ...] | None = None
    session_policy: tuple[Statement, ...] | None = None
    session_name: str = ""

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    @property
    def is_role(self) -> bool:
        return self.arn.split(":", 5)[5].startswith("role/")

    @property
    def session_arn(self) -> str:
        """Return the ARN of the role's session, which has no path; empty without a session name."""
        if not self.session_name:
            return ""
        name = self.arn.rpartition("/")[2]
        return f"arn:{self.partition}:sts::{self.account_id}:assumed-role/{name}/{self.session_name}"


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """An AWS service that acts by itself, such as cloudformation.amazonaws.com when it assumes a role."""

    name: str
