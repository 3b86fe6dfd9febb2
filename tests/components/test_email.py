"""Mail: one identity, TLS or nothing, and a word before SES complains."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kinds.email.settings import EmailSettings
from tests.components.small import rendered
from tests.support.designs import node
from tests.support.reading import Template

OUTPUTS = {name: f"email.mail.{name}" for name in ("identity", "identity_arn", "configuration_set", "dkim_1", "dkim_3")}
DOMAIN = {"domain": "mail.example.com", "hosted_zone_id": "Z1"}


def _mail(**given: Any) -> Template:
    return rendered(node("email", "mail", **given), beside=(node("alarm_topic", "main"),), outputs=OUTPUTS)


@pytest.fixture(scope="module")
def template() -> Template:
    return _mail(**DOMAIN)


def test_mail_leaves_over_tls_only_and_what_comes_back_is_counted(template: Template) -> None:
    rules = template.one("AWS::SES::ConfigurationSet")
    assert rules["Name"] == "payments-shop-dev-nd524-mail"
    assert rules["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert rules["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert set(rules["SuppressionOptions"]["SuppressedReasons"]) == {"BOUNCE", "COMPLAINT"}
    events = template.one("AWS::SES::ConfigurationSetEventDestination")
    assert template.target(events["ConfigurationSetName"]) == "EmailMailRules"
    assert {"SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"} <= set(
        events["EventDestination"]["MatchingEventTypes"]
    )
    assert events["EventDestination"]["Enabled"] is True
    identity = template.one("AWS::SES::EmailIdentity")
    assert identity["EmailIdentity"] == "mail.example.com"
    assert template.target(identity["ConfigurationSetAttributes"]["ConfigurationSetName"]) == "EmailMailRules"


def test_a_hosted_zone_gets_the_three_signatures(template: Template) -> None:
    records = template.of_type("AWS::Route53::RecordSet")
    assert [(r["HostedZoneId"], r["Type"]) for r in records.values()] == [("Z1", "CNAME")] * 3
    assert [(r["Name"]["Fn::GetAtt"][1], r["ResourceRecords"][0]["Fn::GetAtt"][1]) for r in records.values()] == [
        (f"DkimDNSTokenName{number}", f"DkimDNSTokenValue{number}") for number in (1, 2, 3)
    ]
    assert "Dkim1" not in template.body["Outputs"]


def test_without_a_hosted_zone_the_signatures_are_told() -> None:
    template = _mail(domain="example.com")
    assert not template.of_type("AWS::Route53::RecordSet")
    told = template.body["Outputs"]["Dkim3"]["Value"]["Fn::Sub"]
    assert told == "${EmailMail.DkimDNSTokenName3} CNAME ${EmailMail.DkimDNSTokenValue3}"


def test_a_user_may_send_as_this_identity_and_nothing_else(template: Template) -> None:
    variables = template.variables("api")
    assert variables["MAIL_SENDER"] == "mail.example.com"
    assert variables["MAIL_CONFIGURATION_SET"] == {"Ref": "EmailMailRules"}
    (statement,) = [s for s in template.statements(template.role_of("api")) if s["Action"][0].startswith("ses:")]
    assert set(statement["Action"]) == {"ses:SendEmail", "ses:SendRawEmail"}
    assert [arn["Fn::Sub"].split("${AWS::AccountId}:")[1] for arn in statement["Resource"]] == [
        "identity/mail.example.com",
        "configuration-set/payments-shop-dev-nd524-mail",
    ]


def test_an_identity_that_the_account_has_is_left_alone() -> None:
    template = _mail(domain="example.com", existing=True)
    assert not template.of_type("AWS::SES::EmailIdentity")
    assert template.one("AWS::SES::ConfigurationSet")
    assert set(template.body["Outputs"]) == {"Identity", "IdentityArn", "ConfigurationSet"}
    assert "identity/example.com" in template.body["Outputs"]["IdentityArn"]["Value"]["Fn::Sub"]


def test_people_hear_of_bounces_and_complaints_before_ses_acts(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    bounces, complained = alarms["EmailMailBounces"], alarms["EmailMailComplaints"]
    # https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html: reviewed at 5 % and at 0.1 %
    assert 0 < bounces["Threshold"] < 0.05
    assert 0 < complained["Threshold"] < 0.001
    assert (bounces["MetricName"], complained["MetricName"]) == ("Reputation.BounceRate", "Reputation.ComplaintRate")
    assert bounces["Dimensions"] == [{"Name": "ses:configuration-set", "Value": {"Ref": "EmailMailRules"}}]
    assert bounces["AlarmActions"] == complained["AlarmActions"] == [{"Ref": "AlarmTopic"}]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "set either domain or address"),
        ({"domain": "a.com", "address": "a@a.com"}, "set either domain or address"),
        ({"address": "a@a.com", "hosted_zone_id": "Z1"}, "an address is verified by email"),
        ({**DOMAIN, "existing": True}, "an existing identity already has its DKIM records"),
        ({"domain": "Example.com"}, "String should match pattern"),
        ({"address": "nobody"}, "String should match pattern"),
    ],
)
def test_half_an_identity_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        EmailSettings.model_validate(given)
