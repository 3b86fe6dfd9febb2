"""Conditions of an account that AWS decides and no call can change: lowered quotas, types that are
not on offer, mail's sandbox, delegations that are missing.

They are set through the control API, per account and region, and are saved with the state.
"""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.private import acm, route53
from provisioning.sandbox.resources.dns import add_zone
from provisioning.sandbox.services.calls import Body, scope, store

CONDITIONS = store("account_conditions")
KINDS: dict[str, type] = {
    "quotas": dict,
    "not_offered": dict,
    "mail_sandbox": bool,
    "undelegated": list,
    "hosted_zones": dict,
    "certificates": dict,
    "certificate_status": dict,
}


def condition(name: str) -> Any:
    """A condition of the request's account and region; an empty one if it was never set."""
    return CONDITIONS.get(scope(), {}).get(name) or KINDS[name]()


def set_conditions(wanted: Body) -> Body:
    """Replaces the conditions that are named; the others remain. Raises ValueError for one that does
    not exist.
    """
    unknown = sorted(set(wanted) - set(KINDS))
    if unknown:
        raise ValueError(f"An account has no {', '.join(unknown)}; it has {', '.join(KINDS)}.")
    for name, value in wanted.items():
        if not isinstance(value, KINDS[name]):
            raise ValueError(f"{name} must be of type {KINDS[name].__name__}.")  # noqa: TRY004 - answered as 400
    for zone_id, name in wanted.get("hosted_zones", {}).items():
        if zone_id not in route53.zones:
            add_zone(str(zone_id), str(name), "A zone that the account has")
    for arn, status in wanted.get("certificate_status", {}).items():
        if arn in acm.certificates:
            acm.certificates[arn]["Status"] = str(status)
    CONDITIONS.setdefault(scope(), {}).update(wanted)
    return dict(CONDITIONS[scope()])


def name_servers(domain: str) -> list[str]:
    """Who answers for a domain, as its parent zone says: the name servers of the account's public
    zone of this name, unless its delegation was taken away.
    """
    name = domain.rstrip(".").lower()
    if name in condition("undelegated"):
        return []
    known = any(zone["name"] == f"{name}." and not zone["private"] for zone in route53.zones.values())
    return [server.rstrip(".") for server in route53.DEFAULT_NS] if known else []
