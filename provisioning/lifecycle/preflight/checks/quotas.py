"""Quotas of a region and of IAM: what is in use, what the plan adds, and what the account allows.

The codes are those of Service Quotas (`aws service-quotas list-service-quotas --service-code vpc`);
moto ships the same list for VPC. IAM, RDS and Lambda report their quotas in calls of their own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, blocking, passed, warning
from provisioning.lifecycle.preflight.checks.zone_choice import zone_numbers
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import number

_NEARLY_FULL: Final = 0.9
# Lambda never lets the concurrency that no function has reserved fall below this.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_LAMBDA_KEEPS: Final = 100


@dataclass(frozen=True, slots=True)
class Quota:
    """`code` is Service Quotas' code."""

    service: str
    code: str
    noun: str
    plural: str


VPCS: Final = Quota("vpc", "L-F678F1CE", "VPC", "VPCs")
INTERNET_GATEWAYS: Final = Quota("vpc", "L-A4707A72", "internet gateway", "internet gateways")
NAT_GATEWAYS: Final = Quota("vpc", "L-FE5A380F", "NAT gateway", "NAT gateways")
INTERFACES: Final = Quota("vpc", "L-DF5E4CA3", "network interface", "network interfaces")
ADDRESSES: Final = Quota("ec2", "L-0263D0A3", "Elastic IP address", "Elastic IP addresses")


def within(*, used: int, adds: int, limit: int, quota: Quota, where: str) -> Verdict:
    """Judges one quota. AWS refuses what exceeds it, so that blocks."""
    thing = quota.noun if adds == 1 else quota.plural
    sentence = f"The plan adds {adds} {thing}; {used} of {limit} are in use in {where}."
    if used + adds > limit:
        over = used + adds - limit
        return blocking(
            sentence,
            f"Delete {over} {quota.noun if over == 1 else quota.plural} that nobody needs, or request a quota of at "
            f"least {used + adds} in Service Quotas ({quota.service}, {quota.code}).",
        )
    if used + adds >= max(_NEARLY_FULL * limit, 1) and limit > 1:
        return passed(f"{sentence} After that, {limit - used - adds} are left.")
    return passed(sentence)


def _counted(
    quota: Quota, resource_type: str, count: Callable[[World], int]
) -> Callable[[Subject], Iterator[Question]]:
    def questions(subject: Subject) -> Iterator[Question]:
        for region, resources in subject.by_region(resource_type).items():

            def ask(world: World, region: str = region, adds: int = len(resources)) -> Verdict:
                limit = world.aws.once(world.aws.account.quota, quota.service, quota.code)
                return within(used=count(world), adds=adds, limit=limit, quota=quota, where=region)

            yield Question(region, f"Quota of {quota.plural}", ask)

    return questions


def _vpcs(world: World) -> int:
    return len(world.aws.once(world.aws.account.vpcs))


def _addresses(world: World) -> int:
    return world.aws.once(world.aws.account.count_addresses)


def _internet_gateways(world: World) -> int:
    return world.aws.once(world.aws.account.count_internet_gateways)


def _nat_gateways(subject: Subject) -> Iterator[Question]:
    """The quota holds for each zone. A gateway is in the zone of its subnet."""
    subnets = {subnet.key: subnet for subnet in subject.of("AWS::EC2::Subnet")}
    for region, gateways in subject.by_region("AWS::EC2::NatGateway").items():
        adds: Counter[int] = Counter()
        for gateway in gateways:
            subnet = subject.model.find(gateway.get("SubnetId"), "AWS::EC2::Subnet")
            numbers = zone_numbers(subnets[subnet.key]) if subnet is not None else ()
            adds.update(numbers or (0,))

        def ask(world: World, region: str = region, adds: Counter[int] = adds) -> Verdict:
            limit = world.aws.once(world.aws.account.quota, NAT_GATEWAYS.service, NAT_GATEWAYS.code)
            used = world.aws.once(world.aws.account.nat_gateways_by_zone)
            zones = [zone.name for zone in world.aws.once(world.aws.account.zones)]
            fullest = max(adds, key=lambda zone: adds[zone] + used.get(zones[zone] if zone < len(zones) else "", 0))
            name = zones[fullest] if fullest < len(zones) else region
            return within(used=used.get(name, 0), adds=adds[fullest], limit=limit, quota=NAT_GATEWAYS, where=name)

        yield Question(region, "Quota of NAT gateways", ask)


def _tasks_at_start(service: Resource) -> int:
    desired = number(service.get("DesiredCount"))
    return 1 if desired is None else desired


# How many network interfaces a resource needs at least: one for each attachment that its template shows.
_INTERFACES_OF: Final[Mapping[str, Callable[[Resource], int]]] = {
    "AWS::EC2::Instance": lambda instance: 0 if instance.objects("NetworkInterfaces") else 1,
    "AWS::EC2::NatGateway": lambda _gateway: 1,
    "AWS::EC2::NetworkInterface": lambda _interface: 1,
    "AWS::EC2::VPCEndpoint": lambda endpoint: len(endpoint.items("SubnetIds")),
    "AWS::ECS::Service": _tasks_at_start,
    "AWS::EFS::MountTarget": lambda _target: 1,
    "AWS::ElastiCache::ReplicationGroup": lambda group: number(group.get("NumCacheClusters")) or 1,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": lambda balancer: (
        len(balancer.items("Subnets")) or len(balancer.items("SubnetMappings"))
    ),
    "AWS::Lambda::Function": lambda function: len(function.items("VpcConfig.SubnetIds")),
    "AWS::RDS::DBInstance": lambda database: 2 if str(database.get("MultiAZ", "")).lower() == "true" else 1,
}


