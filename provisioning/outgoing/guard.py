"""Resolves a name once, checks every address of the answer, and connects to one of them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, TypeAlias

from provisioning.outgoing.addresses import Address, kind_of
from provisioning.outgoing.destination import Destination, read_destination
from provisioning.outgoing.errors import ForbiddenDestinationError, OutgoingError
from provisioning.outgoing.rules import HTTP_PORTS, HTTPS_PORTS, NOTHING_ALLOWED, Rules

Resolver: TypeAlias = Callable[[str], Sequence[str]]
"""Returns the IP addresses of a name. Raises OSError."""

RESOLVE_SECONDS: Final = 5.0
ADDRESSES_TRIED: Final = 3
LOOKUPS: Final = 64
"""Lookups at a time. The system's resolver cannot be interrupted: one that nobody waits for any more
keeps its thread for about half a minute. There are enough for a few names whose servers do not
answer, next to the others.
"""
_resolving: Final = ThreadPoolExecutor(max_workers=LOOKUPS, thread_name_prefix="resolve")


def system_resolver(host: str) -> Sequence[str]:
    """Ask the system, which also reads its hosts file, and wait no longer than `RESOLVE_SECONDS`."""
    lookup = _resolving.submit(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
    try:
        answers = lookup.result(RESOLVE_SECONDS)
    except FutureTimeoutError:
        lookup.cancel()
        raise TimeoutError(f"No answer within {RESOLVE_SECONDS:g} s") from None
    return [str(answer[4][0]) for answer in answers]


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules, applied to destinations. Thread-safe."""

    rules: Rules = NOTHING_ALLOWED
    resolver: Resolver = system_resolver

    def check(self, url: str) -> Destination:
        """Read the address, resolve its name and check all of it, as when it is entered. Raises
        ForbiddenDestinationError, and OutgoingError for a name that cannot be resolved.
        """
        destination = read_destination(url)
        self.addresses(destination.scheme, destination.host, destination.port)
        return destination

    def addresses(self, scheme: str, host: str, port: int) -> list[Address]:
        """Return the addresses of the host, all of them allowed. Raises as `check`."""
        addresses = self._resolve(host)
        for address in addresses:
            if not self.rules.admits_address(host, address):
                shown = "" if str(address) == host else f" resolves to {address}, which"
                raise ForbiddenDestinationError(
                    f"{host}{shown} is {kind_of(address).value}. A portal admin can allow it, or choose another address."
                )
        entries = self.rules.entries_for(host, addresses)
        if scheme == "http" and not any(entry.allows_http for entry in entries):
            raise ForbiddenDestinationError(
                "Enter an address that starts with https://. A portal admin can allow http."
            )
        usual = HTTP_PORTS if scheme == "http" else HTTPS_PORTS
        if port not in usual and not any(entry.covers_port(port) for entry in entries):
            ports = " and ".join(str(each) for each in sorted(usual))
            raise ForbiddenDestinationError(f"The port must be {ports}. A portal admin can allow port {port}.")
        return addresses

    def connect(self, scheme: str, host: str, port: int, *, seconds: float) -> socket.socket:
        """Connect to an address that was checked. Raises as `check`, and OSError."""
        failure: OSError = OSError("no address")
        for address in self.addresses(scheme, host, port)[:ADDRESSES_TRIED]:
            try:
                return socket.create_connection((str(address), port), timeout=seconds)
            except OSError as error:
                failure = error
        raise failure

    def _resolve(self, host: str) -> list[Address]:
        try:
            return [ip_address(host)]
        except ValueError:
            pass
        if "." not in host and not any(entry.covers_name(host) for entry in self.rules.allowed):
            raise ForbiddenDestinationError(
                f"“{host}” is not a public host name. Enter the whole name, such as {host}.example.com."
            )
        try:
            texts = self.resolver(host)
        except (OSError, UnicodeError) as error:
            reason = "does not exist" if isinstance(error, socket.gaierror) else "could not be looked up"
            raise OutgoingError(f"The host name {host} {reason}.") from None
        addresses = list(dict.fromkeys(ip_address(text) for text in texts))
        if not addresses:
            raise OutgoingError(f"The host name {host} has no address.")
        return addresses
