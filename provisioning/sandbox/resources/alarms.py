"""CloudWatch: alarms on metric math, which ministack's handler rejects, composite alarms, and
dashboard tags.
"""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.api import Properties, api, arguments, tag_list
from provisioning.sandbox.private import cloudwatch, get_account_id
from provisioning.sandbox.resources.registry import Made, original, physical_name, resource_type
from provisioning.sandbox.work import on_loop

NAME, DASHBOARD = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"
LIST = ("Tags", "list")
PLACE_HOLDER = {"MetricName": "expression", "Namespace": "expression"}
SINGLE = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")
_create, _update = original(NAME, "create"), original(NAME, "update")
_create_dashboard, _update_dashboard = original(DASHBOARD, "create"), original(DASHBOARD, "update")


def _plain(properties: Properties) -> Properties:
    """The alarm without the math, so that ministack accepts it; an anomaly band has no threshold."""
    if not properties.get("Metrics"):
        return properties
    kept = {name: value for name, value in properties.items() if name not in ("Metrics", "ThresholdMetricId")}
    return {"Threshold": 0, **kept, **PLACE_HOLDER}


def _show(name: str, properties: Properties) -> None:
    """Replaces the single metric by the math."""
    metrics = properties.get("Metrics")
    if not metrics:
        return
    shaped = arguments("cloudwatch", "PutMetricAlarm", {"Metrics": metrics})["Metrics"]
    returning = [item for item in shaped if item.get("ReturnData", True)]
    if len(returning) != 1:
        raise ValueError(
            f"Invalid metrics list: exactly one element of the metrics list should return data, and {len(returning)} do. "
            "(Service: CloudWatch, Status Code: 400) (HandlerErrorCode: InvalidRequest)"
        )

    def change() -> None:
        record: dict[str, Any] = cloudwatch.alarms[name]
        for field in SINGLE:
            record.pop(field, None)
        record.update(Metrics=shaped, MetricName=None, Namespace=None)
        if properties.get("ThresholdMetricId"):
            record["ThresholdMetricId"] = properties["ThresholdMetricId"]

    on_loop(change)


def create_alarm(logical_id: str, properties: Properties, stack: str) -> Made:
    made: Made = _create(logical_id, _plain(properties), stack)
    _show(made[0], properties)
    return made


def update_alarm(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made: Made = _update(physical_id, _plain(old), _plain(new), stack, logical_id)
    _show(made[0], new)
    return made


def _tag(arn: str, properties: Properties) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in tag_list(properties)}
    on_loop(lambda: cloudwatch.resource_tags.update({arn: tags}))


def create_composite_alarm(logical_id: str, properties: Properties, stack: str) -> Made:
    name = properties.get("AlarmName") or physical_name(stack, logical_id, 120)
    wanted = arguments("cloudwatch", "PutCompositeAlarm", {**properties, "AlarmName": name})
    api("cloudwatch").put_composite_alarm(**{**wanted, "Tags": []})
    alarms = api("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    _tag(alarms[0]["AlarmArn"], properties)  # with CloudFormation's own tags, which the call accepts from no one else
    return name, {"Arn": alarms[0]["AlarmArn"]}


def update_composite_alarm(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made = create_composite_alarm(logical_id, {**new, "AlarmName": new.get("AlarmName") or physical_id}, stack)
    if made[0] != physical_id:
        delete_composite_alarm(physical_id, old)
    return made


def delete_composite_alarm(physical_id: str, _properties: Properties) -> None:
    api("cloudwatch").delete_alarms(AlarmNames=[physical_id])


def _dashboard_arn(name: str) -> str:
    return f"arn:aws:cloudwatch::{get_account_id()}:dashboard/{name}"


def create_dashboard(logical_id: str, properties: Properties, stack: str) -> Made:
    made: Made = _create_dashboard(logical_id, properties, stack)
    _tag(_dashboard_arn(made[0]), properties)
    return made


def update_dashboard(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made: Made = _update_dashboard(physical_id, old, new, stack, logical_id)
    _tag(_dashboard_arn(made[0]), new)
    return made


def register() -> None:
    resource_type(
        "AWS::CloudWatch::CompositeAlarm",
        create=create_composite_alarm,
        delete=delete_composite_alarm,
        update=update_composite_alarm,
        tags=LIST,
    )
    resource_type(DASHBOARD, create=create_dashboard, update=update_dashboard, tags=LIST)
    resource_type(NAME, create=create_alarm, update=update_alarm, tags=LIST)
