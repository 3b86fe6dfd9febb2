"""Email through Amazon SES: the sender's identity, and a configuration set that requires TLS and
counts bounces.

An identity exists once per account and region. If the account already has it, `existing` leaves it
alone, and the environment adds only its configuration set; the identity must then be the team's:
listed by an administrator, and tagged `portal:team`. A user gets `<NAME>_SENDER` and
`<NAME>_CONFIGURATION_SET`, and may send as this identity only.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Sub, route53, ses
from typing_extensions import override

from provisioning.components.kinds.email.settings import EmailSettings
from provisioning.components.kit import iam
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, DashboardWidget, Family, Gives, Grant, settings_of
from provisioning.design.external_names import ExternalKind, ExternalName
from provisioning.design.graph import EnvironmentContext, Node
from provisioning.design.names import logical_id

_NAME_LIMIT = 64
_DKIM_RECORDS = 3
_DKIM_SECONDS = 1800
_PERIOD_SECONDS = 3600
# SES reviews an account at 5 % bounces and at 0.1 % complaints: the alarms go off earlier.
# https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
_BOUNCES, _COMPLAINTS = 0.04, 0.0008
_EVENTS = ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE"]


class Email(Component):
    kind = "email"
    title = "Email"
    summary = "SES identity to send email as, with a configuration set that requires TLS"
    family = Family.MESSAGING
    schema = EmailSettings
    gives = Gives(variables=("<NAME>_SENDER", "<NAME>_CONFIGURATION_SET"), rights=("ses:SendEmail", "ses:SendRawEmail"))
    attributes = {
        "identity": "Domain or address that email is sent as",
        "identity_arn": "ARN of the identity",
        "configuration_set": "Name of the configuration set",
        "dkim_1": "First DKIM record to create by hand: name and value (for a domain without hosted zone)",
        "dkim_2": "Second DKIM record",
        "dkim_3": "Third DKIM record",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, EmailSettings)
        rules = _configuration_set(node, build)
        if not settings.existing:
            _identity(node, build, settings, rules)
        _alarms(node, build, rules)

    def boxes(self, node: Node) -> list[Box]:
        return [Box("supporting", node.name, "Email", f"SES, {settings_of(node, EmailSettings).identity}")]

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        name = logical_id(node.address, "Rules")
        lines = tuple(("AWS/SES", metric, _dimension(Ref(name)), "Sum") for metric in ("Send", "Delivery", "Bounce"))
        return [DashboardWidget(f"Mail: {node.name}", lines)]

    @override
    def external_names(self, node: Node, environment: EnvironmentContext) -> tuple[ExternalName, ...]:
        settings, names = settings_of(node, EmailSettings), super().external_names(node, environment)
        if not settings.existing:
            return names
        setting = "domain" if settings.domain else "address"
        return (*names, ExternalName(ExternalKind.EMAIL_IDENTITY, settings.identity, node.address, setting))

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        settings = settings_of(node, EmailSettings)
        match name:
            case "identity":
                return settings.identity
            case "identity_arn":
                return _identity_arn(settings)
            case "configuration_set":
                return Ref(logical_id(node.address, "Rules"))
            case "dkim_1" | "dkim_2" | "dkim_3":
                if settings.existing or settings.hosted_zone_id or settings.address:
                    return None
                resource, number = logical_id(node.address), name[-1]
                return Sub(f"${{{resource}.DkimDNSTokenName{number}}} CNAME ${{{resource}.DkimDNSTokenValue{number}}}")
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        settings = settings_of(node, EmailSettings)
        rules = Ref(logical_id(node.address, "Rules"))
        # Sending with a configuration set requires the right to use the set, too.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html
        own = iam.account_arn("ses", f"configuration-set/{_name(node, build)}")
        return Grant(
            label="send",
            variables={
                f"{node.name.upper()}_SENDER": settings.identity,
                f"{node.name.upper()}_CONFIGURATION_SET": rules,
            },
            statements=(iam.allow(self.gives.rights, [_identity_arn(settings), own]),),
        )


def _name(node: Node, build: Build) -> str:
    return build.physical(node.name, limit=_NAME_LIMIT)


def _identity_arn(settings: EmailSettings) -> Sub:
    return iam.account_arn("ses", f"identity/{settings.identity}")


def _dimension(rules: Ref) -> dict[str, Any]:
    return {"ses:configuration-set": rules}


def _configuration_set(node: Node, build: Build) -> Ref:
    resource = ses.ConfigurationSet(
        logical_id(node.address, "Rules"),
        Name=_name(node, build),
        DeliveryOptions=ses.DeliveryOptions(TlsPolicy="REQUIRE"),
        ReputationOptions=ses.ReputationOptions(ReputationMetricsEnabled=True),
        SuppressionOptions=ses.SuppressionOptions(SuppressedReasons=["BOUNCE", "COMPLAINT"]),
    )
    rules = build.add(node, resource, "SES configuration set")
    by_set = ses.DimensionConfiguration(
        DimensionName="ses:configuration-set",
        DimensionValueSource="messageTag",
        DefaultDimensionValue=_name(node, build),
    )
    events = ses.ConfigurationSetEventDestination(
        logical_id(node.address, "Events"),
        ConfigurationSetName=rules,
        EventDestination=ses.EventDestination(
            Name="metrics",
            Enabled=True,
            MatchingEventTypes=_EVENTS,
            CloudWatchDestination=ses.CloudWatchDestination(DimensionConfigurations=[by_set]),
        ),
    )
    build.add(node, events, "SES event destination")
    return rules


def _identity(node: Node, build: Build, settings: EmailSettings, rules: Ref) -> None:
    resource = ses.EmailIdentity(
        logical_id(node.address),
        EmailIdentity=settings.identity,
        ConfigurationSetAttributes=ses.ConfigurationSetAttributes(ConfigurationSetName=rules),
    )
    build.add(node, resource, "SES identity")
    for number in range(1, _DKIM_RECORDS + 1) if settings.hosted_zone_id else ():
        record = route53.RecordSetType(
            logical_id(node.address, f"Dkim{number}"),
            HostedZoneId=settings.hosted_zone_id,
            Name=GetAtt(resource.title, f"DkimDNSTokenName{number}"),
            Type="CNAME",
            TTL=str(_DKIM_SECONDS),
            ResourceRecords=[GetAtt(resource.title, f"DkimDNSTokenValue{number}")],
        )
        build.add(node, record, "DKIM record")


def _alarms(node: Node, build: Build, rules: Ref) -> None:
    for key, metric, says, limit in (
        ("Bounces", "Reputation.BounceRate", "Over 4 % of the mail comes back", _BOUNCES),
        ("Complaints", "Reputation.ComplaintRate", "Over 0.08 % of the mail is reported as spam", _COMPLAINTS),
    ):
        alarm(
            node,
            build,
            key=key,
            description=f"{says}: SES reviews accounts for that",
            metric=("AWS/SES", metric, _dimension(rules)),
            statistic="Average",
            above=limit,
            period_seconds=_PERIOD_SECONDS,
        )
