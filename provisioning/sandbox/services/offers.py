"""What AWS offers where: instance types, database and cache classes, brokers, in each zone.

The types of a region and the versions of an engine come from the lists that cfn-lint ships. A
condition of the account takes a type away from some zones, or from all.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from provisioning.sandbox.private import app, ec2, get_region, mq
from provisioning.sandbox.schemas import FALLBACK_REGION, extension
from provisioning.sandbox.services.account_conditions import condition
from provisioning.sandbox.services.calls import Answer, Handler
from provisioning.sandbox.services.forms import Form, nested
from provisioning.sandbox.services.query_calls import add_query_calls

# This zone has no Nitro hosts, whatever letter it has in an account (https://www.wolfman.dev/posts/exclude-use1-az3/).
_OLD_ZONE = "use1-az3"
_OLD_FAMILIES = re.compile(r"(?:db\.|cache\.|mq\.)?(?:t1|t2|m[1-4]|c[1-4]|r[34]|i[23]|d2|g2|p2|x1e?)\..+")


@cache
def _types(resource: str, listed: str, region: str) -> frozenset[str]:
    table = extension(resource, listed)
    return frozenset(table[region if region in table else FALLBACK_REGION]["enum"])


@cache
def _by_engine(resource: str, listed: str, prop: str, region: str = "") -> dict[str, frozenset[str]]:
    """The allowed values of a property for each engine, from a schema of if and then."""
    schema = extension(resource, listed)
    if region:
        schema = schema[region if region in schema else FALLBACK_REGION]
    found: dict[str, frozenset[str]] = {}
    for rule in schema["allOf"]:
        engine = rule["if"]["properties"].get("Engine", {}).get("const")
        values = rule["then"]["properties"].get(prop, {}).get("enum", [])
        if engine:
            found[engine] = found.get(engine, frozenset()) | frozenset(values)
    return found


def zones_offering(instance_type: str, *, known: bool) -> list[str]:
    """The zones of the request's region, by name."""
    taken = condition("not_offered").get(instance_type)
    if not known or taken == []:
        return []
    return [
        name
        for name, zone_id in _zones()
        if name not in (taken or ()) and (zone_id != _OLD_ZONE or _OLD_FAMILIES.fullmatch(instance_type))
    ]


def _zones() -> list[tuple[str, str]]:
    _status, _headers, body = ec2.ACTION_MAP["DescribeAvailabilityZones"]({"Action": ["DescribeAvailabilityZones"]})
    return re.findall(r"<zoneName>([^<]+)</zoneName>.*?<zoneId>([^<]+)</zoneId>", body.decode(), re.DOTALL)


def _instance_type_offerings(form: Form) -> Answer:
    request = nested(form)
    wanted = [
        value
        for entry in request.get("Filter", [])
        if entry.get("Name") == "instance-type"
        for value in entry.get("Value", [])
    ]
    known = _types("aws_ec2_instance", "instancetype_enum", get_region())
    kinds = [kind for kind in wanted if kind in known] if wanted else sorted(known)
    items = "".join(
        f"<item><instanceType>{escape(kind)}</instanceType><locationType>availability-zone</locationType>"
        f"<location>{zone}</location></item>"
        for kind in kinds
        for zone in zones_offering(kind, known=True)
    )
    answer: Answer = ec2.xml(
        200,
        "DescribeInstanceTypeOfferingsResponse",
        f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>",
    )
    return answer


def _orderable_databases(form: dict[str, str]) -> str:
    engine, version = form.get("Engine", ""), form.get("EngineVersion", "")
    kind = form.get("DBInstanceClass", "")
    kinds = _by_engine("aws_rds_dbinstance", "dbinstanceclass_enum", "DBInstanceClass", get_region())
    versions = _by_engine("aws_rds_dbinstance", "engine_version", "EngineVersion")
    known = kind in kinds.get(engine, ()) and version in versions.get(engine, ())
    zones = zones_offering(kind, known=known)
    if not zones:
        return "<OrderableDBInstanceOptions/>"
    members = "".join(f"<AvailabilityZone><Name>{zone}</Name></AvailabilityZone>" for zone in zones)
    return (
        "<OrderableDBInstanceOptions><OrderableDBInstanceOption>"
        f"<Engine>{escape(engine)}</Engine><EngineVersion>{escape(version)}</EngineVersion>"
        f"<DBInstanceClass>{escape(kind)}</DBInstanceClass><AvailabilityZones>{members}</AvailabilityZones>"
        "<MultiAZCapable>true</MultiAZCapable><Vpc>true</Vpc>"
        "</OrderableDBInstanceOption></OrderableDBInstanceOptions>"
    )


def _cache_offerings(form: dict[str, str]) -> str:
    kind = form.get("CacheNodeType", "")
    known = kind in _types("aws_elasticache_cachecluster", "cachenodetype_enum", get_region())
    if not zones_offering(kind, known=known):
        return "<ReservedCacheNodesOfferings/>"
    return (
        "<ReservedCacheNodesOfferings><ReservedCacheNodesOffering>"
        f"<ReservedCacheNodesOfferingId>offering-{escape(kind)}</ReservedCacheNodesOfferingId>"
        f"<CacheNodeType>{escape(kind)}</CacheNodeType><Duration>31536000</Duration>"
        "<ProductDescription>redis</ProductDescription><OfferingType>No Upfront</OfferingType>"
        "</ReservedCacheNodesOffering></ReservedCacheNodesOfferings>"
    )


def _cache_versions(form: dict[str, str]) -> str:
    engine = form.get("Engine", "")
    versions = _by_engine("aws_elasticache_cachecluster", "engine_version", "EngineVersion").get(engine, frozenset())
    members = "".join(
        f"<CacheEngineVersion><Engine>{escape(engine)}</Engine><EngineVersion>{version}</EngineVersion>"
        "</CacheEngineVersion>"
        for version in sorted(versions)
    )
    return f"<CacheEngineVersions>{members}</CacheEngineVersions>"


def _brokers(ministacks: Handler) -> Handler:
    """Ministack answers with two zones of us-east-1, whatever the region."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        if path != "/v1/broker-instance-options":
            return await ministacks(method, path, headers, body, query)
        engine, kind = (_first(query, name) for name in ("engineType", "hostInstanceType"))
        supported: dict[str, Any] = mq.SUPPORTED_ENGINES.get(engine.upper(), {})
        zones = zones_offering(kind, known=kind in supported.get("host_instance_types", ()))
        option = {
            "availabilityZones": [{"name": zone} for zone in zones],
            "engineType": engine.upper(),
            "hostInstanceType": kind,
            "storageType": "EBS",
            "supportedDeploymentModes": supported.get("deployment_modes", []),
            "supportedEngineVersions": supported.get("versions", []),
        }
        answer = {"brokerInstanceOptions": [option] if zones else [], "maxResults": 100}
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    return handle


def _first(query: dict[str, list[str]], name: str) -> str:
    value = query.get(name) or [""]
    return value[0] if isinstance(value, list) else str(value)


def install() -> None:
    ec2.ACTION_MAP["DescribeInstanceTypeOfferings"] = _instance_type_offerings
    add_query_calls("rds", {"DescribeOrderableDBInstanceOptions": _orderable_databases})
    add_query_calls(
        "elasticache",
        {"DescribeReservedCacheNodesOfferings": _cache_offerings, "DescribeCacheEngineVersions": _cache_versions},
    )
    app.SERVICE_HANDLERS["mq"] = _brokers(app.SERVICE_HANDLERS["mq"])
