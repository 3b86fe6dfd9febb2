"""Service Quotas: the limit that applies to an account."""

from __future__ import annotations

from provisioning.aws.errors import NotFound
from provisioning.aws.sessions import Clients


def quota(aws: Clients, service_code: str, quota_code: str) -> int:
    """Returns the applied quota. Where none was ever applied, GetServiceQuota knows nothing, and
    AWS's default is in force (API reference of GetServiceQuota).
    """
    client = aws.client("service-quotas")
    try:
        answer = client.get_service_quota(ServiceCode=service_code, QuotaCode=quota_code)
    except NotFound:
        answer = client.get_aws_default_service_quota(ServiceCode=service_code, QuotaCode=quota_code)
    return int(answer["Quota"]["Value"])
