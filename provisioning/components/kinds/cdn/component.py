"""CloudFront in front of private buckets and, for some paths, in front of a load balancer.

The distribution reads buckets under its own identity: each bucket's policy admits this one
distribution. HTTP is redirected to HTTPS, files with a hash in their name are cached for a year,
and pages are always fetched fresh. Certificate and web ACL are in us-east-1. A user gets
`<NAME>_URL`.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Sub, cloudfront, route53
from typing_extensions import override

from provisioning.components.kinds.cdn import edge, logs, policies
from provisioning.components.kinds.cdn.settings import CdnPath, CdnSettings
from provisioning.components.kinds.load_balancer.settings import LoadBalancerSettings
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, Family, Gives, Grant, settings_of
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node, Reference
from provisioning.design.names import logical_id

# All distributions are in this zone: https://docs.aws.amazon.com/general/latest/gr/cf_region.html
_ZONE = "Z2FDTNDATAQYW2"
_TLS = "TLSv1.2_2021"
_READ = ["GET", "HEAD"]
_READ_FROM_ELSEWHERE = ["GET", "HEAD", "OPTIONS"]
_EVERYTHING = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
_ERROR_SECONDS = 10
_NAME_LIMIT = 64


class Cdn(Component):
    kind = "cdn"
    title = "CloudFront"
    summary = "CloudFront distribution in front of private buckets"
    family = Family.NETWORK
    schema = CdnSettings
    gives = Gives(variables=("<NAME>_URL",))
    attributes = {
        "url": "https:// address",
        "host": "Host name in AWS, the target for a CNAME record",
        "id": "Id of the distribution, for invalidations",
        "arn": "ARN of the distribution",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, CdnSettings)
        _one_owner_of_the_name(node, build, settings)
        config = cloudfront.DistributionConfig(
            Comment=build.physical(node.name, limit=128),
            Enabled=True,
            HttpVersion="http2and3",
            IPV6Enabled=True,
            PriceClass=settings.price_class,
            DefaultRootObject=settings.index,
            Origins=_origins(node, build),
            DefaultCacheBehavior=_default_behaviour(node, build, settings),
            ViewerCertificate=_certificate(node, build, settings),
        )
        if settings.all_paths:
            config.CacheBehaviors = [
                cloudfront.CacheBehavior(PathPattern=path.pattern, **_answers(node, build, path))
                for path in settings.all_paths
            ]
        if settings.domain:
            config.Aliases = [settings.domain]
        if settings.error_page:
            config.CustomErrorResponses = [
                cloudfront.CustomErrorResponse(
                    ErrorCode=404,
                    ResponseCode=404,
                    ResponsePagePath=settings.error_page,
                    ErrorCachingMinTTL=_ERROR_SECONDS,
                )
            ]
        if logging := logs.logging(node, build):
            config.Logging = logging
        if acl := edge.web_acl(node, build):
            config.WebACLId = acl
        resource = cloudfront.Distribution(logical_id(node.address), DistributionConfig=config)
        distribution = build.add(node, resource, "Distribution")
        if settings.hosted_zone_id:
            _alias(node, build, settings)
        _alarm(node, build, distribution)

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, CdnSettings)
        speaks = "TLS 1.2+" if settings.domain else "HTTPS"
        count = len(settings.origins)
        origins = "1 origin" if count == 1 else f"{count} origins"
        led = "browsers, by Route 53" if settings.hosted_zone_id else "browsers"
        boxes = [
            Box("edge", node.name, "CloudFront", f"{speaks}, {origins}"),
            Box("internet", "Users", "", led, label="443"),
        ]
        if settings.domain and not settings.certificate_arn:
            boxes.append(Box("edge", node.name, "Certificate", settings.domain, region=edge.REGION))
        if settings.waf:
            limit = f"{settings.waf.requests_per_5_minutes}/5 min"
            boxes.append(Box("edge", node.name, "Web ACL", limit, region=edge.REGION))
        return boxes

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        distribution = logical_id(node.address)
        domain = settings_of(node, CdnSettings).domain
        match name:
            case "url":
                named = domain and not domain.startswith("*")
                return f"https://{domain}" if named else Sub(f"https://${{{distribution}.DomainName}}")
            case "host":
                return GetAtt(distribution, "DomainName")
            case "id":
                return Ref(distribution)
            case "arn":
                return arn(node.address)
        return super().attribute(node, name, build)

    @override
    def targets(self, node: Node) -> tuple[Reference, ...]:
        return settings_of(node, CdnSettings).origins

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        return Grant(variables={f"{node.name.upper()}_URL": self.attribute(node, "url", build)})


def arn(address: str) -> Sub:
    """Return the ARN of a CDN's distribution, for which CloudFormation has no attribute."""
    distribution = logical_id(address)
    return Sub(f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{distribution}}}")


def _one_owner_of_the_name(node: Node, build: Build, settings: CdnSettings) -> None:
    """Refuse a domain that another component also has: it resolves to one place, and CloudFront
    accepts it only once.
    """
    if not settings.domain:
        return
    balancers = {
        other.address: settings_of(other, LoadBalancerSettings).certificate.domain
        for other in build.design.of_kind("load_balancer")
    }
    others = {other.address: settings_of(other, CdnSettings).domain for other in build.design.of_kind("cdn")}
    for address, domain in (balancers | others).items():
        if domain == settings.domain and address != node.address:
            raise DesignError(
                f"{node.source}: {node.address} and {address} both have the domain {domain}; give one of them another domain"
            )


