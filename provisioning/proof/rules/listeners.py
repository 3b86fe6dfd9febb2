"""Checks that all entry points use TLS: load balancers, CloudFront, API domains."""

from __future__ import annotations

import re

from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import many, mapping, shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_WHY = "Unencrypted internet traffic can be read and changed on its way."
_LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
_RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html: TLS 1.2 or newer only
_MODERN = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23](-.*)?|TLS-1-2(-.*)?|FS-1-2(-.*)?)")


@rule(
    "transit.listener",
    "Load balancers forward no unencrypted traffic",
    severity="high",
    why=_WHY,
    remedy="Listen on HTTPS, and let the HTTP listener redirect to it.",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/create-https-listener.html",
    types=(_LISTENER, _RULE, _BALANCER, "AWS::ElasticLoadBalancing::LoadBalancer"),
)
def listener(view: View, report: Reporter) -> None:
    for one in view.of(_LISTENER):
        balancer = view.model.find(one.get("LoadBalancerArn"), _BALANCER)
        public = balancer is None or balancer.get("Scheme", "internet-facing") == "internet-facing"
        protocol, where = one.get("Protocol"), f"{one.key} ({shown(one.get('Protocol'))} {shown(one.get('Port'))})"
        if protocol in ("HTTPS", "TLS"):
            report.passes(one, f"{where} uses TLS")
        elif protocol == "HTTP":
            forwards = [one] if _forwards(one.items("DefaultActions")) else []
            forwards += [
                r
                for r in view.of(_RULE)
                if view.model.find(r.get("ListenerArn")) is one and _forwards(r.items("Actions"))
            ]
            if forwards:
                sentence = f"{where} forwards unencrypted traffic."
                report.fault(
                    [one, *forwards[1:]],
                    sentence,
                    *(f.at("Actions") for f in forwards),
                    severity="high" if public else "medium",
                )
            else:
                report.passes(one, f"{where} forwards nothing: it redirects or responds itself")
        elif public:
            report.fault(one, f"{where} passes traffic on without requiring TLS.", one.at("Protocol"), severity="low")
        else:
            report.passes(one, f"{where} is internal and passes traffic on as it is")
    for classic in view.of("AWS::ElasticLoadBalancing::LoadBalancer"):
        plain = [x for x in classic.objects("Listeners") if str(x.get("Protocol")).upper() in ("HTTP", "TCP")]
        if plain:
            public = classic.get("Scheme", "internet-facing") == "internet-facing"
            report.fault(
                classic,
                f"{classic.key} forwards unencrypted traffic.",
                classic.at("Listeners"),
                severity="high" if public else "medium",
            )
        else:
            report.passes(classic, f"{classic.key} uses TLS")


def _forwards(actions: list[object]) -> bool:
    return any(mapping(action).get("Type") == "forward" for action in actions)


@rule(
    "transit.tls-version",
    "Load balancers require TLS 1.2 or newer",
    severity="medium",
    why="TLS 1.0 and 1.1 are insecure and deprecated (RFC 8996).",
    remedy="Set SslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06 or a newer one.",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
    types=(_LISTENER,),
)
def tls_version(view: View, report: Reporter) -> None:
    for one in view.of(_LISTENER):
        if one.get("Protocol") not in ("HTTPS", "TLS"):
            continue
        policy = one.get("SslPolicy")
        if isinstance(policy, str) and _MODERN.fullmatch(policy):
            report.passes(one, f"{one.at('SslPolicy')} is {policy}")
        else:
            detail = "not set, so AWS uses a policy that allows TLS 1.0" if policy is None else shown(policy)
            report.fault(one, f"{one.key} allows TLS versions older than 1.2.", f"{one.at('SslPolicy')} is {detail}")


def _configuration(distribution: Resource) -> dict[str, object]:
    return mapping(distribution.get("DistributionConfig"))


@rule(
    "transit.cloudfront-viewer",
    "CloudFront serves HTTPS only",
    severity="high",
    why=_WHY,
    remedy="Set ViewerProtocolPolicy to redirect-to-https or https-only in every behaviour.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-viewers-to-cloudfront.html",
    types=("AWS::CloudFront::Distribution",),
)
def cloudfront_viewer(view: View, report: Reporter) -> None:
    for distribution in view.of("AWS::CloudFront::Distribution"):
        configuration = _configuration(distribution)
        behaviours = [configuration.get("DefaultCacheBehavior"), *many(configuration.get("CacheBehaviors"))]
        plain = [
            b
            for b in map(mapping, behaviours)
            if b.get("ViewerProtocolPolicy") not in ("redirect-to-https", "https-only")
        ]
        if plain:
            evidence = [
                f"{b.get('PathPattern', 'DefaultCacheBehavior')}: {shown(b.get('ViewerProtocolPolicy', 'not set'))}"
                for b in plain
            ]
            report.fault(distribution, f"{distribution.key} serves unencrypted HTTP.", *evidence)
        else:
            report.passes(distribution, f"{distribution.key}: {len(behaviours)} behaviours, all HTTPS")


