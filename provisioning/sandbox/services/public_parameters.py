"""Public SSM parameters under /aws/service/: a stable image id for every name under which AWS
publishes images.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from provisioning.sandbox.private import get_region, ssm

_IMAGES = re.compile(
    r"/aws/service/(ami-(amazon-linux|windows)-latest|ecs/optimized-ami|eks/optimized-ami|bottlerocket|canonical/ubuntu|debian/release)/\S+"
)
_ECS = re.compile(r"/aws/service/ecs/optimized-ami/[a-z0-9/-]+?/recommended\Z")
_PUBLISHED = 1_728_518_400.0
_ministacks = ssm.public_parameter


def image_id(name: str) -> str | None:
    """The image of a public parameter in the request's region; None for a name without images."""
    if not _IMAGES.fullmatch(name):
        return None
    return f"ami-0{hashlib.sha256(f'{get_region()}{name}'.encode()).hexdigest()[:16]}"


def public_parameter(name: str) -> dict[str, Any] | None:
    image = image_id(name)
    if image is None:
        known: dict[str, Any] | None = _ministacks(name)
        return known
    value = image
    if _ECS.fullmatch(name):
        description = {
            "image_id": image,
            "image_name": "amzn2-ami-ecs-hvm",
            "os": "Amazon Linux 2",
            "ecs_agent_version": "1.89.0",
        }
        value = json.dumps(description)
    return {
        "Name": name,
        "Type": "String",
        "DataType": "text" if value.startswith("{") else "aws:ec2:image",
        "Value": value,
        "Version": 1,
        "LastModifiedDate": _PUBLISHED,
        "ARN": f"arn:aws:ssm:{get_region()}::parameter{name}",
    }


def install() -> None:
    ssm.put("public_parameter", public_parameter)
