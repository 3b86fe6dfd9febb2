"""How CloudFront caches and which headers it sends, with as few policies as possible.

An account may have 20 cache policies and 20 headers policies of its own, so AWS's managed ones are
used where they fit. https://docs.aws.amazon.com/general/latest/gr/cf_region.html
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, cloudfront

from provisioning.components.kinds.cdn.settings import Caching, CdnSettings
from provisioning.components.kit.build import Build
from provisioning.components.kit.values import settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

YEAR_SECONDS = 365 * 24 * 3600
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
_NAME_LIMIT = 128
# Cache-Control for browsers; CloudFront itself follows the cache policy.
_BROWSERS: dict[Caching, str] = {
    "none": "no-cache",
    "year": f"public, max-age={YEAR_SECONDS}, immutable",
}
_SINGLE = """\
function handler(event) {
  var request = event.request;
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (!last.includes('.')) request.uri = '/INDEX';
  return request;
}
"""
_FOLDERS = """\
function handler(event) {
  var request = event.request;
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (last === '') request.uri += 'INDEX';
  else if (!last.includes('.')) request.uri += '/INDEX';
  return request;
}
"""


def cache_policy(node: Node, build: Build, caching: Caching) -> Any:
    """Return the id of the cache policy for this way of caching."""
    if caching == "none":
        return CACHING_DISABLED
    if caching == "origin":
        return CACHING_OPTIMIZED
    own = logical_id(node.address, "Year")
    if own in build.main.template.resources:
        return Ref(own)
    plain = cloudfront.ParametersInCacheKeyAndForwardedToOrigin(
        EnableAcceptEncodingBrotli=True,
        EnableAcceptEncodingGzip=True,
        CookiesConfig=cloudfront.CacheCookiesConfig(CookieBehavior="none"),
        HeadersConfig=cloudfront.CacheHeadersConfig(HeaderBehavior="none"),
        QueryStringsConfig=cloudfront.CacheQueryStringsConfig(QueryStringBehavior="none"),
    )
    policy = cloudfront.CachePolicy(
        own,
        CachePolicyConfig=cloudfront.CachePolicyConfig(
            Name=build.physical(f"{node.name}-year", limit=_NAME_LIMIT),
            Comment="A year, whatever the object says: its name changes with its content",
            MinTTL=YEAR_SECONDS,
            DefaultTTL=YEAR_SECONDS,
            MaxTTL=YEAR_SECONDS,
            ParametersInCacheKeyAndForwardedToOrigin=plain,
        ),
    )
    return build.add(node, policy, "Cache policy, a year")


def headers_policy(node: Node, build: Build, *, caching: Caching, embeddable: bool) -> Any:
    """Return the id of the headers policy for answers from a bucket."""
    settings = settings_of(node, CdnSettings)
    if caching == "origin" and not embeddable and not settings.content_security_policy:
        return SECURITY_HEADERS
    kind = ("Embeddable" if embeddable else "") + {"none": "Fresh", "origin": "", "year": "Lasting"}[caching]
    own = logical_id(node.address, f"{kind}Headers")
    if own in build.main.template.resources:
        return Ref(own)
    config = cloudfront.ResponseHeadersPolicyConfig(
        Name=build.physical(f"{node.name}-{kind.lower()}-headers", limit=_NAME_LIMIT),
        SecurityHeadersConfig=_security(settings.content_security_policy, embeddable=embeddable),
    )
    if embeddable:
        config.CorsConfig = _cors()
    if caching in _BROWSERS:
        header = cloudfront.CustomHeader(Header="Cache-Control", Value=_BROWSERS[caching], Override=True)
        config.CustomHeadersConfig = cloudfront.CustomHeadersConfig(Items=[header])
    policy = cloudfront.ResponseHeadersPolicy(own, ResponseHeadersPolicyConfig=config)
    return build.add(node, policy, "Headers policy")


def _security(content: str | None, *, embeddable: bool) -> cloudfront.SecurityHeadersConfig:
    found = cloudfront.SecurityHeadersConfig(
        ContentTypeOptions=cloudfront.ContentTypeOptions(Override=True),
        ReferrerPolicy=cloudfront.ReferrerPolicy(ReferrerPolicy="strict-origin-when-cross-origin", Override=True),
        StrictTransportSecurity=cloudfront.StrictTransportSecurity(AccessControlMaxAgeSec=YEAR_SECONDS, Override=True),
    )
    if not embeddable:
        found.FrameOptions = cloudfront.FrameOptions(FrameOption="SAMEORIGIN", Override=True)
    if content:
        found.ContentSecurityPolicy = cloudfront.ContentSecurityPolicy(ContentSecurityPolicy=content, Override=True)
    return found


def _cors() -> cloudfront.CorsConfig:
    """Allow any site to read, but not with a visitor's cookies."""
    return cloudfront.CorsConfig(
        AccessControlAllowCredentials=False,
        AccessControlAllowHeaders=cloudfront.AccessControlAllowHeaders(Items=["*"]),
        AccessControlAllowMethods=cloudfront.AccessControlAllowMethods(Items=["GET", "HEAD", "OPTIONS"]),
        AccessControlAllowOrigins=cloudfront.AccessControlAllowOrigins(Items=["*"]),
        OriginOverride=True,
    )


def routing(node: Node, build: Build) -> GetAtt | None:
    """Add the function that turns a page's path into an object's name. None if they are the same."""
    settings = settings_of(node, CdnSettings)
    if settings.pages == "files":
        return None
    code = (_SINGLE if settings.pages == "single" else _FOLDERS).replace("INDEX", settings.index)
    function = cloudfront.Function(
        logical_id(node.address, "Routing"),
        Name=build.physical(f"{node.name}-routing", limit=64),
        AutoPublish=True,
        FunctionCode=code,
        FunctionConfig=cloudfront.FunctionConfig(Comment=f"Pages of {build.name}", Runtime="cloudfront-js-2.0"),
    )
    build.add(node, function, "Routing function")
    return GetAtt(function.title, "FunctionARN")
