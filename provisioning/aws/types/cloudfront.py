"""CloudFront."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import GLOBAL_TAGS_REGION, ArnForm, AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::CloudFront::CachePolicy",
        exists="cloudfront.has_cache_policy",
        durations=one_call(create=5, delete=5),
    ),
    AwsType("AWS::CloudFront::CloudFrontOriginAccessIdentity", exists="cloudfront.has_origin_access_identity"),
    AwsType(
        "AWS::CloudFront::Distribution",
        exists="cloudfront.has_distribution",
        arn=ArnForm("cloudfront", r"distribution/(.+)"),
        taggable=True,
        tags_only_in=GLOBAL_TAGS_REGION,
        teardown_note="CloudFront takes some minutes to disable it everywhere before it is deleted.",
        durations=(
            lasts(
                create=400,
                delete=300,
                low=300,
                high=900,
                express=50,
                source=Source.ANNOUNCED,
                reference="5 to 10 min, and under one in EXPRESS mode: https://aws.amazon.com/blogs/devops/how-cloudformation-express-mode-accelerates-your-development-cycle/; "
                "10 to 15 min: https://github.com/hashicorp/terraform-provider-aws/issues/47652",
            ),
        ),
    ),
    AwsType(
        "AWS::CloudFront::DistributionTenant",
        taggable=True,
        tags_only_in=GLOBAL_TAGS_REGION,
    ),
    AwsType(
        "AWS::CloudFront::Function",
        exists="cloudfront.has_function",
        taggable=True,
        durations=(
            lasts(create=20, delete=8, low=5, high=60, source=Source.ASSUMED, reference="created, then published"),
        ),
    ),
    AwsType("AWS::CloudFront::KeyGroup", exists="cloudfront.has_key_group"),
    AwsType(
        "AWS::CloudFront::OriginAccessControl",
        exists="cloudfront.has_origin_access_control",
        durations=one_call(create=5, delete=5),
    ),
    AwsType(
        "AWS::CloudFront::OriginRequestPolicy",
        exists="cloudfront.has_origin_request_policy",
        durations=one_call(create=5, delete=5),
    ),
    AwsType("AWS::CloudFront::PublicKey", exists="cloudfront.has_public_key"),
    AwsType(
        "AWS::CloudFront::ResponseHeadersPolicy",
        exists="cloudfront.has_response_headers_policy",
        durations=one_call(create=5, delete=5),
    ),
    AwsType(
        "AWS::CloudFront::VpcOrigin",
        taggable=True,
        tags_only_in=GLOBAL_TAGS_REGION,
    ),
)
