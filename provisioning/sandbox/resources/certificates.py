"""Certificates: validation through a record in the hosted zone, and rejection by CloudFront and
load balancers.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from provisioning.sandbox.api import Properties
from provisioning.sandbox.private import acm, alb, cloudfront, get_account_id, get_region
from provisioning.sandbox.resources import dns
from provisioning.sandbox.resources.registry import Made, original, resource_type
from provisioning.sandbox.work import on_loop

NAME = "AWS::CertificateManager::Certificate"
EDGE_REGION = "us-east-1"
_create, _update, _delete = (original(NAME, handler) for handler in ("create", "update", "delete"))
_ARN = re.compile(r"arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[0-9A-Za-z-]+")


def _validation(domain: str) -> dict[str, str]:
    """The CNAME that proves the domain: the same for every certificate of it in an account, as in
    ACM.
    """
    base = domain.removeprefix("*.")
    token = hashlib.md5(f"{get_account_id()}{base}".encode(), usedforsecurity=False).hexdigest()
    answer = hashlib.md5(token.encode(), usedforsecurity=False).hexdigest()
    return {"Name": f"_{token}.{base}.", "Type": "CNAME", "Value": f"_{answer}.acm-validations.aws."}


def create(logical_id: str, properties: Properties, stack: str) -> Made:
    made: Made = _create(logical_id, properties, stack)
    _validate(made[0], properties)
    return made


def _validate(arn: str, properties: Properties) -> None:
    """Adds the validation record to the zones that the template names; it remains when the
    certificate is deleted, as on AWS.
    """
    if properties.get("ValidationMethod") != "DNS":
        return
    options: list[dict[str, Any]] = on_loop(lambda: acm.certificates[arn]["DomainValidationOptions"])
    zones = {
        str(item["DomainName"]): item.get("HostedZoneId") for item in properties.get("DomainValidationOptions") or []
    }
    for option in options:
        option["ResourceRecord"] = record = _validation(option["DomainName"])
        zone = zones.get(option["DomainName"]) or next(iter(zones.values()), None)
        if zone:
            wanted = {
                "HostedZoneId": zone,
                "Name": record["Name"],
                "Type": "CNAME",
                "TTL": "300",
                "ResourceRecords": [record["Value"]],
            }
            dns.change(dns.zone_of(wanted), "UPSERT", wanted)


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made: Made = _update(physical_id, old, new, stack, logical_id)
    if made[0] != physical_id:
        _validate(made[0], new)
    return made


def delete(physical_id: str, properties: Properties) -> None:
    if on_loop(_is_in_use, physical_id):
        raise ValueError(
            f"Certificate {physical_id} in account {get_account_id()} is in use. "
            "(Service: Acm, Status Code: 400) (HandlerErrorCode: ResourceConflict)"
        )
    _delete(physical_id, properties)


def _is_in_use(arn: str) -> bool:
    stores = (alb.listeners, cloudfront.distributions)
    return any(arn in repr(record) for store in stores for record in store.values())


def covers(domain: str, names: list[str]) -> bool:
    return any(domain == name or (name.startswith("*.") and domain.partition(".")[2] == name[2:]) for name in names)


def refused_at_edge(properties: Properties) -> str:
    """Why CloudFront rejects a distribution's names with its certificate; empty if it accepts them."""
    config = properties["DistributionConfig"]
    aliases = [str(alias).lower() for alias in config.get("Aliases") or []]
    arn = str((config.get("ViewerCertificate") or {}).get("AcmCertificateArn") or "")
    iam = (config.get("ViewerCertificate") or {}).get("IamCertificateId")
    if aliases and not arn and not iam:
        return (
            "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that "
            "validates your authorization to use the domain name."
        )
    if not arn:
        return ""
    match = _ARN.fullmatch(arn)
    if match is None or match["region"] != EDGE_REGION:
        return (
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid "
            "certificate chain."
        )
    known = acm.certificates.get_scoped(get_account_id(), EDGE_REGION, arn)
    names = [known["DomainName"], *known["SubjectAlternativeNames"]] if known else []
    if known and not all(covers(alias, names) for alias in aliases):
        return "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add."
    return ""


def check_listener(properties: Properties) -> None:
    """A listener accepts certificates of its own region only."""
    for item in properties.get("Certificates") or []:
        arn = str(item.get("CertificateArn") or "")
        match = _ARN.fullmatch(arn)
        if match and match["region"] != get_region():
            raise ValueError(
                f"Certificate ARN '{arn}' is not valid (Service: ElasticLoadBalancingV2, Status Code: 400) "
                "(HandlerErrorCode: InvalidRequest)"
            )


def register() -> None:
    resource_type(NAME, create=create, update=update, delete=delete, tags=("Tags", "list"))
