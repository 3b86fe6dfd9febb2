"""Simple Email Service."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::SES::ConfigurationSet",
        exists="ses.has_configuration_set",
        arn=ArnForm("ses", r"configuration-set/(.+)"),
        taggable=True,
        durations=one_call(create=5, delete=4),
    ),
    AwsType(
        "AWS::SES::ConfigurationSetEventDestination",
        why_unchecked="Its id names no configuration set. It is deleted with its set.",
        durations=one_call(create=5, delete=4),
    ),
    AwsType(
        "AWS::SES::EmailIdentity",
        exists="ses.has_identity",
        arn=ArnForm("ses", r"identity/(.+)"),
        taggable=True,
        durations=one_call(create=5, delete=4),
    ),
    AwsType(
        "AWS::SES::Template",
        exists="ses.has_template",
        taggable=True,
    ),
)
