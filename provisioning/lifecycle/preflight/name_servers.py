"""Looks up the name servers that answer for a domain, as everybody outside AWS sees them."""

from __future__ import annotations

import json
from typing import Final, Protocol
from urllib.parse import urlencode

import dns.exception
import dns.resolver

from provisioning.aws.interface import AccountAccess
from provisioning.outgoing import Guard, OutgoingError, get

_SECONDS: Final = 3.0


class DnsUnavailable(Exception):  # noqa: N818 - what happened, as the errors of AWS are named
    """The lookup failed, which says nothing about the domain."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class NameServers(Protocol):
    def __call__(self, domain: str) -> frozenset[str]:
        """Returns the domain's name servers in lower case without final dots; empty if nobody
        answers for it. Raises DnsUnavailable.
        """


def public_name_servers(domain: str) -> frozenset[str]:
    """Asks the resolver of the portal's machine. A delegation that points to name servers which do
    not know the zone looks the same as a failure of the resolver.
    """
    try:
        answer = dns.resolver.resolve(f"{domain}.", "NS", lifetime=_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return frozenset()
    except (dns.exception.DNSException, OSError) as error:
        raise DnsUnavailable(
            f"The portal could not look up {domain} in the public DNS ({type(error).__name__}).",
            "Check the delegation by hand with `dig NS`, or let the portal's network reach a DNS resolver.",
        ) from error
    return frozenset(_plain(str(record.target)) for record in answer)


def sandbox_name_servers(access: AccountAccess) -> NameServers:
    """Asks the sandbox, whose zones exist in no public DNS, for what its parent zones would say."""

    def look_up(domain: str) -> frozenset[str]:
        query = urlencode({"domain": domain, "account": access.account_id, "region": access.region})
        url = f"{access.endpoint_url}/_sandbox/name-servers?{query}"
        try:
            _, body = get(url, guard=Guard(access.endpoint_rules), seconds=_SECONDS)
            servers = json.loads(body)["name_servers"]
        except (OutgoingError, ValueError, KeyError) as error:
            raise DnsUnavailable(
                f"The simulated account could not say who answers for {domain}.", "Check that it is running."
            ) from error
        return frozenset(_plain(name) for name in servers)

    return look_up


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
