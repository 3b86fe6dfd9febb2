"""CloudFront: who may read the buckets, what is cached for how long, with which headers, and what
is refused.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.registry import component
from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.diagram.svg import draw
from provisioning.proof import prove
from provisioning.template.compile import compile_design
from tests.components.cdns import (
    API,
    LARGEST,
    MANAGED,
    NAMED,
    YEAR,
    balancer,
    behaviour,
    config,
    headers,
    main,
)
from tests.support.designs import ARN, design, node, ref


@pytest.mark.parametrize("size", ["dev", "prod"])
def test_the_proof_has_nothing_against_the_largest(size: str) -> None:
    nodes = [node("bucket", name, keep_data=True) for name in ("site", "widgets")]
    nodes += [*balancer(), node("cdn", "web", origin=ref("bucket.site"), keep_data=True, **LARGEST)]
    found = prove(compile_design(design(*nodes, size=size)), policy=SIZE_POLICIES[size])
    # CloudFront delivers its logs by an access control list.
    left = [(finding.rule, finding.resources) for finding in found.of("high", "medium", "low")]
    assert left == [("public.bucket-acl", ("CdnWebLogs",))]


# Who may read


def test_each_bucket_admits_this_distribution_and_nobody_else() -> None:
    template = main(paths=[{"pattern": "/widgets/*", "origin": ref("bucket.widgets")}])
    (distribution,) = template.of_type("AWS::CloudFront::Distribution")
    arn = f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{distribution}}}"
    policies = template.of_type("AWS::S3::BucketPolicy")
    assert len(policies) == 2
    for policy in policies.values():
        bucket = policy["Bucket"]["Ref"]
        allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        assert allowed == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": {"Fn::Sub": f"${{{bucket}.Arn}}/*"},
                "Condition": {"StringEquals": {"aws:SourceArn": {"Fn::Sub": arn}}},
            }
        ]


def test_a_bucket_that_is_no_origin_admits_nobody() -> None:
    template = main()
    (policy,) = [p for p in template.of_type("AWS::S3::BucketPolicy").values() if p["Bucket"]["Ref"] == "BucketWidgets"]
    assert [s["Effect"] for s in policy["PolicyDocument"]["Statement"]] == ["Deny"]


def test_a_service_that_uses_the_bucket_has_its_rights_by_its_role_and_not_by_the_policy() -> None:
    network, cluster, service, _ = balancer()
    plain = service.settings.model_dump(include={"image", "cpu", "memory"})
    template = main(network, cluster, node("service", "api", **plain, uses=(ref("bucket.site"),)))
    (policy,) = [p for p in template.of_type("AWS::S3::BucketPolicy").values() if p["Bucket"]["Ref"] == "BucketSite"]
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert [s["Principal"] for s in allowed] == [{"Service": "cloudfront.amazonaws.com"}]
    assert "s3:PutObject" in template.actions(template.role_of("api"))


def test_it_reads_buckets_signed_and_never_as_a_website() -> None:
    template = main()
    control = template.one("AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
    assert (control["OriginAccessControlOriginType"], control["SigningBehavior"]) == ("s3", "always")
    (origin,) = config(template)["Origins"]
    assert origin["DomainName"] == {"Fn::GetAtt": ["BucketSite", "RegionalDomainName"]}
    assert template.target(origin["OriginAccessControlId"]) in template.of_type("AWS::CloudFront::OriginAccessControl")
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    assert not any("WebsiteConfiguration" in bucket for bucket in template.of_type("AWS::S3::Bucket").values())


def test_only_a_page_for_what_is_missing_needs_the_right_to_list() -> None:
    template = main(error_page="/404.html")
    (policy,) = [p for p in template.of_type("AWS::S3::BucketPolicy").values() if p["Bucket"]["Ref"] == "BucketSite"]
    allowed = [s["Action"] for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert allowed == ["s3:GetObject", "s3:ListBucket"]
    (answer,) = config(template)["CustomErrorResponses"]
    assert (answer["ErrorCode"], answer["ResponseCode"], answer["ResponsePagePath"]) == (404, 404, "/404.html")


# How long


def test_pages_are_always_fresh_and_hashed_files_last_a_year() -> None:
    template = main(assets=["/assets/*"])
    pages = config(template)["DefaultCacheBehavior"]
    assert pages["CachePolicyId"] == MANAGED["disabled"]
    assert headers(template, pages)["own"] == {"Cache-Control": "no-cache"}
    assets = behaviour(template, "/assets/*")
    policy = template.properties(assets["CachePolicyId"])["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (YEAR, YEAR, YEAR)
    assert headers(template, assets)["own"] == {"Cache-Control": f"public, max-age={YEAR}, immutable"}
    assert config(template)["DefaultRootObject"] == "index.html"


def test_what_objects_say_themselves_is_left_alone() -> None:
    template = main(cache="origin")
    pages = config(template)["DefaultCacheBehavior"]
    assert (pages["CachePolicyId"], pages["ResponseHeadersPolicyId"]) == (MANAGED["optimized"], MANAGED["security"])
    assert not template.of_type("AWS::CloudFront::CachePolicy")
    assert not template.of_type("AWS::CloudFront::ResponseHeadersPolicy")


def test_ways_that_are_alike_share_a_policy() -> None:
    paths = [{"pattern": "/a/*", "cache": "year"}, {"pattern": "/b/*", "cache": "year"}, {"pattern": "/c/*"}]
    template = main(paths=paths, assets=["/assets/*"])
    assert len(template.of_type("AWS::CloudFront::CachePolicy")) == 1
    assert len(template.of_type("AWS::CloudFront::ResponseHeadersPolicy")) == 2


def test_every_way_is_https_and_answers_with_security_headers() -> None:
    template = main(*balancer(), **LARGEST)
    whole = config(template)
    for answers in (whole["DefaultCacheBehavior"], *whole["CacheBehaviors"]):
        assert answers["ViewerProtocolPolicy"] == "redirect-to-https"
        if answers["TargetOriginId"] == "load_balancer.public":
            assert answers["ResponseHeadersPolicyId"] == MANAGED["security"]
            continue
        security = headers(template, answers)["SecurityHeadersConfig"]
        assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= YEAR
        assert security["ContentTypeOptions"] == {"Override": True}
        assert security["ContentSecurityPolicy"]["ContentSecurityPolicy"] == "default-src 'self'"


def test_only_what_is_embeddable_may_be_framed_and_read_by_other_sites() -> None:
    template = main(paths=[{"pattern": "/widgets/*", "origin": ref("bucket.widgets"), "embeddable": True}])
    widgets = headers(template, behaviour(template, "/widgets/*"))
    assert "FrameOptions" not in widgets["SecurityHeadersConfig"]
    assert widgets["CorsConfig"]["AccessControlAllowOrigins"] == {"Items": ["*"]}
    assert widgets["CorsConfig"]["AccessControlAllowCredentials"] is False
    pages = headers(template, config(template)["DefaultCacheBehavior"])
    assert pages["SecurityHeadersConfig"]["FrameOptions"]["FrameOption"] == "SAMEORIGIN"
    assert "CorsConfig" not in pages


# Pages


def _answered(code: str, uri: str) -> str:
    call = f"{code};process.stdout.write(handler({{request: {{uri: {json.dumps(uri)}}}}}).uri)"
    return subprocess.run(["node", "-e", call], capture_output=True, text=True, check=True, timeout=20).stdout


@pytest.mark.skipif(not shutil.which("node"), reason="without node the routing function cannot be run")
@pytest.mark.parametrize(
    ("pages", "uri", "answered"),
    [
        ("single", "/", "/home.html"),
        ("single", "/orders/12", "/home.html"),
        ("single", "/v1.2/orders", "/home.html"),
        ("single", "/app.js", "/app.js"),
        ("folders", "/", "/home.html"),
        ("folders", "/docs", "/docs/home.html"),
        ("folders", "/docs/", "/docs/home.html"),
        ("folders", "/docs/a.pdf", "/docs/a.pdf"),
    ],
)
def test_pages_have_addresses_without_endings(pages: str, uri: str, answered: str) -> None:
    function = main(pages=pages, index="home.html").one("AWS::CloudFront::Function")
    assert _answered(function["FunctionCode"], uri) == answered


def test_the_routing_function_sees_pages_only_and_exists_where_asked_for_only() -> None:
    template = main(pages="single", assets=["/assets/*"])
    (routed,) = config(template)["DefaultCacheBehavior"]["FunctionAssociations"]
    assert routed["EventType"] == "viewer-request"
    assert template.target(routed["FunctionARN"]) in template.of_type("AWS::CloudFront::Function")
    assert "FunctionAssociations" not in behaviour(template, "/assets/*")
    assert not main().of_type("AWS::CloudFront::Function")


# Access logs


def test_access_logs_go_into_a_private_bucket_that_forgets_them() -> None:
    template = main(log_days=30)
    logging = config(template)["Logging"]
    assert logging["IncludeCookies"] is False
    assert logging["Bucket"] == {"Fn::GetAtt": ["CdnWebLogs", "DomainName"]}
    bucket = template.of_type("AWS::S3::Bucket")["CdnWebLogs"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert [rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"]] == [30]
    # CloudFront delivers by an access control list, which an enforced owner would forbid.
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    assert "Logging" not in config(main())
    kept = main(log_days=30, keep_data=True).resources["CdnWebLogs"]
    assert (kept["UpdateReplacePolicy"], template.resources["CdnWebLogs"]["UpdateReplacePolicy"]) == (
        "Retain",
        "Delete",
    )


# Users, the diagram, the settings


def test_a_user_gets_its_address() -> None:
    network, cluster, service, _ = balancer()
    user = node(
        "service", "api", **service.settings.model_dump(include={"image", "cpu", "memory"}), uses=(ref("cdn.web"),)
    )
    assert main(network, cluster, user).variables("api") == {"WEB_URL": {"Fn::Sub": "https://${CdnWeb.DomainName}"}}


def test_it_is_drawn_at_the_edge_with_its_origins() -> None:
    nodes = (node("bucket", "site"), node("cdn", "web", origin=ref("bucket.site"), **NAMED))
    picture = draw(design(*nodes, region="eu-central-1"))
    for text in ("CloudFront", "TLS 1.2+, 1 origin", "www.example.com", "us-east-1", "Certificate"):
        assert text in picture


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"origin": ref("service.api")}, "only a bucket is allowed here"),
        ({"paths": [{"pattern": "/x", "origin": ref("postgres.main")}]}, "from a bucket or a load_balancer"),
        ({"paths": [{"pattern": "x/*"}]}, "String should match pattern"),
        ({"paths": [{"pattern": "/x", "origin": ref("load_balancer.a"), "cache": "year"}]}, "passed on unchanged"),
        ({"paths": API, "error_page": "/404.html"}, "would also replace the load balancer's own answers"),
        ({"paths": [{"pattern": "/a/*"}], "assets": ["/a/*"]}, "/a/* is in assets and paths more than once"),
        ({"assets": [f"/{n}/*" for n in range(60)], "paths": [{"pattern": f"/p{n}"} for n in range(20)]}, "accepts 74"),
        ({"domain": "www.example.com"}, "a domain needs a certificate"),
        ({"hosted_zone_id": "Z1"}, "need a domain"),
        ({"domain": "www.example.com", "certificate_arn": ARN}, "String should match pattern"),
        ({"pages": "spa"}, "'files', 'folders' or 'single'"),
        ({"error_page": "404.html"}, "String should match pattern"),
        ({"waf": {"requests_per_5_minutes": 1}}, "greater than or equal to 10"),
    ],
)
def test_it_refuses(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        component("cdn").schema.model_validate({"origin": ref("bucket.site"), **settings})
    assert sentence in str(caught.value)
