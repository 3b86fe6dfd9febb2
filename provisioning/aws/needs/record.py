"""The records of `aws/calls`: one call of AWS, and each permission that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

ContextValue: TypeAlias = str | tuple[str, ...]

CHANGES_AND_DRIFT: Final = 9
"""The issue that builds changes, recovery, drift and events."""
COSTS: Final = 11
"""The issue that builds costs and budgets."""


class Caller(StrEnum):
    """Whose credentials a call is made with."""

    PORTAL_ROLE = "role/portal"
    PORTAL_ITSELF = "the portal's own credentials"
    ADMINISTRATOR = "the credentials of the person who runs a command"


class When(StrEnum):
    """What the portal is doing when it makes the call."""

    CONNECTING = "connecting to the account"
    PREFLIGHT = "checking before approval"
    CREATION = "creating a stack"
    WATCHING = "watching a stack"
    FINISHING = "running post-deployment tasks"
    CHANGE = "changing a stack"
    RECOVERY = "recovering a failed change"
    DRIFT = "detecting drift"
    TEARDOWN = "tearing down"
    SWEEP = "verifying that a resource is gone"
    COSTS = "reading costs and prices"


@dataclass(frozen=True, slots=True)
class ExampleEnvironment:
    """The names and tags of one environment, as `provisioning.design.names` derives them."""

    account_id: str
    region: str
    team: str
    environment: str
    environment_id: str
    generation: str
    blueprint: str
    prefix: str
    scope: str
    partition: str = "aws"

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that CloudFormation puts on every resource of the environment that takes tags."""
        return {
            "portal:team": self.team,
            "portal:environment": self.environment,
            "portal:environment-id": self.environment_id,
            "portal:generation": self.generation,
            "portal:blueprint": self.blueprint,
        }

    def fill(self, pattern: str) -> str:
        """Fills the fields of a pattern, such as `{prefix}`."""
        return pattern.format(
            account_id=self.account_id,
            region=self.region,
            partition=self.partition,
            team=self.team,
            environment=self.environment,
            environment_id=self.environment_id,
            generation=self.generation,
            blueprint=self.blueprint,
            prefix=self.prefix,
            scope=self.scope,
        )


@dataclass(frozen=True, slots=True)
class Need:
    """One permission. `resource` is an ARN in the naming scheme of `provisioning.design.names`, with
    the fields of `ExampleEnvironment` in braces, or "*" for an action that knows no resources.

    `tags_of` is the CloudFormation type of that resource if it exists by then: it carries the
    environment's tags if CloudFormation can tag the type. A resource that need not exist any more,
    as in every existence check, has no tags. `context` has the condition keys of the request.
    """

    action: str
    resource: str = "*"
    tags_of: str = ""
    context: Mapping[str, ContextValue] = field(default_factory=dict)

    def resource_in(self, names: ExampleEnvironment) -> str:
        return names.fill(self.resource)

    def context_in(self, names: ExampleEnvironment) -> Mapping[str, str | list[str]]:
        return {
            key: names.fill(value) if isinstance(value, str) else [names.fill(part) for part in value]
            for key, value in self.context.items()
        }


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as "service:Operation" with botocore's names, and all permissions that it needs.

    `planned` is the number of the issue that adds the call; None if the portal makes it today.
    """

    name: str
    when: When
    needs: tuple[Need, ...]
    planned: int | None = None
    caller: Caller = Caller.PORTAL_ROLE


REQUEST_TAGS: Final[Mapping[str, ContextValue]] = MappingProxyType(
    {
        "aws:RequestTag/portal:team": "{team}",
        "aws:RequestTag/portal:environment": "{environment}",
        "aws:RequestTag/portal:environment-id": "{environment_id}",
        "aws:RequestTag/portal:generation": "{generation}",
        "aws:RequestTag/portal:blueprint": "{blueprint}",
        "aws:TagKeys": (
            "portal:team",
            "portal:environment",
            "portal:environment-id",
            "portal:generation",
            "portal:blueprint",
        ),
    }
)
"""The condition keys of a request that sets the environment's tags."""
