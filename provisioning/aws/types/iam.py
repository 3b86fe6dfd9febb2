"""IAM."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, Source, lasts

TYPES: Final = (
    AwsType(
        "AWS::IAM::InstanceProfile",
        exists="iam.has_instance_profile",
        durations=(
            lasts(
                create=120,
                delete=4,
                low=20,
                high=135,
                source=Source.ASSUMED,
                reference="waits for propagation: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency",
            ),
        ),
    ),
    AwsType(
        "AWS::IAM::ManagedPolicy",
        exists="iam.has_managed_policy",
        durations=(
            lasts(create=15, delete=5, low=8, high=30, source=Source.ASSUMED, reference="waits for propagation"),
        ),
    ),
    AwsType(
        "AWS::IAM::OIDCProvider",
        exists="iam.has_oidc_provider",
        taggable=True,
    ),
    AwsType(
        "AWS::IAM::Policy",
        why_unchecked="Its id is generated and names no role. Its roles are checked instead.",
        durations=(
            lasts(create=15, delete=5, low=8, high=30, source=Source.ASSUMED, reference="waits for propagation"),
        ),
    ),
    AwsType(
        "AWS::IAM::Role",
        exists="iam.has_role",
        taggable=True,
        durations=(
            lasts(create=17, delete=6, low=10, high=30, source=Source.ASSUMED, reference="waits for propagation"),
        ),
    ),
    AwsType(
        "AWS::IAM::RolePolicy",
        exists="iam.has_role_policy",
        durations=(
            lasts(create=15, delete=5, low=8, high=30, source=Source.ASSUMED, reference="waits for propagation"),
        ),
    ),
    AwsType(
        "AWS::IAM::User",
        taggable=True,
        durations=(lasts(create=15, delete=5, low=8, high=40, source=Source.ASSUMED, reference="like a role"),),
    ),
)
