"""AWS says no: the root cause in plain words, the rollback watched to its end, and a way on."""

from __future__ import annotations

import uuid

import pytest

from provisioning.aws import AccessDenied, CredentialsExpired, LimitExceeded, Throttled, Unclear, Unreachable
from provisioning.errors import NotAllowed, WrongState
from provisioning.lifecycle.failure_explanations import FailedResource, explain
from provisioning.lifecycle.read.actions import actions_for
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.read.operation_view import steps
from provisioning.lifecycle.read.progress import progress
from provisioning.lifecycle.services.retry import ATTEMPTS, retry_operation
from provisioning.models import Environment, StackResource
from tests.fixtures.world import World

TAKEN = "orders-files already exists"


def failed_create(world: World, reason: str = TAKEN) -> Environment:
    world.cloud.fail_create["BucketFiles"] = [reason]
    environment = world.request().environment
    return world.until_rest(environment)


def test_the_first_root_cause_is_told_in_plain_words(world: World) -> None:
    environment = failed_create(world)
    assert environment.state == "create_failed"
    told = failure(environment)
    assert told is not None
    assert "is already in use" in told.cause
    assert told.detail == TAKEN
    assert (told.logical_id, told.type, told.next_action) == ("BucketFiles", "AWS::S3::Bucket", "try_again")
    assert world.aws_stack().status == "ROLLBACK_COMPLETE"
    assert [step.state for step in steps(world.last_operation(environment))] == ["done", "done", "failed"]


def test_those_that_were_only_cancelled_are_not_the_cause(world: World) -> None:
    world.cloud.fail_create["NetworkPrivate3"] = ["The maximum number of subnets has been reached"]
    environment = world.until_rest(world.request(blueprint="carbon-connect").environment)
    told = failure(environment)
    assert told is not None
    assert told.logical_id == "NetworkPrivate3"
    assert "quota" in told.cause
    assert progress(environment).failed == 0  # all has been rolled back


def test_the_page_shows_the_rollback_while_it_runs(world: World) -> None:
    world.cloud.fail_create["BucketFiles"] = [TAKEN]
    environment = world.request().environment
    world.run()
    world.tick_viewed(environment, 11)
    assert world.last_operation(environment).state == "rolling_back"
    assert progress(environment).component_states["bucket.files"] == "bad"


def test_try_again_clears_the_husk_and_creates_anew(world: World) -> None:
    environment = failed_create(world)
    assert [action.key for action in actions_for(actor=world.bob, environment=environment)] == ["try_again", "teardown"]
    with pytest.raises(NotAllowed):
        retry_operation(actor=world.charlie, environment=environment)
    operation = retry_operation(actor=world.alice, environment=environment)
    world.until_rest(environment)
    assert environment.state == "running"
    assert [stack.status for stack in world.cloud.named("orders")] == ["DELETE_COMPLETE", "CREATE_COMPLETE"]
    assert world.aws_stack().token == f"{operation.token}-main-create"
    with pytest.raises(WrongState):
        retry_operation(actor=world.alice, environment=environment)


def test_a_protected_husk_is_cleared_too(world: World) -> None:
    world.cloud.fail_create["BucketFiles"] = [TAKEN]
    environment = world.until_rest(world.request(size="staging").environment)
    assert world.aws_stack().protected
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"


def test_a_foreign_stack_of_the_name_is_never_touched(world: World) -> None:
    request_id = uuid.uuid4()
    theirs = world.foreign_stack(world.stack_name(request_id))
    environment = world.until_rest(world.request(request_id=request_id).environment)
    operation = world.last_operation(environment)
    assert (environment.state, operation.state, operation.next_action) == ("create_failed", "refused", "teardown")
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"
    assert theirs.status == "CREATE_COMPLETE"


def test_a_rollback_that_fails_leads_to_a_teardown(world: World) -> None:
    world.cloud.fail_rollback = True
    environment = failed_create(world)
    told = failure(environment)
    assert told is not None
    assert told.next_action == "teardown"
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"


def test_a_stack_that_somebody_deletes_meanwhile_can_be_tried_again(world: World) -> None:
    environment = world.request().environment
    world.run()
    world.cloud.set_status(world.aws_stack(), "DELETE_COMPLETE")
    world.until_rest(environment)
    assert environment.state == "create_failed"
    assert "outside the portal" in world.last_operation(environment).cause
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"


def test_a_step_afterwards_that_fails_is_repeated_without_a_new_stack(world: World) -> None:
    world.cloud.task_exit_codes = [1]
    environment = world.until_rest(world.request(blueprint="carbon-connect").environment)
    told = failure(environment)
    assert told is not None
    assert environment.state == "create_failed"
    assert "exit code 1" in told.cause
    assert [step.state for step in steps(world.last_operation(environment))] == ["done", "done", "done", "failed"]
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"
    assert len(world.cloud.named("orders")) == 1
    assert len(world.cloud.tasks) == 2


def test_a_step_afterwards_that_never_starts_says_so(world: World) -> None:
    world.cloud.task_exit_codes = [None]
    environment = world.until_rest(world.request(blueprint="carbon-connect").environment)
    told = failure(environment)
    assert told is not None
    assert "did not start" in told.cause
    assert told.detail == "CannotPullContainerError"


def test_a_step_afterwards_that_never_ends_is_given_up(world: World) -> None:
    world.cloud.task_seconds = 1e6
    environment = world.until_rest(world.request(blueprint="carbon-connect").environment)
    assert "is still running after 10 minutes" in world.last_operation(environment).cause


