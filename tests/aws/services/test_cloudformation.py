from __future__ import annotations

from typing import Any

import pytest

from provisioning.aws import AlreadyExists, StackSpec, ValidationFailed, WrongStatus
from provisioning.aws.client import LiveAws
from provisioning.aws.services.cloudformation.events import MAX_EVENT_PAGES
from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from tests.aws.support import MakeLive
from tests.aws.wire import Answer, Wire, error, ok

STACK_ID = "arn:aws:cloudformation:eu-north-1:111122223333:stack/shop-dev/1"
CREATED = ok("CreateStack", f"<StackId>{STACK_ID}</StackId>")
EXISTS = error("AlreadyExistsException", "Stack [shop-dev] already exists")


def described(environment: str | None, *, status: str = "CREATE_IN_PROGRESS") -> Answer:
    tags = f"<member><Key>portal:environment-id</Key><Value>{environment}</Value></member>" if environment else ""
    return ok(
        "DescribeStacks",
        f"<Stacks><member><StackId>{STACK_ID}</StackId><StackName>shop-dev</StackName><StackStatus>{status}</StackStatus>"
        f"<CreationTime>2026-11-21T10:00:00Z</CreationTime><EnableTerminationProtection>true</EnableTerminationProtection>"
        f"<Outputs><member><OutputKey>Url</OutputKey><OutputValue>https://x</OutputValue></member></Outputs>"
        f"<Tags>{tags}</Tags></member></Stacks>",
    )


def spec(**changes: Any) -> StackSpec:
    return StackSpec(**{"name": "shop-dev", "body": "{}", "tags": {"portal:environment-id": "e-1"}, **changes})


def events(*ids: str, token: str = "") -> str:
    members = "".join(
        f"<member><StackId>{STACK_ID}</StackId><EventId>{event_id}</EventId><StackName>shop-dev</StackName>"
        f"<LogicalResourceId>Vpc</LogicalResourceId><ResourceType>AWS::EC2::VPC</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>"
        f"<Timestamp>2026-11-21T10:00:00Z</Timestamp></member>"
        for event_id in ids
    )
    return f"<StackEvents>{members}</StackEvents>" + (f"<NextToken>{token}</NextToken>" if token else "")


def test_it_sends_everything_that_was_asked_for(wire: Wire, live: MakeLive) -> None:
    wire.on("CreateStack", CREATED)
    aws = live(wire.url, stack_role_arn="arn:aws:iam::111122223333:role/stacks")
    aws.create_stack(
        spec(parameters={"A": "1"}, termination_protection=True, stack_policy="{}", express=True), token="op-1-create"
    )
    sent = wire.asked("CreateStack")[0].params
    assert sent["ClientRequestToken"] == "op-1-create"
    assert sent["RoleARN"] == "arn:aws:iam::111122223333:role/stacks"
    assert sent["EnableTerminationProtection"] == "true"
    assert sent["StackPolicyBody"] == "{}"
    assert sent["DeploymentConfig.Mode"] == "EXPRESS"
    assert sent["DeploymentConfig.DisableRollback"] == "false"
    assert sent["Parameters.member.1.ParameterValue"] == "1"
    assert sent["Tags.member.1.Key"] == "portal:environment-id"
    assert sent["Capabilities.member.1"] == "CAPABILITY_NAMED_IAM"


def test_what_is_not_asked_for_is_left_to_aws(aws: LiveAws, wire: Wire) -> None:
    wire.on("CreateStack", CREATED)
    aws.create_stack(spec(), token="op-1")
    sent = wire.asked("CreateStack")[0].params
    assert not {"RoleARN", "StackPolicyBody", "OnFailure", "TemplateURL"} & set(sent)


def test_the_deployment_is_always_named(aws: LiveAws, wire: Wire) -> None:
    """AWS's pages disagree about the defaults."""
    wire.on("CreateStack", CREATED)
    aws.create_stack(spec(), token="op-1")
    sent = wire.asked("CreateStack")[0].params
    assert (sent["DeploymentConfig.Mode"], sent["DeploymentConfig.DisableRollback"]) == ("STANDARD", "false")


def begun(*tokens: str) -> Answer:
    """The events of a stack, newest first, with these tokens."""
    members = "".join(
        f"<member><StackId>{STACK_ID}</StackId><EventId>{number}</EventId><StackName>shop-dev</StackName>"
        f"<ClientRequestToken>{token}</ClientRequestToken><Timestamp>2026-11-21T10:00:00Z</Timestamp></member>"
        for number, token in enumerate(tokens)
    )
    return ok("DescribeStackEvents", f"<StackEvents>{members}</StackEvents>")


def test_a_stack_that_this_call_made_is_its_own(aws: LiveAws, wire: Wire) -> None:
    wire.on("CreateStack", EXISTS)
    wire.on("DescribeStacks", described("e-1"))
    wire.on("DescribeStackEvents", begun("op-2", "op-1", "op-1"))
    assert aws.create_stack(spec(), token="op-1") == STACK_ID


