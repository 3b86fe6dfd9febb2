"""CloudWatch alarms. If a design has an alarm topic, alarms notify it when they go off and when
they end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from troposphere import Ref, Sub, cloudwatch

from provisioning.components.kit.build import Build
from provisioning.components.kit.values import MAIN
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

KIND = "alarm_topic"
# Namespace, name, dimensions.
Metric: TypeAlias = "tuple[str, str, Mapping[str, Any]]"
_PERIOD_SECONDS = 300
_PERIODS = 3
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Math:
    """An expression over metrics. `metrics` maps the ids in the expression to a metric and its
    statistic per minute.
    """

    expression: str
    label: str
    metrics: Mapping[str, tuple[Metric, str]]


def topic(build: Build) -> Ref | None:
    """Return a reference to the design's alarm topic, or None."""
    found = build.design.of_kind(KIND)
    return Ref(logical_id(found[0].address)) if found else None


def alarm(
    node: Node,
    build: Build,
    *,
    key: str,
    description: str,
    metric: Metric,
    statistic: str,
    above: float | None = None,
    below: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    minutes: int | None = None,
    period_seconds: int = _PERIOD_SECONDS,
    missing: str = "notBreaching",
    actions: Sequence[Any] | None = None,
    stack: str = MAIN,
) -> Ref:
    """Add an alarm on a metric. Give exactly one of `above`, `below`, `at_least` and `at_most`.

    The alarm evaluates three periods of five minutes; with `minutes`, each of that many last
    minutes. `actions` replaces the alarm topic; an empty list notifies nobody.
    """
    operator, threshold = _bound(above=above, below=below, at_least=at_least, at_most=at_most)
    namespace, name, dimensions = metric
    extended = {"ExtendedStatistic": statistic} if statistic.startswith("p") else {"Statistic": statistic}
    resource = cloudwatch.Alarm(
        logical_id(node.address, key),
        AlarmDescription=description,
        Namespace=namespace,
        MetricName=name,
        Dimensions=_dimensions(dimensions),
        Period=_MINUTE if minutes else period_seconds,
        EvaluationPeriods=minutes or _PERIODS,
        ComparisonOperator=operator,
        Threshold=threshold,
        TreatMissingData=missing,
        **extended,
        **_actions(build, actions, stack),
    )
    return build.add(node, resource, "Alarm", stack=stack)


def math_alarm(
    node: Node,
    build: Build,
    *,
    key: str,
    description: str,
    math: Math,
    minutes: int,
    at_least: int,
    actions: Sequence[Any] | None = None,
) -> Ref:
    """Add an alarm on an expression over metrics that is true in each of the last `minutes`
    minutes.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
    """
    queries = [
        cloudwatch.MetricDataQuery(
            Id=name,
            ReturnData=False,
            MetricStat=cloudwatch.MetricStat(
                Metric=cloudwatch.Metric(Namespace=metric[0], MetricName=metric[1], Dimensions=_dimensions(metric[2])),
                Period=_MINUTE,
                Stat=statistic,
            ),
        )
        for name, (metric, statistic) in math.metrics.items()
    ]
    expression = cloudwatch.MetricDataQuery(Id="result", Expression=math.expression, Label=math.label, ReturnData=True)
    resource = cloudwatch.Alarm(
        logical_id(node.address, key),
        AlarmDescription=description,
        Metrics=[*queries, expression],
        EvaluationPeriods=minutes,
        DatapointsToAlarm=minutes,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Threshold=at_least,
        TreatMissingData="notBreaching",
        **_actions(build, actions, MAIN),
    )
    return build.add(node, resource, "Alarm")


def all_of(node: Node, build: Build, *, key: str, description: str, alarms: Sequence[Ref]) -> Ref:
    """Add a composite alarm that is on while all of these are. It can notify people but cannot
    scale anything.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html
    """
    rule = " AND ".join(f'ALARM("${{{alarm_.data["Ref"]}}}")' for alarm_ in alarms)
    resource = cloudwatch.CompositeAlarm(
        logical_id(node.address, key),
        AlarmName=build.physical(f"{node.name}-{key}", limit=255),
        AlarmDescription=description,
        AlarmRule=Sub(rule),
        **_actions(build, None, MAIN),
    )
    return build.add(node, resource, "Alarm")


def _dimensions(dimensions: Mapping[str, Any]) -> list[cloudwatch.MetricDimension]:
    return [cloudwatch.MetricDimension(Name=name, Value=value) for name, value in dimensions.items()]


def _bound(**bounds: float | None) -> tuple[str, float]:
    given = [(name, value) for name, value in bounds.items() if value is not None]
    if len(given) != 1:
        raise ValueError("an alarm needs exactly one threshold: above, below, at_least or at_most")
    ((name, threshold),) = given
    operators = {
        "above": "GreaterThanThreshold",
        "below": "LessThanThreshold",
        "at_least": "GreaterThanOrEqualToThreshold",
        "at_most": "LessThanOrEqualToThreshold",
    }
    return operators[name], threshold


def _actions(build: Build, actions: Sequence[Any] | None, stack: str) -> dict[str, Any]:
    """Return the alarm's actions. A stack created before the main one cannot refer to the main
    stack's topic.
    """
    if actions is not None:
        return {"AlarmActions": list(actions)} if actions else {}
    found = topic(build) if stack == MAIN else None
    return {"AlarmActions": [found], "OKActions": [found]} if found else {}
