from __future__ import annotations

import uuid
from typing import Any

import pytest

from provisioning.aws import AwsError, LimitExceeded, NotFound, TaskSpec, TaskState, TokenConflict, Unclear, WrongStatus
from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients
from tests.aws.wire import HANG_UP, Wire, json_error, json_ok

SPEC = TaskSpec(
    cluster="shop",
    task_definition="shop-extensions:1",
    subnets=["subnet-1"],
    security_groups=["sg-1"],
    tags={"portal:environment": "e"},
)
ARN = "arn:aws:ecs:eu-north-1:111122223333:task/shop/0123456789abcdef0123456789abcdef"


def task(**more: Any) -> dict[str, Any]:
    return {"taskArn": ARN, "lastStatus": "RUNNING", **more}


def test_a_task_runs_once_on_fargate_without_a_public_address(aws: LiveAws, wire: Wire) -> None:
    wire.on("RunTask", json_ok(tasks=[task()], failures=[]))
    assert aws.run_task(SPEC, token="op-1-extensions") == ARN
    sent = wire.asked("RunTask")[0].params
    assert sent["clientToken"] == "op-1-extensions"
    assert (sent["launchType"], sent["count"], sent["taskDefinition"]) == ("FARGATE", 1, "shop-extensions:1")
    assert sent["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-1"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "DISABLED",
    }
    assert sent["tags"] == [{"key": "portal:environment", "value": "e"}]


def test_a_lost_answer_is_in_doubt_and_a_repetition_carries_the_same_token(aws: LiveAws, wire: Wire) -> None:
    wire.on("RunTask", HANG_UP, json_ok(tasks=[task()], failures=[]))
    with pytest.raises(Unclear):
        aws.run_task(SPEC, token="op-1")
    assert aws.run_task(SPEC, token="op-1") == ARN
    assert [request.params["clientToken"] for request in wire.asked("RunTask")] == ["op-1", "op-1"]


def test_a_token_too_long_for_ecs_becomes_the_same_short_one_each_time(aws: LiveAws, wire: Wire) -> None:
    wire.on("RunTask", json_ok(tasks=[task()], failures=[]))
    for token in ("a" * 100, "a" * 100, "b" * 100):
        aws.run_task(SPEC, token=token)
    first, second, third = [request.params["clientToken"] for request in wire.asked("RunTask")]
    assert first == second != third
    assert len(first) <= 64


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ([{"reason": "MISSING", "arn": "x"}], NotFound),
        ([{"reason": "RESOURCE:ENI", "detail": "none left"}], LimitExceeded),
        ([], LimitExceeded),
    ],
)
def test_an_answer_without_a_task_is_a_failure(
    aws: LiveAws, wire: Wire, failures: list[dict[str, str]], expected: type[AwsError]
) -> None:
    wire.on("RunTask", json_ok(tasks=[], failures=failures))
    with pytest.raises(expected, match="The task was not started"):
        aws.run_task(SPEC, token="op-1")


def test_a_token_that_was_used_for_another_task_is_a_conflict(aws: LiveAws, wire: Wire) -> None:
    wire.on("RunTask", json_error("ConflictException", "clientToken is already in use"))
    with pytest.raises(TokenConflict):
        aws.run_task(SPEC, token="op-1")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (task(), TaskState(ARN, "RUNNING", None, "")),
        (task(lastStatus="STOPPED", containers=[{"exitCode": 0}]), TaskState(ARN, "STOPPED", 0, "")),
        (
            task(
                lastStatus="STOPPED",
                stoppedReason="Essential container exited",
                containers=[{"exitCode": 0}, {"exitCode": 3, "reason": "Error"}],
            ),
            TaskState(ARN, "STOPPED", 3, "Essential container exited; Error"),
        ),
        (
            task(
                lastStatus="STOPPED",
                stoppedReason="Task failed to start",
                containers=[{"reason": "CannotPullContainerError: no such image"}],
            ),
            TaskState(ARN, "STOPPED", None, "Task failed to start; CannotPullContainerError: no such image"),
        ),
    ],
)
def test_a_task_is_described_with_its_first_failure(
    aws: LiveAws, wire: Wire, answer: dict[str, Any], expected: TaskState
) -> None:
    wire.on("DescribeTasks", json_ok(tasks=[answer], failures=[]))
    assert aws.describe_task("shop", ARN) == expected


def test_a_service_that_is_gone_already_needs_no_stopping(aws: LiveAws, wire: Wire) -> None:
    wire.on("DescribeScalableTargets", json_ok(ScalableTargets=[]))
    for code in ("ServiceNotFoundException", "ClusterNotFoundException", "ServiceNotActiveException"):
        wire.on("UpdateService", json_error(code))
        aws.quiesce("AWS::ECS::Service", "api", parent_id="shop")
    wire.on("UpdateService", json_error("UpdateInProgressException"))
    with pytest.raises(WrongStatus):
        aws.quiesce("AWS::ECS::Service", "api", parent_id="shop")


