"""Amazon MQ."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::AmazonMQ::Broker",
        exists="mq.has_broker",
        arn=ArnForm("mq", r"broker:.+:([^:]+)"),
        taggable=True,
        durations=(
            lasts(
                create=540,
                delete=150,
                low=360,
                high=1800,
                endpoint_last=True,
                when="DeploymentMode=CLUSTER_MULTI_AZ",
                source=Source.TIMED,
                reference="the whole test takes 631 to 672 s with RabbitMQ, single broker or cluster: https://github.com/hashicorp/terraform-provider-aws/pull/39024; "
                "over 5 min: https://github.com/aws-controllers-k8s/community/pull/703; "
                "over 30 min in small regions: https://github.com/hashicorp/terraform-provider-aws/pull/27035",
            ),
            lasts(
                create=480,
                delete=120,
                low=330,
                high=1800,
                endpoint_last=True,
                source=Source.TIMED,
                reference="the whole test takes 631 to 672 s with RabbitMQ, single broker or cluster: https://github.com/hashicorp/terraform-provider-aws/pull/39024; "
                "over 5 min: https://github.com/aws-controllers-k8s/community/pull/703; "
                "over 30 min in small regions: https://github.com/hashicorp/terraform-provider-aws/pull/27035",
            ),
        ),
    ),
    AwsType(
        "AWS::AmazonMQ::Configuration",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
)
