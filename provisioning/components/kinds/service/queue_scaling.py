"""Step scaling by a queue: out while work arrives faster than it is done, back to the minimum when
the queue is empty.

Each condition is an alarm, so each can be read and tested separately. A composite alarm can notify
people but cannot scale, so "unless the queue is empty" is part of the CPU conditions' expression.
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-step-scaling-policies.html
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, InstanceOf, model_validator
from troposphere import GetAtt, Ref
from troposphere import applicationautoscaling as autoscaling

from provisioning.components.kinds.rabbitmq import queue_metrics
from provisioning.components.kit.alarms import Math, Metric, alarm, all_of, math_alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.values import Block
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node, Reference
from provisioning.design.names import logical_id

# An alarm that remains on triggers again every minute. The cooldown lets the last step take effect first.
_COOLDOWN_SECONDS = 180


def _require_rabbitmq(reference: Reference) -> Reference:
    if reference.kind != "rabbitmq":
        raise ValueError(
            f"{reference} is a {reference.kind}; only a rabbitmq publishes its queue's depth, arrivals and completions"
        )
    return reference


class Busy(Block):
    """A CPU percentage, and for how long."""

    percent: int = Field(
        ge=1, le=100, description="Average CPU of the service's tasks at or above which they count as busy"
    )
    minutes: int = Field(ge=1, le=60, description="For how many consecutive minutes")


class Pressure(Block):
    """When to scale out, by how much, and when to return to the minimum."""

    queue: Annotated[InstanceOf[Reference], AfterValidator(_require_rabbitmq)] = Field(
        description="The rabbitmq whose queue decides"
    )
    growing_minutes: int = Field(
        default=5,
        ge=1,
        le=60,
        description="Scale out when the queue grows for longer than this, with more arrivals than completions",
    )
    busy: tuple[Busy, ...] = Field(
        default=(),
        max_length=5,
        description="Scale out when the tasks are this busy for this long, unless the queue is empty",
    )
    empty_minutes: int = Field(
        default=5, ge=1, le=60, description="Return to the minimum when the queue has been at 0 for this long"
    )
    step: int = Field(default=1, ge=1, le=100, description="Tasks to add at a time")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        shares = [busy.percent for busy in self.busy]
        if len(set(shares)) < len(shares):
            raise ValueError("busy has one percentage twice: list each once, with its minutes")
        return self


def add(node: Node, build: Build, settings: Pressure, *, minimum: int) -> None:
    """Add the two policies, the alarms that trigger them, and an alarm for when more tasks would
    not help.
    """
    if settings.queue.address not in {target.address for target in build.targets(node)}:
        raise DesignError(
            f"{node.source}: {node.address} scales on the queue of {settings.queue}, which it does not use; add it to uses"
        )
    queue = str(getattr(build.node(settings.queue.address).settings, "queue", ""))
    depth = queue_metrics.of_queue(build, queue, queue_metrics.DEPTH)
    out = _scale_out_policy(node, build, settings.step)
    _growing(node, build, settings, queue, out)
    for busy in settings.busy:
        math_alarm(
            node,
            build,
            key=f"Busy{busy.percent}",
            description=f"{node.name}: CPU at {busy.percent} % or more for {busy.minutes} minutes, and work in the queue: out",
            # Without data from the broker the queue counts as not empty: one task too many is better than one too few.
            math=Math(
                "IF(FILL(depth, 1) > 0, cpu, 0)",
                "CPU while the queue holds work",
                {"cpu": (_cpu(node, build), "Average"), "depth": (depth, "Maximum")},
            ),
            minutes=busy.minutes,
            at_least=busy.percent,
            actions=[out],
        )
    empty = alarm(
        node,
        build,
        key="QueueEmpty",
        description=f"{node.name}: the queue is at 0 for {settings.empty_minutes} minutes: back to {minimum}",
        metric=depth,
        statistic="Maximum",
        at_most=0,
        minutes=settings.empty_minutes,
        actions=[_scale_in_policy(node, build, minimum)],
    )
    if settings.busy:
        _hint(node, build, settings, empty)


def _growing(node: Node, build: Build, settings: Pressure, queue: str, out: Ref) -> None:
    def metric(name: str) -> tuple[Metric, str]:
        return queue_metrics.of_queue(build, queue, name), "Maximum"

    math_alarm(
        node,
        build,
        key="QueueGrows",
        description=(
            f"{node.name}: the queue grows for more than {settings.growing_minutes} minutes, arrivals above completions: out"
        ),
        math=Math(
            "IF(DIFF(depth) > 0 AND arrivals > completions, 1, 0)",
            "The queue grew in this minute",
            {
                "depth": metric(queue_metrics.DEPTH),
                "arrivals": metric(queue_metrics.ARRIVALS),
                "completions": metric(queue_metrics.COMPLETIONS),
            },
        ),
        # One minute more, because the setting must be exceeded.
        minutes=settings.growing_minutes + 1,
        at_least=1,
        actions=[out],
    )


def _hint(node: Node, build: Build, settings: Pressure, empty: Ref) -> None:
    """Add an alarm for busy tasks with an empty queue: more tasks do not help, larger ones may."""
    least = min(settings.busy, key=lambda busy: busy.percent)
    high = alarm(
        node,
        build,
        key="CpuBusy",
        description=f"{node.name}: CPU at {least.percent} % or more for {settings.empty_minutes} minutes",
        metric=_cpu(node, build),
        statistic="Average",
        at_least=least.percent,
        minutes=settings.empty_minutes,
        actions=[],
    )
    all_of(
        node,
        build,
        key="ScaleVertically",
        description=f"{node.name} is at {least.percent} % CPU with an empty queue: consider larger tasks (scale vertically)",
        alarms=[high, empty],
    )


def _cpu(node: Node, build: Build) -> Metric:
    home = build.only("cluster", needed_by=node)
    service = GetAtt(logical_id(node.address), "Name")
    return "AWS/ECS", "CPUUtilization", {"ClusterName": Ref(logical_id(home.address)), "ServiceName": service}


def _scale_out_policy(node: Node, build: Build, step: int) -> Ref:
    return _policy(
        node,
        build,
        "Out",
        AdjustmentType="ChangeInCapacity",
        Cooldown=_COOLDOWN_SECONDS,
        StepAdjustments=[autoscaling.StepAdjustment(MetricIntervalLowerBound=0, ScalingAdjustment=step)],
    )


def _scale_in_policy(node: Node, build: Build, minimum: int) -> Ref:
    return _policy(
        node,
        build,
        "Back",
        AdjustmentType="ExactCapacity",
        Cooldown=0,
        StepAdjustments=[autoscaling.StepAdjustment(MetricIntervalUpperBound=0, ScalingAdjustment=minimum)],
    )


def _policy(node: Node, build: Build, key: str, **steps: Any) -> Ref:
    resource = autoscaling.ScalingPolicy(
        logical_id(node.address, f"Scale{key}"),
        PolicyName=build.physical(f"{node.name}-{key.lower()}", limit=255),
        PolicyType="StepScaling",
        ScalingTargetId=Ref(logical_id(node.address, "Scaling")),
        StepScalingPolicyConfiguration=autoscaling.StepScalingPolicyConfiguration(
            MetricAggregationType="Average", **steps
        ),
    )
    return build.add(node, resource, f"Scales {key.lower()}")
