"""What a template in AWS retains, as CloudFormation reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.lifecycle.deletion_policies import deletion_policies, may_be_emptied, outlives_stack


def policy_of(resource: dict[str, Any]) -> str:
    return deletion_policies(json.dumps({"Resources": {"It": resource}}), ["It"])["It"]


@pytest.mark.parametrize(
    ("resource", "policy"),
    [
        ({"Type": "AWS::S3::Bucket"}, "Delete"),
        ({"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}, "Retain"),
        ({"Type": "AWS::S3::Bucket", "DeletionPolicy": "RetainExceptOnCreate"}, "RetainExceptOnCreate"),
        ({"Type": "AWS::S3::Bucket", "DeletionPolicy": {"Ref": "Policy"}}, "Retain"),
        ({"Type": "AWS::S3::Bucket", "DeletionPolicy": "Keep"}, "Retain"),
        ({"Type": "AWS::RDS::DBCluster"}, "Snapshot"),
        ({"Type": "AWS::RDS::DBInstance"}, "Snapshot"),
        ({"Type": "AWS::RDS::DBInstance", "Properties": {"DBClusterIdentifier": "main"}}, "Delete"),
        ({"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Delete"}, "Delete"),
        ({"Type": "AWS::ElastiCache::ServerlessCache", "Properties": {"FinalSnapshotName": "last"}}, "Snapshot"),
        ({"Type": "AWS::ElastiCache::ServerlessCache", "DeletionPolicy": "Retain"}, "Retain"),
    ],
)
def test_the_policy_is_the_templates_or_the_default_of_the_type(resource: dict[str, Any], policy: str) -> None:
    assert policy_of(resource) == policy


@pytest.mark.parametrize(
    "template",
    [
        "Resources: {It: *alias}",
        "{",
        '{"Resources": {"Fn::ForEach::Each": ["Name", ["a"], {"It": {"Type": "AWS::S3::Bucket"}}]}}',
        '{"Transform": "Macro", "Resources": {"Other": {"Type": "AWS::S3::Bucket"}}}',
    ],
)
def test_what_a_template_does_not_say_for_certain_is_never_emptied(template: str) -> None:
    assert deletion_policies(template, ["It"]) == {"It": "Retain"}


def test_a_template_in_yaml_is_read_as_well() -> None:
    template = "Resources:\n  It:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n"
    assert deletion_policies(template, ["It"]) == {"It": "Retain"}


@pytest.mark.parametrize(
    ("policy", "status", "outlives"),
    [
        ("Retain", "CREATE_COMPLETE", "Retain"),
        ("Retain", "CREATE_FAILED", "Retain"),
        ("RetainExceptOnCreate", "CREATE_COMPLETE", "Retain"),
        ("RetainExceptOnCreate", "DELETE_FAILED", "Retain"),
        ("RetainExceptOnCreate", "CREATE_FAILED", ""),
        ("Snapshot", "CREATE_COMPLETE", "Snapshot"),
        ("Delete", "CREATE_COMPLETE", ""),
        ("", "CREATE_COMPLETE", ""),
    ],
)
def test_retain_except_on_create_retains_what_was_created(policy: str, status: str, outlives: str) -> None:
    assert outlives_stack(policy, status) == outlives


def test_only_what_is_deleted_may_be_emptied() -> None:
    assert [
        policy for policy in ("Delete", "Snapshot", "Retain", "RetainExceptOnCreate", None) if may_be_emptied(policy)
    ] == [
        "Delete",
        "Snapshot",
    ]
