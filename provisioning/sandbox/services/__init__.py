"""AWS services, or calls of services, that ministack lacks."""

from __future__ import annotations

from provisioning.sandbox.services import (
    account_limits,
    addresses,
    application_autoscaling,
    call_faults,
    ecs_tasks,
    held_certificates,
    instance_attributes,
    instances,
    network_interfaces,
    offers,
    public_parameters,
    rds,
    recovery_windows,
    scaling_groups,
    service_quotas,
    tagging,
    waf,
)


def install() -> None:
    """Installs them in ministack."""
    for module in (
        account_limits,
        addresses,
        application_autoscaling,
        ecs_tasks,
        held_certificates,
        instance_attributes,
        network_interfaces,
        instances,
        offers,
        public_parameters,
        rds,
        recovery_windows,
        scaling_groups,
        service_quotas,
        tagging,
        waf,
        call_faults,
    ):
        module.install()
