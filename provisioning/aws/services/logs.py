"""Log groups, asked for."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def _has_group(aws: Clients, name: str) -> bool:
    """CloudWatch Logs finds by prefix only; the group itself comes before all longer names."""
    return any(
        group["logGroupName"] == name for group in aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    )


EXISTENCE: Mapping[str, Probe] = {"AWS::Logs::LogGroup": _has_group}
