"""The user data of a RabbitMQ host: variables that differ between hosts, then a script that all
hosts share.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from troposphere import Base64, Sub

from provisioning.components.kit.build import Build
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html : before it is encoded
LIMIT_BYTES = 16 * 1024
_SCRIPT = Path(__file__).with_name("boot.sh")


@cache
def script() -> str:
    return _SCRIPT.read_text()


def user_data(node: Node, build: Build, *, number: int, values: dict[str, str]) -> Base64:
    """Return the user data of host `number`. `values` become shell variables and may contain
    references as in Sub.
    """
    address = node.address
    known = {
        "STACK": "${AWS::StackId}",
        "REGION": "${AWS::Region}",
        "RESOURCE": logical_id(address, f"Host{number}"),
        "VOLUME": f"${{{logical_id(address, f'Volume{number}')}}}",
        "CLUSTER_SECRET": f"${{{logical_id(address, 'ClusterSecret')}}}",
        "ADMIN_SECRET": f"${{{logical_id(address, 'AdminSecret')}}}",
        "LOGIN_SECRET": f"${{{logical_id(address, 'Secret')}}}",
        "AUTHORITY": f"${{{logical_id(address, 'Authority')}}}",
        "LOG_GROUP": f"${{{logical_id(address, 'Logs')}}}",
        "NAMESPACE": build.names.metric_namespace,
        "PREFIX": build.names.prefix,
        "NODE": str(number),
        **values,
    }
    lines = ["#!/bin/bash", *(f"{name}={_quoted(node, name, value)}" for name, value in known.items())]
    # The script's own ${…} are for the shell: CloudFormation turns ${!…} into ${…}.
    return Base64(Sub("\n".join(lines) + "\n" + script().replace("${", "${!")))


def _quoted(node: Node, name: str, value: str) -> str:
    """Quote a value for the shell. Refuse one that could end its quotes: it may contain references
    of Sub, so it cannot be escaped.
    """
    if set(value) & set("'\\\n\r"):
        raise DesignError(
            f"{node.source}: {node.address}: the value of {name} contains a quotation mark or a line break"
        )
    return f"'{value}'"
