"""What is allowed besides https to public addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from provisioning.outgoing.addresses import Address, Kind, Network, kind_of

HTTPS_PORTS: Final = frozenset({443, 8443})
HTTP_PORTS: Final = frozenset({80, 8080})
WIDEST_IPV4: Final = 8
WIDEST_IPV6: Final = 16


@dataclass(frozen=True, slots=True)
class Allowed:
    """One consent of an admin: for a `network`, for the exact name `host`, or for all names below a
    domain, if `host` starts with a dot.
    """

    host: str = ""
    network: Network | None = None
    ports: tuple[int, ...] = ()
    any_port: bool = False
    allows_http: bool = False

    def covers_port(self, port: int) -> bool:
        return self.any_port or port in self.ports

    def covers_name(self, host: str) -> bool:
        if not self.host:
            return False
        return host.endswith(self.host) if self.host.startswith(".") else host == self.host

    def covers_address(self, address: Address) -> bool:
        return self.network is not None and address.version == self.network.version and address in self.network


@dataclass(frozen=True, slots=True)
class Rules:
    """Hashable, so that clients can be cached by them."""

    allowed: tuple[Allowed, ...] = ()

    def entries_for(self, host: str, addresses: Sequence[Address] = ()) -> list[Allowed]:
        """The consents that cover the name, or one of its addresses."""
        return [
            entry
            for entry in self.allowed
            if entry.covers_name(host) or any(entry.covers_address(address) for address in addresses)
        ]

    def admits_address(self, host: str, address: Address) -> bool:
        """Whether the portal may connect to this address of `host`.

        A consent for a name covers private addresses, but not the portal's own machine and its
        link: the owner of the name's DNS decides what it resolves to. A consent for a network covers
        an address with credentials only if it names this one address.
        """
        kind = kind_of(address)
        if kind is Kind.PUBLIC:
            return True
        if not kind.can_be_allowed:
            return False
        for entry in self.allowed:
            if entry.covers_address(address) and entry.network is not None:
                if kind is not Kind.CREDENTIALS or entry.network.num_addresses == 1:
                    return True
            elif entry.covers_name(host) and kind in (Kind.PRIVATE, Kind.SHARED):
                return True
        return False


NOTHING_ALLOWED: Final = Rules()
OWN_MACHINE: Final = Rules(
    allowed=tuple(
        Allowed(network=ip_network(network), any_port=True, allows_http=True) for network in ("127.0.0.0/8", "::1/128")
    )
)
"""The rules of a sandbox, which runs on the portal's own machine, at any port and without TLS."""
