"""A critical bucket: its copy in another region, the rule that fills it, and the role that may do
just that.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kinds.bucket.replica import PARTNERS
from provisioning.components.registry import component
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.diagram.svg import draw
from provisioning.proof import prove
from provisioning.template.compile import CompiledDesign, compile_design
from tests.support.designs import REGIONS, design, node, ref
from tests.support.names import bucket_name
from tests.support.reading import Template


def compiled(*more: Node, region: str = "eu-central-1", size: str = "prod", **settings: Any) -> CompiledDesign:
    storage = node("bucket", "storage", **{"critical": True, "keep_data": True, **settings})
    outputs = {"bucket": ref("bucket.storage.name"), "replica": ref("bucket.storage.replica")}
    return compile_design(design(storage, *more, region=region, size=size, outputs=outputs))


def templates(made: CompiledDesign) -> tuple[Template, Template]:
    """The copy's stack and the main one."""
    replica, main = made.stacks
    assert (replica.stack, main.stack) == ("replica", "main")
    return Template(json.loads(replica.body)), Template(json.loads(main.body))


@pytest.mark.parametrize("timed", [True, False])
def test_the_proof_finds_nothing(timed: bool) -> None:
    made = compiled(
        replica_within_15_minutes=timed, lifecycle={"intelligent_tiering_after_days": 30, "glacier_after_days": 90}
    )
    assert prove(made, policy=SIZE_POLICIES["prod"]).of("high", "medium", "low") == ()


@pytest.mark.parametrize("region", REGIONS)
def test_the_copy_stands_in_the_partner_region_under_the_same_law(region: str) -> None:
    made = compiled(region=region)
    elsewhere = made.stacks[0].region
    assert elsewhere == PARTNERS[region] != region
    assert elsewhere.partition("-")[0] == region.partition("-")[0]


def test_the_copy_stands_where_it_is_wanted() -> None:
    assert compiled(replica_region="eu-north-1").stacks[0].region == "eu-north-1"


def test_both_keep_every_version_and_are_private_encrypted_and_tls_only() -> None:
    for template in templates(compiled()):
        bucket = template.one("AWS::S3::Bucket")
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        (statement,) = template.one("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
        rules = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
        assert not any("Expiration" in key for rule in rules for key in rule)


def test_everything_is_copied_and_deletions_as_markers_only() -> None:
    replica, main = templates(compiled())
    (rule,) = main.one("AWS::S3::Bucket")["ReplicationConfiguration"]["Rules"]
    assert (rule["Status"], rule["Filter"]) == ("Enabled", {"Prefix": ""})
    assert rule["DeleteMarkerReplication"] == {"Status": "Enabled"}
    assert rule["Destination"] == {"Bucket": {"Ref": "BucketStorageReplicaArn"}}
    assert replica.body["Outputs"]["BucketStorageReplicaArn"]["Value"] == {
        "Fn::GetAtt": ["BucketStorageReplica", "Arn"]
    }


def test_within_15_minutes_where_it_is_paid_for() -> None:
    _, main = templates(compiled(replica_within_15_minutes=True))
    (rule,) = main.one("AWS::S3::Bucket")["ReplicationConfiguration"]["Rules"]
    assert rule["Destination"]["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}
    assert rule["Destination"]["Metrics"] == {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}


def test_the_role_reads_here_writes_there_and_nothing_else() -> None:
    _, main = templates(compiled())
    bucket = main.one("AWS::S3::Bucket")
    role = main.target(bucket["ReplicationConfiguration"]["Role"])
    source = {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{bucket['BucketName']['Fn::Sub']}"}
    inside = {"Fn::Sub": source["Fn::Sub"] + "/*"}
    there = {"Fn::Sub": ["${Copy}/*", {"Copy": {"Ref": "BucketStorageReplicaArn"}}]}
    rights = {(action, json.dumps(r)) for s in main.statements(role) for action in s["Action"] for r in s["Resource"]}
    assert rights == {
        ("s3:GetReplicationConfiguration", json.dumps(source)),
        ("s3:ListBucket", json.dumps(source)),
        ("s3:GetObjectVersionForReplication", json.dumps(inside)),
        ("s3:GetObjectVersionAcl", json.dumps(inside)),
        ("s3:GetObjectVersionTagging", json.dumps(inside)),
        ("s3:ReplicateObject", json.dumps(there)),
        ("s3:ReplicateDelete", json.dumps(there)),
        ("s3:ReplicateTags", json.dumps(there)),
    }
    properties = main.resources[role]["Properties"]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "s3.amazonaws.com"}
    assert "PermissionsBoundary" in properties


@pytest.mark.parametrize(("keep_data", "policy"), [(True, "RetainExceptOnCreate"), (False, "Delete")])
def test_the_copy_is_kept_as_long_as_the_original(keep_data: bool, policy: str) -> None:
    made = compiled(keep_data=keep_data)
    for template in templates(made):
        assert {r["DeletionPolicy"] for r in template.resources.values() if r["Type"].startswith("AWS::S3::")} == {
            policy
        }
    assert {kept.stack for kept in made.retained} == ({"replica", "main"} if keep_data else set())


def test_two_critical_buckets_share_the_stack() -> None:
    replica, main = templates(compiled(node("bucket", "media", critical=True)))
    assert sorted(replica.of_type("AWS::S3::Bucket")) == ["BucketMediaReplica", "BucketStorageReplica"]
    assert len(main.of_type("AWS::IAM::Role")) == 2


def test_an_uncritical_one_has_no_copy_and_no_second_stack() -> None:
    made = compiled(critical=False)
    assert [stack.stack for stack in made.stacks] == ["main"]
    body = json.loads(made.main.body)
    assert list(body["Outputs"]) == ["Bucket"]
    assert "ReplicationConfiguration" not in Template(body).one("AWS::S3::Bucket")


def test_names_stay_inside_the_limit() -> None:
    long = "a" * 30
    made = compile_design(design(node("bucket", long, critical=True), name="b" * 32))
    replica, main = templates(made)
    names = [bucket_name(template.one("AWS::S3::Bucket")) for template in (replica, main)]
    assert len(set(names)) == 2
    ends = [f"-123456789012-{stack.region}-an" for stack in made.stacks]
    assert all(len(name + end) <= 63 for name, end in zip(names, ends, strict=True))


def test_it_is_drawn_in_the_region_that_was_chosen() -> None:
    picture = draw(design(node("bucket", "storage", critical=True, replica_region="eu-west-1"), region="eu-central-1"))
    assert "AWS eu-west-1" in picture
    assert "storage replica" in picture


def test_a_copy_beside_the_original_is_refused() -> None:
    with pytest.raises(DesignError, match="is already in eu-central-1"):
        compiled(replica_region="eu-central-1")
    with pytest.raises(DesignError, match="ap-south-1 has no known partner region"):
        compiled(region="ap-south-1")


@pytest.mark.parametrize("settings", [{"replica_region": "eu-west-1"}, {"replica_within_15_minutes": True}])
def test_only_a_critical_one_says_more_of_its_copy(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="only a critical bucket has a copy"):
        component("bucket").schema.model_validate(settings)
