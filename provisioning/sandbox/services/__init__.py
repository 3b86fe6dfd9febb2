"""AWS services, or calls of services, that ministack lacks."""

from __future__ import annotations

from provisioning.sandbox.services import (
    addresses,
    application_autoscaling,
    ecs_tasks,
    instance_attributes,
    instances,
    network_interfaces,
    public_parameters,
    rds,
    scaling_groups,
    sts,
    tagging,
    waf,
)


def install() -> None:
    """Installs them in ministack."""
    for module in (
        addresses,
        application_autoscaling,
        ecs_tasks,
        instance_attributes,
        network_interfaces,
        instances,
        public_parameters,
        rds,
        scaling_groups,
        sts,
        tagging,
        waf,
    ):
        module.install()