@pytest.mark.parametrize(
    "error",
    [
        Throttled("slow down", retry_after=3),
        Unreachable("no route"),
        Unclear("lost", maybe_done=True),
        CredentialsExpired("old"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("call", ["describe_stack", "create_stack", "stack_events", "stack_resources"])
def test_what_may_pass_by_itself_never_fails_an_operation(world: World, call: str, error: Exception) -> None:
    world.cloud.faults.once(call, error, times=12)
    environment = world.request().environment
    world.run()
    world.until_rest(environment)
    assert environment.state == "running"
    assert len(world.cloud.named("orders")) == 1


@pytest.mark.parametrize("call", ["create_stack", "run_task"])
def test_an_answer_that_is_lost_after_the_effect_makes_nothing_twice(world: World, call: str) -> None:
    world.cloud.faults.once(call, Unclear("lost", maybe_done=True), when="after", times=3)
    environment = world.until_rest(world.request(blueprint="carbon-connect").environment)
    assert environment.state == "running"
    assert len(world.cloud.named("orders")) == 1
    assert len(world.cloud.tasks) == 1


def test_a_denied_look_makes_the_picture_older_and_says_so(world: World) -> None:
    environment = world.request().environment
    world.run()
    for call in ("list_stacks", "describe_stack"):
        world.cloud.faults.once(call, AccessDenied("no right"), times=2)
    world.tick(3)
    assert "no right" in progress(environment).trouble
    assert world.until_rest(environment).state == "running"


def test_a_refused_creation_ends_with_aws_own_sentence(world: World) -> None:
    world.cloud.faults.once(
        "create_stack", LimitExceeded("Limit for stack has been exceeded", code="LimitExceededException")
    )
    environment = world.until_rest(world.request().environment)
    told = failure(environment)
    assert told is not None
    assert "Limit for stack" in told.detail
    assert told.next_action == "try_again"
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"


def test_an_error_of_ours_is_repeated_and_then_told(world: World) -> None:
    environment = world.request().environment
    world.cloud.faults.once("create_stack", KeyError("oops"), times=5)
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert (operation.state, operation.next_action) == ("errored", "try_again")
    assert "oops" in operation.cause_detail
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"


def test_what_was_rolled_back_is_in_the_ledger_with_its_end(world: World) -> None:
    environment = failed_create(world, "Access Denied")
    made = StackResource.objects.filter(stack__environment=environment).exclude(physical_id="")
    assert set(made.values_list("end", flat=True)) == {"deleted"}


def test_what_had_the_name_before_us_is_not_ours_to_delete(world: World) -> None:
    environment = failed_create(world)
    theirs = StackResource.objects.get(stack__environment=environment, logical_id="BucketFiles")
    assert theirs.end == "foreign"
    world.cloud.objects[theirs.physical_id] = 5
    stack = world.aws_stack()
    world.cloud.bear(stack, stack.resources["BucketFiles"])
    world.cloud.living[stack.place, theirs.type, theirs.physical_id].tags = {}
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"
    assert world.cloud.objects[theirs.physical_id] == 5


def test_a_bucket_that_was_never_complete_is_not_emptied(world: World) -> None:
    world.cloud.fail_rollback = True
    environment = failed_create(world, "Gremlins")
    bucket = StackResource.objects.get(stack__environment=environment, logical_id="BucketFiles").physical_id
    world.cloud.objects[bucket] = 5
    world.tear_down(environment)
    world.until_rest(environment)
    assert environment.state == "teardown_failed"
    assert world.cloud.objects[bucket] == 5


REASONS = [
    ("AWS::S3::Bucket", "orders-files already exists", "in use"),
    ("AWS::IAM::Role", "Role with name x already exists. (EntityAlreadyExists)", "in use"),
    ("AWS::EC2::EIP", "The maximum number of addresses has been reached.", "quota"),
    ("AWS::EC2::VPC", "The maximum number of VPCs has been reached. (VpcLimitExceeded)", "quota"),
    (
        "AWS::RDS::DBInstance",
        "We currently do not have sufficient capacity (InsufficientDBInstanceCapacity)",
        "no capacity",
    ),
    ("AWS::ECS::Service", "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.", "healthy"),
    (
        "AWS::IAM::Role",
        "User is not authorized to perform: iam:CreateRole with an explicit deny in a service control policy",
        "allow",
    ),
    ("AWS::EC2::Subnet", "Properties validation failed for resource X with message: extraneous key [Foo]", "setting"),
    (
        "AWS::ElastiCache::ServerlessCache",
        'Resource handler returned message: "Exceeded attempts to wait"',
        "timed out",
    ),
    ("AWS::ElasticLoadBalancingV2::Listener", "Certificate ARN 'arn:x' could not be found", "does not exist"),
    ("AWS::Logs::LogGroup", "Rate exceeded (Service: CloudWatchLogs)", "throttled the creation"),
    ("AWS::Foo::Bar", "Gremlins", "could not create"),
]


@pytest.mark.parametrize(("kind", "reason", "says"), REASONS)
def test_reasons_are_told_in_plain_words(kind: str, reason: str, says: str) -> None:
    told = explain(FailedResource("Thing", kind, reason, "The thing"))
    assert says in told.sentence
    assert "The thing" in told.sentence
    assert told.detail == reason
    assert told.hint


def test_a_retry_has_a_budget(world: World) -> None:
    environment = world.request().environment
    world.cloud.fail_create["BucketFiles"] = ["Internal Failure"] * 20
    world.until_rest(environment)
    for _ in range(ATTEMPTS - 1):
        retry_operation(actor=world.bob, environment=environment)
        world.until_rest(environment)
    with pytest.raises(WrongState, match=f"It has failed {ATTEMPTS} times. Fix the cause first."):
        retry_operation(actor=world.bob, environment=environment)
