"""A private S3 bucket: encrypted, TLS only, no public access, optionally with a lifecycle and a
copy in another region.

A user gets `<NAME>_BUCKET` and may list, read, write and delete the bucket's objects, nothing else.
A `cdn` that has the bucket as an origin may read it; no other distribution may.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Sub, s3
from typing_extensions import override

from provisioning.components.kinds.bucket import replica
from provisioning.components.kinds.bucket.settings import BucketSettings, Lifecycle
from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import MAIN, Box, Family, Gives, Grant, settings_of
from provisioning.design.graph import Node, Reference
from provisioning.design.names import logical_id

_ABORT_UPLOADS_AFTER_DAYS = 7


class Bucket(Component):
    kind = "bucket"
    title = "Bucket"
    summary = "Private S3 bucket, encrypted, TLS only"
    family = Family.STORAGE
    schema = BucketSettings
    gives = Gives(
        variables=("<NAME>_BUCKET",),
        rights=("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
    )
    attributes = {
        "name": "Name of the bucket",
        "arn": "ARN of the bucket",
        "replica": "Name of its copy in another region (only with critical = true)",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, BucketSettings)
        source = private(logical_id(node.address), build.bucket(node.name))
        if settings.versioned or settings.critical:
            source.VersioningConfiguration = s3.VersioningConfiguration(Status="Enabled")
        if settings.lifecycle:
            source.LifecycleConfiguration = s3.LifecycleConfiguration(Rules=_rules(settings.lifecycle))
        if settings.critical:
            place = replica.stack(node, build, settings.replica_region)
            copy = private(logical_id(node.address, "Replica"), replica.name(node, build, settings.replica_region))
            copy.VersioningConfiguration = s3.VersioningConfiguration(Status="Enabled")
            _add(node, build, copy, "Copy in another region", stack=place)
            timed = settings.replica_within_15_minutes
            source.ReplicationConfiguration = replica.rule(node, build, copy.title, place=place, timed=timed)
        _add(node, build, source, "Bucket", admits=_readers(node, build))

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, BucketSettings)
        boxes = [Box("supporting", node.name, "Buckets", "tiers by age" if settings.lifecycle else "standard storage")]
        if settings.critical:
            where = settings.replica_region or ""
            fact = "copy" if where else "copy in another region"
            boxes.append(Box("supporting", f"{node.name} replica", "Buckets", fact, region=where))
        return boxes

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name == "name":
            return Ref(logical_id(node.address))
        if name == "arn":
            return GetAtt(logical_id(node.address), "Arn")
        if name == "replica":
            settings = settings_of(node, BucketSettings)
            return Sub(replica.name(node, build, settings.replica_region)) if settings.critical else None
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        name = logical_id(node.address)
        return Grant(
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


def private(logical: str, name: str) -> s3.Bucket:
    """Return a bucket that cannot become public, whatever policy it gets later. `name` is text for
    Sub.

    It is in the account's own namespace, so nobody else can take its name before or after it.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
    """
    return s3.Bucket(
        logical,
        BucketName=Sub(name),
        BucketNamespace="account-regional",
        OwnershipControls=s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
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


def _add(
    node: Node,
    build: Build,
    bucket: s3.Bucket,
    title: str,
    *,
    admits: list[dict[str, Any]] | None = None,
    stack: str = MAIN,
) -> None:
    """Add a bucket and its policy. Both are retained if data is kept."""
    kept = "Retain" if settings_of(node, BucketSettings).keep_data else None
    build.retain(bucket, policy=kept, why=f"the objects in {node.name}", stack=stack)
    reference = build.add(node, bucket, title, stack=stack)
    policy = s3.BucketPolicy(
        f"{bucket.title}Policy",
        Bucket=reference,
        PolicyDocument=iam.policy([tls_only(bucket.title), *(admits or ())]),
    )
    build.retain(policy, policy=kept, why=f"keeps {node.name} TLS only", stack=stack)
    build.add(node, policy, "Bucket policy", stack=stack)


def _readers(node: Node, build: Build) -> list[dict[str, Any]]:
    """Let each CDN that has this bucket as an origin read it. With an error page it must also list
    the bucket.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    name = logical_id(node.address)
    found = []
    for user in build.users(node):
        if user.kind != "cdn":
            continue
        admitted = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceArn": build.attribute(Reference("cdn", user.name, "arn"))}},
        }
        found.append({**admitted, "Action": "s3:GetObject", "Resource": Sub(f"${{{name}.Arn}}/*")})
        if getattr(user.settings, "error_page", None):
            found.append({**admitted, "Action": "s3:ListBucket", "Resource": GetAtt(name, "Arn")})
    return found


def tls_only(name: str) -> dict[str, Any]:
    return iam.tls_only("s3:*", [GetAtt(name, "Arn"), Sub(f"${{{name}.Arn}}/*")])


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
