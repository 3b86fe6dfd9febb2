"""How many tasks a service has: target tracking on CPU, memory or waiting jobs, or step scaling on
a queue.

The length of an application's job queue is not an AWS metric. The application publishes it as
`QueueDepth` in the environment's own namespace. CloudWatch divides it by the running tasks, so the
application need not know their number.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator
from troposphere import GetAtt, Ref, Sub
from troposphere import applicationautoscaling as autoscaling

from provisioning.components.kinds.service import queue_scaling
from provisioning.components.kinds.service.queue_scaling import Pressure
from provisioning.components.kit.build import Build
from provisioning.components.kit.values import Block
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

QUEUE_METRIC = "QueueDepth"
_SCALE_IN_SECONDS = 300
_SCALE_OUT_SECONDS = 60


class Tasks(Block):
    """The number of tasks, and what it follows: CPU or memory in percent, waiting jobs per task, or
    a queue.
    """

    desired: int = Field(default=1, ge=0, description="Initial number of tasks")
    min: int = Field(default=1, ge=0, description="Minimum number of tasks")
    max: int = Field(default=1, ge=1, description="Maximum number of tasks")
    cpu_target: int | None = Field(default=None, ge=10, le=95, description="CPU percentage to maintain")
    memory_target: int | None = Field(default=None, ge=10, le=95, description="Memory percentage to maintain")
    backlog_per_task: int | None = Field(default=None, ge=1, description="Waiting jobs per task to maintain")
    pressure: Pressure | None = Field(
        default=None,
        description="Scale out while a RabbitMQ queue grows or the tasks are busy, and back once it is empty",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        follows = self.cpu_target or self.memory_target or self.backlog_per_task or self.pressure
        if not self.min <= self.desired <= self.max:
            raise ValueError(f"desired ({self.desired}) must be between min ({self.min}) and max ({self.max})")
        if self.scales and not follows:
            raise ValueError(
                "min is below max, so set what the number follows: cpu_target, memory_target, backlog_per_task or pressure"
            )
        if self.backlog_per_task and self.min == 0:
            raise ValueError("backlog_per_task divides by the running tasks, so min must be at least 1")
        if follows and not self.scales:
            raise ValueError("min and max are equal, so the number cannot follow anything: remove the targets")
        return self

    @property
    def scales(self) -> bool:
        return self.min < self.max


def add(node: Node, build: Build, tasks: Tasks) -> None:
    """Add the scalable target and one policy for each metric that the number follows."""
    if not tasks.scales:
        return
    home = build.only("cluster", needed_by=node)
    target = autoscaling.ScalableTarget(
        logical_id(node.address, "Scaling"),
        ServiceNamespace="ecs",
        ScalableDimension="ecs:service:DesiredCount",
        ResourceId=Sub(f"service/${{{logical_id(home.address)}}}/${{{logical_id(node.address)}.Name}}"),
        MinCapacity=tasks.min,
        MaxCapacity=tasks.max,
    )
    build.add(node, target, "Scaling")
    if tasks.pressure:
        queue_scaling.add(node, build, tasks.pressure, minimum=tasks.min)
    if tasks.cpu_target:
        _policy(node, build, "Cpu", tasks.cpu_target, **_predefined("ECSServiceAverageCPUUtilization"))
    if tasks.memory_target:
        _policy(node, build, "Memory", tasks.memory_target, **_predefined("ECSServiceAverageMemoryUtilization"))
    if tasks.backlog_per_task:
        if not getattr(home.settings, "container_insights", False):
            raise DesignError(
                f"{node.source}: {node.address} scales on its backlog, which counts tasks by Container Insights; "
                f"set container_insights = true in {home.address}"
            )
        _policy(node, build, "Queue", tasks.backlog_per_task, CustomizedMetricSpecification=_backlog(node, build, home))


def _policy(node: Node, build: Build, key: str, target: int, **metric: Any) -> None:
    build.add(
        node,
        autoscaling.ScalingPolicy(
            logical_id(node.address, f"Scale{key}"),
            PolicyName=build.physical(f"{node.name}-{key.lower()}", limit=255),
            PolicyType="TargetTrackingScaling",
            ScalingTargetId=Ref(logical_id(node.address, "Scaling")),
            TargetTrackingScalingPolicyConfiguration=autoscaling.TargetTrackingScalingPolicyConfiguration(
                TargetValue=float(target),
                ScaleInCooldown=_SCALE_IN_SECONDS,
                ScaleOutCooldown=_SCALE_OUT_SECONDS,
                **metric,
            ),
        ),
        f"Scales on {key.lower()}",
    )


def _predefined(metric: str) -> dict[str, Any]:
    return {"PredefinedMetricSpecification": autoscaling.PredefinedMetricSpecification(PredefinedMetricType=metric)}


def _backlog(node: Node, build: Build, home: Node) -> autoscaling.CustomizedMetricSpecification:
    """Return the metric: jobs waiting for this service, divided by its running tasks.

    https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking-metric-math.html
    """
    service = GetAtt(logical_id(node.address), "Name")
    queue = _metric(build.names.metric_namespace, QUEUE_METRIC, {"Service": node.name}, "Maximum")
    running_on = {"ClusterName": Ref(logical_id(home.address)), "ServiceName": service}
    running = _metric("ECS/ContainerInsights", "RunningTaskCount", running_on, "Average")
    return autoscaling.CustomizedMetricSpecification(
        Metrics=[
            autoscaling.TargetTrackingMetricDataQuery(Id="waiting", MetricStat=queue, ReturnData=False),
            autoscaling.TargetTrackingMetricDataQuery(Id="running", MetricStat=running, ReturnData=False),
            autoscaling.TargetTrackingMetricDataQuery(
                Id="backlog", Expression="waiting / running", Label="Waiting jobs per task", ReturnData=True
            ),
        ]
    )


def _metric(namespace: str, name: str, dimensions: dict[str, Any], statistic: str) -> Any:
    return autoscaling.TargetTrackingMetricStat(
        Metric=autoscaling.TargetTrackingMetric(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[
                autoscaling.TargetTrackingMetricDimension(Name=key, Value=value) for key, value in dimensions.items()
            ],
        ),
        Stat=statistic,
    )
