from __future__ import annotations

import uuid

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients
from tests.aws.wire import Wire, json_ok

ECS = "arn:aws:ecs:eu-north-1:111122223333"
SECRET = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:shop-a1b2c3"


def tagged(*arns: str) -> dict[str, object]:
    return {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": [{"Key": "team", "Value": "a"}]} for arn in arns]}


def test_what_ecs_keeps_as_inactive_is_not_reported_as_left(aws: LiveAws, wire: Wire) -> None:
    wire.on("GetResources", json_ok(**tagged(f"{ECS}:task-definition/api:1", f"{ECS}:task-definition/api:2", SECRET)))
    wire.on(
        "DescribeTaskDefinition",
        json_ok(taskDefinition={"status": "INACTIVE"}),
        json_ok(taskDefinition={"status": "ACTIVE"}),
    )
    assert [resource.arn for resource in aws.find_by_tag("team", "a")] == [f"{ECS}:task-definition/api:2", SECRET]


def test_all_pages_are_read_by_tag_and_value(aws: LiveAws, wire: Wire) -> None:
    wire.on(
        "GetResources", json_ok(**tagged("arn:aws:s3:::a"), PaginationToken="2"), json_ok(**tagged("arn:aws:s3:::b"))
    )
    found = aws.find_by_tag("team", "a")
    assert [(resource.arn, resource.tags) for resource in found] == [
        ("arn:aws:s3:::a", {"team": "a"}),
        ("arn:aws:s3:::b", {"team": "a"}),
    ]
    assert wire.requests[0].params["TagFilters"] == [{"Key": "team", "Values": ["a"]}]
    assert wire.requests[1].params["PaginationToken"] == "2"


def test_one_that_cannot_be_told_stays_on_the_list(aws: LiveAws, wire: Wire) -> None:
    wire.on("GetResources", json_ok(**tagged(f"{ECS}:service/old-form")))
    assert [resource.arn for resource in aws.find_by_tag("team", "a")] == [f"{ECS}:service/old-form"]


REGION = "eu-north-1"


def test_everything_with_a_tag_is_found(on_moto: LiveAws, by_hand: Clients) -> None:
    value = str(uuid.uuid4())
    name = f"b-{value}"
    by_hand.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    by_hand.s3.put_bucket_tagging(
        Bucket=name, Tagging={"TagSet": [{"Key": "portal:environment", "Value": value}, {"Key": "team", "Value": "x"}]}
    )
    vpc = by_hand.ec2.create_vpc(
        CidrBlock="10.1.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "portal:environment", "Value": value}]}],
    )["Vpc"]["VpcId"]
    found = {
        resource.arn.rpartition(":")[2].rpartition("/")[2]: resource.tags
        for resource in on_moto.find_by_tag("portal:environment", value)
    }
    assert set(found) == {name, vpc}
    assert found[name] == {"portal:environment": value, "team": "x"}
    assert on_moto.find_by_tag("portal:environment", "nobody") == []
