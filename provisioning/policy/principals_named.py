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
        if self.excludes:
            return Naming.NOT if self._leaves_out(caller) else Naming.DIRECT
        if isinstance(caller, ServicePrincipal):
            return Naming.DIRECT if caller.name in self.services or "*" in self.aws else Naming.NOT
        return max((_naming(one, caller) for one in self.aws), default=Naming.NOT)

    def _leaves_out(self, caller: Principal | ServicePrincipal) -> bool:
        """Whether NotPrincipal, which exists only with Deny, lists the caller.

        It has to list the account, the role and the session, because AWS checks one after the other;
        and nobody with a permissions boundary can be left out.
        """
        if isinstance(caller, ServicePrincipal):
            return caller.name in self.services
        account = f"arn:{caller.partition}:iam::{caller.account_id}:root"
        session = (caller.session_arn,) if caller.session_arn else ()
        listed = (
            account in self.aws or caller.account_id in self.aws,
            *(one in self.aws for one in (caller.arn, *session)),
        )
        return caller.boundary is None and all(listed)


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
