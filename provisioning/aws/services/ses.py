"""Simple Email Service: existence checks; whether the account may send."""

from __future__ import annotations

from provisioning.aws.account_reads import SendingAccount
from provisioning.aws.sessions import Clients


def has_identity(aws: Clients, name: str) -> bool:
    return "IdentityType" in aws.client("sesv2").get_email_identity(EmailIdentity=name)


def has_configuration_set(aws: Clients, name: str) -> bool:
    return bool(aws.client("sesv2").get_configuration_set(ConfigurationSetName=name)["ConfigurationSetName"])


def has_template(aws: Clients, name: str) -> bool:
    return bool(aws.client("sesv2").get_email_template(TemplateName=name)["TemplateName"])


def sending_account(aws: Clients) -> SendingAccount:
    answer = aws.client("sesv2").get_account()
    return SendingAccount(
        in_sandbox=not answer.get("ProductionAccessEnabled", False), is_enabled=answer.get("SendingEnabled", True)
    )
