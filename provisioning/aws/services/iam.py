"""IAM: existence checks; counts and quotas of the account."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.account_reads import Usage
from provisioning.aws.sessions import Clients


def has_instance_profile(aws: Clients, name: str) -> bool:
    return bool(aws.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"])


def has_managed_policy(aws: Clients, arn: str) -> bool:
    return bool(aws.iam.get_policy(PolicyArn=arn)["Policy"])


def has_oidc_provider(aws: Clients, arn: str) -> bool:
    return bool(aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["Url"])


def has_role(aws: Clients, name: str) -> bool:
    return bool(aws.iam.get_role(RoleName=name)["Role"])


def has_role_policy(aws: Clients, physical_id: str) -> bool | None:
    """The id is "policy|role". None for a generated id, which names no role."""
    policy, _, role = physical_id.partition("|")
    return bool(aws.iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyName"]) if role else None


def usage(aws: Clients) -> Mapping[str, Usage]:
    """Returns the counts that GetAccountSummary reports together with their quota."""
    summary = aws.iam.get_account_summary()["SummaryMap"]
    counts: dict[str, int] = {str(name): count for name, count in summary.items()}
    return {
        name: Usage(used=count, limit=counts[f"{name}Quota"])
        for name, count in counts.items()
        if f"{name}Quota" in counts
    }