@pytest.mark.parametrize(
    ("environment", "tokens"),
    [("e-1", ["op-1", "op-2"]), ("e-1", []), ("e-2", ["op-1"]), (None, ["op-1"])],
    ids=["begun by another call", "no event", "another environment", "no tags"],
)
def test_a_stack_of_somebody_else_is_not(aws: LiveAws, wire: Wire, environment: str | None, tokens: list[str]) -> None:
    wire.on("CreateStack", EXISTS)
    wire.on("DescribeStacks", described(environment))
    wire.on("DescribeStackEvents", begun(*tokens))
    with pytest.raises(AlreadyExists, match="this operation did not create it"):
        aws.create_stack(spec(), token="op-1")


def test_a_body_of_just_the_limit_goes_inline(aws: LiveAws, wire: Wire) -> None:
    wire.on("CreateStack", CREATED)
    aws.create_stack(spec(body="x" * MAX_INLINE_BYTES), token="op-1")
    assert len(wire.asked("CreateStack")[0].params["TemplateBody"]) == MAX_INLINE_BYTES


def test_a_longer_body_without_an_artefact_bucket_is_refused_with_a_sentence(aws: LiveAws, wire: Wire) -> None:
    with pytest.raises(ValidationFailed, match=r"51,202 bytes.*no artefact bucket"):
        aws.create_stack(spec(body="é" * (MAX_INLINE_BYTES // 2 + 1)), token="op-1")
    assert wire.asked("CreateStack") == []


def test_a_stack_is_described_with_outputs_tags_and_protection(aws: LiveAws, wire: Wire) -> None:
    wire.on("DescribeStacks", described("e-1"))
    stack = aws.describe_stack(STACK_ID)
    assert (stack.stack_id, stack.status, stack.status_reason) == (STACK_ID, "CREATE_IN_PROGRESS", "")
    assert stack.outputs == {"Url": "https://x"}
    assert stack.tags == {"portal:environment-id": "e-1"}
    assert stack.termination_protection


def test_a_stack_that_does_not_exist_is_none(aws: LiveAws, wire: Wire) -> None:
    wire.on("DescribeStacks", error("ValidationError", "Stack with id shop-dev does not exist"))
    assert aws.describe_stack("shop-dev") is None


def test_deleting_what_is_gone_is_done(aws: LiveAws, wire: Wire) -> None:
    wire.on("DeleteStack", error("ValidationError", "Stack [x] does not exist"))
    aws.delete_stack(STACK_ID, token="op-2")
    assert wire.asked("DeleteStack")[0].params["StackName"] == STACK_ID


def test_deleting_a_protected_stack_is_a_wrong_status_not_a_success(aws: LiveAws, wire: Wire) -> None:
    wire.on(
        "DeleteStack",
        error("ValidationError", "Stack [shop-dev] cannot be deleted while TerminationProtection is enabled"),
    )
    with pytest.raises(WrongStatus):
        aws.delete_stack(STACK_ID, token="op-2")


def test_what_is_to_stay_is_named(wire: Wire, live: MakeLive) -> None:
    wire.on("DeleteStack", ok("DeleteStack"))
    live(wire.url, stack_role_arn="arn:aws:iam::111122223333:role/stacks").delete_stack(
        STACK_ID, token="op-2", retain=["Data"]
    )
    sent = wire.asked("DeleteStack")[0].params
    assert (sent["RetainResources.member.1"], sent["ClientRequestToken"]) == ("Data", "op-2")
    assert sent["RoleARN"].endswith("role/stacks")


def test_events_come_oldest_first_and_stop_at_the_known_one(aws: LiveAws, wire: Wire) -> None:
    wire.on(
        "DescribeStackEvents",
        ok("DescribeStackEvents", events("e5", "e4", token="p2")),
        ok("DescribeStackEvents", events("e3", "e2", "e1", token="p3")),
    )
    assert [event.event_id for event in aws.stack_events(STACK_ID, after_event_id="e2")] == ["e3", "e4", "e5"]
    assert len(wire.asked("DescribeStackEvents")) == 2


def test_no_more_pages_are_read_than_needed(aws: LiveAws, wire: Wire) -> None:
    wire.on("DescribeStackEvents", ok("DescribeStackEvents", events("e5", "e4", token="p2")))
    assert [event.event_id for event in aws.stack_events(STACK_ID, after_event_id="e4")] == ["e5"]
    assert len(wire.asked("DescribeStackEvents")) == 1


def test_a_history_without_end_is_read_to_a_bound(aws: LiveAws, wire: Wire) -> None:
    pages = [
        ok("DescribeStackEvents", events(f"e{number}", token=f"p{number}")) for number in range(MAX_EVENT_PAGES + 5)
    ]
    wire.on("DescribeStackEvents", *pages)
    found = aws.stack_events(STACK_ID, after_event_id=None)
    assert [event.event_id for event in found] == [f"e{number}" for number in reversed(range(MAX_EVENT_PAGES))]


def test_stacks_are_listed_by_status_over_all_pages(aws: LiveAws, wire: Wire) -> None:
    def summary(name: str) -> str:
        return (
            f"<StackSummaries><member><StackId>arn:{name}</StackId><StackName>{name}</StackName>"
            "<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-21T10:00:00Z</CreationTime></member></StackSummaries>"
        )

    wire.on("ListStacks", ok("ListStacks", summary("a") + "<NextToken>2</NextToken>"), ok("ListStacks", summary("b")))
    assert [stack.name for stack in aws.list_stacks(statuses=["CREATE_COMPLETE"])] == ["a", "b"]
    assert wire.asked("ListStacks")[0].params["StackStatusFilter.member.1"] == "CREATE_COMPLETE"
