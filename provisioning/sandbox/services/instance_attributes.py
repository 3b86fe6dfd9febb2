"""Attributes of an EC2 instance that can be read and changed: user data, termination protection,
metadata options.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from provisioning.sandbox.private import ec2
from provisioning.sandbox.services.calls import Answer
from provisioning.sandbox.services.forms import Form, nested, true
from provisioning.sandbox.services.network_interfaces import fields_xml

Record = dict[str, Any]
_ministacks_attribute = ec2.ACTION_MAP["DescribeInstanceAttribute"]
_ministacks_xml = ec2.instance_xml
METADATA = {
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": "1",
    "HttpEndpoint": "enabled",
    "InstanceMetadataTags": "disabled",
}


def instance_xml(record: Record) -> str:
    """Ministack's response, completed."""
    text = str(_ministacks_xml(record))
    options = record.get("MetadataOptions")
    more = ""
    if options:
        shown = "".join(
            f"<{name[0].lower()}{name[1:]}>{escape(value)}</{name[0].lower()}{name[1:]}>"
            for name, value in options.items()
        )
        more += f"<metadataOptions><state>applied</state>{shown}</metadataOptions>"
        more += f"<ebsOptimized>{str(record['EbsOptimized']).lower()}</ebsOptimized>"
    interfaces = [
        eni
        for eni in ec2.network_interfaces.values()
        if (eni.get("Attachment") or {}).get("InstanceId") == record["InstanceId"]
    ]
    if interfaces:
        more += f"<networkInterfaceSet>{''.join(fields_xml(eni) for eni in interfaces)}</networkInterfaceSet>"
    head, _, _ = text.rpartition("</item>")
    return f"{head}{more}</item>"


def describe_attribute(form: Form) -> Answer:
    request = nested(form)
    record = ec2.instances.get(request.get("InstanceId"))
    attribute = request.get("Attribute")
    if record is not None and attribute in ("userData", "disableApiTermination"):
        value = (
            record.get("UserData")
            if attribute == "userData"
            else str(bool(record.get("DisableApiTermination"))).lower()
        )
        shown = f"<{attribute}><value>{escape(value)}</value></{attribute}>" if value else f"<{attribute}/>"
        answer: Answer = ec2.xml(
            200, "DescribeInstanceAttributeResponse", f"<instanceId>{record['InstanceId']}</instanceId>{shown}"
        )
        return answer
    other: Answer = _ministacks_attribute(form)
    return other


def _missing(request: dict[str, Any]) -> Answer:
    refused: Answer = ec2.error(
        "InvalidInstanceID.NotFound", f"The instance ID '{request.get('InstanceId')}' does not exist", 400
    )
    return refused


def modify_attribute(form: Form) -> Answer:
    request = nested(form)
    record = ec2.instances.get(request.get("InstanceId"))
    if record is None:
        return _missing(request)
    for name, value in request.items():
        plain = value.get("Value") if isinstance(value, dict) else value
        if name in ("DisableApiTermination", "EbsOptimized", "SourceDestCheck"):
            record[name] = true(plain)
        elif name in ("InstanceType", "UserData"):
            record[name] = plain
        elif name == "Groups":
            record["SecurityGroups"] = [
                {"GroupId": group, "GroupName": ec2.security_groups.get(group, {}).get("GroupName", group)}
                for group in value
            ]
    done: Answer = ec2.xml(200, "ModifyInstanceAttributeResponse", "<return>true</return>")
    return done


def modify_metadata_options(form: Form) -> Answer:
    request = nested(form)
    record = ec2.instances.get(request.get("InstanceId"))
    if record is None:
        return _missing(request)
    record.setdefault("MetadataOptions", dict(METADATA)).update(
        {name: str(value) for name, value in request.items() if name in METADATA}
    )
    done: Answer = ec2.xml(
        200, "ModifyInstanceMetadataOptionsResponse", f"<instanceId>{record['InstanceId']}</instanceId>"
    )
    return done


def install() -> None:
    ec2.put("instance_xml", instance_xml)
    ec2.ACTION_MAP.update(
        DescribeInstanceAttribute=describe_attribute,
        ModifyInstanceAttribute=modify_attribute,
        ModifyInstanceMetadataOptions=modify_metadata_options,
    )
