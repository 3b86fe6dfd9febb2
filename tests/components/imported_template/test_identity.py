"""An imported template cannot choose what IAM tells teams and environments apart by: names, paths,
tags and the boundary.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from provisioning.components.kinds.cloudformation.imported_template import read_template, refusals, rewrite
from tests.components.imported_template.templates import DATABASE, IDENTITY

ROLE = "      AssumeRolePolicyDocument"
OWN_TAGS = [
    {"Key": "portal:team", "Value": "payments"},
    {"Key": "portal:generation", "Value": "nd524"},
]


def resources(**given: dict[str, Any]) -> str:
    """A template with these resources, by logical id."""
    return json.dumps({"Parameters": {"Name": {"Type": "String"}}, "Resources": given})


def properties(text: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = rewrite(read_template(text), secrets={}, identity=IDENTITY).data["Resources"][name][
        "Properties"
    ]
    return found


def reasons(text: str) -> list[str]:
    return [problem.message for problem in refusals(read_template(text))]


def test_a_role_receives_boundary_path_and_tags() -> None:
    role = properties(DATABASE, "Reader")
    assert role["PermissionsBoundary"] == "the boundary"
    assert role["Path"] == "/portal/env/payments/shop-dev-nd524/"
    assert role["Tags"] == OWN_TAGS


def test_a_role_keeps_its_own_tags_but_not_its_boundary_and_path() -> None:
    text = DATABASE.replace(
        ROLE, f"      PermissionsBoundary: own\n      Path: /service/\n      Tags: [{{Key: cost, Value: x}}]\n{ROLE}"
    )
    role = properties(text, "Reader")
    assert (role["PermissionsBoundary"], role["Path"]) == ("the boundary", "/portal/env/payments/shop-dev-nd524/")
    assert role["Tags"] == [{"Key": "cost", "Value": "x"}, *OWN_TAGS]
    changes = rewrite(read_template(text), secrets={}, identity=IDENTITY).changes
    assert any("boundary instead of its own" in change for change in changes)


def test_a_tag_of_the_team_does_not_repeat_one_of_the_template() -> None:
    text = DATABASE.replace(ROLE, f"      Tags: [{{Key: cost, Value: x}}]\n{ROLE}")
    identity = replace(IDENTITY, tags={"cost": "y", "owner": "Bob", **IDENTITY.tags})
    role = rewrite(read_template(text), secrets={}, identity=identity).data["Resources"]["Reader"]["Properties"]
    assert role["Tags"] == [{"Key": "cost", "Value": "x"}, {"Key": "owner", "Value": "Bob"}, *OWN_TAGS]


def test_an_instance_profile_receives_the_path() -> None:
    profile = properties(resources(Profile={"Type": "AWS::IAM::InstanceProfile"}), "Profile")
    assert profile == {"Path": "/portal/env/payments/shop-dev-nd524/"}


def test_buckets_secrets_parameters_and_log_groups_are_named() -> None:
    text = resources(
        DataBucket={"Type": "AWS::S3::Bucket"},
        Databucket={"Type": "AWS::S3::Bucket"},
        DATABucket={"Type": "AWS::S3::Bucket"},
        Login={"Type": "AWS::SecretsManager::Secret"},
        Flag={"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "on"}},
        Logs={"Type": "AWS::Logs::LogGroup"},
    )
    names = [properties(text, name)["BucketName"] for name in ("DataBucket", "Databucket", "DATABucket")]
    assert names == [
        "pt-payments--nd524-data-bucket",
        "pt-payments--nd524-databucket",
        "pt-payments--nd524-databucket-2",
    ]
    assert properties(text, "DataBucket")["BucketNamespace"] == "account-regional"
    assert properties(text, "Login")["Name"] == "portal/payments/shop-dev-nd524/Login"
    assert properties(text, "Flag")["Name"] == "/portal/payments/shop-dev-nd524/Flag"
    assert properties(text, "Logs")["LogGroupName"] == "/portal/payments/shop-dev-nd524/Logs"


def test_a_log_group_keeps_the_name_that_a_service_requires() -> None:
    named = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/reader"}}
    assert properties(resources(Logs=named), "Logs")["LogGroupName"] == "/aws/lambda/reader"


def test_a_generated_secret_is_named_as_well() -> None:
    assert properties(DATABASE, "DBPasswordSecret")["Name"] == "portal/payments/shop-dev-nd524/DBPasswordSecret"


def test_a_resource_without_an_identity_is_sent_as_it_is() -> None:
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    rewritten = rewrite(read_template(resources(Wait=handle)), secrets={}, identity=IDENTITY)
    assert rewritten.data["Resources"]["Wait"] == handle


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("AWS::S3::Bucket", "BucketName"),
        ("AWS::S3::Bucket", "BucketNamePrefix"),
        ("AWS::S3::Bucket", "BucketNamespace"),
        ("AWS::SecretsManager::Secret", "Name"),
        ("AWS::SSM::Parameter", "Name"),
    ],
)
def test_a_name_of_its_own_is_refused(kind: str, key: str) -> None:
    (reason,) = reasons(resources(Store={"Type": kind, "Properties": {key: "orders"}}))
    assert reason == (
        f"Store sets {key}, but the portal names every {kind} for its team and environment; remove {key}, and refer to "
        "the resource with Ref or GetAtt."
    )


def test_a_managed_policy_is_refused() -> None:
    (reason,) = reasons(resources(More={"Type": "AWS::IAM::ManagedPolicy", "Properties": {}}))
    assert "write its statements into the Policies of the roles that need them" in reason


@pytest.mark.parametrize(
    "key",
    [
        "portal:team",
        "Portal:Environment-Id",
        {"Ref": "Name"},
        {"Fn::Sub": "${Name}"},
        {"Fn::Sub": "por${Name}"},
        {"Fn::Sub": ["portal:${X}", {"X": "team"}]},
        {"Fn::Join": ["", ["portal", ":team"]]},
        {"Fn::Join": [":", [{"Ref": "Name"}, "team"]]},
        {"Fn::If": ["Always", "portal:team", "cost"]},
    ],
)
def test_a_tag_that_is_or_may_be_the_portals_is_refused(key: Any) -> None:
    tags = [{"Key": key, "Value": "logistics"}]
    (reason,) = reasons(resources(Queue={"Type": "AWS::SQS::Queue", "Properties": {"Tags": tags}}))
    assert reason.startswith("Queue has a tag whose key is or may be one of the portal's")


@pytest.mark.parametrize(
    ("kind", "tags"),
    [
        ("AWS::Backup::BackupVault", {"BackupVaultTags": {"portal:team": "logistics"}}),
        ("AWS::Lambda::Function", {"Deep": [{"Er": {"PORTAL:team": "logistics"}}]}),
        ("AWS::EC2::LaunchTemplate", {"TagSpecifications": [{"Tags": [{"Key": "portal:team", "Value": "x"}]}]}),
    ],
)
def test_the_portals_tags_are_refused_wherever_a_type_has_its_tags(kind: str, tags: dict[str, Any]) -> None:
    (reason,) = reasons(resources(Thing={"Type": kind, "Properties": tags}))
    assert reason.startswith("Thing ")


@pytest.mark.parametrize(
    "key", ["cost", "portals", {"Fn::Sub": "kubernetes.io/cluster/${Name}"}, {"Fn::Join": ["", ["x", {"Ref": "Name"}]]}]
)
def test_any_other_tag_is_accepted(key: Any) -> None:
    tags = [{"Key": key, "Value": "x"}]
    assert reasons(resources(Queue={"Type": "AWS::SQS::Queue", "Properties": {"Tags": tags}})) == []


def test_a_policy_may_compare_the_portals_tags() -> None:
    condition = {"StringEquals": {"aws:ResourceTag/portal:team": "payments"}}
    policy = {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Condition": condition}]}}
    assert reasons(resources(Policy={"Type": "AWS::SQS::QueuePolicy", "Properties": policy})) == []


def test_computed_tags_of_a_role_are_refused() -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"Tags": {"Fn::If": ["Big", [], []]}}}
    (reason,) = reasons(resources(Reader=role))
    assert reason == "The tags of Reader are computed, so the portal cannot add its own; list them."


ROLE_OF_ITS_OWN: dict[str, Any] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
NAMED_ROLE: dict[str, Any] = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {}, "RoleName": {"Fn::Sub": "${AWS::StackName}-worker"}},
}


@pytest.mark.parametrize(
    "arn",
    [
        {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${Worker}"},
        {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/service/${Worker}"},
        {"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":role/", {"Ref": "Worker"}]]},
        {"Fn::Sub": ["arn:aws:iam::${AWS::AccountId}:role/${Which}", {"Which": {"Ref": "Worker"}}]},
    ],
)
def test_the_arn_of_a_role_is_not_put_together(arn: dict[str, Any]) -> None:
    """The portal gives the role a path: the ARN without it would fail only at AWS."""
    code = {"Type": "AWS::Lambda::Function", "Properties": {"Role": arn}}
    (reason,) = reasons(resources(Worker=ROLE_OF_ITS_OWN, Code=code))
    assert reason.startswith("Code puts the ARN of Worker together.")
    assert reason.endswith("use GetAtt Worker.Arn.")


def test_nor_by_the_name_that_the_template_gives_the_role() -> None:
    arn = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${AWS::StackName}-worker"}
    code = {"Type": "AWS::Lambda::Function", "Properties": {"Role": arn}}
    (reason,) = reasons(resources(Worker=NAMED_ROLE, Code=code))
    assert "GetAtt Worker.Arn" in reason


@pytest.mark.parametrize(
    "arn",
    [
        {"Fn::GetAtt": ["Worker", "Arn"]},
        {"Fn::Sub": "${Worker.Arn}"},
        {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"},
        {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${Name}"},
    ],
)
def test_other_ways_to_name_a_role_remain(arn: dict[str, Any]) -> None:
    code = {"Type": "AWS::Lambda::Function", "Properties": {"Role": arn}}
    assert reasons(resources(Worker=NAMED_ROLE, Code=code)) == []
