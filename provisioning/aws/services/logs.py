"""CloudWatch Logs: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_group(aws: Clients, name: str) -> bool:
    """CloudWatch Logs searches by prefix only. The group itself sorts before all longer names."""
    return any(
        group["logGroupName"] == name for group in aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    )
