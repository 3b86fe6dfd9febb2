"""WAF: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_web_acl(aws: Clients, physical_id: str) -> bool | None:
    """The id is "name|id|scope". Web ACLs with scope CLOUDFRONT exist in us-east-1 only."""
    parts = physical_id.split("|")
    if len(parts) != 3:  # noqa: PLR2004 - name, id, scope
        return None
    name, web_acl_id, scope = parts
    if scope == "REGIONAL":
        return bool(aws.wafv2.get_web_acl(Name=name, Id=web_acl_id, Scope="REGIONAL")["WebACL"])
    if scope == "CLOUDFRONT" and aws.access.region == "us-east-1":
        return bool(aws.wafv2.get_web_acl(Name=name, Id=web_acl_id, Scope="CLOUDFRONT")["WebACL"])
    return None


def has_association(aws: Clients, physical_id: str) -> bool | None:
    """The id is "resource ARN|web ACL ARN"; either may come first."""
    arns = sorted(physical_id.split("|"), key=lambda arn: ":wafv2:" in arn)
    if len(arns) != 2:  # noqa: PLR2004 - the resource and its web ACL
        return None
    resource_arn, web_acl_arn = arns
    return aws.wafv2.get_web_acl_for_resource(ResourceArn=resource_arn).get("WebACL", {}).get("ARN") == web_acl_arn
