"""The Principal and NotPrincipal elements of resource policies: whom a statement names, and how directly.

Sources in the IAM user guide: "AWS JSON policy elements: Principal", "AWS JSON policy elements:
NotPrincipal" and "How AWS enforcement code logic evaluates requests to allow or deny access".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from provisioning.policy.errors import MalformedPolicy
from provisioning.policy.principal import Principal, ServicePrincipal

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?")


class Naming(IntEnum):
    """How a statement names the caller. Only the last two grant anything by themselves."""

    NOT = 0
    ACCOUNT = 1
    """The caller's account: it delegates the decision to the account's own policies."""
    ROLE = 2
    """The caller's role: a permissions boundary or a session policy still limits the grant."""
    DIRECT = 3
    """The caller itself, or everyone: no implicit deny elsewhere limits the grant."""


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """`excludes`: it was NotPrincipal."""

    aws: tuple[str, ...]
    services: tuple[str, ...]
    federated: tuple[str, ...]
    excludes: bool

    def naming(self, caller: Principal | ServicePrincipal) -> Naming:
        if isinstance(caller, ServicePrincipal):
            naming = Naming.DIRECT if {"*", caller.name} & {*self.services, *self._everyone()} else Naming.NOT
        else:
            naming = max((_naming(one, caller) for one in self.aws), default=Naming.NOT)
        if not self.excludes:
            return naming
        # A role with a boundary is always denied by NotPrincipal, whatever the element lists ("Permissions boundaries").
        bounded = isinstance(caller, Principal) and caller.boundary is not None
        return Naming.DIRECT if bounded or naming is Naming.NOT else Naming.NOT

    def _everyone(self) -> tuple[str, ...]:
        return tuple(one for one in self.aws if one == "*")


def _naming(named: str, caller: Principal) -> Naming:
    if named == "*":
        return Naming.DIRECT
    if account := _ACCOUNT.fullmatch(named):
        return Naming.ACCOUNT if account.group(1) == caller.account_id else Naming.NOT
    if named == caller.session_arn or (named == caller.arn and not caller.is_role):
        return Naming.DIRECT
    return Naming.ROLE if named == caller.arn else Naming.NOT


def parse_principal_element(element: object, *, excludes: bool) -> PrincipalElement:
    if element == "*":
        return PrincipalElement(("*",), (), (), excludes)
    if not isinstance(element, dict) or not element:
        raise MalformedPolicy(f"A Principal element is * or a map of kinds, not {element!r}")
    unknown = set(element) - {"AWS", "Service", "Federated", "CanonicalUser"}
    if unknown:
        raise MalformedPolicy(f"A Principal element does not know {', '.join(sorted(unknown))}")
    return PrincipalElement(
        aws=_texts(element.get("AWS")),
        services=_texts(element.get("Service")),
        federated=_texts(element.get("Federated")),
        excludes=excludes,
    )


def _texts(listed: object) -> tuple[str, ...]:
    if listed is None:
        return ()
    return tuple(str(one) for one in listed) if isinstance(listed, list) else (str(listed),)
