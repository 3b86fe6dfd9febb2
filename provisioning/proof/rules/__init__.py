"""All rules. Each module here covers one subject; each decorated function in a module is one rule."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from provisioning.proof.rule import RULES

# A proof lists its rules subject by subject in this order. Subjects not named here follow, sorted by name.
SUBJECT_ORDER = (
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
    "foreign",
    "trust",
    "roles",
    "secrets",
    "dynamic_references",
    "house",
    "house_identity",
    "house_logs",
    "house_data",
    "undecidable",
)


@cache
def load() -> None:
    """Imports every module of this folder and sorts the rules that they registered by subject.

    The order does not depend on which module was imported first, so that equal templates always
    give an equal proof.
    """
    names = sorted(module.name for module in iter_modules(__path__))
    subjects = sorted(
        names, key=lambda name: SUBJECT_ORDER.index(name) if name in SUBJECT_ORDER else len(SUBJECT_ORDER)
    )
    for name in subjects:
        import_module(f"{__name__}.{name}")
    position = {f"{__name__}.{name}": index for index, name in enumerate(subjects)}
    ordered = sorted(RULES.values(), key=lambda rule: position[rule.look.__module__])
    RULES.clear()
    RULES.update({rule.id: rule for rule in ordered})