@rule(
    "transit.cloudfront-tls",
    "CloudFront requires TLS 1.2 or newer",
    severity="medium",
    why="TLS 1.0 and 1.1 are insecure and deprecated (RFC 8996).",
    remedy="Set ViewerCertificate.MinimumProtocolVersion to TLSv1.2_2021 or a newer one.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html",
    types=("AWS::CloudFront::Distribution",),
)
def cloudfront_tls(view: View, report: Reporter) -> None:
    for distribution in view.of("AWS::CloudFront::Distribution"):
        certificate = mapping(_configuration(distribution).get("ViewerCertificate"))
        version = str(certificate.get("MinimumProtocolVersion", ""))
        where = distribution.at("DistributionConfig.ViewerCertificate")
        if version.startswith(("TLSv1.2_", "TLSv1.3")):
            report.passes(distribution, f"{where}.MinimumProtocolVersion is {version}")
        elif not certificate or str(certificate.get("CloudFrontDefaultCertificate")).lower() == "true":
            report.fault(
                distribution,
                f"{distribution.key} uses CloudFront's default certificate, which allows TLS 1.0.",
                where,
                severity="low",
            )
        else:
            report.fault(
                distribution,
                f"{distribution.key} allows TLS versions older than 1.2.",
                f"{where}.MinimumProtocolVersion is {version or 'not set'}",
            )


@rule(
    "transit.cloudfront-origin",
    "CloudFront uses HTTPS to its origins",
    severity="medium",
    why="The connection from the edge to the origin crosses the internet too.",
    remedy="Set OriginProtocolPolicy to https-only.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-cloudfront-to-custom-origin.html",
    types=("AWS::CloudFront::Distribution",),
)
def cloudfront_origin(view: View, report: Reporter) -> None:
    for distribution in view.of("AWS::CloudFront::Distribution"):
        for index, origin in enumerate(many(_configuration(distribution).get("Origins"))):
            custom = mapping(origin).get("CustomOriginConfig")
            if not isinstance(custom, dict):
                continue
            where = f"{distribution.key}.DistributionConfig.Origins[{index}].CustomOriginConfig"
            protocols = many(custom.get("OriginSSLProtocols")) or ["TLSv1"]
            if custom.get("OriginProtocolPolicy") != "https-only":
                report.fault(
                    distribution,
                    f"{distribution.key} connects to an origin without TLS.",
                    f"{where}.OriginProtocolPolicy is {shown(custom.get('OriginProtocolPolicy'))}",
                )
            elif any(protocol != "TLSv1.2" for protocol in protocols):
                report.fault(
                    distribution,
                    f"{distribution.key} allows old TLS versions to an origin.",
                    f"{where}.OriginSSLProtocols is {shown(protocols)}",
                    severity="low",
                )
            else:
                report.passes(distribution, f"{where}: https-only, TLSv1.2")


@rule(
    "transit.api-domain",
    "API domains require TLS 1.2 or newer",
    severity="medium",
    why="TLS 1.0 and 1.1 are insecure and deprecated (RFC 8996).",
    remedy="Set SecurityPolicy to TLS_1_2 or newer.",
    source="https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html",
    types=("AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName"),
)
def api_domain(view: View, report: Reporter) -> None:
    for domain in view.of("AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName"):
        given = (
            [domain.get("SecurityPolicy")]
            if domain.type == "AWS::ApiGateway::DomainName"
            else [c.get("SecurityPolicy") for c in domain.objects("DomainNameConfigurations")]
        )
        if given and all(str(policy) == "TLS_1_2" or "TLS13" in str(policy) for policy in given):
            report.passes(domain, f"{domain.key}: {shown(given)}")
        else:
            report.fault(
                domain,
                f"{domain.key} may allow TLS versions older than 1.2.",
                f"{domain.at('SecurityPolicy')} is {shown(given)}",
            )
