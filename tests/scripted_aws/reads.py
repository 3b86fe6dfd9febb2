"""`provisioning.aws.account_reads.AccountReads` of one account and region of a scripted cloud.

An account begins empty with AWS's default quotas, offers everything everywhere, and knows nothing
that a plan refers to. A test changes what matters to it: `cloud.script(place).quotas[…] = 1`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from provisioning.aws import NotFound
from provisioning.aws.account_reads import (
    AccountReads,
    BrokerOffer,
    Certificate,
    Distribution,
    EdgePolicyKind,
    FunctionConcurrency,
    HostedZone,
    ListedZone,
    LiveRole,
    PolicyText,
    SecretState,
    SendingAccount,
    Usage,
    Vpc,
    Zone,
)
from tests.scripted_aws.faults import Faults

DEFAULT_QUOTAS = {
    ("vpc", "L-F678F1CE"): 5,
    ("vpc", "L-A4707A72"): 5,
    ("vpc", "L-FE5A380F"): 5,
    ("vpc", "L-DF5E4CA3"): 5000,
    ("ec2", "L-0263D0A3"): 5,
    ("cloudfront", "L-24B04930"): 200,
    ("cloudfront", "L-7D134442"): 20,
    ("cloudfront", "L-CF0D4FC5"): 20,
}


@dataclass
class AccountScript:
    """What one account and region holds and offers. `unoffered` are instance types by zone, or by
    "" for all zones.
    """

    region: str
    quotas: dict[tuple[str, str], int] = field(default_factory=lambda: dict(DEFAULT_QUOTAS))
    vpcs: list[Vpc] = field(default_factory=list)
    addresses: int = 0
    internet_gateways: int = 0
    interfaces: int = 0
    nat_gateways: Counter[str] = field(default_factory=Counter)
    iam: dict[str, Usage] = field(
        default_factory=lambda: {
            "Roles": Usage(10, 1000),
            "Policies": Usage(3, 1500),
            "InstanceProfiles": Usage(0, 1000),
        }
    )
    databases: dict[str, Usage] = field(default_factory=lambda: {"DBInstances": Usage(0, 40)})
    functions: FunctionConcurrency = field(default_factory=lambda: FunctionConcurrency(1000, 1000))
    distributions: list[Distribution] = field(default_factory=list)
    edge_policies: Counter[EdgePolicyKind] = field(default_factory=Counter)
    zones: list[Zone] = field(default_factory=list)
    unoffered: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    cache_engines: set[str] = field(default_factory=lambda: {"redis 7.1", "valkey 8.0", "valkey 7.2"})
    hosted_zones: dict[str, HostedZone] = field(default_factory=dict)
    records: set[tuple[str, str, str]] = field(default_factory=set)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    secrets: dict[str, SecretState] = field(default_factory=dict)
    sending: SendingAccount = field(default_factory=lambda: SendingAccount(in_sandbox=False, is_enabled=True))
    images: dict[str, set[str]] = field(default_factory=dict)
    roles: dict[str, LiveRole] = field(default_factory=dict)
    policies: dict[str, PolicyText] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zones = self.zones or [
            Zone(f"{self.region}{letter}", f"zone-az{number}", is_available=True, has_default_subnet=True)
            for number, letter in enumerate("abc", 1)
        ]

    def offers(self, instance_type: str) -> frozenset[str]:
        if instance_type in self.unoffered[""]:
            return frozenset()
        return frozenset(zone.name for zone in self.zones if instance_type not in self.unoffered[zone.name])


class ScriptedReads:
    def __init__(self, faults: Faults, script: AccountScript) -> None:
        self.faults, self.script = faults, script

    def quota(self, service_code: str, quota_code: str) -> int:
        with self.faults.around("quota"):
            if (service_code, quota_code) not in self.script.quotas:
                raise NotFound(f"There is no quota {quota_code}", code="NoSuchResourceException")
            return self.script.quotas[service_code, quota_code]

    def vpcs(self) -> Sequence[Vpc]:
        with self.faults.around("vpcs"):
            return self.script.vpcs

    def count_addresses(self) -> int:
        with self.faults.around("count_addresses"):
            return self.script.addresses

    def count_internet_gateways(self) -> int:
        with self.faults.around("count_internet_gateways"):
            return self.script.internet_gateways

    def count_network_interfaces(self) -> int:
        with self.faults.around("count_network_interfaces"):
            return self.script.interfaces

    def nat_gateways_by_zone(self) -> Mapping[str, int]:
        with self.faults.around("nat_gateways_by_zone"):
            return self.script.nat_gateways

    def iam_usage(self) -> Mapping[str, Usage]:
        with self.faults.around("iam_usage"):
            return self.script.iam

    def database_usage(self) -> Mapping[str, Usage]:
        with self.faults.around("database_usage"):
            return self.script.databases

    def function_concurrency(self) -> FunctionConcurrency:
        with self.faults.around("function_concurrency"):
            return self.script.functions

    def distributions(self) -> Sequence[Distribution]:
        with self.faults.around("distributions"):
            return self.script.distributions

    def count_edge_policies(self, kind: EdgePolicyKind) -> int:
        with self.faults.around("count_edge_policies"):
            return self.script.edge_policies[kind]

    def zones(self) -> Sequence[Zone]:
        with self.faults.around("zones"):
            return self.script.zones

    def instance_type_zones(self, instance_type: str) -> frozenset[str]:
        with self.faults.around("instance_type_zones"):
            return self.script.offers(instance_type)

    def database_zones(self, engine: str, version: str, instance_class: str) -> frozenset[str]:
        with self.faults.around("database_zones"):
            return self.script.offers(instance_class)

    def offers_cache_node_type(self, node_type: str) -> bool:
        with self.faults.around("offers_cache_node_type"):
            return bool(self.script.offers(node_type))

    def offers_cache_engine(self, engine: str, version: str) -> bool:
        with self.faults.around("offers_cache_engine"):
            return f"{engine} {version}" in self.script.cache_engines

    def broker_offer(self, engine: str, instance_type: str) -> BrokerOffer:
        with self.faults.around("broker_offer"):
            return BrokerOffer(self.script.offers(instance_type), frozenset({"3.13", "4.2"}))

    def hosted_zones(self) -> list[ListedZone]:
        with self.faults.around("hosted_zones"):
            zones = self.script.hosted_zones.items()
            return [ListedZone(zone_id, zone.name) for zone_id, zone in zones if not zone.is_private]

    def hosted_zone(self, zone_id: str) -> HostedZone | None:
        with self.faults.around("hosted_zone"):
            return self.script.hosted_zones.get(zone_id)

    def has_record(self, zone_id: str, name: str, record_type: str) -> bool:
        with self.faults.around("has_record"):
            return (zone_id, name.rstrip("."), record_type) in self.script.records

    def certificate(self, arn: str) -> Certificate | None:
        with self.faults.around("certificate"):
            return self.script.certificates.get(arn)

    def secret(self, name_or_arn: str) -> SecretState | None:
        with self.faults.around("secret"):
            return self.script.secrets.get(name_or_arn)

    def sending_account(self) -> SendingAccount:
        with self.faults.around("sending_account"):
            return self.script.sending

    def image_exists(self, repository: str, reference: str, *, registry_id: str) -> bool | None:
        with self.faults.around("image_exists"):
            references = self.script.images.get(f"{registry_id}/{repository}")
            return None if references is None else reference in references

    def role(self, name: str) -> LiveRole | None:
        with self.faults.around("role"):
            return self.script.roles.get(name)

    def managed_policy(self, arn: str) -> PolicyText | None:
        with self.faults.around("managed_policy"):
            return self.script.policies.get(arn)


_: type[AccountReads] = ScriptedReads
