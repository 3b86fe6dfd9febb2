"""SES, against moto as a second opinion."""

from __future__ import annotations

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_mail(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    mail = by_hand.client("sesv2")
    mail.create_email_identity(EmailIdentity=f"{name}.example")
    mail.create_configuration_set(ConfigurationSetName=name)
    assert on_moto.exists("AWS::SES::EmailIdentity", f"{name}.example")
    assert on_moto.exists("AWS::SES::ConfigurationSet", name)
    mail.delete_email_identity(EmailIdentity=f"{name}.example")
    mail.delete_configuration_set(ConfigurationSetName=name)
    assert on_moto.exists("AWS::SES::EmailIdentity", f"{name}.example") is False
    assert on_moto.exists("AWS::SES::ConfigurationSet", name) is False
