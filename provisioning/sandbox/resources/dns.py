"""Route 53: public and private zones with tags, record sets with AWS's rules, health checks."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from provisioning.sandbox.api import Properties, api, arguments, tag_list
from provisioning.sandbox.private import new_uuid, route53
from provisioning.sandbox.resources.declared import missing
from provisioning.sandbox.resources.registry import Made, resource_type
from provisioning.sandbox.work import on_loop

_ZONE_ID = re.compile(r"Z[A-Z0-9]{7,31}")
_SERVICE = "(Service: Route53, Status Code: 400)"
STAND_IN = "Stands for a zone that the account has already"


def _absolute(name: str) -> str:
    return name if name.endswith(".") else f"{name}."


def _zone_named(name: str) -> str:
    found = next((zone_id for zone_id, zone in route53.zones.items() if zone["name"] == _absolute(name).lower()), "")
    if not found:
        raise ValueError(f"No hosted zones named {_absolute(name)} found. {_SERVICE} (HandlerErrorCode: NotFound)")
    return str(found)


def _zone_with(zone_id: str, record_name: str) -> dict[str, Any]:
    """The zone with this id; an unknown one counts as the team's own and is created."""
    if zone_id not in route53.zones:
        if not _ZONE_ID.fullmatch(zone_id):
            raise ValueError(
                f"No hosted zone found with ID: {zone_id} (Service: Route53, Status Code: 404) (HandlerErrorCode: NotFound)"
            )
        add_zone(zone_id, ".".join(_absolute(record_name).split(".")[-3:]).lower(), STAND_IN)
    found: dict[str, Any] = route53.zones[zone_id]
    return found


def add_zone(zone_id: str, name: str, comment: str) -> None:
    """Adds a public zone with an id of its own choice, which AWS's API cannot."""
    route53.zones[zone_id] = {
        "id": zone_id,
        "name": _absolute(name).lower(),
        "caller_reference": zone_id,
        "comment": comment,
        "private": False,
        "vpcs": [],
    }
    route53.records[zone_id] = route53.default_records(_absolute(name).lower())


def zone_of(properties: Properties) -> str:
    """The zone id of a record's properties; creates the zone if needed and checks the record's name
    against it.
    """
    name = _absolute(str(properties["Name"])).lower()
    zone_id = str(properties.get("HostedZoneId") or "").removeprefix("/hostedzone/")
    if not zone_id:
        zone_id = on_loop(_zone_named, str(properties.get("HostedZoneName") or ""))
    zone = on_loop(_zone_with, zone_id, name)
    if zone["comment"] == STAND_IN:
        return zone_id
    if name != zone["name"] and not name.endswith(f".{zone['name']}"):
        raise ValueError(
            f"RRSet with DNS name {name} is not permitted in zone {zone['name']} {_SERVICE} (HandlerErrorCode: InvalidRequest)"
        )
    if properties["Type"] == "CNAME" and name == zone["name"]:
        raise ValueError(
            f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone['name']} "
            f"{_SERVICE} (HandlerErrorCode: InvalidRequest)"
        )
    return zone_id


