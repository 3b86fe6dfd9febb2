"""Elastic File System."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::EFS::AccessPoint",
        exists="efs.has_access_point",
        taggable=True,
        durations=one_call(create=6, delete=6),
    ),
    AwsType(
        "AWS::EFS::FileSystem",
        exists="efs.has_file_system",
        arn=ArnForm("elasticfilesystem", r"file-system/(.+)"),
        taggable=True,
        durations=(
            lasts(
                create=12,
                delete=10,
                low=6,
                high=20,
                source=Source.TIMED,
                reference="file system 12 s, mount target over a minute: https://github.com/turbot/steampipe-plugin-aws/pull/426; "
                "the whole test of a mount target takes 126 s: https://github.com/hashicorp/terraform-provider-aws/pull/38017",
            ),
        ),
    ),
    AwsType(
        "AWS::EFS::MountTarget",
        exists="efs.has_mount_target",
        durations=(
            lasts(
                create=85,
                delete=60,
                low=60,
                high=130,
                source=Source.TIMED,
                reference="file system 12 s, mount target over a minute: https://github.com/turbot/steampipe-plugin-aws/pull/426; "
                "the whole test of a mount target takes 126 s: https://github.com/hashicorp/terraform-provider-aws/pull/38017",
            ),
        ),
    ),
)
