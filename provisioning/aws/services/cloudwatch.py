"""CloudWatch: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_alarm(aws: Clients, name: str) -> bool:
    answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return bool(answer["MetricAlarms"] or answer["CompositeAlarms"])


def has_dashboard(aws: Clients, name: str) -> bool:
    return bool(aws.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardName"])