def change(zone_id: str, action: str, properties: Properties) -> None:
    plain = {
        k: v for k, v in properties.items() if k not in ("ResourceRecords", "HostedZoneId", "HostedZoneName", "Comment")
    }
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": plain}]}
    shaped = arguments("route53", "ChangeResourceRecordSets", {"ChangeBatch": batch})
    record: dict[str, Any] = shaped["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]
    if properties.get("ResourceRecords"):
        record["ResourceRecords"] = [{"Value": str(value)} for value in properties["ResourceRecords"]]
    if record.get("AliasTarget"):
        record["AliasTarget"].setdefault("EvaluateTargetHealth", False)
    changes = [{"Action": action, "ResourceRecordSet": record}]
    api("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def _shadowed(zone_id: str, properties: Properties) -> None:
    """A name with a CNAME cannot have other records."""
    name, kind = _absolute(str(properties["Name"])).lower(), properties["Type"]
    held = [record for record in route53.records.get(zone_id, []) if record["Name"] == name and record["Type"] != kind]
    if held and (kind == "CNAME" or any(record["Type"] == "CNAME" for record in held)):
        raise ValueError(
            f"RRSet of type {kind} with DNS name {name} is not permitted as it conflicts with other records with the same "
            f"DNS name in zone {route53.zones[zone_id]['name']} {_SERVICE} (HandlerErrorCode: InvalidRequest)"
        )


def create_record(_logical_id: str, properties: Properties, _stack: str) -> Made:
    zone_id = zone_of(properties)
    on_loop(_shadowed, zone_id, properties)
    change(zone_id, "CREATE", properties)
    name = str(properties["Name"]).rstrip(".")
    return name, {"Id": name}


def update_record(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    same = ("Name", "Type", "HostedZoneId", "HostedZoneName", "SetIdentifier")
    if any(old.get(name) != new.get(name) for name in same):
        made = create_record(logical_id, new, stack)
        delete_record(physical_id, old)
        return made
    change(zone_of(new), "UPSERT", new)
    return physical_id, {}


def delete_record(_physical_id: str, properties: Properties) -> None:
    try:
        change(zone_of(properties), "DELETE", properties)
    except ClientError as error:
        if not missing(error):
            raise


def _each(properties: Properties) -> list[Properties]:
    shared: Properties = {name: properties[name] for name in ("HostedZoneId", "HostedZoneName") if name in properties}
    return [{**shared, **record} for record in properties.get("RecordSets") or []]


def create_group(logical_id: str, properties: Properties, stack: str) -> Made:
    for record in _each(properties):
        create_record(logical_id, record, stack)
    return f"{stack}-{logical_id}-{new_uuid()[:12]}", {}


def delete_group(physical_id: str, properties: Properties) -> None:
    for record in _each(properties):
        delete_record(physical_id, record)


def _tag(kind: str, identity: str, tags: list[dict[str, str]]) -> None:
    if tags:
        api("route53").change_tags_for_resource(ResourceType=kind, ResourceId=identity, AddTags=tags)


def create_zone(logical_id: str, properties: Properties, stack: str) -> Made:
    vpcs = properties.get("VPCs") or []
    wanted: dict[str, Any] = {
        "Name": _absolute(str(properties["Name"])),
        "CallerReference": f"{stack}-{logical_id}-{new_uuid()}",
    }
    comment = (properties.get("HostedZoneConfig") or {}).get("Comment")
    if comment or vpcs:
        wanted["HostedZoneConfig"] = {"Comment": comment or "", "PrivateZone": bool(vpcs)}
    if vpcs:
        wanted["VPC"] = {"VPCId": vpcs[0]["VPCId"], "VPCRegion": vpcs[0]["VPCRegion"]}
    answer = api("route53").create_hosted_zone(**wanted)
    zone_id = answer["HostedZone"]["Id"].removeprefix("/hostedzone/")
    for vpc in vpcs[1:]:
        one = {"VPCId": vpc["VPCId"], "VPCRegion": vpc["VPCRegion"]}
        api("route53").associate_vpc_with_hosted_zone(HostedZoneId=zone_id, VPC=one)
    _tag("hostedzone", zone_id, tag_list(properties, "HostedZoneTags"))
    servers = (api("route53").get_hosted_zone(Id=zone_id).get("DelegationSet") or {}).get("NameServers")
    return zone_id, {"Id": zone_id, **({"NameServers": servers} if servers else {})}


def update_zone(physical_id: str, _old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    comment = (new.get("HostedZoneConfig") or {}).get("Comment", "")
    api("route53").update_hosted_zone_comment(Id=physical_id, Comment=comment)
    _tag("hostedzone", physical_id, tag_list(new, "HostedZoneTags"))
    return physical_id, {}


def delete_zone(physical_id: str, _properties: Properties) -> None:
    try:
        api("route53").delete_hosted_zone(Id=physical_id)
    except ClientError as error:
        if not missing(error):
            raise


def create_health_check(logical_id: str, properties: Properties, stack: str) -> Made:
    wanted = arguments("route53", "CreateHealthCheck", {"HealthCheckConfig": properties["HealthCheckConfig"]})
    answer = api("route53").create_health_check(CallerReference=f"{stack}-{logical_id}-{new_uuid()[:12]}", **wanted)
    check_id = answer["HealthCheck"]["Id"]
    _tag("healthcheck", check_id, tag_list(properties, "HealthCheckTags"))
    return check_id, {"HealthCheckId": check_id}


def delete_health_check(physical_id: str, _properties: Properties) -> None:
    try:
        api("route53").delete_health_check(HealthCheckId=physical_id)
    except ClientError as error:
        if not missing(error):
            raise


def register() -> None:
    resource_type("AWS::Route53::RecordSet", create=create_record, delete=delete_record, update=update_record)
    resource_type("AWS::Route53::RecordSetGroup", create=create_group, delete=delete_group)
    resource_type(
        "AWS::Route53::HostedZone",
        create=create_zone,
        delete=delete_zone,
        update=update_zone,
        tags=("HostedZoneTags", "list"),
    )
    resource_type(
        "AWS::Route53::HealthCheck",
        create=create_health_check,
        delete=delete_health_check,
        tags=("HealthCheckTags", "list"),
    )
