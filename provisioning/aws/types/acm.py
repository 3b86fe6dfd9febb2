"""AWS Certificate Manager."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts

TYPES: Final = (
    AwsType(
        "AWS::CertificateManager::Certificate",
        exists="acm.has_certificate",
        arn=ArnForm("acm", r"certificate/.+"),
        taggable=True,
        durations=(
            lasts(
                create=180,
                delete=10,
                low=90,
                high=1800,
                source=Source.TIMED,
                reference="5 min was not always enough: https://github.com/aws/aws-cdk/commit/5b5ca48; "
                "over an hour observed: https://github.com/hashicorp/terraform-provider-aws/issues/9338",
            ),
        ),
    ),
)
