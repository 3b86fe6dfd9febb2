"""All rules. A module here is one subject; each function in it that is decorated is one rule."""

from functools import cache
from importlib import import_module

from provisioning.proof.rule import RULES

MODULES = (
    "reachability",
    "compute",
    "security_groups",
    "admissions",
    "at_rest",
    "in_transit",
    "plaintext",
    "listeners",
    "buckets",
    "public",
    "resource_policies",
    "statements",
    "escalation",
    "trust",
    "roles",
    "secrets",
    "house",
    "house_logs",
    "house_data",
    "undecidable",
)


@cache
def load() -> None:
    """Register every rule, in the order of MODULES whoever imported one before; a proof lists them so."""
    for name in MODULES:
        import_module(f"{__name__}.{name}")
    order = {f"{__name__}.{name}": place for place, name in enumerate(MODULES)}
    found = sorted(RULES.values(), key=lambda rule: order[rule.look.__module__])
    RULES.clear()
    RULES.update({rule.id: rule for rule in found})
