"""What kind an IP address is. Only public unicast addresses are reached without an admin's consent.

Source: IANA's special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates), and
the documentation of the clouds for their metadata services.
"""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


class Kind(Enum):
    """`value` completes “10.0.0.1 is …”."""

    PUBLIC = "a public address"
    PRIVATE = "a private address"
    LOOPBACK = "an address of the portal’s own machine"
    LINK_LOCAL = "a link-local address"
    CREDENTIALS = "an address at which machines read their credentials"
    SHARED = "an address of a provider’s internal network"
    TRANSITION = "an IPv6 address that stands for another address"
    RESERVED = "a reserved address"
    MULTICAST = "a multicast address"

    @property
    def can_be_allowed(self) -> bool:
        return self not in (Kind.RESERVED, Kind.MULTICAST, Kind.TRANSITION)


# Where machines read their own credentials and settings: AWS, Azure, Google, Oracle, Alibaba.
METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.169.123",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "168.63.129.16",
        "192.0.0.192",
        "100.100.100.200",
    )
)

_BLOCKS: Final[tuple[tuple[str, Kind], ...]] = (
    ("0.0.0.0/8", Kind.RESERVED),
    ("10.0.0.0/8", Kind.PRIVATE),
    ("100.64.0.0/10", Kind.SHARED),
    ("127.0.0.0/8", Kind.LOOPBACK),
    ("169.254.0.0/16", Kind.LINK_LOCAL),
    ("172.16.0.0/12", Kind.PRIVATE),
    ("192.0.0.0/24", Kind.RESERVED),
    ("192.0.2.0/24", Kind.RESERVED),
    ("192.88.99.0/24", Kind.RESERVED),
    ("192.168.0.0/16", Kind.PRIVATE),
    ("198.18.0.0/15", Kind.PRIVATE),
    ("198.51.100.0/24", Kind.RESERVED),
    ("203.0.113.0/24", Kind.RESERVED),
    ("224.0.0.0/4", Kind.MULTICAST),
    ("240.0.0.0/4", Kind.RESERVED),
    ("::1/128", Kind.LOOPBACK),
    ("::ffff:0:0/96", Kind.TRANSITION),
    ("64:ff9b:1::/48", Kind.TRANSITION),
    ("fc00::/7", Kind.PRIVATE),
    ("fe80::/10", Kind.LINK_LOCAL),
    ("fec0::/10", Kind.PRIVATE),
    ("ff00::/8", Kind.MULTICAST),
    ("2001::/32", Kind.TRANSITION),
    ("2001::/23", Kind.RESERVED),
    ("2001:db8::/32", Kind.RESERVED),
    ("2002::/16", Kind.TRANSITION),
    ("3fff::/20", Kind.RESERVED),
)
_KINDS: Final[tuple[tuple[Network, Kind], ...]] = tuple((ip_network(text), kind) for text, kind in _BLOCKS)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""The only part of IPv6 from which public addresses are assigned."""
_NAT64: Final = IPv6Network("64:ff9b::/96")


def kind_of(address: Address) -> Kind:
    """Say what kind of address it is. One of NAT64 (RFC 6052) is what its IPv4 address is, because a
    network without IPv4 reaches all public IPv4 addresses in this way.
    """
    if address in METADATA:
        return Kind.CREDENTIALS
    if isinstance(address, IPv6Address) and address in _NAT64:
        return kind_of(IPv4Address(int(address) & 0xFFFFFFFF))
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return Kind.LINK_LOCAL
    for network, kind in _KINDS:
        if address.version == network.version and address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return Kind.RESERVED
    return Kind.PUBLIC if address.is_global else Kind.RESERVED
