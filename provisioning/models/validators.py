"""What an administrator may enter about accounts and teams: one validator for each kind of value.

Each sentence quotes the value and says what a right one looks like, because a field may hold many.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

from provisioning.aws.regions import known_regions

# Functions, not RegexValidators: a migration names a function, and would copy a pattern.


def check_account_id(value: str) -> None:
    _check(value, r"[0-9]{12}", "is not an account id, which has twelve digits.")


def check_role_arn(value: str) -> None:
    _check(
        value,
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+",
        "is not the ARN of a role, such as arn:aws:iam::123456789012:role/reports.",
    )


def check_hosted_zone_id(value: str) -> None:
    _check(value, r"Z[A-Z0-9]{1,31}", "is not the id of a hosted zone, such as Z0123456789ABCDEFGHIJ.")


def check_certificate_arn(value: str) -> None:
    _check(
        value,
        r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+",
        "is not the ARN of a certificate, such as "
        "arn:aws:acm:eu-north-1:123456789012:certificate/12345678-1234-1234-1234-123456789012.",
    )


def check_secret(value: str) -> None:
    """Secrets Manager ends the ARN of every secret with a hyphen and six characters of its own."""
    arn = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}"
    name = r"[\w+=.@-][\w/+=.@-]*(/\*)?"
    _check(
        value,
        f"({arn}|{name})",
        "is not a secret: enter its name (shared/mail), a folder of names (shared/mail/*) or its whole ARN.",
    )


def check_image_repository(value: str) -> None:
    _check(
        value,
        r"[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(/\*)?",
        "is not an image repository: enter registry and repository without a tag, such as "
        "123456789012.dkr.ecr.eu-north-1.amazonaws.com/base/python, or a folder of them (…/base/*).",
    )


def check_email_identity(value: str) -> None:
    _check(
        value,
        r"([a-z0-9._%+-]+@)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}",
        "is not an email identity: enter a domain (mail.example.com) or an address in lowercase.",
    )


def check_region(value: str) -> None:
    """Raise ValidationError unless AWS has a region of this code."""
    if value not in known_regions():
        raise ValidationError(f"“{value}” is not the code of an AWS region, such as eu-north-1.", code="invalid")


def _check(value: str, pattern: str, complaint: str) -> None:
    if not re.fullmatch(pattern, value, re.ASCII):
        raise ValidationError(f"“{value}” {complaint}", code="invalid")


# Where machines read their own credentials and settings, besides the link-local addresses.
_METADATA_ADDRESSES: Final = frozenset(
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "fd00:ec2::23", "168.63.129.16", "100.100.100.200")
)
_METADATA_NAMES: Final = frozenset(
    {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"}
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def check_endpoint_url(value: str) -> None:
    """Raise ValidationError if the address is one at which a machine reads its own credentials.

    The portal sends requests to the endpoint. Names are not looked up: an administrator enters them.
    """
    try:
        host = urlsplit(value).hostname or ""
    except ValueError:
        host = ""
    if not host:
        raise ValidationError("Enter the address of an emulator, such as http://127.0.0.1:4566.", code="invalid")
    address = _address_of(host)
    if host.rstrip(".") in _METADATA_NAMES or (address is not None and _is_metadata(address)):
        raise ValidationError(
            f"“{host}” is an address at which a machine reads its own credentials. Enter the address of an emulator.",
            code="invalid",
        )


def _address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, in every notation that the system's resolver accepts."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))  # also 0xa9fea9fe, 2852039166 and 169.254.43518
        except (OSError, ValueError):
            return None
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _is_metadata(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA_ADDRESSES
