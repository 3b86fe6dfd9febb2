"""Redshift."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, FinalSnapshot

TYPES: Final = (
    AwsType(
        "AWS::Redshift::Cluster",
        taggable=True,
        final_snapshot=FinalSnapshot((ArnForm("redshift", r"snapshot:.+"),)),
    ),
)
