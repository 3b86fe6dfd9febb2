"""The public entry point: an application load balancer with HTTPS, a web ACL and one service behind
it.

The certificate is an existing one, given by its ARN, or a new one for a domain whose hosted zone is
given. In that case the zone also gets the domain's DNS record.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Sub, certificatemanager, route53, wafv2
from troposphere import elasticloadbalancingv2 as elb
from typing_extensions import override

from provisioning.components.kinds.load_balancer.settings import Certificate, LoadBalancerSettings
from provisioning.components.kinds.network.settings import NetworkSettings
from provisioning.components.kit import security, web_acl
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.subnets import subnet_refs
from provisioning.components.kit.values import (
    Box,
    DashboardWidget,
    Family,
    Gives,
    Grant,
    Section,
    settings_of,
)
from provisioning.components.kit.web_acl import Waf
from provisioning.components.kit.widgets import metric_widgets
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node, Reference
from provisioning.design.names import logical_id

# TLS 1.2 and 1.3, forward secrecy only.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
_SMALLEST_SUBNET = 27


class LoadBalancer(Component):
    kind = "load_balancer"
    title = "Load balancer"
    summary = "Application load balancer with HTTPS and a web ACL"
    family = Family.NETWORK
    gives = Gives(note="a `cdn` can use it as one of its origins")
    schema = LoadBalancerSettings
    needs = ("network",)
    has_security_group = True
    attributes = {"url": "https:// address", "host": "Host name in AWS", "arn": "ARN of the load balancer"}

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, LoadBalancerSettings)
        _groups(node, build, settings)
        balancer = _balancer(node, build, settings)
        _targets_and_listeners(node, build, settings, balancer)
        if settings.certificate.domain:
            _alias(node, build, settings.certificate)
        if settings.waf:
            _web_acl(node, build, settings.waf, balancer)
        _alarms(node, build)

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, LoadBalancerSettings)
        guard = f", WAF {settings.waf.requests_per_5_minutes}/5 min" if settings.waf else ""
        led = "browsers, by Route 53" if settings.certificate.domain else "browsers"
        return [
            Box("public", node.name, "Load balancer", f"TLS 1.2+{guard}"),
            Box("internet", "Users", "", led, label=", ".join(map(str, settings.ports))),
        ]

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        metrics = {"RequestCount": "Sum", "TargetResponseTime": "p95", "HTTPCode_ELB_5XX_Count": "Sum"}
        dimensions = {"LoadBalancer": GetAtt(logical_id(node.address), "LoadBalancerFullName")}
        return metric_widgets(Section.LOAD_BALANCERS, "AWS/ApplicationELB", metrics, [dimensions])

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        balancer = logical_id(node.address)
        domain = settings_of(node, LoadBalancerSettings).certificate.domain
        match name:
            case "url":
                return f"https://{domain}" if domain else Sub(f"https://${{{balancer}.DNSName}}")
            case "host":
                return GetAtt(balancer, "DNSName")
            case "arn":
                return Ref(balancer)
        return super().attribute(node, name, build)

    def targets(self, node: Node) -> tuple[Reference, ...]:
        return (settings_of(node, LoadBalancerSettings).target,)

    def grant(self, node: Node, build: Build) -> Grant:
        """Grant nothing, and to a CDN only, which reaches the load balancer over the internet as
        everybody does.
        """
        if any(user.kind != "cdn" for user in build.users(node)):
            return super().grant(node, build)
        return Grant()


def _groups(node: Node, build: Build, settings: LoadBalancerSettings) -> None:
    (target,) = build.targets(node)
    if not build.component(target).grant(target, build).ports:
        raise DesignError(
            f"{node.source}: {target.address} has no port, so {node.address} cannot forward to it; give it a port"
        )
    world = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": security.ANYWHERE, "Description": why}
        for port, why in settings.ports.items()
    ]
    security.group(node, build, ingress=world)
    security.out_to_targets(node, build)


def _balancer(node: Node, build: Build, settings: LoadBalancerSettings) -> Ref:
    network = build.only("network", needed_by=node)
    smallest = max(settings_of(network, NetworkSettings).subnets.public, key=lambda subnet: subnet.prefixlen)
    if smallest.prefixlen > _SMALLEST_SUBNET:
        raise DesignError(
            f"{network.source}: {node.address} needs public subnets of at least /{_SMALLEST_SUBNET},"
            f" and {smallest} is smaller; give {network.address} a larger range"
        )
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
                elb.TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value=str(settings.drain_seconds))
            ],
        ),
        "Target group",
    )
    if settings.http_redirect:
        _redirect(node, build, balancer)
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


def _redirect(node: Node, build: Build, balancer: Ref) -> None:
    to_https = elb.RedirectConfig(Protocol="HTTPS", Port="443", StatusCode="HTTP_301")
    listener = elb.Listener(
        logical_id(node.address, "Http"),
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[elb.Action(Type="redirect", RedirectConfig=to_https)],
    )
    build.add(node, listener, "HTTP redirect")


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
    build.add(node, resource, "DNS record")


def _web_acl(node: Node, build: Build, waf: Waf, balancer: Ref) -> None:
    acl = web_acl.acl(
        logical_id(node.address, "WebAcl"),
        waf,
        scope="REGIONAL",
        metric=lambda name: build.physical(name, limit=128),
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
