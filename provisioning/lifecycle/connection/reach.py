"""Whether the portal can use the account's role at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from provisioning.aws import (
    AccessDenied,
    Aws,
    AwsError,
    CredentialsExpired,
    Throttled,
    Unreachable,
    ValidationFailed,
    WrongAccount,
)
from provisioning.aws.onboarding import STACK
from provisioning.lifecycle.connection.report import Findings
from provisioning.models import Account

ASSUME_ROLE: Final = "sts:AssumeRole"


def check_reach(findings: Findings, account: Account, connect: Callable[[], Aws]) -> Aws | None:
    """Assume the role and compare the account's id; return AWS only if both succeeded."""
    try:
        aws = connect()
        aws.verify()
    except AwsError as error:
        findings.missing(*_why_not(error, account))
        return None
    if account.role_arn:
        findings.passed(f"The portal can assume {account.role_arn} in account {account.account_id}.")
    else:
        findings.unknown(
            f"{account.name} has no role, so the portal calls {account.endpoint_url or 'AWS'} with credentials of its own "
            "and their permissions were not checked.",
            f"Deploy the stack {STACK} and enter its output PortalRoleArn as Role ARN.",
        )
    return aws


def _why_not(error: AwsError, account: Account) -> tuple[str, str]:
    """Return what is wrong and what to do. AWS gives one answer for a missing role, a foreign one and a
    wrong external ID.
    """
    role = account.role_arn or "the account"
    sentence, remedy = f"The portal cannot use {role}. AWS: {error}", error.advice
    match error:
        case AccessDenied() if error.operation == ASSUME_ROLE:
            sentence = f"AWS does not let the portal assume {role}."
            remedy = (
                f"Check that Role ARN is the output PortalRoleArn of the stack {STACK}, and that this stack's parameters "
                f"PortalPrincipalArn and ExternalId are the portal's own role and the External ID of {account.name}. The "
                "portal's own role also needs the permission sts:AssumeRole."
            )
        case ValidationFailed() if error.operation == ASSUME_ROLE:
            sentence, remedy = f"AWS does not accept {role}: {error.message}", "Correct Role ARN or External ID."
        case WrongAccount():
            sentence, remedy = f"{role} is not in the account. {error.message}.", "Correct Account ID or Role ARN."
        case CredentialsExpired():
            sentence = (
                f"The portal has no valid credentials of its own, so it cannot assume {role}. AWS: {error.message}"
            )
            remedy = "Ask an administrator of the portal to renew them."
        case Unreachable():
            place = account.endpoint_url or f"AWS in {account.regions[0]}"
            sentence = f"The portal cannot reach {place}. {error.message}"
            remedy = "Check the network between the portal and AWS, and the regions of the account."
        case Throttled():
            sentence = f"AWS limits the portal's calls at the moment: {error.message}"
            remedy = "Test the connection again later."
    return sentence, remedy
