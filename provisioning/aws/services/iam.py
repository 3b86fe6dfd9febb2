"""Roles and policies, asked for."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def _has_role_policy(aws: Clients, physical_id: str) -> bool | None:
    """The id is "policy|role"; an AWS::IAM::Policy has a made-up id that names no role, and cannot be asked for."""
    policy, _, role = physical_id.partition("|")
    return bool(aws.iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyName"]) if role else None


EXISTENCE: Mapping[str, Probe] = {
    "AWS::IAM::InstanceProfile": lambda aws, name: bool(
        aws.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    ),
    "AWS::IAM::ManagedPolicy": lambda aws, arn: bool(aws.iam.get_policy(PolicyArn=arn)["Policy"]),
    "AWS::IAM::OIDCProvider": lambda aws, arn: bool(
        aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["Url"]
    ),
    "AWS::IAM::Role": lambda aws, name: bool(aws.iam.get_role(RoleName=name)["Role"]),
    "AWS::IAM::RolePolicy": _has_role_policy,
}
