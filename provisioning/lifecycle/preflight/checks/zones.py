"""Availability zones, and whether the zones that the template chooses offer what it puts there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, blocking, passed
from provisioning.lifecycle.preflight.checks.zone_choice import (
    zone_name,
    zone_names,
    zone_numbers,
    zones_of_get_azs,
)
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_known

_OTHER_ZONES: Final = (
    "Choose another instance type or another region, or ask an administrator of the account which zones it uses."
)


def known(value: object) -> str:
    return value if isinstance(value, str) and value and is_known(value) else ""


def _enough(subject: Subject) -> Iterator[Question]:
    """As many zones as the template chooses by number, and every zone that it names."""
    for region, resources in subject.by_region("AWS::EC2::Subnet", "AWS::EC2::Volume").items():
        needed = max((number + 1 for resource in resources for number in zone_numbers(resource)), default=0)
        named = sorted({name for resource in resources if (name := zone_name(resource))})
        if not needed and not named:
            continue

        def ask(world: World, region: str = region, needed: int = needed, named: list[str] = named) -> Verdict:
            zones = world.aws.once(world.aws.account.zones)
            open_zones = {zone.name for zone in zones if zone.is_available}
            if missing := [name for name in named if name not in open_zones]:
                return blocking(
                    f"The zone {missing[0]} is not available to the account in {region}.",
                    f"Choose among {', '.join(sorted(open_zones))}.",
                )
            returned = zones_of_get_azs(zones)
            if len(returned) < needed:
                return blocking(
                    f"The plan needs {needed} zones, and Fn::GetAZs returns {len(returned)} in {region}: only zones "
                    "with a default subnet count.",
                    "Create the missing default subnets with `aws ec2 create-default-subnet --availability-zone ZONE`, "
                    "or choose another region.",
                )
            chosen = [f"{zone.name} ({zone.zone_id})" for zone in returned[:needed]]
            return passed(f"The plan uses {', '.join(chosen or named)}.")

        yield Question(region, f"Zones in {region}", ask)


def _subnets_of_instance(subject: Subject, instance: Resource) -> list[object]:
    values: list[object] = [instance.get("SubnetId")]
    for attached in instance.objects("NetworkInterfaces"):
        values.append(attached.get("SubnetId"))
        interface = subject.model.find(attached.get("NetworkInterfaceId"), "AWS::EC2::NetworkInterface")
        if interface is not None:
            values.append(interface.get("SubnetId"))
    return [value for value in values if value]


def _instance_types(subject: Subject, resource: Resource) -> str:
    if own := known(resource.get("InstanceType")):
        return own
    reference = resource.get("LaunchTemplate.LaunchTemplateId") or resource.get("LaunchTemplate.LaunchTemplateName")
    template = subject.model.find(reference, "AWS::EC2::LaunchTemplate")
    return known(template.get("LaunchTemplateData.InstanceType")) if template is not None else ""


def _instances(subject: Subject) -> Iterator[Question]:
    needs: dict[tuple[str, str], list[object]] = {}
    for resource in subject.of("AWS::EC2::Instance", "AWS::AutoScaling::AutoScalingGroup"):
        kind = _instance_types(subject, resource)
        if not kind:
            continue
        subnets = needs.setdefault((subject.region_of(resource), kind), [])
        subnets += _subnets_of_instance(subject, resource) or resource.items("VPCZoneIdentifier")
    for (region, kind), subnets in needs.items():
        yield Question(region, f"Instance type {kind}", _offered(subject, kind, region, subnets), address=kind)


def _offered(subject: Subject, kind: str, region: str, subnets: Sequence[object]) -> Callable[[World], Verdict]:
    def ask(world: World) -> Verdict:
        offered = world.aws.once(world.aws.account.instance_type_zones, kind)
        return _all_of(kind, region, zone_names(subject, subnets, world.aws.once(world.aws.account.zones)), offered)

    return ask


def _all_of(kind: str, region: str, chosen: Sequence[str], offered: frozenset[str]) -> Verdict:
    if not offered:
        return blocking(f"AWS does not offer {kind} in {region}.", _OTHER_ZONES)
    if missing := [zone for zone in chosen if zone not in offered]:
        return blocking(
            f"AWS does not offer {kind} in {', '.join(missing)}, which the plan uses. It does in "
            f"{', '.join(sorted(offered))}.",
            _OTHER_ZONES,
        )
    where = ", ".join(chosen) or ", ".join(sorted(offered))
    return passed(f"AWS offers {kind} in {where}.")


def _databases(subject: Subject) -> Iterator[Question]:
    """RDS picks a zone of the subnet group that offers the class; with a standby it needs two."""
    for database in subject.of("AWS::RDS::DBInstance"):
        engine, version, kind = (known(database.get(p)) for p in ("Engine", "EngineVersion", "DBInstanceClass"))
        if not (engine and version and kind):
            continue
        group = subject.model.find(database.get("DBSubnetGroupName"), "AWS::RDS::DBSubnetGroup")
        subnets = group.items("SubnetIds") if group is not None else []
        standby = str(database.get("MultiAZ", "")).lower() == "true"
        region = subject.region_of(database)

        offer = (engine, version, kind)
        ask = _database_offered(subject, offer, region=region, subnets=subnets, standby=standby)
        yield Question(region, f"Database {kind}, {engine} {version}", ask, address=database.logical_id)


def _database_offered(
    subject: Subject, offer: tuple[str, str, str], *, region: str, subnets: Sequence[object], standby: bool
) -> Callable[[World], Verdict]:
    engine, version, kind = offer
    what = f"{kind} with {engine} {version}"

    def ask(world: World) -> Verdict:
        offered = world.aws.once(world.aws.account.database_zones, engine, version, kind)
        if not offered:
            return blocking(
                f"RDS does not offer {what} in {region}.", "Choose another instance class or engine version."
            )
        chosen = zone_names(subject, subnets, world.aws.once(world.aws.account.zones))
        usable = [zone for zone in chosen if zone in offered] if chosen else sorted(offered)
        if len(usable) < (2 if standby else 1):
            return blocking(
                f"RDS offers {what} in {', '.join(sorted(offered))}, and the database's subnets are in "
                f"{', '.join(chosen)}.",
                _OTHER_ZONES,
            )
        return passed(f"RDS offers {what} in {', '.join(usable)}.")

    return ask


def _caches(subject: Subject) -> Iterator[Question]:
    """ElastiCache does not say in which zones it offers a node type."""
    for cache in subject.of("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster"):
        engine, version, kind = (known(cache.get(p)) for p in ("Engine", "EngineVersion", "CacheNodeType"))
        if not kind:
            continue
        region = subject.region_of(cache)

        def ask(
            world: World, engine: str = engine, version: str = version, kind: str = kind, region: str = region
        ) -> Verdict:
            if not world.aws.once(world.aws.account.offers_cache_node_type, kind):
                return blocking(f"ElastiCache does not offer {kind} in {region}.", "Choose another node type.")
            if engine and version and not world.aws.once(world.aws.account.offers_cache_engine, engine, version):
                return blocking(
                    f"ElastiCache does not offer {engine} {version} in {region}.", "Choose another engine version."
                )
            return passed(f"ElastiCache offers {kind} in {region}. AWS does not say in which zones.")

        yield Question(region, f"Cache node type {kind}", ask, address=cache.logical_id)


def _brokers(subject: Subject) -> Iterator[Question]:
    for broker in subject.of("AWS::AmazonMQ::Broker"):
        engine, version, kind = (known(broker.get(p)) for p in ("EngineType", "EngineVersion", "HostInstanceType"))
        if not (engine and kind):
            continue
        region = subject.region_of(broker)

        ask = _broker_offered(subject, (engine, version, kind), region=region, subnets=broker.items("SubnetIds"))
        yield Question(region, f"Broker {kind}", ask, address=broker.logical_id)


def _broker_offered(
    subject: Subject, wanted: tuple[str, str, str], *, region: str, subnets: Sequence[object]
) -> Callable[[World], Verdict]:
    engine, version, kind = wanted

    def ask(world: World) -> Verdict:
        offer = world.aws.once(world.aws.account.broker_offer, engine, kind)
        if offer.zones and version and version not in offer.versions:
            return blocking(
                f"Amazon MQ does not offer {engine} {version} on {kind} in {region}. It offers "
                f"{', '.join(sorted(offer.versions))}.",
                "Choose another engine version or instance type.",
            )
        chosen = zone_names(subject, subnets, world.aws.once(world.aws.account.zones))
        return _all_of(kind, region, chosen, offer.zones)

    return ask


CHECKS: Final = (
    Check("zones.enough", "Availability zones", _enough, ("zones",)),
    Check("zones.instances", "Instance types", _instances, ("instance_type_zones", "zones")),
    Check("zones.databases", "Database classes", _databases, ("database_zones", "zones")),
    Check("zones.caches", "Cache node types", _caches, ("offers_cache_node_type", "offers_cache_engine")),
    Check("zones.brokers", "Broker types", _brokers, ("broker_offer", "zones")),
)
