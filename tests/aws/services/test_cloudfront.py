"""CloudFront, against moto as a second opinion."""

from __future__ import annotations

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_distribution(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    cloudfront = by_hand.client("cloudfront")
    made = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": name,
            "Comment": "",
            "Enabled": False,
            "Origins": {
                "Quantity": 1,
                "Items": [{"Id": "o", "DomainName": f"{name}.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "o",
                "ViewerProtocolPolicy": "redirect-to-https",
                "MinTTL": 0,
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            },
        }
    )  # fmt: skip
    distribution = made["Distribution"]["Id"]
    assert on_moto.exists("AWS::CloudFront::Distribution", distribution)
    cloudfront.delete_distribution(Id=distribution, IfMatch=made["ETag"])
    assert on_moto.exists("AWS::CloudFront::Distribution", distribution) is False


def test_an_origin_access_control(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    config = {
        "Name": name,
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
    made = by_hand.client("cloudfront").create_origin_access_control(OriginAccessControlConfig=config)
    control = made["OriginAccessControl"]["Id"]
    assert on_moto.exists("AWS::CloudFront::OriginAccessControl", control)
    by_hand.client("cloudfront").delete_origin_access_control(Id=control)
    assert on_moto.exists("AWS::CloudFront::OriginAccessControl", control) is False
