"""What CloudFront accepts only from us-east-1, in a stack of its own: the certificate and the web
ACL.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, certificatemanager

from provisioning.components.kinds.cdn.settings import CdnSettings
from provisioning.components.kit import web_acl as shared
from provisioning.components.kit.build import Build
from provisioning.components.kit.values import settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
# https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html
REGION = "us-east-1"
_KEY = "edge"


def certificate(node: Node, build: Build) -> Any:
    """Return the ARN of the domain's certificate: the given one, or a new one that the hosted zone
    validates.
    """
    settings = settings_of(node, CdnSettings)
    if settings.certificate_arn:
        return settings.certificate_arn
    stack = build.stack_in(REGION, key=_KEY)
    made = certificatemanager.Certificate(
        logical_id(node.address, "Certificate"),
        DomainName=settings.domain,
        ValidationMethod="DNS",
        DomainValidationOptions=[
            certificatemanager.DomainValidationOption(DomainName=settings.domain, HostedZoneId=settings.hosted_zone_id)
        ],
    )
    arn = build.add(node, made, "Certificate", stack=stack)
    name = logical_id(node.address, "CertificateArn")
    return build.stack_input(stack, name, arn, description=f"Certificate of {settings.domain}, in {REGION}")


def web_acl(node: Node, build: Build) -> Any:
    """Return the ARN of the web ACL, or None."""
    waf = settings_of(node, CdnSettings).waf
    if waf is None:
        return None
    stack = build.stack_in(REGION, key=_KEY)

    acl = shared.acl(
        logical_id(node.address, "WebAcl"),
        waf,
        scope="CLOUDFRONT",
        metric=lambda name: build.physical(f"{node.name}-{name}", limit=128),
    )
    build.add(node, acl, "Web ACL", stack=stack)
    arn: GetAtt | Ref = GetAtt(acl.title, "Arn")
    return build.stack_input(stack, logical_id(node.address, "WebAclArn"), arn, description=f"Web ACL, in {REGION}")
