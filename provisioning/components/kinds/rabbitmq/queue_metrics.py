"""Names of what the RabbitMQ hosts publish about their queue each minute: alarms, scaling and dashboards read it.

Every host publishes the same figures of the whole queue, so the highest of a minute is the figure.
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
    """Messages waiting or being worked on, messages arriving and completed in a minute, consumers, nodes running."""
    return build.name, metric, {"Queue": queue}


def of_node(build: Build, node: int, metric: str) -> Metric:
    return build.name, metric, {"Node": f"node{node}"}
