"""What the README of static-site promises, read off its templates."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.proof import prove
from provisioning.template.compile import CompiledDesign, compile_design
from tests.support.designs import REGIONS, SIZES
from tests.support.reading import Template
from tests.support.shipped import main_template, shipped

NAMED = {"domain": "www.example.com", "hosted_zone_id": "Z0123456789"}
BLUEPRINT = Path(__file__).resolve().parents[3] / "blueprints" / "static-site" / "blueprint.hcl"
YEAR = 31_536_000


def compiled(size: str, *, region: str | None = None, **inputs: Any) -> CompiledDesign:
    return compile_design(shipped(size, slug="static-site", region=region, **inputs))


def config(template: Template) -> dict[str, Any]:
    return dict(template.one("AWS::CloudFront::Distribution")["DistributionConfig"])


def test_it_is_said_in_under_40_lines() -> None:
    assert len(BLUEPRINT.read_text().splitlines()) < 40


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("inputs", [{}, NAMED])
def test_the_proof_has_nothing_against_it(size: str, inputs: dict[str, str]) -> None:
    made = compiled(size, **inputs)
    # Without a domain it answers under CloudFront's name, whose certificate allows TLS 1.0.
    left = [] if inputs else ["transit.cloudfront-tls"]
    assert [finding.rule for finding in prove(made, policy=SIZE_POLICIES[size]).of("high", "medium", "low")] == left


@pytest.mark.parametrize("size", SIZES)
def test_the_bucket_is_private_and_read_by_the_distribution_only(size: str) -> None:
    template = main_template("static-site", size)
    bucket = template.one("AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "WebsiteConfiguration" not in bucket
    statements = template.one("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert {json.dumps(s["Principal"]) for s in allowed} == {'{"Service": "cloudfront.amazonaws.com"}'}
    assert {s["Action"] for s in allowed} == {"s3:GetObject", "s3:ListBucket"}
    (distribution,) = template.of_type("AWS::CloudFront::Distribution")
    for statement in allowed:
        assert statement["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"].endswith(f"/${{{distribution}}}")


@pytest.mark.parametrize("size", SIZES)
def test_pages_are_fresh_assets_last_a_year_and_http_is_redirected(size: str) -> None:
    template = main_template("static-site", size)
    whole = config(template)
    (assets,) = whole["CacheBehaviors"]
    assert assets["PathPattern"] == "/assets/*"
    assert template.properties(assets["CachePolicyId"])["CachePolicyConfig"]["MinTTL"] == YEAR
    # AWS's managed policy that caches nothing.
    assert whole["DefaultCacheBehavior"]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    for behaviour in (assets, whole["DefaultCacheBehavior"]):
        assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"


@pytest.mark.parametrize("size", SIZES)
def test_folders_have_an_index_and_what_is_missing_has_a_page(size: str) -> None:
    template = main_template("static-site", size)
    assert config(template)["DefaultRootObject"] == "index.html"
    assert "/index.html" in template.one("AWS::CloudFront::Function")["FunctionCode"]
    (missing,) = config(template)["CustomErrorResponses"]
    assert (missing["ErrorCode"], missing["ResponseCode"], missing["ResponsePagePath"]) == (404, 404, "/404.html")


@pytest.mark.parametrize(("size", "keeps"), [("dev", "Delete"), ("staging", "Retain"), ("prod", "Retain")])
def test_the_files_are_kept_from_staging_on(size: str, keeps: str) -> None:
    template = main_template("static-site", size)
    (bucket,) = [r for r in template.resources.values() if r["Type"] == "AWS::S3::Bucket"]
    assert bucket["UpdateReplacePolicy"] == keeps


@pytest.mark.parametrize("region", REGIONS)
def test_with_a_domain_its_certificate_is_in_us_east_1_wherever_the_site_is(region: str) -> None:
    made = compiled("prod", region=region, **NAMED)
    stacks = {stack.stack: stack.region for stack in made.stacks}
    assert stacks == ({"main": region} if region == "us-east-1" else {"edge": "us-east-1", "main": region})
    certificates = [r for r in made.resources if r.type == "AWS::CertificateManager::Certificate"]
    assert [certificate.stack for certificate in certificates] == (["main"] if region == "us-east-1" else ["edge"])
    template = Template(json.loads(made.main.body))
    assert config(template)["Aliases"] == ["www.example.com"]
    assert config(template)["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert template.body["Outputs"]["Url"]["Value"] == "https://www.example.com"


def test_it_costs_nothing_that_was_not_asked_for() -> None:
    """No web ACL, no NAT, no load balancer, no logs: requests, transfer and storage are all there
    is.
    """
    kinds = {
        re.sub(r"^AWS::", "", resource["Type"]) for resource in main_template("static-site", "prod").resources.values()
    }
    assert kinds == {
        "CloudFront::CachePolicy",
        "CloudFront::Distribution",
        "CloudFront::Function",
        "CloudFront::OriginAccessControl",
        "CloudFront::ResponseHeadersPolicy",
        "S3::Bucket",
        "S3::BucketPolicy",
    }
