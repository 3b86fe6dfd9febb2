"""All checks, in the order in which the report lists them."""

from __future__ import annotations

from typing import Final

from provisioning.lifecycle.preflight.check import Check
from provisioning.lifecycle.preflight.checks import (
    certificates,
    domains,
    edge_quotas,
    images,
    mail,
    names,
    network,
    onboarding,
    quotas,
    secrets,
    service_roles,
    zones,
)

CHECKS: Final[tuple[Check, ...]] = (
    *onboarding.CHECKS,
    *quotas.CHECKS,
    *edge_quotas.CHECKS,
    *names.CHECKS,
    *secrets.CHECKS,
    *network.CHECKS,
    *zones.CHECKS,
    *domains.CHECKS,
    *certificates.CHECKS,
    *service_roles.CHECKS,
    *mail.CHECKS,
    *images.CHECKS,
)

if len({check.key for check in CHECKS}) != len(CHECKS):
    raise AssertionError("Two preflight checks have the same key.")
