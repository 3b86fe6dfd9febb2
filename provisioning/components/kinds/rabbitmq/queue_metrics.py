"""Metrics that the RabbitMQ hosts publish about their queue every minute, for alarms, scaling and
dashboards.

Every host publishes the same figures about the whole queue, so the maximum of a minute is the
figure.
"""

from __future__ import annotations

from provisioning.components.kit.alarms import Metric
from provisioning.components.kit.build import Build

DEPTH = "QueueDepth"
ARRIVALS = "Arrivals"
COMPLETIONS = "Completions"
CONSUMERS = "Consumers"
RUNNING_NODES = "RunningNodes"
FAILED = ".failed"


def of_queue(build: Build, queue: str, metric: str) -> Metric:
    """Return a metric of a queue: its depth, arrivals and completions per minute, consumers, or
    running nodes.
    """
    return build.names.metric_namespace, metric, {"Queue": queue}


def of_node(build: Build, node: int, metric: str) -> Metric:
    return build.names.metric_namespace, metric, {"Node": f"node{node}"}
