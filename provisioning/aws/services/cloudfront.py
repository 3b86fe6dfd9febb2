"""CloudFront, asked for: a service of the whole world, which answers the same in every region."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def _has_function(aws: Clients, physical_id: str) -> bool:
    """The id is the ARN, the API takes the name: arn:…:function/name. Every function has a stage of development."""
    name = physical_id.rpartition("/")[2]
    return bool(aws.client("cloudfront").describe_function(Name=name, Stage="DEVELOPMENT")["FunctionSummary"])


EXISTENCE: Mapping[str, Probe] = {
    "AWS::CloudFront::CachePolicy": lambda aws, policy: bool(
        aws.client("cloudfront").get_cache_policy(Id=policy)["CachePolicy"]
    ),
    "AWS::CloudFront::CloudFrontOriginAccessIdentity": lambda aws, identity: bool(
        aws.client("cloudfront").get_cloud_front_origin_access_identity(Id=identity)["CloudFrontOriginAccessIdentity"]
    ),
    "AWS::CloudFront::Distribution": lambda aws, distribution: bool(
        aws.client("cloudfront").get_distribution(Id=distribution)["Distribution"]
    ),
    "AWS::CloudFront::Function": _has_function,
    "AWS::CloudFront::KeyGroup": lambda aws, group: bool(aws.client("cloudfront").get_key_group(Id=group)["KeyGroup"]),
    "AWS::CloudFront::OriginAccessControl": lambda aws, control: bool(
        aws.client("cloudfront").get_origin_access_control(Id=control)["OriginAccessControl"]
    ),
    "AWS::CloudFront::OriginRequestPolicy": lambda aws, policy: bool(
        aws.client("cloudfront").get_origin_request_policy(Id=policy)["OriginRequestPolicy"]
    ),
    "AWS::CloudFront::PublicKey": lambda aws, key: bool(aws.client("cloudfront").get_public_key(Id=key)["PublicKey"]),
    "AWS::CloudFront::ResponseHeadersPolicy": lambda aws, policy: bool(
        aws.client("cloudfront").get_response_headers_policy(Id=policy)["ResponseHeadersPolicy"]
    ),
}
