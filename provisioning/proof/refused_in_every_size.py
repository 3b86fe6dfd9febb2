"""The findings with which no environment is created, in any size and whatever its blueprint says.

Each of them lets a team reach what belongs to others in the same account, so that it is nobody's
own risk. Production refuses every high finding as well (`SizePolicy.refuses_high_findings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from provisioning.design.size_policy import SizePolicy
from provisioning.proof.report import SEVERITIES, Finding, Proof, Severity

REFUSED_IN_EVERY_SIZE: Final[Mapping[str, Severity]] = MappingProxyType(
    {
        "secrets.dynamic-reference": "high",  # reads a stored value of another team
        "secrets.foreign-right": "high",
        "foreign.policy": "high",  # opens or changes a resource of another team
        "foreign.attachment": "high",  # receives or redirects what belongs to another team
        "foreign.network": "high",  # runs in another team's network, or with its disks
        "foreign.role": "high",  # runs code with a role of another team or of an administrator
        "iam.assume-role": "high",
        "iam.pass-role": "high",
        "iam.action-wildcard": "high",  # Action "*", or a whole service on every resource
        "iam.negation": "high",  # Allow with NotAction or NotResource
        "iam.managed-policy": "high",  # such as AdministratorAccess
        "iam.user": "high",  # keys that outlive every boundary
        "public.policy": "high",  # Principal "*" without a condition that narrows it
        "public.policy-account": "medium",  # a principal of another account
        "trust.anybody": "high",
    }
)
"""The rule, and the mildest severity of its findings that is refused."""


def refused_findings(proof: Proof, policy: SizePolicy) -> tuple[Finding, ...]:
    """Return the findings with which a plan of this size is refused. A finding that is uncertain
    counts if it is high.
    """
    return tuple(
        finding
        for finding in proof.findings
        if (policy.refuses_high_findings and finding.severity == "high") or _is_refused_everywhere(finding)
    )


def _is_refused_everywhere(finding: Finding) -> bool:
    mildest = REFUSED_IN_EVERY_SIZE.get(finding.rule)
    if mildest is None or SEVERITIES.index(finding.severity) > SEVERITIES.index(mildest):
        return False
    return finding.certain or finding.severity == "high"