# Origins


def _origins(node: Node, build: Build) -> list[cloudfront.Origin]:
    control = build.add(
        node,
        cloudfront.OriginAccessControl(
            logical_id(node.address, "Access"),
            OriginAccessControlConfig=cloudfront.OriginAccessControlConfig(
                Name=build.physical(node.name, limit=_NAME_LIMIT),
                Description=f"Reads the buckets of {build.name}",
                OriginAccessControlOriginType="s3",
                SigningBehavior="always",
                SigningProtocol="sigv4",
            ),
        ),
        "Origin access control",
    )
    return [
        _bucket_origin(target, control) if target.kind == "bucket" else _balancer_origin(node, target)
        for target in build.targets(node)
    ]


def _bucket_origin(bucket: Node, control: Ref) -> cloudfront.Origin:
    return cloudfront.Origin(
        Id=bucket.address,
        DomainName=GetAtt(logical_id(bucket.address), "RegionalDomainName"),
        OriginAccessControlId=control,
        # An empty identity means that the origin access control is used instead.
        S3OriginConfig=cloudfront.S3OriginConfig(OriginAccessIdentity=""),
    )


def _balancer_origin(node: Node, balancer: Node) -> cloudfront.Origin:
    """Return a load balancer as origin. Its certificate must match the origin's name or the
    visitor's Host header.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-cloudfront-to-custom-origin.html
    """
    named = settings_of(balancer, LoadBalancerSettings).certificate.domain
    if not named and not settings_of(node, CdnSettings).domain:
        raise DesignError(
            f"{node.source}: {node.address} uses TLS to {balancer.address}, whose certificate matches neither a domain of its "
            f"own nor one of {node.address}; give one of them a domain"
        )
    return cloudfront.Origin(
        Id=balancer.address,
        DomainName=named or GetAtt(logical_id(balancer.address), "DNSName"),
        CustomOriginConfig=cloudfront.CustomOriginConfig(
            OriginProtocolPolicy="https-only", OriginSSLProtocols=["TLSv1.2"], HTTPSPort=443
        ),
    )


# Behaviours


def _default_behaviour(node: Node, build: Build, settings: CdnSettings) -> cloudfront.DefaultCacheBehavior:
    path = CdnPath(pattern="/*", cache=settings.cache)
    behaviour = cloudfront.DefaultCacheBehavior(**_answers(node, build, path))
    if function := policies.routing(node, build):
        behaviour.FunctionAssociations = [
            cloudfront.FunctionAssociation(EventType="viewer-request", FunctionARN=function)
        ]
    return behaviour


def _answers(node: Node, build: Build, path: CdnPath) -> dict[str, Any]:
    origin = path.origin or settings_of(node, CdnSettings).origin
    answers: dict[str, Any] = {
        "TargetOriginId": origin.address,
        "ViewerProtocolPolicy": "redirect-to-https",
        "Compress": True,
        "CachePolicyId": policies.cache_policy(node, build, path.cache),
    }
    if origin.kind == "bucket":
        answers["AllowedMethods"] = _READ_FROM_ELSEWHERE if path.embeddable else _READ
        answers["ResponseHeadersPolicyId"] = policies.headers_policy(
            node, build, caching=path.cache, embeddable=path.embeddable
        )
        return answers
    # A load balancer's answers are passed on unchanged; CloudFront only adds security headers that are missing.
    named = settings_of(build.node(origin.address), LoadBalancerSettings).certificate.domain
    answers["AllowedMethods"] = _EVERYTHING
    answers["OriginRequestPolicyId"] = policies.ALL_VIEWER_EXCEPT_HOST if named else policies.ALL_VIEWER
    answers["ResponseHeadersPolicyId"] = policies.SECURITY_HEADERS
    return answers


# Names


def _certificate(node: Node, build: Build, settings: CdnSettings) -> cloudfront.ViewerCertificate:
    if not settings.domain:
        return cloudfront.ViewerCertificate(CloudFrontDefaultCertificate=True)
    return cloudfront.ViewerCertificate(
        AcmCertificateArn=edge.certificate(node, build), MinimumProtocolVersion=_TLS, SslSupportMethod="sni-only"
    )


def _alias(node: Node, build: Build, settings: CdnSettings) -> None:
    for kind, suffix in (("A", "Alias"), ("AAAA", "AliasSix")):
        record = route53.RecordSetType(
            logical_id(node.address, suffix),
            HostedZoneId=settings.hosted_zone_id,
            Name=f"{settings.domain}.",
            Type=kind,
            AliasTarget=route53.AliasTarget(DNSName=GetAtt(logical_id(node.address), "DomainName"), HostedZoneId=_ZONE),
        )
        build.add(node, record, "DNS record")


def _alarm(node: Node, build: Build, distribution: Ref) -> None:
    """Add the alarm on errors if the stack is in us-east-1: only there are CloudFront's metrics,
    and alarms are regional.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
    """
    if build.main.region != edge.REGION:
        return
    alarm(
        node,
        build,
        key="Errors",
        description=f"More than 5 % of what {node.name} answers are errors of its origins",
        metric=("AWS/CloudFront", "5xxErrorRate", {"DistributionId": distribution, "Region": "Global"}),
        statistic="Average",
        above=5,
    )
