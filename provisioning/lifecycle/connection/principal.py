"""The principal that an account's onboarding stack trusts: the role or user that the portal runs as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from provisioning.aws import AwsError
from provisioning.aws.own_identity import OwnIdentity, own_identity
from provisioning.caching import Cache
from provisioning.lifecycle.aws_access import limiter_of
from provisioning.lifecycle.connection.bounded import within
from provisioning.models import Account

SECONDS: Final = 5.0
_SETTING: Final = "PORTAL_PRINCIPAL_ARN"


@dataclass(frozen=True, slots=True)
class PortalPrincipal:
    """`arn` is empty if it could not be found out; `problem` then says why and what to do. `note` is what
    to check about an ARN.
    """

    arn: str
    problem: str = ""
    note: str = ""


def portal_principal(account: Account) -> PortalPrincipal:
    """Return the principal, from the setting or from AWS. Takes a few seconds at most, and no time once
    AWS has answered.
    """
    if settings.PORTAL_PRINCIPAL_ARN and not account.endpoint_url:
        return PortalPrincipal(settings.PORTAL_PRINCIPAL_ARN)
    key = account.account_id if account.endpoint_url else account.partition
    return _principals.get_or_compute(key, lambda: _ask(account))


# Only an answer is kept: a failure may be over by the next request.
_principals: Cache[str, PortalPrincipal] = Cache(max_size=50, store_if=lambda principal: bool(principal.arn))


def _ask(account: Account) -> PortalPrincipal:
    access, limiter = account.access(account.regions[0]), limiter_of(account)
    try:
        return _described(within(SECONDS, lambda: own_identity(access, limiter=limiter)))
    except TimeoutError as error:
        return PortalPrincipal("", f"{error} {_what_to_do()}")
    except AwsError as error:
        return PortalPrincipal("", f"AWS: {error.message}. {_what_to_do()}")


def _described(identity: OwnIdentity) -> PortalPrincipal:
    if identity.path_is_known:
        return PortalPrincipal(identity.arn)
    return PortalPrincipal(
        identity.arn,
        note="AWS does not tell the portal the path of its role. If the role has one, the ARN is longer: set "
        f"{_SETTING} to it, or allow the role iam:GetRole on itself.",
    )


def _what_to_do() -> str:
    return (
        "Let the portal run as an IAM role (of its instance, task or pod) or with a user’s access key, or set "
        f"{_SETTING} to the ARN of the role that it runs as, then load this page again."
    )
