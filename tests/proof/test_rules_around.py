"""Rules that look at how a stack is created or updated, and cases that a mutation of a template
cannot say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.proof import Proof, Stack
from provisioning.proof.model.policies import action_matches
from provisioning.proof.run import prove
from provisioning.template.compile import compile_design
from tests.proof.healthy import compiled, template
from tests.proof.mutating import add, data_table, named, ref
from tests.support.shipped import shipped


def rules(proof: Proof) -> set[str]:
    return {finding.rule for finding in proof.findings}


def test_an_update_that_sets_scaled_counts_is_found() -> None:
    design = shipped("prod")
    assert "house.desired-count" in rules(prove(compile_design(design), changing=True))
    assert "house.desired-count" not in rules(prove(compile_design(design, changing=True), changing=True))


def test_production_without_protection_is_found() -> None:
    bare = replace(compiled("carbon-connect"), termination_protection=False, stack_policy=None)
    assert "house.protection" not in rules(prove(compiled("carbon-connect"), policy=SIZE_POLICIES["prod"]))
    found = [f.sentence for f in prove(bare, policy=SIZE_POLICIES["prod"]).findings if f.rule == "house.protection"]
    assert len(found) == 2
    assert "house.protection" not in rules(prove(bare, policy=SIZE_POLICIES["dev"]))


def test_missing_tags_of_the_stack_are_found() -> None:
    untagged = replace(compiled("carbon-connect"), tags={"portal:team": "payments"})
    assert "house.tags" in rules(prove(untagged))


def test_a_file_system_that_demands_tls_is_good() -> None:
    body = template("carbon-connect")
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    files = body["Resources"][named(body, "AWS::EFS::FileSystem")]["Properties"]
    assert "transit.files" in rules(prove(body))
    files["FileSystemPolicy"] = {"Statement": [denial]}
    assert "transit.files" not in rules(prove(body))


def with_acl(*entries: dict[str, Any]) -> Proof:
    """A route from the data subnets to the internet, behind a network ACL."""
    body = template("carbon-connect")
    nat = ref(named(body, "AWS::EC2::NatGateway"))
    add(
        body,
        "Bad",
        "AWS::EC2::Route",
        RouteTableId=ref(data_table(body)),
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=nat,
    )
    add(body, "Acl", "AWS::EC2::NetworkAcl", VpcId=ref("NetworkVpc"))
    for number in (1, 2, 3):
        kind = "AWS::EC2::SubnetNetworkAclAssociation"
        add(body, f"Use{number}", kind, SubnetId=ref(f"NetworkData{number}"), NetworkAclId=ref("Acl"))
    for number, entry in enumerate(entries):
        add(body, f"Entry{number}", "AWS::EC2::NetworkAclEntry", NetworkAclId=ref("Acl"), RuleNumber=number, **entry)
    return prove(body)


OUT = {"Egress": True, "Protocol": "-1"}


@pytest.mark.parametrize(
    ("entries", "open_"),
    [
        ([], False),
        ([{**OUT, "RuleAction": "allow", "CidrBlock": "10.0.0.0/16"}], False),
        ([{**OUT, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}], True),
        (
            [
                {**OUT, "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"},
                {**OUT, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"},
            ],
            False,
        ),
        (
            [
                {**OUT, "RuleAction": "allow", "CidrBlock": "8.8.8.0/24"},
                {**OUT, "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"},
            ],
            True,
        ),
    ],
)
def test_a_network_acl_closes_a_way_or_leaves_it_open(entries: list[dict[str, Any]], open_: bool) -> None:
    assert ("network.data-to-internet" in rules(with_acl(*entries))) is open_


def test_a_private_nat_gateway_is_no_way_to_the_internet() -> None:
    body = template("carbon-connect")
    add(body, "Inside", "AWS::EC2::NatGateway", ConnectivityType="private", SubnetId=ref("NetworkPrivate1"))
    add(
        body,
        "Route",
        "AWS::EC2::Route",
        RouteTableId=ref(data_table(body)),
        DestinationCidrBlock="10.8.0.0/16",
        NatGatewayId=ref("Inside"),
    )
    assert rules(prove(body)) & {"network.data-to-internet", "network.data-beyond"} == {"network.data-beyond"}


def bucket_policy(**condition: Any) -> Stack:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    statement |= {"Condition": condition} if condition else {}
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": "b", "PolicyDocument": {"Statement": statement}},
    }
    return Stack({"Resources": {"Policy": policy}}, "eu-north-1")


@pytest.mark.parametrize(
    ("condition", "open_"),
    [
        ({}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}, False),
        ({"StringEquals": {"aws:SourceVpce": "vpce-0123"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "*"}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}}, False),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}, True),
    ],
)
def test_only_a_condition_that_keeps_strangers_out_counts(condition: dict[str, Any], open_: bool) -> None:
    assert ("public.policy" in rules(prove(bucket_policy(**condition)))) is open_


def test_a_function_in_a_network_may_have_interfaces_if_its_code_may_not() -> None:
    actions = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]
    needs = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    code = {
        "Effect": "Deny",
        "Action": actions,
        "Resource": "*",
        "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": "arn:x"}},
    }

    def severities(*statements: dict[str, Any]) -> list[str]:
        policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}]
        proof = prove({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}}})
        return [f.severity for f in proof.findings if f.rule == "iam.resource-wildcard"]

    assert severities(needs, code) == []
    assert severities(needs) == ["low"]
    assert severities({**needs, "Action": [*actions, "ec2:TerminateInstances"]}, code) == ["high"]


def test_a_rule_that_cannot_be_read_is_not_taken_for_safe() -> None:
    body = template("carbon-connect")
    group = body["Resources"]["PostgresSg"]["Properties"]
    group["SecurityGroupIngress"] = {"Fn::ImportValue": "rules"}
    found = [f for f in prove(body).findings if f.rule == "groups.wide-source"]
    assert [f.certain for f in found] == [False]


def test_a_password_in_an_address_is_not_repeated() -> None:
    variables = {
        "Variables": {"CACHE": "redis://app:tops3cret@cache.example.com:6379", "LOCAL": "http://localhost:2000"}
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": variables}}
    proof = prove({"Resources": {"Function": function}})
    assert {"transit.address-in-clear", "secrets.pattern"} <= rules(proof)
    assert "tops3cret" not in repr(proof)
    assert "localhost" not in repr(proof)


def test_a_template_may_nest_as_deep_as_json_lets_it() -> None:
    deep: Any = "AKIA" + "ABCDEFGHIJKLMNOP"
    for _ in range(700):
        deep = {"x": [deep]}
    proof = prove({"Resources": {"Deep": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": deep}}}})
    assert "secrets.pattern" in rules(proof)


def test_a_public_address_that_a_parameter_decides_is_not_taken_for_safe() -> None:
    body = template("carbon-connect")
    body["Parameters"] = {"Public": {"Type": "String"}}
    service = body["Resources"][named(body, "AWS::ECS::Service")]["Properties"]
    service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] = ref("Public")
    assert [(f.severity, f.certain) for f in prove(body).findings if f.rule == "network.public-address"] == [
        ("medium", False)
    ]


@pytest.mark.parametrize(
    ("condition", "narrow"),
    [
        ({"StringEquals": {"aws:ResourceTag/environment": "one"}}, True),
        ({"StringNotEquals": {"aws:ResourceTag/environment": "one"}}, False),
        ({"StringLike": {"aws:ResourceTag/environment": "*"}}, False),
    ],
)
def test_only_a_condition_that_demands_something_narrows_a_role(condition: dict[str, Any], narrow: bool) -> None:
    statement = {"Effect": "Allow", "Action": "ec2:TerminateInstances", "Resource": "*", "Condition": condition}
    policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}]
    proof = prove({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}}})
    assert ("iam.resource-wildcard" not in rules(proof)) is narrow


def test_a_role_passed_to_whatever_service_is_found_behind_a_star() -> None:
    condition = {"StringLike": {"iam:PassedToService": "*"}}
    statement = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "arn:aws:iam::1:role/a",
        "Condition": condition,
    }
    policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}]
    proof = prove({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}}})
    assert "iam.pass-role" in rules(proof)


@pytest.mark.parametrize(
    "text",
    [
        "${" * 100_000,
        "password" * 30_000,
        "a" * 250_000,
        "-eyJ" * 60_000,
        "a://" * 60_000,
        "sk-" * 80_000,
        "secret." * 40_000,
    ],
)
def test_no_text_keeps_a_proof_from_its_end(text: str) -> None:
    instance = {"Type": "AWS::EC2::Instance", "Properties": {"UserData": {"Fn::Sub": text}}}
    policies = [
        {"PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": text, "Resource": text}]}}
    ]
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}
    assert prove({"Resources": {"Host": instance, "Role": role}}).not_covered is not None


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
    [
        ("s3:*", "s3:GetObject", True),
        ("s3:Get*", "s3:PutObject", False),
        ("iam:*Policy*", "iam:PutRolePolicy", True),
        ("iam:Pass?ole", "iam:PassRole", True),
        ("IAM:passrole", "iam:PassRole", True),
        ("iam:" + "*a" * 40 + "b", "iam:" + "a" * 200, False),
        ("*:*", "iam:PassRole", True),
        ("iam:PassRole*", "iam:PassRole", True),
    ],
)
def test_wildcards_match_as_iam_matches_them(pattern: str, action: str, fits: bool) -> None:
    assert action_matches(pattern, action) is fits
