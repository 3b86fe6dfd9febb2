"""CloudFront's access logs, in a bucket of their own that deletes them after some days.

CloudFront writes them with an access control list that it sets itself, so this is the only bucket
that accepts ACLs.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
"""

from __future__ import annotations

from troposphere import GetAtt, cloudfront, s3

from provisioning.components.kinds.bucket import component as bucket
from provisioning.components.kinds.cdn.settings import CdnSettings
from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.values import settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id


def logging(node: Node, build: Build) -> cloudfront.Logging | None:
    """Where the distribution writes its access logs, if it does."""
    settings = settings_of(node, CdnSettings)
    if settings.log_days is None:
        return None
    kept = "Retain" if settings.keep_data else None
    made = bucket.private(logical_id(node.address, "Logs"), build.bucket(f"{node.name}-access-logs"))
    made.OwnershipControls = s3.OwnershipControls(
        Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerPreferred")]
    )
    made.LifecycleConfiguration = s3.LifecycleConfiguration(
        Rules=[s3.LifecycleRule(Id="forget", Status="Enabled", ExpirationInDays=settings.log_days)]
    )
    build.retain(made, policy=kept, why=f"the access logs of {node.name}")
    reference = build.add(node, made, "Access logs")
    policy = s3.BucketPolicy(
        f"{made.title}Policy", Bucket=reference, PolicyDocument=iam.policy([bucket.tls_only(made.title)])
    )
    build.retain(policy, policy=kept, why=f"keeps the access logs of {node.name} TLS only")
    build.add(node, policy, "Access logs policy")
    return cloudfront.Logging(Bucket=GetAtt(made.title, "DomainName"), IncludeCookies=False)
