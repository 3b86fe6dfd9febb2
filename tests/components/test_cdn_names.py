"""A CDN's names and certificate, its resources in us-east-1, and its connection to a load balancer."""

from __future__ import annotations

import json

import pytest

from provisioning.design.errors import DesignError
from provisioning.template.compile import compile_design
from tests.components.cdns import API, EDGE_ARN, MANAGED, NAMED, balancer, behaviour, compiled, config, main
from tests.support.designs import design, node, ref
from tests.support.reading import Template

# Names, and resources in us-east-1


def test_without_a_domain_it_has_cloudfronts_name_and_no_second_stack() -> None:
    made = compiled()
    assert [stack.stack for stack in made.stacks] == ["main"]
    template = Template(json.loads(made.main.body))
    assert config(template)["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}
    assert "Aliases" not in config(template)
    assert template.body["Outputs"]["Url"]["Value"] == {"Fn::Sub": "https://${CdnWeb.DomainName}"}


def test_a_certificate_is_made_in_us_east_1_and_handed_on() -> None:
    made = compiled(**NAMED)
    assert [(stack.stack, stack.region) for stack in made.stacks] == [("edge", "us-east-1"), ("main", "eu-central-1")]
    edge = Template(json.loads(made.stacks[0].body))
    assert edge.one("AWS::CertificateManager::Certificate")["DomainName"] == "www.example.com"
    (handed,) = made.main.inputs
    assert edge.body["Outputs"][handed.output]["Value"] == {"Ref": "CdnWebCertificate"}
    template = Template(json.loads(made.main.body))
    assert config(template)["ViewerCertificate"] == {
        "AcmCertificateArn": {"Ref": handed.parameter},
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }
    assert config(template)["Aliases"] == ["www.example.com"]
    records = template.of_type("AWS::Route53::RecordSet").values()
    assert sorted((r["Type"], r["Name"], r["AliasTarget"]["HostedZoneId"]) for r in records) == [
        ("A", "www.example.com.", "Z2FDTNDATAQYW2"),
        ("AAAA", "www.example.com.", "Z2FDTNDATAQYW2"),
    ]


def test_in_us_east_1_everything_stands_in_one_stack() -> None:
    made = compiled(region="us-east-1", waf={"requests_per_5_minutes": 2000}, **NAMED)
    assert [stack.stack for stack in made.stacks] == ["main"]
    template = Template(json.loads(made.main.body))
    assert config(template)["ViewerCertificate"]["AcmCertificateArn"] == {"Ref": "CdnWebCertificate"}
    assert config(template)["WebACLId"] == {"Fn::GetAtt": ["CdnWebWebAcl", "Arn"]}
    alarm = template.one("AWS::CloudWatch::Alarm")
    assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {
        "DistributionId": {"Ref": "CdnWeb"},
        "Region": "Global",
    }


def test_elsewhere_there_is_no_alarm_that_could_never_ring() -> None:
    assert not main().of_type("AWS::CloudWatch::Alarm")


def test_a_given_certificate_needs_no_second_stack_and_makes_no_record() -> None:
    made = compiled(domain="www.example.com", certificate_arn=EDGE_ARN)
    assert [stack.stack for stack in made.stacks] == ["main"]
    template = Template(json.loads(made.main.body))
    assert config(template)["ViewerCertificate"]["AcmCertificateArn"] == EDGE_ARN
    assert not template.of_type("AWS::Route53::RecordSet")


def test_the_web_acl_stands_in_us_east_1() -> None:
    made = compiled(waf={"requests_per_5_minutes": 500})
    acl = Template(json.loads(made.stacks[0].body)).one("AWS::WAFv2::WebACL")
    assert acl["Scope"] == "CLOUDFRONT"
    assert acl["Rules"][0]["Statement"]["RateBasedStatement"]["Limit"] == 500
    assert config(Template(json.loads(made.main.body)))["WebACLId"] == {"Ref": "CdnWebWebAclArn"}


def test_two_of_them_share_the_stack_at_the_edge() -> None:
    other = node("cdn", "docs", origin=ref("bucket.widgets"), domain="docs.example.com", hosted_zone_id="Z123")
    made = compiled(other, **NAMED)
    edge = Template(json.loads(made.stacks[0].body))
    assert sorted(edge.of_type("AWS::CertificateManager::Certificate")) == ["CdnDocsCertificate", "CdnWebCertificate"]
    assert len(made.main.inputs) == 2


# In front of a load balancer


def test_a_load_balancer_answers_everything_uncached_over_tls() -> None:
    template = main(*balancer({"domain": "api.example.com", "hosted_zone_id": "Z1"}), paths=API)
    api = behaviour(template, "/api/*")
    assert (api["CachePolicyId"], api["OriginRequestPolicyId"]) == (MANAGED["disabled"], MANAGED["but-host"])
    assert "POST" in api["AllowedMethods"]
    (origin,) = [o for o in config(template)["Origins"] if o["Id"] == api["TargetOriginId"]]
    assert origin["DomainName"] == "api.example.com"
    custom = origin["CustomOriginConfig"]
    assert (custom["OriginProtocolPolicy"], custom["OriginSSLProtocols"]) == ("https-only", ["TLSv1.2"])


def test_a_load_balancer_without_a_name_is_spoken_to_under_the_visitors() -> None:
    template = main(*balancer(), paths=API, domain="www.example.com", certificate_arn=EDGE_ARN)
    assert behaviour(template, "/api/*")["OriginRequestPolicyId"] == MANAGED["viewer"]
    (origin,) = [o for o in config(template)["Origins"] if "CustomOriginConfig" in o]
    assert origin["DomainName"] == {"Fn::GetAtt": ["LoadBalancerPublic", "DNSName"]}


def test_nothing_but_a_cdn_can_use_a_load_balancer() -> None:
    *rest, public = balancer()
    other = node("service", "worker", image="x", cpu=256, memory=512, uses=(ref("load_balancer.public"),))
    with pytest.raises(DesignError, match=r"load_balancer\.public gives its users nothing"):
        compile_design(design(*rest, public, other))


def test_where_no_certificate_can_fit_it_says_so() -> None:
    with pytest.raises(DesignError, match="whose certificate matches neither"):
        main(*balancer(), paths=API)


def test_one_name_leads_to_one_place() -> None:
    with pytest.raises(DesignError, match=r"cdn\.web and load_balancer\.public both have the domain www\.example\.com"):
        main(*balancer(NAMED), **NAMED)
    with pytest.raises(DesignError, match=r"cdn\.web and cdn\.docs both have the domain"):
        main(node("cdn", "docs", origin=ref("bucket.widgets"), **NAMED), **NAMED)
