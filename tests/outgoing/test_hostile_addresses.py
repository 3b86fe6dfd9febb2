"""Addresses with which somebody tries to reach what only the portal can reach."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from provisioning.outgoing import Allowed, ForbiddenDestinationError, Guard, OutgoingError, Rules
from provisioning.outgoing.addresses import Kind, kind_of

NAMES = {
    "hooks.example.com": ["93.184.215.14"],
    "both.example.com": ["93.184.215.14", "10.0.0.5"],
    "metadata.google.internal": ["169.254.169.254"],
    "private.example.com": ["10.0.0.5"],
    "own.example.com": ["127.0.0.1"],
    "six.example.com": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "fd12::1"],
    "mapped.example.com": ["::ffff:10.0.0.5"],
    "nat64.example.com": ["64:ff9b::10.0.0.5"],
    "scoped.example.com": ["fe80::1%eth0"],
    "localtest.me": ["127.0.0.1"],
    "xn--bcher-kva.example": ["93.184.215.14"],
    "ci": ["10.0.0.5"],
    "ci.corp.example.com": ["10.0.0.5"],
}


def resolver(host: str) -> Sequence[str]:
    return NAMES[host]


GUARD = Guard(resolver=resolver)

HOSTILE = (
    # Not https, or no host
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:///run/redis.sock",
    "//hooks.example.com/",
    "hooks.example.com",
    "https:hooks.example.com",
    "https:/hooks.example.com",
    "https:///hooks.example.com",
    "https://",
    "https://:443/",
    "https://?hooks.example.com",
    "",
    # The portal's own machine
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.255.255.254/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.01/",
    "https://0/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://localhost/",
    "https://localhost./",
    "https://own.example.com/",
    "https://localtest.me/",
    "https://１２７.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://127。0。0。1/",
    # Metadata and link-local
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://169.254.43518/",
    "https://0251.0376.0251.0376/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://169.254.170.2/",
    "https://168.63.129.16/",
    "https://100.100.100.200/",
    "https://192.0.0.192/",
    "https://metadata/",
    "https://metadata.google.internal/",
    "https://scoped.example.com/",
    # Private, shared and reserved
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://192.0.2.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://240.0.0.1/",
    "https://[fc00::1]/",
    "https://[fd12:3456::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[100::1]/",
    "https://[::10.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:a00:1::1]/",
    "https://[2001::1]/",
    "https://[5f00::1]/",
    "https://private.example.com/",
    "https://both.example.com/",
    "https://six.example.com/",
    "https://mapped.example.com/",
    "https://nat64.example.com/",
    "https://ci/",
    # Two readings
    "https://hooks.example.com@127.0.0.1/",
    "https://user:secret@hooks.example.com/",
    "https://127.0.0.1#@hooks.example.com/",
    "https://hooks.example.com#x",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com\n.evil.example/",
    "https://hooks.example.com/\r\nHost: evil",
    "https://hooks.example.com/\tx",
    " https://hooks.example.com/",
    "https://hooks.example.com/ x",
    "https://hooks.example.com\x00/",
    "https://hooks.example.com./",
    "https://hooks..example.com/",
    "https://-hooks.example.com/",
    "https://hooks.example.com%2f@127.0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://[hooks.example.com]/",
    "https://[::1/",
    "https://[127.0.0.1]/",
    "https://bücher.example/",
    "https://hooks.example.com/" + "x" * 2_000,
    "https://" + "a" * 64 + ".example.com/",
    # Ports
    "https://hooks.example.com:22/",
    "https://hooks.example.com:6379/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:443:443/",
    "https://hooks.example.com:/",
    "https://hooks.example.com:+443/",
)


def test_the_table_is_long() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize("url", HOSTILE)
def test_it_is_refused(url: str) -> None:
    with pytest.raises(ForbiddenDestinationError) as refused:
        GUARD.check(url)
    assert refused.value.sentence.endswith(".")
    assert "secret" not in refused.value.sentence


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "/"),
        ("HTTPS://Hooks.Example.COM/A?b=c&d=%20", "hooks.example.com", 443, "/A?b=c&d=%20"),
        ("https://hooks.example.com?b", "hooks.example.com", 443, "/?b"),
        ("https://hooks.example.com:8443/in", "hooks.example.com", 8443, "/in"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://93.184.215.14/", "93.184.215.14", 443, "/"),
        ("https://[2606:2800:21F:CB07:6820:80DA:AF6B:8B2C]/", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", 443, "/"),
        ("https://[64:ff9b::5db8:d70e]/", "64:ff9b::5db8:d70e", 443, "/"),
    ],
)
def test_a_public_server_is_reached(url: str, host: str, port: int, target: str) -> None:
    destination = GUARD.check(url)
    assert (destination.host, destination.port, destination.target) == (host, port, target)


def allow(**fields: object) -> Guard:
    return Guard(rules=Rules(allowed=(Allowed(**fields),)), resolver=resolver)  # type: ignore[arg-type]


def test_an_admin_allows_a_name_a_domain_or_a_network() -> None:
    allow(host="private.example.com").check("https://private.example.com/")
    allow(host="ci").check("https://ci/")
    allow(host=".corp.example.com").check("https://ci.corp.example.com/")
    allow(network=ip_network("10.0.0.0/24")).check("https://private.example.com/")
    allow(network=ip_network("10.0.0.0/24")).check("https://both.example.com/")
    for guard, url in (
        (allow(host="private.example.com"), "https://ci.corp.example.com/"),
        (allow(host=".corp.example.com"), "https://evilcorp.example.com/"),
        (allow(network=ip_network("10.0.1.0/24")), "https://private.example.com/"),
        (allow(host="own.example.com"), "https://own.example.com/"),
        (allow(host="metadata.google.internal"), "https://metadata.google.internal/"),
        (allow(network=ip_network("169.254.0.0/16")), "https://169.254.169.254/"),
        (allow(network=ip_network("224.0.0.0/4")), "https://224.0.0.1/"),
        (allow(network=ip_network("::ffff:0:0/96")), "https://[::ffff:10.0.0.1]/"),
    ):
        with pytest.raises((ForbiddenDestinationError, KeyError)):
            guard.check(url)


def test_an_admin_names_the_one_address_with_credentials() -> None:
    allow(network=ip_network("169.254.169.254/32")).check("https://169.254.169.254/")


def test_http_and_other_ports_need_an_admin() -> None:
    with pytest.raises(ForbiddenDestinationError, match="A portal admin can allow http"):
        GUARD.check("http://hooks.example.com/")
    allow(host="hooks.example.com", allows_http=True).check("http://hooks.example.com/")
    with pytest.raises(ForbiddenDestinationError, match="port 9000"):
        allow(host="hooks.example.com").check("https://hooks.example.com:9000/")
    allow(host="hooks.example.com", ports=(9000,)).check("https://hooks.example.com:9000/")


def test_a_name_that_does_not_exist_is_no_offence() -> None:
    def nobody(host: str) -> Sequence[str]:
        raise OSError

    with pytest.raises(OutgoingError, match="could not be looked up") as failed:
        Guard(resolver=nobody).check("https://nowhere.example.com/")
    assert not isinstance(failed.value, ForbiddenDestinationError)
    with pytest.raises(OutgoingError, match="has no address"):
        Guard(resolver=lambda _host: []).check("https://nowhere.example.com/")


def test_every_special_block_has_a_kind() -> None:
    assert kind_of(ip_address("8.8.8.8")) is Kind.PUBLIC
    assert kind_of(ip_address("2001:4860:4860::8888")) is Kind.PUBLIC
    assert kind_of(ip_address("198.19.0.1")) is Kind.PRIVATE
    assert kind_of(ip_address("3fff::1")) is Kind.RESERVED
