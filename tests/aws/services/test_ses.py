"""SES, against moto as a second opinion."""

from __future__ import annotations

from botocore.stub import Stubber

from provisioning.aws import resources
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


def test_a_template_is_there_until_aws_does_not_know_it(by_hand: Clients) -> None:
    """moto lacks the call, and answers it with a web page, which proves nothing."""
    with Stubber(by_hand.client("sesv2")) as stub:
        asked = {"TemplateName": "receipt"}
        stub.add_response("get_email_template", {"TemplateName": "receipt", "TemplateContent": {}}, asked)
        stub.add_client_error("get_email_template", "NotFoundException", http_status_code=404, expected_params=asked)
        assert resources.exists(by_hand, "AWS::SES::Template", "receipt") is True
        assert resources.exists(by_hand, "AWS::SES::Template", "receipt") is False
