"""The resource types that ministack lacks or that it makes differently from AWS, one module a service."""

from __future__ import annotations

from provisioning.sandbox.resources import databases, ec2, ecs, others, storage, tagged


def register() -> None:
    """Makes all types of ours known to ministack's CloudFormation."""
    for module in (ec2, ecs, databases, storage, others, tagged):
        module.register()
