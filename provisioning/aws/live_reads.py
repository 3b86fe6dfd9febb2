"""Implements `AccountReads` with boto3: each method delegates to the module of its service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from provisioning.aws.services import (
    acm,
    cloudfront,
    ecr,
    elasticache,
    iam,
    lambda_functions,
    mq,
    network_reads,
    rds,
    route53,
    secretsmanager,
    service_quotas,
    ses,
)
from provisioning.aws.sessions import Clients


class LiveReads:
    """Thread-safe, as the clients are."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def quota(self, service_code: str, quota_code: str) -> int:
        return service_quotas.quota(self._clients, service_code, quota_code)

    def vpcs(self) -> Sequence[Vpc]:
        return network_reads.vpcs(self._clients)

    def count_addresses(self) -> int:
        return network_reads.count_addresses(self._clients)

    def count_internet_gateways(self) -> int:
        return network_reads.count_internet_gateways(self._clients)

    def count_network_interfaces(self) -> int:
        return network_reads.count_network_interfaces(self._clients)

    def nat_gateways_by_zone(self) -> Mapping[str, int]:
        return network_reads.nat_gateways_by_zone(self._clients)

    def iam_usage(self) -> Mapping[str, Usage]:
        return iam.usage(self._clients)

    def database_usage(self) -> Mapping[str, Usage]:
        return rds.usage(self._clients)

    def function_concurrency(self) -> FunctionConcurrency:
        return lambda_functions.concurrency(self._clients)

    def distributions(self) -> Sequence[Distribution]:
        return cloudfront.distributions(self._clients)

    def count_edge_policies(self, kind: EdgePolicyKind) -> int:
        return cloudfront.count_policies(self._clients, kind)

    def zones(self) -> Sequence[Zone]:
        return network_reads.zones(self._clients)

    def instance_type_zones(self, instance_type: str) -> frozenset[str]:
        return network_reads.instance_type_zones(self._clients, instance_type)

    def database_zones(self, engine: str, version: str, instance_class: str) -> frozenset[str]:
        return rds.zones_on_offer(self._clients, engine, version, instance_class)

    def offers_cache_node_type(self, node_type: str) -> bool:
        return elasticache.offers_node_type(self._clients, node_type)

    def offers_cache_engine(self, engine: str, version: str) -> bool:
        return elasticache.offers_engine(self._clients, engine, version)

    def broker_offer(self, engine: str, instance_type: str) -> BrokerOffer:
        return mq.broker_offer(self._clients, engine, instance_type)

    def hosted_zones(self) -> Sequence[ListedZone]:
        return route53.hosted_zones(self._clients)

    def hosted_zone(self, zone_id: str) -> HostedZone | None:
        return route53.hosted_zone(self._clients, zone_id)

    def has_record(self, zone_id: str, name: str, record_type: str) -> bool:
        return route53.zone_has_record(self._clients, zone_id, name, record_type)

    def certificate(self, arn: str) -> Certificate | None:
        return acm.certificate(self._clients, arn)

    def secret(self, name_or_arn: str) -> SecretState | None:
        return secretsmanager.secret_state(self._clients, name_or_arn)

    def sending_account(self) -> SendingAccount:
        return ses.sending_account(self._clients)

    def image_exists(self, repository: str, reference: str, *, registry_id: str) -> bool | None:
        return ecr.image_exists(self._clients, repository, reference, registry_id=registry_id)

    def role(self, name: str) -> LiveRole | None:
        return iam.role(self._clients, name)

    def managed_policy(self, arn: str) -> PolicyText | None:
        return iam.managed_policy(self._clients, arn)


_: type[AccountReads] = LiveReads  # mypy checks the class against the interface
