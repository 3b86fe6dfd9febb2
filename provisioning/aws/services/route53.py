"""Names on the internet, asked for."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def _has_record(aws: Clients, physical_id: str) -> bool | None:
    """The id is the name alone, or "name|zone|type|set".

    By the name alone nobody can tell whose record it is: none of that name in any zone is a proof, one is not.
    """
    name, _, rest = physical_id.partition("|")
    zone_id, _, kind = rest.partition("|")
    if zone_id:
        return any(found["Type"] == kind.partition("|")[0] for found in _records(aws, zone_id, name))
    labels = name.rstrip(".").split(".")
    for start in range(len(labels) - 1):
        suffix = ".".join(labels[start:]) + "."
        zones = aws.client("route53").list_hosted_zones_by_name(DNSName=suffix)["HostedZones"]
        if any(_records(aws, zone["Id"], name) for zone in zones if zone["Name"] == suffix):
            return None
    return False


def _records(aws: Clients, zone_id: str, name: str) -> list[Mapping[str, str]]:
    """All of one name, of whatever type."""
    wanted = name.rstrip(".").lower() + "."
    zone_id = zone_id.rpartition("/")[2]
    answer = aws.client("route53").list_resource_record_sets(HostedZoneId=zone_id, StartRecordName=wanted)
    return [found for found in answer["ResourceRecordSets"] if found["Name"].lower() == wanted]


EXISTENCE: Mapping[str, Probe] = {
    "AWS::Route53::HealthCheck": lambda aws, check: bool(
        aws.client("route53").get_health_check(HealthCheckId=check)["HealthCheck"]
    ),
    "AWS::Route53::HostedZone": lambda aws, zone: bool(aws.client("route53").get_hosted_zone(Id=zone)["HostedZone"]),
    "AWS::Route53::RecordSet": _has_record,
}
