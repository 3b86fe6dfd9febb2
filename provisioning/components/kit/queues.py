"""What every SQS queue of an environment has in common: its dashboard widgets."""

from __future__ import annotations

from troposphere import GetAtt

from provisioning.components.kit.values import DashboardWidget, Section
from provisioning.components.kit.widgets import metric_widgets


def widgets(*queues: str) -> list[DashboardWidget]:
    """Return the widgets of these queues (logical ids): messages waiting, and the age of the oldest."""
    metrics = {"ApproximateNumberOfMessagesVisible": "Maximum", "ApproximateAgeOfOldestMessage": "Maximum"}
    return metric_widgets(
        Section.QUEUES, "AWS/SQS", metrics, [{"QueueName": GetAtt(queue, "QueueName")} for queue in queues]
    )
