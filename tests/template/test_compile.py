"""Compiling: determinism, the two ways to HTTPS, changes, limits, and mistakes reported in
sentences.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provisioning.design.errors import DesignError
from provisioning.design.graph import Joined
from provisioning.template.compile import compile_design
from provisioning.template.dependencies import dependency_levels
from tests.support.designs import carbon_connect, design, node, ref
from tests.support.names import bucket_name
from tests.support.reading import Template


def test_the_same_design_compiles_to_the_same_stacks(size: str) -> None:
    first, second = compile_design(carbon_connect(size)), compile_design(carbon_connect(size))
    assert first.main.body == second.main.body
    assert first == second


def test_a_change_leaves_the_number_of_scaled_tasks_alone() -> None:
    template = Template(json.loads(compile_design(carbon_connect("prod"), changing=True).main.body))
    assert "DesiredCount" not in template.service("api")
    assert "DesiredCount" not in template.service("worker")
    assert template.service("beat")["DesiredCount"] == 1


def test_a_domain_gets_a_certificate_and_its_name() -> None:
    certificate = {"domain": "app.example.com", "hosted_zone_id": "Z0123456789"}
    template = Template(json.loads(compile_design(carbon_connect("dev", certificate=certificate)).main.body))
    made = template.one("AWS::CertificateManager::Certificate")
    assert (made["DomainName"], made["ValidationMethod"]) == ("app.example.com", "DNS")
    assert made["DomainValidationOptions"] == [{"DomainName": "app.example.com", "HostedZoneId": "Z0123456789"}]
    record = template.one("AWS::Route53::RecordSet")
    assert (record["Name"], record["Type"]) == ("app.example.com.", "A")
    assert template.body["Outputs"]["Url"]["Value"] == "https://app.example.com"
    (https,) = [
        listener
        for listener in template.of_type("AWS::ElasticLoadBalancingV2::Listener").values()
        if listener["Port"] == 443
    ]
    assert "Ref" in https["Certificates"][0]["CertificateArn"]


def test_without_a_repository_there_is_no_deploy_role_and_no_output_for_it() -> None:
    compiled = compile_design(carbon_connect("dev", repository=None)).main
    assert "DeployRoleArn" not in compiled.outputs
    assert "AssumeRoleWithWebIdentity" not in compiled.body


def test_a_private_image_names_the_repository_that_may_be_pulled() -> None:
    image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/carbon/api:1.2"
    body = compile_design(carbon_connect("dev", image=image)).main.body
    assert ":repository/carbon/api" in body
    assert ":repository/*" not in body


def test_every_resource_is_listed_once_with_its_component(size: str) -> None:
    compiled = compile_design(carbon_connect(size)).main
    resources = json.loads(compiled.body)["Resources"]
    assert {r.logical_id: r.type for r in compiled.resources} == {name: r["Type"] for name, r in resources.items()}
    assert len(compiled.resources) == len(resources)
    assert {r.address for r in compiled.resources} == set(carbon_connect(size).nodes)
    assert all(r.title for r in compiled.resources)


def test_waves_respect_what_is_needed(size: str) -> None:
    compiled = compile_design(carbon_connect(size)).main
    levels = dependency_levels(compiled.body)
    at = {name: number for number, level in enumerate(levels) for name in level}
    assert len(at) == len(compiled.resources)
    assert at["NetworkVpc"] == 0
    assert at["NetworkVpc"] < at["NetworkPrivate1"] < at["ServiceSearchMount1"] < at["ServiceSearch"]
    assert at["PostgresSecret"] < at["Postgres"] < at["ServiceApiTask"] < at["ServiceApi"] < at["ServiceApiScaling"]
    assert at["LoadBalancerPublicHttps"] < at["ServiceApi"]


def test_a_circle_is_refused_by_name() -> None:
    body = {
        "Resources": {
            "A": {"Type": "T", "DependsOn": "B"},
            "B": {"Type": "T", "Properties": {"X": {"Fn::GetAtt": "A.Y"}}},
        }
    }
    with pytest.raises(DesignError, match=r"wait for each other: [AB], [AB]"):
        dependency_levels(json.dumps(body))


@pytest.mark.parametrize("name", ["Shop", "shop_dev", "1shop", "shop-", "shop--dev", "s" * 33, ""])
def test_a_name_that_aws_would_refuse_somewhere_is_refused_here(name: str) -> None:
    with pytest.raises(DesignError, match="lowercase letters"):
        compile_design(carbon_connect("dev", name=name or " "))


def test_the_longest_name_still_fits_every_limit() -> None:
    template = Template(json.loads(compile_design(carbon_connect("prod", name="a" * 32)).main.body))
    (cache,) = template.of_type("AWS::ElastiCache::ReplicationGroup").values()
    assert len(cache["ReplicationGroupId"]) <= 40
    end = "-123456789012-eu-north-1-an"
    assert all(len(bucket_name(b) + end) <= 63 for b in template.of_type("AWS::S3::Bucket").values())
    assert len(template.one("AWS::RDS::DBInstance")["DBInstanceIdentifier"]) <= 63


def test_a_service_without_a_network_is_refused() -> None:
    alone = design(node("cluster", "main"), node("service", "api", line=7, image="x", cpu=256, memory=512))
    with pytest.raises(DesignError, match=r'test/blueprint.hcl:7: service.api needs exactly one component "network"'):
        compile_design(alone)


def test_nothing_can_use_a_service_without_a_port() -> None:
    base = carbon_connect("dev")
    nodes = dict(base.nodes)
    nodes["service.beat"] = node(
        "service", "beat", line=9, image="x", cpu=256, memory=512, uses=(ref("service.worker"),)
    )
    with pytest.raises(DesignError, match=r"service.worker has no port, so nothing can use it"):
        compile_design(replace(base, nodes=nodes))


@pytest.mark.parametrize("name", ["aB", "1a", "a.b", "ümlaut", "a" * 31, ""])
def test_a_component_name_is_checked(name: str) -> None:
    with pytest.raises(DesignError, match=r"test/blueprint\.hcl:3: .* lowercase letters, digits and underscores"):
        compile_design(design(node("bucket", name, line=3)))


def test_two_components_cannot_take_one_logical_id() -> None:
    twins = design(node("bucket", "a_b", line=3), node("bucket", "a__b", line=4))
    with pytest.raises(
        DesignError, match=r"test/blueprint.hcl:4: bucket.a__b needs the logical id BucketAB, which is taken"
    ):
        compile_design(twins)


def test_an_environment_variable_may_refer_and_join() -> None:
    base = carbon_connect("dev")
    nodes = dict(base.nodes)
    host = Joined(("https://", ref("load_balancer.public.host"), "/x"))
    nodes["service.beat"] = node(
        "service", "beat", image="x", cpu=256, memory=512, environment={"HOST": host, "NAME": ref("bucket.media.name")}
    )
    template = Template(json.loads(compile_design(replace(base, nodes=nodes)).main.body))
    variables = {v["Name"]: v["Value"] for v in template.container("beat")["Environment"]}
    assert variables["NAME"] == {"Ref": "BucketMedia"}
    assert variables["HOST"] == {
        "Fn::Join": ["", ["https://", {"Fn::GetAtt": ["LoadBalancerPublic", "DNSName"]}, "/x"]]
    }


def test_a_backlog_needs_container_insights() -> None:
    base = carbon_connect("dev")
    nodes = {**base.nodes, "cluster.main": node("cluster", "main", container_insights=False)}
    with pytest.raises(DesignError, match=r"set container_insights = true in cluster\.main"):
        compile_design(replace(base, nodes=nodes))


def test_a_name_inside_the_network_is_for_services_that_are_used() -> None:
    base = carbon_connect("dev")
    nodes = dict(base.nodes)
    nodes["service.beat"] = node(
        "service", "beat", image="x", cpu=256, memory=512, environment={"API": ref("service.api.url")}
    )
    with pytest.raises(DesignError, match=r"no service uses service\.api, so it has no url"):
        compile_design(replace(base, nodes=nodes))
