"""The proof of shipped blueprints: what it says, with which evidence, how stable and how fast."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.proof import Stack
from provisioning.proof.facts.actions import _without_resource
from provisioning.proof.report import Proof
from provisioning.proof.run import prove
from provisioning.template.compile import compile_design
from tests.proof.healthy import compiled, slugs, template
from tests.support.designs import SIZES
from tests.support.shipped import shipped

# A webhook's URL must be public: its finding remains, and the approver reads the reason.
MEANT = {("webhook-pipeline", "public.function-url")}


@pytest.mark.parametrize("slug", slugs())
@pytest.mark.parametrize("size", SIZES)
def test_shipped_blueprints_have_no_grave_finding(slug: str, size: str) -> None:
    proof = prove(compile_design(shipped(size, slug=slug)), policy=SIZE_POLICIES[size])
    grave = [(slug, f.rule, f.sentence) for f in proof.of("high", "medium") if (slug, f.rule) not in MEANT]
    assert grave == []
    assert proof.worst != "high"


@pytest.mark.parametrize("slug", slugs())
def test_every_type_of_the_shipped_blueprints_is_known(slug: str) -> None:
    assert [line for line in prove(compiled(slug)).not_covered if "no rule knows" in line] == []


def test_what_was_looked_at_is_shown_with_evidence() -> None:
    proof = prove(compile_design(shipped("prod")), policy=SIZE_POLICIES["prod"])
    checked = {one.rule: one for one in proof.checked}
    routes = checked["network.data-to-internet"]
    assert (routes.verdict, routes.looked_at) == ("holds", 3)
    assert "NetworkData1 holds Postgres, Valkey: NetworkDataRoutes has no route to the internet" in routes.evidence
    assert checked["rest.search"].verdict == "nothing to look at"
    doors = checked["network.entry-points"].evidence
    assert "internet → LoadBalancerPublic: HTTPS 443 (LoadBalancerPublicHttps) behind a web ACL" in doors
    assert any(
        "intended, LoadBalancerPublic faces the internet" in line for line in checked["groups.open-to-world"].evidence
    )


def test_a_path_to_the_internet_is_named_step_by_step() -> None:
    body = template("carbon-connect")
    nat = {
        "RouteTableId": {"Ref": "NetworkDataRoutes"},
        "DestinationCidrBlock": "0.0.0.0/0",
        "NatGatewayId": {"Ref": "NetworkNat1"},
    }
    body["Resources"]["Bad"] = {"Type": "AWS::EC2::Route", "Properties": nat}
    finding = next(f for f in prove(body).findings if f.rule == "network.data-to-internet")
    assert finding.resources == ("NetworkData1", "Bad")
    path = "NetworkData1 → NetworkDataRoutes → Bad (0.0.0.0/0) → NAT gateway ${NetworkNat1} in NetworkPublic1"
    assert finding.evidence[0].startswith(
        f"{path} → NetworkPublicRoutes → NetworkPublicDefault (0.0.0.0/0) → internet gateway"
    )


def test_the_admission_table_says_who_asks() -> None:
    proof = prove(compile_design(shipped("prod")), policy=SIZE_POLICIES["prod"])
    rows = {(row.group, row.peer): row for row in proof.admissions}
    assert len(proof.admissions) == 12
    assert rows["PostgresSg", "ServiceApiSg"].asked_by == ("ServiceApiTask.Environment DATABASE_HOST",)
    assert rows["PostgresSg", "PostgresExtensionsSg"].members == ("Postgres",)
    assert rows["PostgresSg", "PostgresExtensionsSg"].asked_by == ("PostgresExtensionsTask.Environment PGHOST",)
    assert rows["ServiceApiSg", "LoadBalancerPublicSg"].asked_by == ("LoadBalancerPublic forwards to ServiceApi",)
    assert rows["ServiceSearchFilesSg", "ServiceSearchSg"].asked_by == (
        "ServiceSearchTask.Volumes[0].EFSVolumeConfiguration.FilesystemId",
    )
    inside = [row for row in proof.admissions if row.peer != "0.0.0.0/0"]
    assert all(row.asked_by for row in inside)


def test_the_grants_say_what_each_role_may() -> None:
    proof = prove(compile_design(shipped("prod")), policy=SIZE_POLICIES["prod"])
    api = [grant for grant in proof.grants if grant.role == "ServiceApiRole"]
    assert ("s3:ListBucket",) in {grant.actions for grant in api}
    metrics = next(grant for grant in api if grant.actions == ("cloudwatch:PutMetricData",))
    assert "carbon-connect-prod" in metrics.condition


def test_a_stored_proof_is_restored_with_and_without_its_version() -> None:
    proof = prove(compile_design(shipped("prod")), policy=SIZE_POLICIES["prod"])
    stored = json.loads(json.dumps(proof.as_json()))
    assert Proof.from_json(stored) == proof
    stored.pop("version")
    assert Proof.from_json(stored) == proof
    assert proof.findings
    assert proof.admissions
    assert proof.grants


@pytest.mark.parametrize("stored", [{"version": 2}, {"findings": []}, {"version": 1, "findings": [{"rule": "x"}]}])
def test_a_proof_of_another_version_or_shape_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="The proof"):
        Proof.from_json(stored)


def test_the_json_is_the_same_every_time() -> None:
    design = compile_design(shipped("prod"))
    first, second = (json.dumps(prove(design).as_json(), ensure_ascii=False) for _ in range(2))
    assert first == second
    assert set(json.loads(first)) == {
        "version",
        "worst",
        "counts",
        "findings",
        "checked",
        "admissions",
        "grants",
        "assumed",
        "not_covered",
    }


def test_an_output_of_another_stack_is_followed() -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "logs"}}
    edge = Stack(
        {"Resources": {"Logs": bucket}, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Logs", "Arn"]}}}},
        "us-east-1",
        key="edge",
    )
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": {"Ref": "LogsArn"}}
    role = {"Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}]}
    body = {
        "Parameters": {"LogsArn": {"Type": "String"}},
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": role}},
    }
    main = Stack(body, "eu-north-1", inputs={"LogsArn": ("edge", "Arn")})
    proof = prove([edge, main])
    assert next(grant for grant in proof.grants if grant.role == "Role").resources == ("${edge/Logs.Arn}",)
    assert not [f for f in proof.findings if f.rule == "iam.resource-wildcard"]
    assert {f.stack for f in proof.findings if f.resources == ("edge/Logs",)} == {"edge"}
    alone = prove(main)
    assert [f.certain for f in alone.findings if f.rule == "iam.resource-wildcard"] == [False]


@pytest.mark.parametrize(
    "body",
    [{}, {"Resources": []}, {"Resources": {"A": 1}}, {"Resources": {"A": {"Type": "X::Y::Z", "Properties": "odd"}}}],
)
def test_an_odd_template_is_proved_without_falling_over(body: dict[str, object]) -> None:
    assert prove(body).not_covered


def test_actions_without_resource_are_those_of_the_reference() -> None:
    reference = json.loads(_reference())
    told = {service: set(actions.split()) for service, actions in _without_resource().items()}
    right = {
        service: {action for action, body in known["Actions"].items() if not body.get("Resources")}
        for service, known in reference.items()
    }
    assert told == {service: actions for service, actions in right.items() if actions}


def _reference() -> str:
    return files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text(encoding="utf-8")
