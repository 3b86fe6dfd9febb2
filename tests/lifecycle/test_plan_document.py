"""The approval digest covers every field of every plan, and a plan with another digest is refused
when it would run.

The fields come from the document's own types, so that a new field is tested as soon as it exists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from django.db import transaction

from provisioning.lifecycle import plan_format_1
from provisioning.lifecycle.plan_document import (
    ChangePlan,
    CreatePlan,
    FirewallVerdict,
    ManualTask,
    PinnedBlueprint,
    PlanDocument,
    PlannedArtefact,
    PlannedChange,
    PlannedChangeSet,
    PlannedDetail,
    PlannedResource,
    PlannedStack,
    RetainedResource,
    StackInput,
    StackToDelete,
    Task,
    TeardownLine,
    TeardownPlan,
    UnreadablePlan,
    as_json,
    digest_of,
    from_json,
)
from provisioning.models import Environment, Operation, Plan, Request
from tests.fixtures.world import REGION, World

Path = tuple[str | int, ...]
LAST = -1

TASK = Task(
    key="extensions-main",
    title="Create the extensions",
    cluster="Cluster",
    task_definition="Task",
    subnets=("SubnetA", "SubnetB"),
    security_groups=("Group",),
    container="main",
    timeout_minutes=10,
    kind="ecs_run_task",
    launch_type="FARGATE",
    assign_public_ip=False,
)
STACK = PlannedStack(
    key="main",
    name="orders",
    region=REGION,
    body='{"Resources":{"Files":{"Type":"AWS::S3::Bucket"}}}',
    parameters={"Size": "dev"},
    inputs=(StackInput("TopicArn", stack="edge", output="TopicArn"),),
    tags={"portal:team": "payments"},
    capabilities=("CAPABILITY_NAMED_IAM",),
    termination_protection=False,
    stack_policy='{"Statement":[]}',
    express=False,
    resources=(PlannedResource("Files", "AWS::S3::Bucket", "bucket.files", "Files", "main"),),
    retained=(RetainedResource("Files", "AWS::S3::Bucket", "Retain", "It holds data.", "main"),),
    outputs=("Bucket",),
    levels=(("Files",),),
    artefacts=(PlannedArtefact("receiver", "artefacts/1.zip", "1" * 64, 100),),
    artefact_bucket="portal-artefacts",
)
CREATE = CreatePlan(
    account_id="111111111111",
    region=REGION,
    blueprint=PinnedBlueprint("small", "0.1.0", "2" * 64),
    size="dev",
    stacks=(replace(STACK, key="edge", name="orders-edge"), STACK),
    tasks=(TASK,),
    manual_tasks=(ManualTask("provide-key", "Provide the key", "It waits.", "Key", "aws {physical_id}", "main"),),
    inputs={"note": "nothing"},
    requires_approval=False,
    tags={"cost-centre": "4711"},
)
LINE = TeardownLine("Files", "AWS::S3::Bucket", "orders-files", "bucket.files", "Files", "", "Emptied.", "main", REGION)
TEARDOWN = TeardownPlan(
    environment_id="00000000-0000-0000-0000-000000000000",
    stacks=(StackToDelete("main", "orders", REGION, ("arn:stack/1",)),),
    to_delete=(LINE,),
    to_retain=(replace(LINE, policy="Retain"),),
    account_id="111111111111",
    to_leave=(replace(LINE, physical_id="orders-locked"),),
    is_forced=True,
    unsearched=(REGION,),
)
DETAIL = PlannedDetail("Properties", "Engine", "Always", "Static", "DirectModification", "Engine")
CHANGE_SET = PlannedChangeSet(
    stack="main",
    stack_id="arn:stack/1",
    region=REGION,
    change_set_type="UPDATE",
    body_sha256="3" * 64,
    parameters={"Size": None},
    resolved={"Image": "ami-1"},
    tags={"portal:team": "payments"},
    capabilities=("CAPABILITY_NAMED_IAM",),
    role_arn="arn:role/payments",
    notification_arns=("arn:topic",),
    express=False,
    disable_rollback=False,
    revert_drift=False,
    include_nested_stacks=False,
    import_existing_resources=False,
    on_stack_failure="ROLLBACK",
    has_changes=True,
    changes=(
        PlannedChange(
            logical_id="Files",
            action="Modify",
            type="AWS::S3::Bucket",
            physical_id="files",
            replacement="True",
            policy_action="ReplaceAndRetain",
            scope=("Properties",),
            details=(DETAIL,),
            nested="4",
        ),
    ),
    verdicts=(
        FirewallVerdict(
            "Files", "AWS::S3::Bucket", "files", is_dangerous=True, outcome="retained", reasons=("It is replaced.",)
        ),
    ),
    relaxed=("Files",),
    policy_before='{"Statement":[]}',
    policy_during='{"Statement":[1]}',
    policy_after='{"Statement":[2]}',
    fingerprint="5" * 64,
)
CHANGE = ChangePlan(
    account_id="111111111111",
    region=REGION,
    blueprint=PinnedBlueprint("small", "0.2.0", "2" * 64),
    size="staging",
    stacks=(STACK,),
    tasks=(TASK,),
    manual_tasks=CREATE.manual_tasks,
    inputs={"note": "nothing"},
    requires_approval=True,
    environment_id="00000000-0000-0000-0000-000000000000",
    previous_digest="6" * 64,
    run_tasks=("extensions-main",),
    change_sets=(CHANGE_SET,),
    tags={"cost-centre": "4711"},
)
SAMPLES: dict[str, PlanDocument] = {"create": CREATE, "change": CHANGE, "teardown": TEARDOWN}
SAMPLES_OF_FORMAT_1 = {name: sample for name, sample in SAMPLES.items() if name in plan_format_1.DIGEST_KEYS}


def paths(kind: Any, at: Path = ()) -> Iterator[Path]:
    """Every field of a record and of all records in it, as a path into its JSON; of a list, the
    last item.
    """
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        for field in fields(kind):
            yield (*at, field.name)
            yield from paths(hints[field.name], (*at, field.name))
    elif get_origin(kind) is tuple:
        yield (*at, LAST)
        yield from paths(get_args(kind)[0], (*at, LAST))
    elif get_origin(kind) is Mapping:
        yield (*at, "*")


def is_covered_by_format_1(kind: str, path: Path) -> bool:
    names = {today: then for then, today in plan_format_1.PLAN_NAMES.items()}
    return names.get(str(path[0]), path[0]) in plan_format_1.DIGEST_KEYS.get(kind, ())


FIELDS = [(name, path) for name, sample in SAMPLES.items() for path in paths(type(sample))]
FIELDS_OF_FORMAT_1 = [field for field in FIELDS if is_covered_by_format_1(*field)]


def value_at(content: Any, path: Path) -> Any:
    for key in path:
        content = next(iter(content.values())) if key == "*" else content[key]
    return content


def changed(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """The content with another value at the path."""
    content = deepcopy(content)
    parent = value_at(content, path[:-1])
    key = next(iter(parent)) if path[-1] == "*" else path[-1]
    match parent[key]:
        case bool() as value:
            parent[key] = not value
        case int() as value:
            parent[key] = value + 1
        case str() as value:
            parent[key] = f"{value}x"
        case list() as value:
            assert value, f"The sample needs an item at {path}."
            value.append(deepcopy(value[0]))
        case dict() as value:
            value["added"] = "x"
        case None:
            parent[key] = "x"
        case other:
            raise AssertionError(f"The sample needs a value at {path}, and has {other}.")
    return content


def digest_or_unreadable(content: dict[str, Any]) -> str:
    try:
        return digest_of(from_json(content))
    except UnreadablePlan:
        return "unreadable"


# The digest


@pytest.mark.parametrize(("kind", "path"), FIELDS, ids=str)
def test_a_change_of_any_field_changes_the_digest(kind: str, path: Path) -> None:
    content = as_json(SAMPLES[kind])
    assert digest_or_unreadable(changed(content, path)) != digest_of(SAMPLES[kind])


@pytest.mark.parametrize(("kind", "path"), FIELDS_OF_FORMAT_1, ids=str)
def test_a_change_of_any_field_that_format_1_covers_changes_its_digest(kind: str, path: Path) -> None:
    content = plan_format_1.downgrade(changed(as_json(SAMPLES[kind]), path))
    assert digest_or_unreadable(content) != digest_of(from_json(format_1(SAMPLES[kind])))


def format_3(sample: PlanDocument) -> dict[str, Any]:
    return as_json(replace(sample, format=3))


def format_2(sample: PlanDocument) -> dict[str, Any]:
    return as_json(replace(sample, format=2))


def format_1(sample: PlanDocument) -> dict[str, Any]:
    if isinstance(sample, CreatePlan):
        return as_json(replace(sample, format=1, manual_tasks=()))
    return as_json(replace(sample, format=1))


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_unknown_or_a_missing_key_in_any_record_makes_a_plan_unreadable(kind: str) -> None:
    earlier = [format_1(SAMPLES[kind]), format_2(SAMPLES[kind])] if kind in SAMPLES_OF_FORMAT_1 else []
    for content in (as_json(SAMPLES[kind]), format_3(SAMPLES[kind]), *earlier):
        digest = digest_of(from_json(content))
        for record in records(content):
            for key in list(record):
                value = record.pop(key)
                assert digest_or_unreadable(content) != digest, key
                record[key] = value
            record["unknown"] = 1
            assert digest_or_unreadable(content) == "unreadable", record
            del record["unknown"]


def records(content: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object that is a record, and no map of free keys."""
    if isinstance(content, list):
        for item in content:
            yield from records(item)
    elif isinstance(content, dict):
        yield content
        for key, value in content.items():
            if key not in ("parameters", "resolved", "tags") and not (key == "inputs" and isinstance(value, dict)):
                yield from records(value)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_document_is_what_it_was_after_the_database(kind: str) -> None:
    sample = SAMPLES[kind]
    assert from_json(json.loads(json.dumps(as_json(sample)))) == sample


