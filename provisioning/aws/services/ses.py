"""Simple Email Service: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_identity(aws: Clients, name: str) -> bool:
    return "IdentityType" in aws.client("sesv2").get_email_identity(EmailIdentity=name)


def has_configuration_set(aws: Clients, name: str) -> bool:
    return bool(aws.client("sesv2").get_configuration_set(ConfigurationSetName=name)["ConfigurationSetName"])


def has_template(aws: Clients, name: str) -> bool:
    return bool(aws.client("sesv2").get_email_template(TemplateName=name)["TemplateName"])
