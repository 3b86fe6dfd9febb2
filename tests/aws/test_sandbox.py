"""What the engine relies on, from create to the scan by tag, against the sandbox over HTTP."""

from __future__ import annotations

import json
import time
import uuid

import pytest

from provisioning.aws import (
    STACK_STATUSES,
    AccountAccess,
    AlreadyExists,
    InvalidTemplate,
    StackSpec,
    StackState,
    ValidationFailed,
    WrongStatus,
)
from provisioning.aws.client import LiveAws
from provisioning.aws.rate_limiter import RateLimiter
from provisioning.aws.rates import DEFAULT_RATES, scaled
from provisioning.outgoing import OWN_MACHINE
from tests.aws.support import MakeLive
from tests.fixtures.sandbox import Sandbox

pytestmark = pytest.mark.sandbox
ACCOUNT = "444455556666"
TAG = "portal:environment"

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/20"}}
BUCKET = {"Type": "AWS::S3::Bucket"}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}


@pytest.fixture
def aws(sandbox: Sandbox, live: MakeLive) -> LiveAws:
    return live(sandbox.url, account=ACCOUNT, limiter=RateLimiter(None, rates=scaled(DEFAULT_RATES, 1000)))


@pytest.fixture
def name() -> str:
    return f"shop-{uuid.uuid4().hex[:12]}"


def spec(name: str, *, description: str = "", **resources: object) -> StackSpec:
    body = json.dumps({"Description": description, "Resources": resources})
    return StackSpec(name=name, body=body, tags={TAG: name})


def settled(aws: LiveAws, stack_id: str) -> StackState:
    deadline = time.monotonic() + 60
    while True:
        stack = aws.describe_stack(stack_id)
        assert stack is not None
        if STACK_STATUSES[stack.status].terminal:
            return stack
        assert time.monotonic() < deadline, stack
        time.sleep(0.05)


def test_a_stack_from_create_to_gone(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    stack_id = aws.create_stack(spec(name, Vpc=VPC, Subnet=SUBNET, Documents=BUCKET, Logs=GROUP), token="op-1")
    assert settled(aws, stack_id).status == "CREATE_COMPLETE"
    resources = {resource.logical_id: resource for resource in aws.stack_resources(stack_id)}
    assert set(resources) == {"Vpc", "Subnet", "Documents", "Logs"}
    assert all(aws.exists(resource.type, resource.physical_id) for resource in resources.values())
    assert len(aws.find_by_tag(TAG, name)) >= 2
    events = aws.stack_events(stack_id, after_event_id=None)
    assert (events[0].logical_id, events[0].status) == (name, "CREATE_IN_PROGRESS")
    assert (events[-1].logical_id, events[-1].status) == (name, "CREATE_COMPLETE")
    assert {event.token for event in events} == {"op-1"}
    assert aws.stack_events(stack_id, after_event_id=events[-3].event_id) == events[-2:]

    bucket = resources["Documents"].physical_id
    sandbox.client("s3", account=ACCOUNT).put_object(Bucket=bucket, Key="a", Body=b"x")
    aws.delete_stack(stack_id, token="op-2")
    assert settled(aws, stack_id).status == "DELETE_FAILED"
    assert aws.empty("AWS::S3::Bucket", bucket, limit=10).empty
    aws.delete_stack(stack_id, token="op-3")
    assert settled(aws, stack_id).status == "DELETE_COMPLETE"
    assert aws.describe_stack(name) is None
    assert [aws.exists(resource.type, resource.physical_id) for resource in resources.values()] == [False] * 4
    assert aws.find_by_tag(TAG, name) == []


def test_the_same_operation_twice_is_one_stack_and_another_is_refused(aws: LiveAws, name: str) -> None:
    first = aws.create_stack(spec(name, Logs=GROUP), token="op-1")
    assert aws.create_stack(spec(name, Logs=GROUP), token="op-1") == first
    with pytest.raises(AlreadyExists):
        aws.create_stack(spec(name, Logs=GROUP), token="op-2")
    assert [stack.stack_id for stack in aws.list_stacks() if stack.name == name] == [first]


def test_a_failed_create_is_rolled_back_with_its_reason(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    sandbox.fault(stack=name, target="Subnet", reason="Insufficient capacity", op="create")
    stack_id = aws.create_stack(spec(name, Vpc=VPC, Subnet=SUBNET), token="op-1")
    assert settled(aws, stack_id).status == "ROLLBACK_COMPLETE"
    failed = [event for event in aws.stack_events(stack_id, after_event_id=None) if event.status == "CREATE_FAILED"]
    assert failed[0].logical_id == "Subnet"
    assert "Insufficient capacity" in failed[0].reason


def test_a_protected_stack_is_deleted_only_once_its_protection_is_off(aws: LiveAws, name: str) -> None:
    stack_id = aws.create_stack(spec(name, Logs=GROUP), token="op-1")
    settled(aws, stack_id)
    aws.set_termination_protection(name, enabled=True)
    with pytest.raises(WrongStatus):
        aws.delete_stack(stack_id, token="op-2")
    aws.set_termination_protection(name, enabled=False)
    aws.delete_stack(stack_id, token="op-3")
    assert settled(aws, stack_id).status == "DELETE_COMPLETE"


def test_a_template_over_the_limit_goes_through_the_artefact_bucket(
    sandbox: Sandbox, live: MakeLive, name: str
) -> None:
    sandbox.client("s3", account=ACCOUNT).create_bucket(
        Bucket=f"artefacts-{name}", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"}
    )
    aws = live(sandbox.url, account=ACCOUNT, artefact_bucket=f"artefacts-{name}")
    resources = {f"Logs{number}": {**GROUP, "Metadata": {"Text": "x" * 1000}} for number in range(60)}
    big = spec(name, **resources)
    assert len(big.body) > 51_200
    stack_id = aws.create_stack(big, token="op-1")
    assert settled(aws, stack_id).status == "CREATE_COMPLETE"
    assert len(aws.stack_resources(stack_id)) == 60


def test_a_wrong_template_is_said_to_be_wrong(aws: LiveAws, name: str) -> None:
    with pytest.raises(InvalidTemplate):
        aws.create_stack(spec(name, Thing={"Type": "AWS::No::Such"}), token="op-1")
    with pytest.raises(ValidationFailed):
        aws.create_stack(StackSpec(name=name, body="{"), token="op-1")


def test_accounts_do_not_see_each_other(aws: LiveAws, sandbox: Sandbox, live: MakeLive, name: str) -> None:
    stack_id = aws.create_stack(spec(name, Logs=GROUP), token="op-1")
    other = live(sandbox.url, account="777788889999")
    other.verify()
    assert other.describe_stack(name) is None
    assert stack_id not in [stack.stack_id for stack in other.list_stacks()]


def test_the_account_is_that_of_the_access(aws: LiveAws) -> None:
    assert aws.access == AccountAccess(
        account_id=ACCOUNT, region="eu-north-1", endpoint_url=aws.access.endpoint_url, endpoint_rules=OWN_MACHINE
    )
    aws.verify()
