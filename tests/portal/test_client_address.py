"""Whose address a request comes from, with and without proxies in front of the portal."""

from __future__ import annotations

import pytest

from portal.web.client_address import client_address

PEER = "10.0.0.9"


@pytest.mark.parametrize(
    ("forwarded_for", "proxies", "address"),
    [
        ("203.0.113.7", 0, PEER),  # no proxy: anybody can send the header
        ("203.0.113.7", 1, "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", 1, "203.0.113.7"),  # the first one is the client's claim
        ("198.51.100.1, 203.0.113.7, 10.0.0.8", 2, "203.0.113.7"),
        ("203.0.113.7", 2, PEER),  # did not come through both
        ("", 1, PEER),
        ("unknown", 1, PEER),
        ("203.0.113.7:4711", 1, "203.0.113.7"),
        ("2001:db8::7", 1, "2001:db8::7"),
        ("[2001:db8::7]:4711", 1, "2001:db8::7"),
        ("2001:DB8:0::7", 1, "2001:db8::7"),  # one address has one text
        ("::ffff:203.0.113.7", 1, "203.0.113.7"),
    ],
)
def test_only_what_the_proxies_report_counts(forwarded_for: str, proxies: int, address: str) -> None:
    assert client_address(PEER, forwarded_for, proxies=proxies) == address