def test_scaling_that_outlived_its_service_is_no_obstacle(aws: LiveAws, wire: Wire) -> None:
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/shop/api",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    wire.on("DescribeScalableTargets", json_ok(ScalableTargets=[target]))
    wire.on("RegisterScalableTarget", json_error("ValidationException", "ECS service doesn't exist: service/shop/api"))
    wire.on("UpdateService", json_error("ServiceNotFoundException"))
    aws.quiesce("AWS::ECS::Service", "api", parent_id="shop")
    assert len(wire.asked("UpdateService")) == 1


def test_scaling_is_taken_to_zero_before_the_service_by_its_names(aws: LiveAws, wire: Wire) -> None:
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/shop/api",
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": 1,
        "MaxCapacity": 10,
        "RoleARN": "arn:aws:iam::111122223333:role/x",
        "CreationTime": 1,
    }
    wire.on("DescribeScalableTargets", json_ok(ScalableTargets=[target]))
    wire.on("RegisterScalableTarget", json_ok())
    wire.on("UpdateService", json_ok(service={}))
    aws.quiesce("AWS::ECS::Service", "arn:aws:ecs:eu-north-1:111122223333:service/shop/api")
    order = [request.operation for request in wire.requests if request.operation != "GetCallerIdentity"]
    assert order == ["DescribeScalableTargets", "RegisterScalableTarget", "UpdateService"]
    registered = wire.asked("RegisterScalableTarget")[0].params
    assert (registered["ResourceId"], registered["MinCapacity"], registered["MaxCapacity"]) == (
        "service/shop/api",
        0,
        0,
    )
    assert wire.asked("UpdateService")[0].params["desiredCount"] == 0


REGION = "eu-north-1"


def test_a_stopped_service_stays_stopped(on_moto: LiveAws, by_hand: Clients) -> None:
    cluster = f"c-{uuid.uuid4()}"
    by_hand.ecs.create_cluster(clusterName=cluster)
    by_hand.ecs.register_task_definition(
        family=cluster, containerDefinitions=[{"name": "api", "image": "x", "memory": 64}]
    )
    arn = by_hand.ecs.create_service(cluster=cluster, serviceName="api", taskDefinition=cluster, desiredCount=2)[
        "service"
    ]["serviceArn"]
    resource = f"service/{cluster}/api"
    by_hand.application_autoscaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=resource,
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=10,
    )
    assert on_moto.exists("AWS::ApplicationAutoScaling::ScalableTarget", f"{resource}|ecs:service:DesiredCount|ecs")
    on_moto.quiesce("AWS::ECS::Service", arn, parent_id=cluster)
    on_moto.quiesce("AWS::ECS::Service", "api", parent_id=cluster)
    target = by_hand.application_autoscaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])[
        "ScalableTargets"
    ][0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 0)
    assert by_hand.ecs.describe_services(cluster=cluster, services=["api"])["services"][0]["desiredCount"] == 0
    assert on_moto.exists("AWS::ECS::Service", arn)
    by_hand.ecs.delete_service(cluster=cluster, service="api")
    assert on_moto.exists("AWS::ECS::Service", arn) is False
    on_moto.quiesce("AWS::ECS::Service", "api", parent_id=cluster)


def test_stopping_a_service_that_is_not_there_is_fine(on_moto: LiveAws) -> None:
    on_moto.quiesce("AWS::ECS::Service", "api", parent_id="no-such-cluster")


def test_a_cluster_and_a_task_definition_that_ecs_remembers_as_inactive_are_gone(
    on_moto: LiveAws, by_hand: Clients
) -> None:
    name = f"c-{uuid.uuid4()}"
    by_hand.ecs.create_cluster(clusterName=name)
    definition = by_hand.ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "api", "image": "x", "memory": 64}]
    )
    arn = definition["taskDefinition"]["taskDefinitionArn"]
    assert on_moto.exists("AWS::ECS::Cluster", name)
    assert on_moto.exists("AWS::ECS::TaskDefinition", arn)
    by_hand.ecs.delete_cluster(cluster=name)
    by_hand.ecs.deregister_task_definition(taskDefinition=arn)
    assert on_moto.exists("AWS::ECS::Cluster", name) is False
    assert on_moto.exists("AWS::ECS::TaskDefinition", arn) is False
    assert on_moto.exists("AWS::ECS::TaskDefinition", f"{name}:99") is False


def test_a_task_that_ecs_does_not_know_is_none(on_moto: LiveAws, by_hand: Clients) -> None:
    name = f"c-{uuid.uuid4()}"
    by_hand.ecs.create_cluster(clusterName=name)
    assert (
        on_moto.describe_task(name, f"arn:aws:ecs:{REGION}:123456789012:task/{name}/0123456789abcdef0123456789abcdef")
        is None
    )
