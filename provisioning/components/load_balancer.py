"""The public way in: an application load balancer with HTTPS, a web ACL, and one service behind it.

The certificate is given by its ARN, or made for a domain whose hosted zone is given; then the zone gets the name too.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator
from troposphere import GetAtt, Ref, Sub, certificatemanager, route53, wafv2
from troposphere import elasticloadbalancingv2 as elb

from provisioning.components import base, security
from provisioning.components.alarms import alarm
from provisioning.components.build import Build
from provisioning.components.graph import Node, Reference
from provisioning.components.names import logical_id
from provisioning.components.network import subnet_refs

# TLS 1.2 and 1.3, forward secrecy only.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_DRAIN_SECONDS = 30
_WINDOW_SECONDS = 300


class Certificate(base.Part):
    """Either the ARN of a certificate, or a domain and its hosted zone, for which one is made and validated."""

    arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+$")
    domain: str | None = Field(default=None, pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=253)
    hosted_zone_id: str | None = Field(default=None, pattern=r"^Z[A-Z0-9]{1,31}$")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.arn and (self.domain or self.hosted_zone_id):
            raise ValueError("give the ARN of a certificate, or a domain with its hosted zone, not both")
        if not self.arn and not (self.domain and self.hosted_zone_id):
            raise ValueError("HTTPS needs a certificate: give its ARN, or a domain together with its hosted zone's id")
        return self


class Waf(base.Part):
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
    requests_per_5_minutes: int = Field(ge=10, le=2_000_000_000)


class LoadBalancerSettings(base.Settings):
    certificate: Certificate
    target: base.ServiceReference
    health_check: str = Field(pattern=r"^/[\x21-\x7e]*$", max_length=1024)
    waf: Waf | None = None
    protect: bool = False

    @field_validator("certificate", mode="before")
    @classmethod
    def _plain_arn(cls, value: Any) -> Any:
        return {"arn": value} if isinstance(value, str) else value


class LoadBalancer(base.Component):
    kind = "load_balancer"
    title = "Load balancer"
    summary = "Application load balancer with HTTPS and a web ACL"
    Settings = LoadBalancerSettings
    guarded = True
    attributes = {"url": "https:// address", "host": "Host name that AWS gave it", "arn": "ARN of the load balancer"}

    def build(self, node: Node, build: Build) -> None:
        settings = base.settings_of(node, LoadBalancerSettings)
        _groups(node, build)
        balancer = _balancer(node, build, settings)
        _targets_and_listeners(node, build, settings, balancer)
        if settings.certificate.domain:
            _alias(node, build, settings.certificate)
        if settings.waf:
            _web_acl(node, build, settings.waf, balancer)
        _alarms(node, build)

    def boxes(self, node: Node) -> list[base.Box]:
        waf = base.settings_of(node, LoadBalancerSettings).waf
        guard = f", WAF {waf.requests_per_5_minutes}/5 min" if waf else ""
        return [
            base.Box("public", node.name, "Load balancer", f"TLS 1.2+{guard}"),
            base.Box("internet", "Users", "", "browsers", leads="80, 443"),
        ]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        balancer = logical_id(node.address)
        domain = base.settings_of(node, LoadBalancerSettings).certificate.domain
        match name:
            case "url":
                return f"https://{domain}" if domain else Sub(f"https://${{{balancer}.DNSName}}")
            case "host":
                return GetAtt(balancer, "DNSName")
            case "arn":
                return Ref(balancer)
        return super().attribute(node, name, build)

    def targets(self, node: Node) -> tuple[Reference, ...]:
        return (base.settings_of(node, LoadBalancerSettings).target,)


def _groups(node: Node, build: Build) -> None:
    (target,) = build.targets(node)
    if not build.component(target).grant(target, build).ports:
        raise base.DesignError(
            f"{node.source}: {target.address} listens on no port, so nothing can stand in front of it"
        )
    world = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": security.ANYWHERE, "Description": why}
        for port, why in ((80, "redirected to 443"), (443, "HTTPS"))
    ]
    security.group(node, build, ingress=world)
    security.out_to_targets(node, build)


def _balancer(node: Node, build: Build, settings: LoadBalancerSettings) -> Ref:
    network = build.only("network", needed_by=node)
    attributes = {
        "deletion_protection.enabled": "true" if settings.protect else "false",
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }
    resource = elb.LoadBalancer(
        logical_id(node.address),
        Type="application",
        Scheme="internet-facing",
        Subnets=subnet_refs(build, "public", needed_by=node),
        SecurityGroups=[security.group_id(node.address)],
        LoadBalancerAttributes=[elb.LoadBalancerAttributes(Key=key, Value=value) for key, value in attributes.items()],
        DependsOn=logical_id(network.address, "InternetAttachment"),
    )
    return build.add(node, resource, "Load balancer")


def _targets_and_listeners(node: Node, build: Build, settings: LoadBalancerSettings, balancer: Ref) -> None:
    (target,) = build.targets(node)
    (port,) = build.component(target).grant(target, build).ports
    network = build.only("network", needed_by=node)
    targets = build.add(
        node,
        elb.TargetGroup(
            logical_id(node.address, "Targets"),
            VpcId=Ref(logical_id(network.address, "Vpc")),
            TargetType="ip",
            Protocol="HTTP",
            Port=port,
            HealthCheckPath=settings.health_check,
            Matcher=elb.Matcher(HttpCode="200"),
            TargetGroupAttributes=[
                elb.TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value=str(_DRAIN_SECONDS))
            ],
        ),
        "Target group",
    )
    to_https = elb.RedirectConfig(Protocol="HTTPS", Port="443", StatusCode="HTTP_301")
    build.add(
        node,
        elb.Listener(
            logical_id(node.address, "Http"),
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[elb.Action(Type="redirect", RedirectConfig=to_https)],
        ),
        "Redirect from HTTP",
    )
    certificate = settings.certificate.arn or _certificate(node, build, settings.certificate)
    build.add(
        node,
        elb.Listener(
            logical_id(node.address, "Https"),
            LoadBalancerArn=balancer,
            Protocol="HTTPS",
            Port=443,
            SslPolicy=TLS_POLICY,
            Certificates=[elb.Certificate(CertificateArn=certificate)],
            DefaultActions=[elb.Action(Type="forward", TargetGroupArn=targets)],
        ),
        "HTTPS listener",
    )


def _certificate(node: Node, build: Build, certificate: Certificate) -> Ref:
    resource = certificatemanager.Certificate(
        logical_id(node.address, "Certificate"),
        DomainName=certificate.domain,
        ValidationMethod="DNS",
        DomainValidationOptions=[
            certificatemanager.DomainValidationOption(
                DomainName=certificate.domain, HostedZoneId=certificate.hosted_zone_id
            )
        ],
    )
    return build.add(node, resource, "Certificate")


def _alias(node: Node, build: Build, certificate: Certificate) -> None:
    balancer = logical_id(node.address)
    resource = route53.RecordSetType(
        logical_id(node.address, "Alias"),
        HostedZoneId=certificate.hosted_zone_id,
        Name=f"{certificate.domain}.",
        Type="A",
        AliasTarget=route53.AliasTarget(
            DNSName=GetAtt(balancer, "DNSName"), HostedZoneId=GetAtt(balancer, "CanonicalHostedZoneID")
        ),
    )
    build.add(node, resource, "Name in the hosted zone")


def _web_acl(node: Node, build: Build, waf: Waf, balancer: Ref) -> None:
    def visible(name: str) -> wafv2.VisibilityConfig:
        return wafv2.VisibilityConfig(
            CloudWatchMetricsEnabled=True, SampledRequestsEnabled=True, MetricName=build.physical(name, limit=128)
        )

    acl = wafv2.WebACL(
        logical_id(node.address, "WebAcl"),
        Scope="REGIONAL",
        DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
        VisibilityConfig=visible("web"),
        Rules=[
            wafv2.WebACLRule(
                Name="rate",
                Priority=0,
                Action=wafv2.RuleAction(Block=wafv2.BlockAction()),
                Statement=wafv2.Statement(
                    RateBasedStatement=wafv2.RateBasedStatement(
                        Limit=waf.requests_per_5_minutes, EvaluationWindowSec=_WINDOW_SECONDS, AggregateKeyType="IP"
                    )
                ),
                VisibilityConfig=visible("rate"),
            )
        ],
    )
    build.add(node, acl, "Web ACL")
    build.add(
        node,
        wafv2.WebACLAssociation(
            logical_id(node.address, "WebAclAssociation"), ResourceArn=balancer, WebACLArn=GetAtt(acl.title, "Arn")
        ),
        "Web ACL on the load balancer",
    )


def _alarms(node: Node, build: Build) -> None:
    balancer = {"LoadBalancer": GetAtt(logical_id(node.address), "LoadBalancerFullName")}
    targets = {"TargetGroup": GetAtt(logical_id(node.address, "Targets"), "TargetGroupFullName")}
    alarm(
        node,
        build,
        key="Unhealthy",
        description="A task has failed its health check for 15 minutes",
        metric=("AWS/ApplicationELB", "UnHealthyHostCount", balancer | targets),
        statistic="Minimum",
        above=0,
    )
    alarm(
        node,
        build,
        key="Errors",
        description="The load balancer itself keeps answering 5xx",
        metric=("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", balancer),
        statistic="Sum",
        above=10,
    )
