"""S3."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Emptying, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::S3::Bucket",
        exists="s3.has_bucket",
        arn=ArnForm("s3", r"([^/]+)"),
        taggable=True,
        emptying=Emptying("s3.empty_bucket", noun="bucket", give_up_after=5),
        teardown_note="Emptied first: all objects, versions and unfinished uploads are deleted.",
        durations=(
            lasts(
                create=22,
                delete=5,
                low=3,
                high=30,
                source=Source.ASSUMED,
                reference="CloudFormation waits until the new name has propagated",
            ),
        ),
    ),
    AwsType(
        "AWS::S3::BucketPolicy",
        exists="s3.has_policy",
        durations=one_call(create=4, delete=3),
    ),
)
