"""DocumentDB."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, FinalSnapshot, Protection

TYPES: Final = (
    AwsType(
        "AWS::DocDB::DBCluster",
        taggable=True,
        protection=Protection("DeletionProtection", lift="docdb.lift_cluster_protection"),
        final_snapshot=FinalSnapshot((ArnForm("rds", r"(?:cluster-)?snapshot:(?!awsbackup:).+"),)),
    ),
)
