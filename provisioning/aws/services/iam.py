"""IAM: existence checks; counts and quotas of the account; roles with their policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.aws.account_reads import LiveRole, PolicyText, Usage
from provisioning.aws.errors import NotFound
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


def role(aws: Clients, name: str) -> LiveRole | None:
    """Returns None if the account has no such role."""
    try:
        described = aws.iam.get_role(RoleName=name)["Role"]
    except NotFound:
        return None
    boundary_arn = described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return LiveRole(
        arn=described["Arn"],
        tags={tag["Key"]: tag["Value"] for tag in described.get("Tags", [])},
        trust=_text(described["AssumeRolePolicyDocument"]),
        policies=(*_inline_policies(aws, name), *_attached_policies(aws, name)),
        boundary=managed_policy(aws, boundary_arn) if boundary_arn else None,
    )


def managed_policy(aws: Clients, arn: str) -> PolicyText | None:
    """Returns the default version of a managed policy; None if there is no such policy."""
    try:
        described = aws.iam.get_policy(PolicyArn=arn)["Policy"]
        version = aws.iam.get_policy_version(PolicyArn=arn, VersionId=described["DefaultVersionId"])["PolicyVersion"]
    except NotFound:
        return None
    return PolicyText(described["PolicyName"], _text(version["Document"]), arn)


def _inline_policies(aws: Clients, role_name: str) -> Iterator[PolicyText]:
    for page in aws.iam.get_paginator("list_role_policies").paginate(RoleName=role_name):
        for name in page["PolicyNames"]:
            document = aws.iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]
            yield PolicyText(name, _text(document))


def _attached_policies(aws: Clients, role_name: str) -> Iterator[PolicyText]:
    for page in aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name):
        for attached in page["AttachedPolicies"]:
            if (policy := managed_policy(aws, attached["PolicyArn"])) is not None:
                yield policy


def _text(document: Any) -> str:
    """Botocore decodes a policy document, although the service model calls it text."""
    return document if isinstance(document, str) else json.dumps(document)
