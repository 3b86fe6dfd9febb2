"""Who the portal itself is: the principal that an account's onboarding stack has to trust."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from provisioning.aws.errors import AwsError, ValidationFailed
from provisioning.aws.interface import AccountAccess
from provisioning.aws.rate_limiter import CallLimiter
from provisioning.aws.sessions import Clients

_ASSUMED_ROLE: Final = re.compile(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([\w+=,.@-]+)/.+", re.ASCII)
_TRUSTED: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+", re.ASCII)
EMULATED_USER: Final = "portal"


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """`arn` is that of a role or user. `path_is_known` is false for a role whose path the portal may not
    read: the ARN of a role's session does not contain it.
    """

    arn: str
    path_is_known: bool = True


def own_identity(access: AccountAccess, *, limiter: CallLimiter) -> OwnIdentity:
    """Ask AWS as whom the portal calls in the region of `access`, without assuming the account's role.

    An emulator knows no users: there the portal is any user of the account. Raises AwsError.
    """
    if access.endpoint_url:
        return OwnIdentity(f"arn:aws:iam::{access.account_id}:user/{EMULATED_USER}")
    clients = Clients(replace(access, role_arn="", external_id=""), limiter)
    try:
        return identity_behind(clients)
    finally:
        clients.close()


def identity_behind(aws: Clients) -> OwnIdentity:
    """Return the role or user whose credentials these clients use. Raises AwsError."""
    arn = aws.client("sts").get_caller_identity()["Arn"]
    if (session := _ASSUMED_ROLE.fullmatch(arn)) is None:
        return _trusted(arn)
    partition, account_id, name = session.groups()
    try:
        return OwnIdentity(aws.client("iam").get_role(RoleName=name)["Role"]["Arn"])
    except AwsError:
        return OwnIdentity(f"arn:{partition}:iam::{account_id}:role/{name}", path_is_known=False)


def _trusted(arn: str) -> OwnIdentity:
    """Refuse the root user and federated users, which no role may trust for this purpose."""
    if not _TRUSTED.fullmatch(arn):
        raise ValidationFailed(
            f"The portal runs as {arn}, which is neither a role nor a user of IAM", operation="sts:GetCallerIdentity"
        )
    return OwnIdentity(arn)
