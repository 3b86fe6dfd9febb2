"""How much room the account's quotas leave in a region. The request form checks each plan against them;
this is the summary for the account's administrator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provisioning.aws import Aws
from provisioning.aws.account_reads import AccountReads, Usage
from provisioning.aws.regions import region_name
from provisioning.lifecycle.connection.report import Findings
from provisioning.lifecycle.preflight.checks.quotas import ADDRESSES, DATABASES, INTERNET_GATEWAYS, VPCS, Quota


@dataclass(frozen=True, slots=True)
class _Read:
    quota: Quota
    usage: Callable[[AccountReads], Usage]


def _counted(quota: Quota, count: Callable[[AccountReads], int]) -> _Read:
    return _Read(quota, lambda reads: Usage(count(reads), reads.quota(quota.service, quota.code)))


_READS: Final = (
    _counted(VPCS, lambda reads: len(reads.vpcs())),
    _counted(INTERNET_GATEWAYS, lambda reads: reads.count_internet_gateways()),
    _counted(ADDRESSES, lambda reads: reads.count_addresses()),
    _Read(DATABASES, lambda reads: reads.database_usage()["DBInstances"]),
)


def check_quotas(findings: Findings, aws: Aws) -> None:
    """Report each quota that is used up, and the others in one sentence."""
    region = aws.access.region
    free: list[str] = []
    for read in _READS:
        quota = read.quota
        with findings.reading(f"The quota of {quota.plural} in {region}"):
            usage = read.usage(aws.reads)
            if usage.used < usage.limit:
                free.append(f"{usage.used} of {usage.limit} {quota.plural}")
                continue
            findings.note(
                f"No {quota.noun} is left in {region_name(region)}: all {usage.limit} are in use.",
                f"Delete what nobody needs, or request more in Service Quotas ({quota.service}, {quota.code}). Until then, "
                f"an environment that needs one cannot be created there.",
            )
    if free:
        findings.passed(f"Quotas leave room in {region_name(region)}: {', '.join(free)} are in use.")
