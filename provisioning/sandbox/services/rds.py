"""DescribeDBInstances with data that ministack stores but does not return: the managed secret and
the exported logs.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from provisioning.sandbox.private import rds

_ministacks_xml = rds.instance_xml
_NO_LOGS = "<EnabledCloudwatchLogsExports/>"


def _instance_xml(instance: dict[str, Any]) -> str:
    text = str(_ministacks_xml(instance))
    logs = "".join(f"<member>{escape(name)}</member>" for name in instance.get("EnabledCloudwatchLogsExports") or [])
    if logs:
        text = text.replace(_NO_LOGS, f"<EnabledCloudwatchLogsExports>{logs}</EnabledCloudwatchLogsExports>")
    secret = instance.get("MasterUserSecret") or {}
    if secret:
        inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in secret.items())
        text += f"<MasterUserSecret>{inner}</MasterUserSecret>"
    return text


def install() -> None:
    rds.put("instance_xml", _instance_xml)
