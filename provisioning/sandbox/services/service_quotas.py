"""Service Quotas: AWS's defaults, or what the account's conditions say instead."""

from __future__ import annotations

from typing import NamedTuple

from provisioning.sandbox.private import app, get_account_id, get_region, router
from provisioning.sandbox.services.account_conditions import condition
from provisioning.sandbox.services.calls import Body, RefusedError, answer_calls


class Quota(NamedTuple):
    """`regions`: the only region that knows a global quota; empty for a regional one."""

    name: str
    default: float
    region: str = ""


GLOBAL = "us-east-1"
# https://docs.aws.amazon.com/general/latest/gr/vpc-service.html, …/ec2-service.html, …/cf_region.html
QUOTAS = {
    ("vpc", "L-F678F1CE"): Quota("VPCs per Region", 5),
    ("vpc", "L-A4707A72"): Quota("Internet gateways per Region", 5),
    ("vpc", "L-FE5A380F"): Quota("NAT gateways per Availability Zone", 5),
    ("vpc", "L-DF5E4CA3"): Quota("Network interfaces per Region", 5000),
    ("ec2", "L-0263D0A3"): Quota("EC2-VPC Elastic IPs", 5),
    ("cloudfront", "L-24B04930"): Quota("Web distributions per AWS account", 200, GLOBAL),
    ("cloudfront", "L-7D134442"): Quota("Cache policies per AWS account", 20, GLOBAL),
    ("cloudfront", "L-CF0D4FC5"): Quota("Response headers policies per AWS account", 20, GLOBAL),
}


def _known(body: Body) -> tuple[str, Quota]:
    key = (str(body.get("ServiceCode")), str(body.get("QuotaCode")))
    quota = QUOTAS.get(key)
    if quota is None or (quota.region and quota.region != get_region()):
        raise RefusedError(
            "NoSuchResourceException", "The request failed because the specified service does not exist."
        )
    return "/".join(key), quota


def _answer(body: Body, value: float) -> Body:
    key, quota = _known(body)
    service, code = key.split("/")
    return {
        "Quota": {
            "ServiceCode": service,
            "QuotaCode": code,
            "QuotaName": quota.name,
            "QuotaArn": f"arn:aws:servicequotas:{get_region()}:{get_account_id()}:{key}",
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": bool(quota.region),
        }
    }


def _applied(body: Body) -> Body:
    """As on AWS, a quota that nobody changed has no applied value for some services."""
    key, quota = _known(body)
    applied = condition("quotas").get(key)
    if applied is None and quota.region:
        raise RefusedError("NoSuchResourceException", f"The quota {key} has no applied value.")
    return _answer(body, quota.default if applied is None else applied)


def _default(body: Body) -> Body:
    return _answer(body, _known(body)[1].default)


def install() -> None:
    app.SERVICE_HANDLERS["service-quotas"] = answer_calls(
        {"GetServiceQuota": _applied, "GetAWSDefaultServiceQuota": _default}
    )
    router.SERVICE_PATTERNS["service-quotas"] = {
        "target_prefixes": ["ServiceQuotasV20190624"],
        "credential_scope": "servicequotas",
    }