@pytest.mark.parametrize("kind", SAMPLES)
def test_no_earlier_format_has_a_key_of_format_4(kind: str) -> None:
    content = format_3(SAMPLES[kind])
    assert as_json(from_json(content)) == content
    assert "tags" not in content
    if kind != "teardown":
        assert digest_or_unreadable({**content, "tags": {}}) == "unreadable"


@pytest.mark.parametrize("kind", SAMPLES_OF_FORMAT_1)
def test_a_document_of_an_earlier_format_is_what_it_was_after_the_database(kind: str) -> None:
    sample = SAMPLES[kind]
    earlier = (format_1(sample), format_2(sample))
    assert [as_json(from_json(content)) for content in earlier] == list(earlier)
    assert len({digest_of(sample), *(digest_of(from_json(content)) for content in earlier)}) == len(earlier) + 1


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"kind": "create"},
        {"format": 5, "kind": "create"},
        {"format": 2, "kind": "change"},
        {"format": 1},
        {"stacks": 5},
    ],
)
def test_a_document_of_no_known_format_is_unreadable(content: dict[str, Any]) -> None:
    with pytest.raises(UnreadablePlan):
        from_json(content)


def test_the_digests_of_all_formats_never_change() -> None:
    """Approvals in the database are of these. A new format gets a line of its own."""
    assert [digest_of(SAMPLES[kind]) for kind in SAMPLES] == [
        "7a8247ca93d4bd2780bcefb45a0f975309ebb9af6c0940008b77ddca4551b77d",
        "948a932703262abae84d6401e92e19c9bc3c51828d58ff43f26824d7f641a17a",
        "a956e8ce437c0a484d66a8ef21ceaf2f393bfe9aeeaafa85c02c397ffcb6542e",
    ]
    assert [digest_of(from_json(format_3(SAMPLES[kind]))) for kind in SAMPLES] == [
        "449a3d6929a08d7a143f81e48aa13d682f6f3662d6ed6baa39971887c3d319ff",
        "ad7046049d84b39ca5d07b4f3e4d7d9e86a25ef88586f017b6a99c39a910e025",
        "1a7189b521bc2864a9ef3ae18402fefb1679d9acc610232bf152680bda31c830",
    ]
    assert [digest_of(from_json(format_2(SAMPLES[kind]))) for kind in SAMPLES_OF_FORMAT_1] == [
        "2141c72ad2cef1a599bf33e2f716354e77c9a829ef9c6974b0c11f94d26275fd",
        "f0fb643a728bd3b926128d7a26bbd613994c62ffc5bcb1c0475419835f01b180",
    ]
    assert [digest_of(from_json(format_1(SAMPLES[kind]))) for kind in SAMPLES_OF_FORMAT_1] == [
        "03eaab0980e13867e577e2c1fb56b73501386808c124d514ac3a582ded29eb01",
        "714e2accf810ce945d2af9498cf94a3394f76c61aee76f6ed738757922c06fe8",
    ]


