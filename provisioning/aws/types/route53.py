"""Route 53."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import GLOBAL_TAGS_REGION, ArnForm, AwsType, Source, lasts, one_call

# https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
MAX_TAGS: Final = 10

TYPES: Final = (
    AwsType(
        "AWS::Route53::HealthCheck",
        exists="route53.has_health_check",
        taggable=True,
        max_tags=MAX_TAGS,
        tags_only_in=GLOBAL_TAGS_REGION,
        durations=one_call(create=6, delete=4),
    ),
    AwsType(
        "AWS::Route53::HostedZone",
        exists="route53.has_hosted_zone",
        arn=ArnForm("route53", r"hostedzone/(.+)"),
        taggable=True,
        max_tags=MAX_TAGS,
        tags_only_in=GLOBAL_TAGS_REGION,
        durations=(
            lasts(
                create=50,
                delete=45,
                low=30,
                high=90,
                source=Source.GUIDE,
                reference="Route 53 usually reports INSYNC within 60 s: https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html",
            ),
        ),
    ),
    AwsType(
        "AWS::Route53::RecordSet",
        exists="route53.has_record",
        durations=(
            lasts(
                create=45,
                delete=35,
                low=30,
                high=60,
                source=Source.GUIDE,
                reference="Route 53 usually reports INSYNC within 60 s: https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html",
            ),
        ),
    ),
    AwsType(
        "AWS::Route53::RecordSetGroup",
        durations=(
            lasts(
                create=45,
                delete=35,
                low=30,
                high=60,
                source=Source.GUIDE,
                reference="Route 53 usually reports INSYNC within 60 s: https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html",
            ),
        ),
    ),
)
