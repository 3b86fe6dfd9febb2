"""A private S3 bucket: encrypted, TLS only, no public access, with or without a lifecycle.

A user gets `<NAME>_BUCKET` and may list, read, write and delete the bucket's objects, nothing else.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator
from troposphere import GetAtt, Ref, Sub, s3
from typing_extensions import override

from provisioning.components import base, iam
from provisioning.components.build import Build
from provisioning.components.graph import Node
from provisioning.components.names import logical_id

_NAME_LIMIT = 63
_ABORT_UPLOADS_AFTER_DAYS = 7


class Lifecycle(base.Part):
    """Days after which an object moves on: Standard, then Intelligent-Tiering, then Glacier."""

    intelligent_tiering_after_days: int = Field(ge=0)
    glacier_after_days: int = Field(ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.glacier_after_days <= self.intelligent_tiering_after_days:
            raise ValueError("glacier_after_days must be above intelligent_tiering_after_days")
        return self


class BucketSettings(base.Settings):
    lifecycle: Lifecycle | None = None
    versioned: bool = False
    keep_data: bool = False


class Bucket(base.Component):
    kind = "bucket"
    title = "Bucket"
    summary = "Private S3 bucket, encrypted, TLS only"
    Settings = BucketSettings
    attributes = {"name": "Name of the bucket", "arn": "ARN of the bucket"}

    def build(self, node: Node, build: Build) -> None:
        settings = base.settings_of(node, BucketSettings)
        resource = s3.Bucket(
            logical_id(node.address),
            BucketName=build.physical(node.name, limit=_NAME_LIMIT),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
            ),
            BucketEncryption=s3.BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    s3.ServerSideEncryptionRule(
                        ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
                    )
                ]
            ),
        )
        if settings.versioned:
            resource.VersioningConfiguration = s3.VersioningConfiguration(Status="Enabled")
        if settings.lifecycle:
            resource.LifecycleConfiguration = s3.LifecycleConfiguration(Rules=_rules(settings.lifecycle))
        build.keep(resource, policy="Retain" if settings.keep_data else None, why=f"the objects in {node.name}")
        bucket = build.add(node, resource, "Bucket")
        policy = s3.BucketPolicy(
            logical_id(node.address, "Policy"), Bucket=bucket, PolicyDocument=iam.policy([_tls_only(resource.title)])
        )
        build.keep(policy, policy="Retain" if settings.keep_data else None, why=f"keeps {node.name} TLS only")
        build.add(node, policy, "Bucket policy")

    def boxes(self, node: Node) -> list[base.Box]:
        settings = base.settings_of(node, BucketSettings)
        return [base.Box("beside", node.name, "Buckets", "tiers by age" if settings.lifecycle else "standard storage")]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name == "name":
            return Ref(logical_id(node.address))
        if name == "arn":
            return GetAtt(logical_id(node.address), "Arn")
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> base.Grant:
        name = logical_id(node.address)
        return base.Grant(
            label="objects",
            variables={f"{node.name.upper()}_BUCKET": Ref(name)},
            statements=(
                iam.allow(["s3:ListBucket"], GetAtt(name, "Arn")),
                iam.allow(
                    ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
                    Sub(f"${{{name}.Arn}}/*"),
                ),
            ),
        )


def _tls_only(name: str) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [GetAtt(name, "Arn"), Sub(f"${{{name}.Arn}}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _rules(lifecycle: Lifecycle) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            Id="tiers",
            Status="Enabled",
            Transitions=[
                s3.LifecycleRuleTransition(
                    StorageClass="INTELLIGENT_TIERING", TransitionInDays=lifecycle.intelligent_tiering_after_days
                ),
                s3.LifecycleRuleTransition(StorageClass="GLACIER", TransitionInDays=lifecycle.glacier_after_days),
            ],
        ),
        s3.LifecycleRule(
            Id="uploads",
            Status="Enabled",
            AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(
                DaysAfterInitiation=_ABORT_UPLOADS_AFTER_DAYS
            ),
        ),
    ]