# Execution


def refused(world: World, request: Request, content: dict[str, Any]) -> bool:
    """Whether the operation of this request ends at its first step, without a call, with this as
    its stored plan.
    """
    operation = Operation.objects.get(request=request, ended_at=None)
    with transaction.atomic():
        Plan.objects.filter(pk=request.plan_id).update(content=content)
        world.cloud.faults.calls.clear()
        assert world.engine.advance(operation.pk)
        operation.refresh_from_db()
        ended = operation.state == "refused" and "differs from the one that was approved" in operation.cause
        quiet = not world.cloud.faults.calls
        transaction.set_rollback(True)
    return ended and quiet


def test_a_creation_with_a_change_in_any_field_is_refused_at_execution(world: World) -> None:
    request = world.request()
    plan = replace(
        CREATE,
        account_id=world.account.account_id,
        stacks=(replace(STACK, key="edge", name="orders-edge", inputs=()), STACK),
    )
    Request.objects.update(approved_digest=digest_of(plan))
    Operation.objects.update(approved_digest=digest_of(plan), stack="edge")
    assert not refused(world, request, as_json(plan))
    paths_of = [path for kind, path in FIELDS if kind == "create"]
    assert [path for path in paths_of if not refused(world, request, changed(as_json(plan), path))] == []


def test_a_teardown_with_a_change_in_any_field_is_refused_at_execution(world: World) -> None:
    environment = Environment.objects.get(pk=world.create().pk)
    request = world.tear_down(environment)
    plan = from_json(request.plan.content)
    assert isinstance(plan, TeardownPlan)
    plan = replace(plan, to_retain=(LINE,), to_leave=(LINE,), is_forced=True, unsearched=(REGION,))
    Request.objects.filter(pk=request.pk).update(approved_digest=digest_of(plan))
    Operation.objects.filter(request=request).update(approved_digest=digest_of(plan))
    assert not refused(world, request, as_json(plan))
    paths_of = [path for kind, path in FIELDS if kind == "teardown"]
    assert [path for path in paths_of if not refused(world, request, changed(as_json(plan), path))] == []
