"""Dashboard widgets for what AWS measures of a resource by itself.

The lists of metrics:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import GetAtt

from provisioning.components.kit.values import DashboardWidget, Section


def metric_widgets(
    section: Section, namespace: str, metrics: Mapping[str, str], resources: Sequence[Mapping[str, Any]]
) -> list[DashboardWidget]:
    """Return one widget for each metric (name to statistic), with a line for each resource (its
    dimensions).
    """
    return [
        DashboardWidget(
            title=f"{section.value}: {metric}",
            lines=tuple((namespace, metric, dimensions, statistic) for dimensions in resources),
            section=section,
        )
        for metric, statistic in metrics.items()
    ]


def queue_widgets(*queues: str) -> list[DashboardWidget]:
    """Return the widgets of SQS queues (logical ids): messages waiting, and the age of the oldest
    one.
    """
    metrics = {"ApproximateNumberOfMessagesVisible": "Maximum", "ApproximateAgeOfOldestMessage": "Maximum"}
    resources = [{"QueueName": GetAtt(queue, "QueueName")} for queue in queues]
    return metric_widgets(Section.QUEUES, "AWS/SQS", metrics, resources)
