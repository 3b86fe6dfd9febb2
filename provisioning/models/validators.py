"""What an administrator may enter about accounts and teams: one validator for each kind of value.

Each sentence quotes the value and says what a right one looks like, because a field may hold many.
"""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

from provisioning.aws.regions import known_regions
from provisioning.outgoing import ForbiddenDestinationError, read_destination
from provisioning.outgoing.addresses import Kind, kind_of

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


def check_endpoint_url(value: str) -> None:
    """Raise ValidationError if the address has two readings, or is one at which a machine reads its
    own credentials, or one that nobody can be at.

    Whether the portal may connect there also depends on the account and on what admins have
    allowed: `Account.clean` checks that, and each connection checks it again.
    """
    try:
        destination = read_destination(value)
    except ForbiddenDestinationError as error:
        raise ValidationError(f"{error.sentence} An emulator has an address such as http://127.0.0.1:4566.") from None
    literal = destination.literal
    kind = kind_of(literal) if literal is not None else Kind.PUBLIC
    if kind in (Kind.CREDENTIALS, Kind.LINK_LOCAL) or not kind.can_be_allowed:
        raise ValidationError(f"{destination.host} is {kind.value}. Enter the address of an emulator.", code="invalid")
