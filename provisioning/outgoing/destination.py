"""Reads the address of a server strictly: what programs may read in two ways is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from provisioning.outgoing.addresses import Address
from provisioning.outgoing.errors import ForbiddenDestinationError

LONGEST: Final = 2_000
LONGEST_HOST: Final = 253

_CHARACTERS: Final = re.compile(r"[!#-;=?-\[\]_a-z~]*\Z", re.ASCII | re.IGNORECASE)
"""What RFC 3986 allows in a URL, so neither space, newline, backslash nor any letter beyond ASCII."""
_PARTS: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)\Z", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?\Z")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Destination:
    """`host` is a name in lowercase, or an IP address, then without brackets; `target` the path
    with the query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def literal(self) -> Address | None:
        """The address, if the host is one."""
        return _literal(self.host)

    @property
    def authority(self) -> str:
        """The value of the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_destination(url: str) -> Destination:
    """Read an address with http or https. Raises ForbiddenDestinationError with a sentence for the
    person who entered it. Nothing is looked up.
    """
    if len(url) > LONGEST:
        raise ForbiddenDestinationError(f"The address has more than {LONGEST:,} characters.")
    if not url.isascii():
        raise ForbiddenDestinationError("Write an international name in its ASCII form, which starts with xn--.")
    if not _CHARACTERS.match(url):
        raise ForbiddenDestinationError("Remove spaces, line breaks, quotes and backslashes from the address.")
    if "#" in url:
        raise ForbiddenDestinationError("Remove # and what follows from the address. It would not be sent.")
    parts = _PARTS.match(url)
    if parts is None or parts["scheme"].lower() not in _DEFAULT_PORTS:
        raise ForbiddenDestinationError("Enter an address that starts with https://.")
    scheme = parts["scheme"].lower()
    if "@" in parts["authority"]:
        raise ForbiddenDestinationError("Remove the user name and password before @ from the address.")
    authority = _AUTHORITY.match(parts["authority"])
    if authority is None or not authority["host"]:
        raise ForbiddenDestinationError("Enter an address with a host name, such as https://hooks.example.com/portal.")
    port = int(authority["port"]) if authority["port"] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65_536:  # noqa: PLR2004 - ports have 16 bits
        raise ForbiddenDestinationError(f"{port} is not a port.")
    target = parts["target"]
    return Destination(
        scheme=scheme,
        host=read_host(authority["host"]),
        port=port,
        target=target if target.startswith("/") else f"/{target}",
    )


def read_host(text: str) -> str:
    """Read a host name or an IP address in its one usual notation. Raises ForbiddenDestinationError."""
    host = text.lower()
    if host.startswith("["):
        try:
            return str(IPv6Address(host[1:-1])) if "%" not in host else _refuse_host(text)
        except ValueError:
            return _refuse_host(text)
    if host.endswith("."):
        raise ForbiddenDestinationError(f"Remove the dot at the end of “{text}”.")
    labels = host.split(".")
    if len(host) > LONGEST_HOST or not all(_LABEL.match(label) for label in labels):
        return _refuse_host(text)
    if _NUMBER.match(labels[-1]):
        # Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses. Only four plain decimal numbers are one here.
        try:
            return str(IPv4Address(host))
        except ValueError:
            return _refuse_host(text)
    return host


def _refuse_host(text: str) -> str:
    raise ForbiddenDestinationError(f"“{text}” is neither a host name nor an IP address in its usual notation.")


def _literal(host: str) -> Address | None:
    for kind in (IPv4Address, IPv6Address):
        try:
            return kind(host)
        except ValueError:
            continue
    return None
