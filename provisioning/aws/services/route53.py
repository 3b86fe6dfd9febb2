"""Route 53: existence checks; hosted zones."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.account_reads import HostedZone, ListedZone
from provisioning.aws.errors import NotFound
from provisioning.aws.sessions import Clients


def has_health_check(aws: Clients, check_id: str) -> bool:
    return bool(aws.client("route53").get_health_check(HealthCheckId=check_id)["HealthCheck"])


def has_hosted_zone(aws: Clients, zone_id: str) -> bool:
    return bool(aws.client("route53").get_hosted_zone(Id=zone_id)["HostedZone"])


def has_record(aws: Clients, physical_id: str) -> bool | None:
    """The id is the name alone, or "name|zone|type|set".

    The name alone does not say whose record it is. If no zone has a record of that name, it is
    gone; if one has, nobody can tell.
    """
    name, _, rest = physical_id.partition("|")
    zone_id, _, kind = rest.partition("|")
    if zone_id:
        return any(record["Type"] == kind.partition("|")[0] for record in _records(aws, zone_id, name))
    labels = name.rstrip(".").split(".")
    for start in range(len(labels) - 1):
        suffix = ".".join(labels[start:]) + "."
        zones = aws.client("route53").list_hosted_zones_by_name(DNSName=suffix)["HostedZones"]
        if any(_records(aws, zone["Id"], name) for zone in zones if zone["Name"] == suffix):
            return None
    return False


def _records(aws: Clients, zone_id: str, name: str) -> list[Mapping[str, str]]:
    """Returns the records of one name, of any type."""
    wanted = name.rstrip(".").lower() + "."
    zone_id = zone_id.rpartition("/")[2]
    answer = aws.client("route53").list_resource_record_sets(HostedZoneId=zone_id, StartRecordName=wanted)
    return [record for record in answer["ResourceRecordSets"] if record["Name"].lower() == wanted]


def hosted_zones(aws: Clients) -> list[ListedZone]:
    """Returns the public zones of the first page, which has up to a hundred."""
    zones = aws.client("route53").list_hosted_zones()["HostedZones"]
    public = [zone for zone in zones if not zone["Config"].get("PrivateZone")]
    listed = [ListedZone(zone["Id"].rpartition("/")[2], zone["Name"].rstrip(".")) for zone in public]
    return sorted(listed, key=lambda zone: zone.name)


def hosted_zone(aws: Clients, zone_id: str) -> HostedZone | None:
    try:
        answer = aws.client("route53").get_hosted_zone(Id=zone_id)
    except NotFound:
        return None
    return HostedZone(
        name=answer["HostedZone"]["Name"].rstrip("."),
        is_private=answer["HostedZone"]["Config"]["PrivateZone"],
        name_servers=tuple(answer.get("DelegationSet", {}).get("NameServers", [])),
    )


def zone_has_record(aws: Clients, zone_id: str, name: str, record_type: str) -> bool:
    return any(record["Type"] == record_type for record in _records(aws, zone_id, name))
