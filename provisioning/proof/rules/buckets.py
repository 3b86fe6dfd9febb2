"""Checks that no bucket can become public through its settings, its ACL, or as a website."""

from __future__ import annotations

from provisioning.proof.model.values import is_unknown, mapping, shown, truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_BUCKET = "AWS::S3::Bucket"
_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_SOURCE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"


@rule(
    "public.bucket-block",
    "No bucket can become public",
    severity="high",
    why="The four settings block public access whatever policy or ACL is added later.",
    remedy="Set all four parts of PublicAccessBlockConfiguration to true.",
    source=_SOURCE,
    types=(_BUCKET, "AWS::S3::AccessPoint"),
)
def bucket_block(view: View, report: Reporter) -> None:
    for bucket in view.of(_BUCKET, "AWS::S3::AccessPoint"):
        configuration = bucket.get("PublicAccessBlockConfiguration")
        where = bucket.at("PublicAccessBlockConfiguration")
        if configuration is None:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html: on by default since April 2023
            report.fault(
                bucket, f"{bucket.key} does not block public access explicitly.", f"{where} is not set", severity="low"
            )
            continue
        if is_unknown(configuration):
            report.undecided(
                bucket, f"Whether {bucket.key} can become public cannot be determined.", f"{where} is {configuration}"
            )
            continue
        open_ones = [name for name in _BLOCKS if truth(mapping(configuration).get(name)) is not True]
        if open_ones:
            detail = (f"{where}.{name} is {shown(mapping(configuration).get(name, 'not set'))}" for name in open_ones)
            report.fault(bucket, f"{bucket.key} can become public.", *detail)
        else:
            report.passes(bucket, f"{where}: all four are true")


@rule(
    "public.bucket-acl",
    "No bucket is opened by an ACL",
    severity="high",
    why="ACLs are the old way to make objects public; with BucketOwnerEnforced they have no effect.",
    remedy="Remove AccessControl, and set OwnershipControls to BucketOwnerEnforced.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
    types=(_BUCKET,),
)
def bucket_acl(view: View, report: Reporter) -> None:
    for bucket in view.of(_BUCKET):
        acl = bucket.get("AccessControl")
        rules = bucket.objects("OwnershipControls.Rules")
        if acl in ("PublicRead", "PublicReadWrite", "AuthenticatedRead"):
            report.fault(bucket, f"{bucket.key} is public through its ACL.", f"{bucket.at('AccessControl')} is {acl}")
        elif rules and any(one.get("ObjectOwnership") != "BucketOwnerEnforced" for one in rules):
            detail = f"{bucket.at('OwnershipControls')} is {shown(rules)}"
            report.fault(bucket, f"{bucket.key} allows ACLs on its objects.", detail, severity="low")
        elif is_unknown(acl):
            report.undecided(bucket, f"The ACL of {bucket.key} cannot be determined.", bucket.at("AccessControl"))
        else:
            report.passes(bucket, f"{bucket.key}: ACLs are disabled (BucketOwnerEnforced)")


@rule(
    "public.bucket-website",
    "No bucket serves a website itself",
    severity="medium",
    why="A website endpoint supports HTTP only and needs a public bucket; CloudFront can serve a private one.",
    remedy="Serve the bucket through CloudFront with origin access control.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html",
    types=(_BUCKET,),
)
def bucket_website(view: View, report: Reporter) -> None:
    for bucket in view.of(_BUCKET):
        if bucket.get("WebsiteConfiguration") is None:
            report.passes(bucket, f"{bucket.key} is no website")
        else:
            report.fault(bucket, f"{bucket.key} serves a website.", bucket.at("WebsiteConfiguration"))


@rule(
    "public.origin-access",
    "CloudFront reads buckets with its own identity",
    severity="medium",
    why="Without origin access control the bucket has to be public for CloudFront to read it.",
    remedy="Set OriginAccessControlId on the origin, and give the bucket a policy for this distribution only.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html",
    types=("AWS::CloudFront::Distribution", "AWS::CloudFront::OriginAccessControl"),
)
def origin_access(view: View, report: Reporter) -> None:
    for distribution in view.of("AWS::CloudFront::Distribution"):
        for index, origin in enumerate(distribution.objects("DistributionConfig.Origins")):
            domain = str(origin.get("DomainName", ""))
            if "DomainName" not in domain.partition("⟦")[2] and ".s3." not in domain and "S3OriginConfig" not in origin:
                continue
            if not any(bucket.key in domain for bucket in view.of(_BUCKET)) and "S3OriginConfig" not in origin:
                continue
            where = distribution.at(f"DistributionConfig.Origins[{index}]")
            old = mapping(origin.get("S3OriginConfig")).get("OriginAccessIdentity")
            if origin.get("OriginAccessControlId"):
                report.passes(distribution, f"{where}: origin access control {shown(origin['OriginAccessControlId'])}")
            elif old:
                report.passes(distribution, f"{where}: origin access identity {shown(old)}")
            else:
                report.fault(
                    distribution,
                    f"{distribution.key} reads a bucket without an identity.",
                    f"{where}.OriginAccessControlId is not set",
                )
