"""AWS Backup."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Emptying, one_call

TYPES: Final = (
    AwsType(
        "AWS::Backup::BackupPlan",
        exists="backup.has_plan",
        arn=ArnForm("backup", r"backup-plan:(.+)"),
        taggable=True,
        durations=one_call(create=6, delete=5),
    ),
    AwsType(
        "AWS::Backup::BackupSelection",
        exists="backup.has_selection",
        durations=one_call(create=6, delete=5),
    ),
    AwsType(
        "AWS::Backup::BackupVault",
        exists="backup.has_vault",
        arn=ArnForm("backup", r"backup-vault:(.+)"),
        taggable=True,
        # AWS deletes recovery points some minutes after the request.
        emptying=Emptying("backup.empty_vault", noun="backup vault", give_up_after=30),
        # https://docs.aws.amazon.com/aws-backup/latest/devguide/deleting-a-vault.html
        teardown_note="Emptied first: all its recovery points are deleted.",
        # AWS Backup keeps recovery points in its own form or in that of the service whose data they hold.
        # https://docs.aws.amazon.com/aws-backup/latest/devguide/recovery-points.html
        recovery_points=(
            ArnForm("backup", r"recovery-point:.+"),
            ArnForm("rds", r"(?:cluster-)?snapshot:awsbackup:.+"),
            ArnForm("ec2", r"(?:snapshot|image)/.+"),
            ArnForm("dynamodb", r"table/[^/]+/backup/.+"),
        ),
        durations=one_call(create=6, delete=5),
    ),
)
