"""What the portal reads about an account before a request is approved: quotas, offers and the state
of what a plan refers to.

`provisioning.aws.live_reads` implements it with boto3, the scripted AWS of the tests in memory.
Every method reads only, makes one to three calls, and may raise an error of
`provisioning.aws.errors`. Whether a named resource exists is `Aws.exists`; whether a stack does is
`Aws.describe_stack`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Vpc:
    """`is_connected`: it has a peering connection or a transit gateway attachment."""

    vpc_id: str
    cidr_blocks: tuple[str, ...]
    is_connected: bool


@dataclass(frozen=True, slots=True)
class Zone:
    """An availability zone. `zone_id`, such as euw1-az1, is the same in every account; `name` is
    not.

    `has_default_subnet` decides what Fn::GetAZs returns: only these zones, unless no zone has one.
    """

    name: str
    zone_id: str
    is_available: bool
    has_default_subnet: bool


@dataclass(frozen=True, slots=True)
class Usage:
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class BrokerOffer:
    """Where MQ offers an instance type, and with which versions of the engine."""

    zones: frozenset[str]
    versions: frozenset[str]


@dataclass(frozen=True, slots=True)
class FunctionConcurrency:
    """Lambda's concurrent executions of the region: the account's limit, and how many of them no
    function has reserved.
    """

    limit: int
    unreserved: int


class EdgePolicyKind(StrEnum):
    """CloudFront's policies that count against a quota of their own."""

    CACHE = "cache"
    RESPONSE_HEADERS = "response headers"


@dataclass(frozen=True, slots=True)
class Distribution:
    distribution_id: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostedZone:
    """`name` has no final dot. A private zone has no name servers."""

    name: str
    is_private: bool
    name_servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedZone:
    """A public hosted zone of the account, as a list of them has it."""

    zone_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """`status` as ACM spells it; `names` are all domain names that it covers, wildcards included."""

    status: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretState:
    """A secret that Secrets Manager knows. `deleted_at` is the end of its recovery window, None if
    nobody has deleted it.
    """

    arn: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class SendingAccount:
    """SES in this region. In SES's sandbox, mail reaches only verified addresses."""

    in_sandbox: bool
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy as IAM has it. `arn` is empty for an inline policy; `document` is JSON."""

    name: str
    document: str
    arn: str = ""


@dataclass(frozen=True, slots=True)
class LiveRole:
    """A role with everything that decides what it may do, but service control policies."""

    arn: str
    tags: Mapping[str, str]
    trust: str
    policies: tuple[PolicyText, ...]
    boundary: PolicyText | None


class AccountReads(Protocol):
    """Reads in one account and region. Global services answer in every region."""

    # Quotas and what counts against them
    def quota(self, service_code: str, quota_code: str) -> int:
        """Returns the applied quota, or AWS's default where no other was applied. Raises NotFound if
        Service Quotas does not know it in this region.
        """

    def vpcs(self) -> Sequence[Vpc]: ...
    def count_addresses(self) -> int: ...
    def count_internet_gateways(self) -> int: ...
    def count_network_interfaces(self) -> int: ...
    def nat_gateways_by_zone(self) -> Mapping[str, int]:
        """Counts those that are pending, available or being deleted, by the name of their zone."""

    def iam_usage(self) -> Mapping[str, Usage]:
        """Returns IAM's own counts and quotas: Roles, Policies and InstanceProfiles."""

    def database_usage(self) -> Mapping[str, Usage]:
        """Returns RDS's own counts and quotas, such as DBInstances."""

    def function_concurrency(self) -> FunctionConcurrency: ...
    def distributions(self) -> Sequence[Distribution]: ...
    def count_edge_policies(self, kind: EdgePolicyKind) -> int:
        """Counts the account's own policies, not those that AWS manages."""

    # What is on offer
    def zones(self) -> Sequence[Zone]: ...
    def instance_type_zones(self, instance_type: str) -> frozenset[str]:
        """Returns the names of the zones in which EC2 offers an instance type."""

    def database_zones(self, engine: str, version: str, instance_class: str) -> frozenset[str]:
        """Returns the names of the zones in which RDS offers an instance class for a version; empty
        if nowhere.
        """

    def offers_cache_node_type(self, node_type: str) -> bool:
        """Whether ElastiCache offers it in the region. AWS does not say in which zones."""

    def offers_cache_engine(self, engine: str, version: str) -> bool: ...
    def broker_offer(self, engine: str, instance_type: str) -> BrokerOffer: ...

    # What a plan refers to
    def hosted_zones(self) -> Sequence[ListedZone]:
        """Returns the account's public zones, up to a hundred, by name."""

    def hosted_zone(self, zone_id: str) -> HostedZone | None: ...
    def has_record(self, zone_id: str, name: str, record_type: str) -> bool: ...
    def certificate(self, arn: str) -> Certificate | None: ...
    def secret(self, name_or_arn: str) -> SecretState | None: ...
    def sending_account(self) -> SendingAccount: ...
    def image_exists(self, repository: str, reference: str, *, registry_id: str) -> bool | None:
        """Whether a private repository has an image with this tag or digest. None if there is no
        such repository.
        """

    # What onboarding made
    def role(self, name: str) -> LiveRole | None:
        """Reads a role with its inline and attached policies and its boundary: two calls, and one to
        three for each policy.
        """

    def managed_policy(self, arn: str) -> PolicyText | None: ...
