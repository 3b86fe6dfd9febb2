"""Resource types that ministack lacks or implements differently from AWS, one module per service."""

from __future__ import annotations

from provisioning.sandbox.resources import (
    alarms,
    certificates,
    databases,
    dns,
    ec2,
    ecs,
    edge,
    email,
    functions,
    iam,
    instances,
    others,
    private_networks,
    scaling_groups,
    storage,
    tagged,
)

_MODULES = (
    ec2,
    instances,
    private_networks,
    scaling_groups,
    ecs,
    databases,
    storage,
    alarms,
    others,
    iam,
    email,
    functions,
    tagged,
    dns,
    certificates,
    edge,
)


def register() -> None:
    """Registers all our types with ministack's CloudFormation."""
    for module in _MODULES:
        module.register()
