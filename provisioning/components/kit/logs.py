"""Log groups: explicit, named for the environment, with retention."""

from __future__ import annotations

from troposphere import Ref, logs

from provisioning.components.kit.build import Build
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


def check_days(days: int | None) -> int | None:
    """Pydantic validator that refuses a retention that CloudWatch does not offer."""
    if days is not None and days not in RETENTION_DAYS:
        raise ValueError(f"CloudWatch keeps logs for one of {', '.join(map(str, RETENTION_DAYS))} days, not {days}")
    return days


def log_group(node: Node, build: Build, *, name: str, days: int, suffix: str = "") -> Ref:
    """Add a log group with this full name. Logs are deleted with their stack in every size."""
    resource = logs.LogGroup(logical_id(node.address, f"{suffix}Logs"), LogGroupName=name, RetentionInDays=days)
    build.retain(resource, policy=None, why="")
    return build.add(node, resource, "Log group")
