"""A CloudWatch dashboard of what the environment really has: its alarms first, then a widget for
each metric.

Every component returns its own widgets, so nothing has to be listed by hand.
"""

from __future__ import annotations

import json
from typing import Any

from troposphere import AWSHelperFn, GetAtt, Ref, Sub, cloudwatch

from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, DashboardWidget, Family, Section, Settings
from provisioning.design.graph import Node
from provisioning.design.names import ComponentName, logical_id

_COLUMNS = 3
_WIDTH, _HEIGHT = 8, 6
_PERIOD_SECONDS = 60
_ALARM_TYPES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_ALARMS_PER_WIDGET = 100


class DashboardSettings(Settings):
    pass


class Dashboard(Component):
    kind = "dashboard"
    title = "Dashboard"
    summary = "CloudWatch dashboard of the environment's alarms and of everything that is measured"
    family = Family.MONITORING
    schema = DashboardSettings
    attributes = {"name": "Name of the dashboard", "url": "Address of the dashboard in the AWS console"}

    def build(self, node: Node, build: Build) -> None:
        """Add nothing yet: the dashboard shows what all components have built."""

    def finish(self, node: Node, build: Build) -> None:
        body = json.dumps({"widgets": _body(build)}, separators=(",", ":"), sort_keys=True)
        resource = cloudwatch.Dashboard(
            logical_id(node.address), DashboardName=_name(node, build), DashboardBody=Sub(body)
        )
        build.add(node, resource, "Dashboard")

    def boxes(self, node: Node) -> list[Box]:
        return [Box("supporting", node.name, "Dashboard", "CloudWatch")]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        called = _name(node, build)
        if name == "name":
            return called
        if name == "url":
            return Sub(
                "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/"
                + called
            )
        return super().attribute(node, name, build)


def _name(node: Node, build: Build) -> str:
    return build.physical(ComponentName("dashboard", node.name).short, limit=255)


def _body(build: Build) -> list[dict[str, Any]]:
    """Return the widgets as CloudWatch reads them: alarms across the full width, then graphs in
    three columns.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    resources = build.main.template.resources
    alarms = [name for type_ in _ALARM_TYPES for name, each in resources.items() if each.resource_type == type_]
    alarms = alarms[:_ALARMS_PER_WIDGET]
    top = 0
    body: list[dict[str, Any]] = []
    if alarms:
        top = 2 + len(alarms) // 8
        properties = {"title": "Alarms", "alarms": [f"${{{name}.Arn}}" for name in alarms]}
        body.append({"type": "alarm", "x": 0, "y": 0, "width": 24, "height": top, "properties": properties})
    for position, widget in enumerate(_widgets(build)):
        lines = []
        for namespace, metric, dimensions, statistic in widget.lines:
            flat = [part for name, reference in dimensions.items() for part in (name, _sub_text(reference))]
            lines.append([namespace, metric, *flat, {"stat": statistic}])
        body.append(
            {
                "type": "metric",
                "x": position % _COLUMNS * _WIDTH,
                "y": top + position // _COLUMNS * _HEIGHT,
                "width": _WIDTH,
                "height": _HEIGHT,
                "properties": {
                    "title": widget.title,
                    "region": "${AWS::Region}",
                    "period": _PERIOD_SECONDS,
                    "metrics": lines,
                },
            }
        )
    return body


def _widgets(build: Build) -> list[DashboardWidget]:
    """Return the widgets of all components by section. Within a section those of one title are
    merged.
    """
    own: list[DashboardWidget] = []
    shared: dict[tuple[Section, str], DashboardWidget] = {}
    for node in build.design.nodes.values():
        for widget in build.component(node).widgets(node, build):
            if widget.section is Section.OWN:
                own.append(widget)
                continue
            key = widget.section, widget.title
            before = shared[key].lines if key in shared else ()
            shared[key] = DashboardWidget(widget.title, (*before, *widget.lines), widget.section)
    sections = list(Section)
    return [*own, *sorted(shared.values(), key=lambda widget: sections.index(widget.section))]


def _sub_text(value: Any) -> str:
    """Return a dimension's value as text inside a Sub."""
    if isinstance(value, Ref):
        return f"${{{value.data['Ref']}}}"
    if isinstance(value, GetAtt):
        return "${" + ".".join(value.data["Fn::GetAtt"]) + "}"
    if isinstance(value, Sub) and isinstance(value.data["Fn::Sub"], str):
        return str(value.data["Fn::Sub"])
    if isinstance(value, AWSHelperFn):
        raise TypeError(f"a dashboard cannot show a dimension that is {value.to_dict()}")
    return str(value)
