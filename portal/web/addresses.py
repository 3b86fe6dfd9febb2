"""The address of a client, behind a known number of trusted proxies."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the address of the client in its shortest form; empty if the server knows none, as on a
    Unix socket.

    Each proxy appends the address of its own client to X-Forwarded-For. With n trusted proxies, the
    entry n from the right is what the outermost of them has seen; everything to its left is the
    client's own text. If the header has fewer entries, the request has not passed all proxies, and
    the header is not trusted.
    """
    trusted: int = settings.TRUSTED_PROXIES
    peer = _parse(request.META.get("REMOTE_ADDR", ""))
    if not trusted:
        return peer
    forwarded = [part for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if len(forwarded) < trusted:
        return peer
    return _parse(forwarded[-trusted]) or peer


def _parse(text: str) -> str:
    """Accept an address with or without a port, as "192.0.2.1:443" or "[2001:db8::1]:443"."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address).partition("%")[0]
