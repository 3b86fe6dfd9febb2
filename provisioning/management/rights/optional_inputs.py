"""Inputs without which a shipped blueprint leaves something out, such as the role for Grafana.

The examples of a blueprint answer required inputs only. The check of the permissions renders these
blueprints once more, so that what they leave out is checked as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from provisioning.blueprint import Blueprint

_ZONE: Final = "Z0123456789ABCDEFGHIJ"
_INPUTS: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "amply": {"email_domain_is_verified": True, "sentry": True, "replica_region": "eu-west-1"},
        "carbon-connect": {"domain": "api.example.com", "hosted_zone_id": _ZONE},
        "infracast": {
            "hosted_zone_id": _ZONE,
            "ui_domain_name": "www.example.com",
            "github_repository": "example/infracast",
        },
        "static-site": {"domain": "www.example.com", "hosted_zone_id": _ZONE},
        "webhook-pipeline": {
            "receiver_concurrency": 10,
            "pagerduty_secret": "portal/payments/pagerduty",
            "grafana_account_id": "210987654321",
            "grafana_external_id": "grafana-example",
            "loki_url": "https://logs.example.com",
            "loki_login_secret": "portal/payments/loki",
            "zabbix_server": "10.20.0.5",
        },
    }
)


def optional_inputs(blueprint: Blueprint) -> Mapping[str, object]:
    """Return the optional inputs of a blueprint to render it with; none if all of it is always
    there.
    """
    inputs = _INPUTS.get(blueprint.slug, {})
    return {name: value for name, value in inputs.items() if name in blueprint.variables}
