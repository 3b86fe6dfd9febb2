"""The address of the client, which a proxy in front of the portal reports."""

from __future__ import annotations

import ipaddress


def client_address(peer: str, forwarded_for: str, *, proxies: int) -> str:
    """Return the client's address, without its port.

    `peer` is the other end of the connection, and `forwarded_for` the value of X-Forwarded-For. Each
    of the `proxies` in front of the portal appends the address that it was called from; whatever
    stands before those is the client's own claim. Without a proxy, or if the header is not what
    the proxies write, it is the peer.

    An Application Load Balancer appends by default:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    peer = _without_port(peer) or peer
    if proxies < 1:
        return peer
    reported = [part.strip() for part in forwarded_for.split(",")]
    if len(reported) < proxies:
        return peer
    return _without_port(reported[-proxies]) or peer


def _without_port(text: str) -> str:
    """Some proxies append the port. Empty if the text is no address."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
