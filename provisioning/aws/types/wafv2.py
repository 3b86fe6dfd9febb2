"""WAF."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::WAFv2::IPSet",
        taggable=True,
        durations=one_call(create=5, delete=5),
    ),
    AwsType("AWS::WAFv2::LoggingConfiguration", durations=one_call(create=5, delete=5)),
    AwsType(
        "AWS::WAFv2::WebACL",
        exists="wafv2.has_web_acl",
        taggable=True,
        durations=(
            lasts(
                create=15, delete=8, low=5, high=60, source=Source.ASSUMED, reference="two calls and their propagation"
            ),
        ),
    ),
    AwsType(
        "AWS::WAFv2::WebACLAssociation",
        exists="wafv2.has_association",
        durations=(
            lasts(
                create=12,
                delete=6,
                low=5,
                high=60,
                source=Source.ASSUMED,
                reference="waits until the web ACL has propagated",
            ),
        ),
    ),
)
