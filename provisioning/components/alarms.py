"""CloudWatch alarms over three periods of five minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import cloudwatch

from provisioning.components.build import Build
from provisioning.components.graph import Node
from provisioning.components.names import logical_id

_PERIOD_SECONDS = 300
_PERIODS = 3


def alarm(
    node: Node,
    build: Build,
    *,
    key: str,
    description: str,
    metric: tuple[str, str, Mapping[str, Any]],
    statistic: str,
    above: int | None = None,
    below: int | None = None,
) -> None:
    """Add an alarm on (namespace, metric name, dimensions): give either `above` or `below`."""
    namespace, name, dimensions = metric
    threshold = above if above is not None else below
    if threshold is None:
        raise ValueError("an alarm needs a threshold: above or below")
    resource = cloudwatch.Alarm(
        logical_id(node.address, key),
        AlarmDescription=description,
        Namespace=namespace,
        MetricName=name,
        Dimensions=[cloudwatch.MetricDimension(Name=key_, Value=value) for key_, value in dimensions.items()],
        Statistic=statistic,
        Period=_PERIOD_SECONDS,
        EvaluationPeriods=_PERIODS,
        ComparisonOperator="GreaterThanThreshold" if above is not None else "LessThanThreshold",
        Threshold=threshold,
        TreatMissingData="notBreaching",
    )
    build.add(node, resource, "Alarm")
