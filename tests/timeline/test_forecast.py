"""The time of a creation: CloudFormation's own order over the templates, with figures of which each
names its source.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from provisioning.aws.types.record import EXPRESS_SECONDS
from provisioning.components.kit.values import CompiledResource, PostDeploymentTask
from provisioning.design.errors import DesignError
from provisioning.template.compile import CompiledDesign, CompiledTemplate, compile_design
from provisioning.template.dependencies import dependency_levels
from provisioning.timeline.durations import NOT_RESOURCES, SIGNALS, STACK, TASK, duration_of
from provisioning.timeline.forecast import forecast
from provisioning.timeline.timeline import Timeline
from tests.support.designs import SIZES, design, node
from tests.support.shipped import shipped, slugs

DESIGN = design(node("bucket", "media"))
BUCKET = "bucket.media"
STEP = PostDeploymentTask("extensions", "Create the extensions", "C", "T", ("S",), ("G",), "main")


def stack(
    resources: dict[str, Any], *, key: str = "main", express: bool = False, tasks: tuple[PostDeploymentTask, ...] = ()
) -> CompiledTemplate:
    return CompiledTemplate(
        body=json.dumps({"Resources": resources}),
        region="eu-north-1" if key == "main" else "us-east-1",
        resources=tuple(CompiledResource(name, r["Type"], BUCKET, f"The {name}", key) for name, r in resources.items()),
        outputs=(),
        tags={},
        retained=(),
        termination_protection=False,
        stack_policy=None,
        express=express,
        stack=key,
        tasks=tasks,
    )


def timed(*stacks: CompiledTemplate) -> Timeline:
    return forecast(DESIGN, CompiledDesign(stacks))


def resource(kind: str, *needs: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties, "DependsOn": list(needs)}


@cache
def of_blueprint(slug: str, size: str) -> Timeline:
    drawn = shipped(size, slug=slug)
    return forecast(drawn, compile_design(drawn))


def test_what_needs_nothing_starts_at_once_and_the_longest_chain_decides() -> None:
    made = timed(
        stack({
            "Key": resource("AWS::KMS::Key"),
            "Database": resource("AWS::RDS::DBInstance", "Key", "Group"),
            "Group": resource("AWS::RDS::DBSubnetGroup"),
            "Cache": resource("AWS::ElastiCache::ServerlessCache"),
        })
    )  # fmt: skip
    own, key, database = (
        NOT_RESOURCES[STACK].create_seconds,
        duration_of("AWS::KMS::Key", {}).create_seconds,
        duration_of("AWS::RDS::DBInstance", {}).create_seconds,
    )
    assert made.seconds == own + key + database
    assert [step.logical_id for step in made.path] == ["", "Key", "Database"]
    starts = {step.logical_id: step.start for step in made.steps}
    assert starts == {"Key": own, "Group": own, "Cache": own, "Database": own + key}
    assert {step.logical_id for step in made.steps if step.critical} == {"Key", "Database"}
    assert made.stacks[0].levels == (("Cache", "Group", "Key"), ("Database",))


def test_a_reference_is_waited_for_as_depends_on_is() -> None:
    made = timed(
        stack({
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}},
            "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
            "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": {"Fn::Sub": "alias/${Topic.TopicName}"}}},
        })
    )  # fmt: skip
    assert [step.logical_id for step in made.path[1:]] == ["Key", "Topic", "Alias"]


def test_a_container_may_depend_on_another_without_being_a_resource() -> None:
    containers = [{"Name": "app", "DependsOn": [{"ContainerName": "Second", "Condition": "SUCCESS"}]}]
    body = {
        "Second": resource("AWS::ECS::Cluster"),
        "Task": resource("AWS::ECS::TaskDefinition", ContainerDefinitions=containers),
    }
    assert dependency_levels(json.dumps({"Resources": body})) == [["Second", "Task"]]


def test_a_circle_is_refused_by_name() -> None:
    with pytest.raises(DesignError, match="These resources wait for each other: "):
        timed(stack({"A": resource("AWS::SNS::Topic", "B"), "B": resource("AWS::SNS::Topic", "A")}))


def test_a_database_over_two_zones_takes_longer() -> None:
    one = timed(stack({"Database": resource("AWS::RDS::DBInstance", MultiAZ=False)}))
    two = timed(stack({"Database": resource("AWS::RDS::DBInstance", MultiAZ=True)}))
    assert one.seconds + 300 < two.seconds
    assert one.low_seconds < one.seconds < one.high_seconds < two.high_seconds


def test_instances_that_signal_are_waited_for() -> None:
    host = resource("AWS::EC2::Instance")
    signalling = host | {"CreationPolicy": {"ResourceSignal": {"Count": 1}}}
    assert (
        timed(stack({"Host": signalling})).seconds - timed(stack({"Host": host})).seconds
        == NOT_RESOURCES[SIGNALS].create_seconds
    )


def test_stacks_follow_each_other_and_the_steps_come_last() -> None:
    edge = stack({"Certificate": resource("AWS::CertificateManager::Certificate")}, key="edge")
    main = stack({"Bucket": resource("AWS::S3::Bucket")}, tasks=(STEP, STEP))
    made = timed(edge, main)
    first, second = made.stacks
    assert (first.stack, first.region, second.stack) == ("edge", "us-east-1", "main")
    assert (first.start, second.start) == (0, first.end)
    assert (
        first.seconds
        == NOT_RESOURCES[STACK].create_seconds + duration_of("AWS::CertificateManager::Certificate", {}).create_seconds
    )
    assert [step.start for step in made.tasks] == [second.end, second.end + NOT_RESOURCES[TASK].create_seconds]
    assert made.seconds == made.tasks[-1].end
    assert [(group.address, group.stack) for group in made.groups] == [(BUCKET, "edge"), (BUCKET, "main")]


def test_express_waits_for_no_one_but_those_whose_endpoint_is_read() -> None:
    database = {"Database": resource("AWS::RDS::DBInstance")}
    reads = database | {
        "Url": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Value": {"Fn::GetAtt": ["Database", "Endpoint.Address"]}},
        }
    }
    standard, express = timed(stack(database)), timed(stack(database, express=True))
    assert express.seconds == NOT_RESOURCES[STACK].create_seconds + EXPRESS_SECONDS
    assert express.express
    assert express.high_seconds == standard.high_seconds  # at worst the mode gains nothing
    assert express.low_seconds < standard.low_seconds  # at best nothing is waited for
    assert timed(stack(reads, express=True)).seconds >= standard.seconds


def test_express_does_not_wait_for_a_name_that_is_known_at_once() -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}}
    made = timed(stack({"Key": resource("AWS::KMS::Key"), "Topic": topic}, express=True))
    assert made.seconds == NOT_RESOURCES[STACK].create_seconds + 2 * EXPRESS_SECONDS


def test_a_type_without_a_figure_is_named() -> None:
    made = timed(stack({"Thing": resource("Custom::Thing"), "Topic": resource("AWS::SNS::Topic")}))
    assert made.unknown == ("Custom::Thing",)
    assert made.steps[0].seconds > 0


def test_an_empty_stack_takes_cloudformations_own_time() -> None:
    assert timed(stack({})).seconds == NOT_RESOURCES[STACK].create_seconds


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slug", slugs())
def test_the_path_has_no_gap_and_ends_with_the_whole(slug: str, size: str) -> None:
    made = of_blueprint(slug, size)
    assert made.path[0].start == 0
    assert all(following.start == pytest.approx(step.end) for step, following in pairwise(made.path))
    assert made.path[-1].end == pytest.approx(made.seconds)
    assert made.low_seconds < made.seconds < made.high_seconds
    assert made.unknown == ()


@pytest.mark.parametrize("slug", slugs())
def test_nothing_starts_before_what_it_needs_is_complete(slug: str) -> None:
    drawn = shipped("prod", slug=slug)
    compiled = compile_design(drawn)
    made = forecast(drawn, compiled)
    for one in compiled.stacks:
        resources = json.loads(one.body)["Resources"]
        at = {step.logical_id: step for step in made.steps if step.stack == one.stack}
        assert set(at) == set(resources)
        (span,) = [span for span in made.stacks if span.stack == one.stack]
        assert span.levels == tuple(map(tuple, dependency_levels(one.body)))
        for name, own in resources.items():
            text = json.dumps(own)
            for other, needed in at.items():
                if f'{{"Ref": "{other}"}}' in text or f'{{"Fn::GetAtt": ["{other}"' in text:
                    assert at[name].start >= needed.end - 1e-6, (name, other)
            assert span.start < at[name].start <= at[name].end <= span.end + 1e-6


def test_production_of_carbon_connect_waits_for_its_database_most_of_the_time() -> None:
    """15 to 20 minutes over two zones (hashicorp/terraform#498); everything else is ready before, but what uses it."""
    made = of_blueprint("carbon-connect", "prod")
    longest = max(made.path, key=lambda step: step.seconds)
    assert (longest.type, longest.address) == ("AWS::RDS::DBInstance", "postgres.main")
    assert 18 <= made.minutes <= 25
    assert of_blueprint("carbon-connect", "dev").minutes <= 15
    assert (
        made.summary
        == f"about {made.minutes} minutes ({round(made.low_seconds / 60)} to {round(made.high_seconds / 60)})"
    )
    assert 0 < made.assumed_share < 0.5
    assert made.tasks[0].title == made.path[-1].title


@pytest.mark.parametrize("slug", slugs())
def test_what_is_stored_is_json_and_comes_back_whole(slug: str) -> None:
    made = of_blueprint(slug, "prod")
    stored = json.dumps(made.as_json(), separators=(",", ":"))
    assert Timeline.from_json(json.loads(stored)) == made
    assert len(stored) < 250 * len(made.steps) + 2000


def test_several_stacks_come_back_from_json_too() -> None:
    made = timed(stack({"A": resource("AWS::SNS::Topic")}, key="edge"), stack({"A": resource("AWS::SQS::Queue")}))
    assert Timeline.from_json(json.loads(json.dumps(made.as_json()))) == made


def test_what_another_version_stored_is_refused() -> None:
    stored = of_blueprint("carbon-connect", "dev").as_json() | {"version": 0}
    with pytest.raises(ValueError, match="stored in version 0, and only version 1 can be read"):
        Timeline.from_json(stored)
