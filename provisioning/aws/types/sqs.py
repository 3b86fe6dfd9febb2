"""Simple Queue Service."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::SQS::Queue",
        exists="sqs.has_queue",
        arn=ArnForm("sqs", r"[^:]+"),
        taggable=True,
        durations=(
            lasts(
                create=30,
                delete=60,
                low=20,
                high=64,
                express=5,
                source=Source.ANNOUNCED,
                reference="a queue and its dead-letter queue, one after the other, take 64 s, and 10 in EXPRESS mode: https://aws.amazon.com/blogs/devops/how-cloudformation-express-mode-accelerates-your-development-cycle/",
            ),
        ),
    ),
    AwsType(
        "AWS::SQS::QueuePolicy",
        why_unchecked="Its id is generated and names no queue. It is deleted with its queue.",
        durations=one_call(create=5, delete=4),
    ),
)