def interfaces_needed(subject: Subject, region: str) -> int:
    """How many network interfaces the plan needs at least. Tasks count once each, as many as their
    service wants at the start.
    """
    return sum(
        _INTERFACES_OF[resource.type](resource)
        for resource in subject.model.resources.values()
        if resource.type in _INTERFACES_OF and subject.region_of(resource) == region
    )


def _interfaces(subject: Subject) -> Iterator[Question]:
    for region in dict.fromkeys(subject.regions.values()):
        adds = interfaces_needed(subject, region)
        if not adds:
            continue

        def ask(world: World, region: str = region, adds: int = adds) -> Verdict:
            limit = world.aws.once(world.aws.account.quota, INTERFACES.service, INTERFACES.code)
            used = world.aws.once(world.aws.account.count_network_interfaces)
            return within(used=used, adds=adds, limit=limit, quota=INTERFACES, where=region)

        yield Question(region, "Quota of network interfaces", ask)


_IAM: Final = (
    ("AWS::IAM::Role", "Roles", Quota("iam", "L-FE177D64", "role", "roles")),
    ("AWS::IAM::ManagedPolicy", "Policies", Quota("iam", "L-E95E4862", "managed policy", "managed policies")),
    (
        "AWS::IAM::InstanceProfile",
        "InstanceProfiles",
        Quota("iam", "L-6E65F664", "instance profile", "instance profiles"),
    ),
)


def _iam(subject: Subject) -> Iterator[Question]:
    """IAM is global: the roles of all stacks count together, and GetAccountSummary has the quotas."""
    for resource_type, name, quota in _IAM:
        adds = len(list(subject.of(resource_type)))
        if not adds:
            continue

        def ask(world: World, name: str = name, adds: int = adds, quota: Quota = quota) -> Verdict:
            usage = world.aws.once(world.aws.account.iam_usage)[name]
            return within(used=usage.used, adds=adds, limit=usage.limit, quota=quota, where="the account")

        yield Question(subject.main_region, f"Quota of {quota.plural}", ask)


DATABASES: Final = Quota("rds", "L-7B6409FD", "database instance", "database instances")


def _databases(subject: Subject) -> Iterator[Question]:
    for region, databases in subject.by_region("AWS::RDS::DBInstance").items():

        def ask(world: World, region: str = region, adds: int = len(databases)) -> Verdict:
            usage = world.aws.once(world.aws.account.database_usage)["DBInstances"]
            return within(used=usage.used, adds=adds, limit=usage.limit, quota=DATABASES, where=region)

        yield Question(region, "Quota of database instances", ask)


def _functions(subject: Subject) -> Iterator[Question]:
    """Reserved concurrency is taken from the account's; Lambda keeps 100 for everything else. A
    function without a reservation shares the rest with all functions of the region.
    """
    for region, functions in subject.by_region("AWS::Lambda::Function").items():
        reserved = sum(number(function.get("ReservedConcurrentExecutions")) or 0 for function in functions)

        def ask(world: World, region: str = region, reserved: int = reserved) -> Verdict:
            concurrency = world.aws.once(world.aws.account.function_concurrency)
            free = max(0, concurrency.unreserved - _LAMBDA_KEEPS)
            if reserved > free:
                return blocking(
                    f"The plan reserves {reserved} concurrent executions for its functions, and {free} can be reserved "
                    f"in {region}.",
                    f"Request at least {math.ceil(concurrency.limit + reserved - free)} concurrent executions in "
                    "Service Quotas (lambda, L-B99A9384), or reserve less.",
                )
            if not reserved and concurrency.unreserved <= _LAMBDA_KEEPS:
                return warning(
                    f"All functions without a reservation share {concurrency.unreserved} concurrent executions in "
                    f"{region}.",
                    "Request more concurrent executions in Service Quotas (lambda, L-B99A9384) before you expect load.",
                )
            return passed(
                f"The plan reserves {reserved} concurrent executions; {free} can be reserved in {region}."
                if reserved
                else f"{concurrency.unreserved} concurrent executions are unreserved in {region}."
            )

        yield Question(region, "Concurrency of functions", ask)


CHECKS: Final = (
    Check("quotas.vpcs", "VPC quota", _counted(VPCS, "AWS::EC2::VPC", _vpcs), ("quota", "vpcs")),
    Check(
        "quotas.addresses",
        "Elastic IP quota",
        _counted(ADDRESSES, "AWS::EC2::EIP", _addresses),
        ("quota", "count_addresses"),
    ),
    Check("quotas.nat_gateways", "NAT gateway quota", _nat_gateways, ("quota", "nat_gateways_by_zone", "zones")),
    Check(
        "quotas.internet_gateways",
        "Internet gateway quota",
        _counted(INTERNET_GATEWAYS, "AWS::EC2::InternetGateway", _internet_gateways),
        ("quota", "count_internet_gateways"),
    ),
    Check("quotas.interfaces", "Network interface quota", _interfaces, ("quota", "count_network_interfaces")),
    Check("quotas.iam", "IAM quotas", _iam, ("iam_usage",)),
    Check("quotas.databases", "Database quota", _databases, ("database_usage",)),
    Check("quotas.functions", "Lambda concurrency", _functions, ("function_concurrency",)),
)
