"""The table of calls is complete, and says of each permission only what AWS's reference knows."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from botocore.session import Session, get_session

import provisioning
from provisioning.aws.calls import Call, Need, call_made_by, calls, permission_to_read
from provisioning.aws.needs.reads import NAMED_OTHERWISE, PREFIXES, READS, RESOURCE_OF
from provisioning.policy.reference import REFERENCE, is_among, is_global_key
from tests.aws.scanning import UntraceableError, calls_in, calls_of_module, operations
from tests.support.example_environment import ORDERS

PROVISIONING = Path(str(provisioning.__file__)).parent
AWS = PROVISIONING / "aws"


def _needs() -> list[tuple[Call, Need]]:
    return [(call, need) for call in calls().values() for need in call.needs]


# Completeness


def test_every_call_in_the_source_has_a_line() -> None:
    missing = [
        f"{name} ({', '.join(places)}): add a line to provisioning/aws/needs/"
        + ("reads.py" if name.partition(":")[2].startswith(("Describe", "Get", "List")) else "changes.py")
        for name, places in calls_in(AWS).items()
        if name not in calls()
    ]
    assert missing == []


def test_every_line_is_of_a_call_that_is_made_or_planned() -> None:
    made = calls_in(AWS)
    assert len(made) > 140
    left_over = [name for name, call in calls().items() if (call.planned is None) != (name in made)]
    assert left_over == [], "remove these lines, or move them between planned.py and the other tables"


def test_nothing_else_calls_aws() -> None:
    """Pages, commands and jobs ask `provisioning.aws`. The sandbox plays AWS itself."""
    root = PROVISIONING.parent
    importing = [
        str(path.relative_to(root))
        for folder in (PROVISIONING, root / "portal")
        for path in folder.rglob("*.py")
        if re.search(r"^\s*(import|from) (boto3|botocore)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
        and not path.is_relative_to(AWS)
        and not path.is_relative_to(PROVISIONING / "sandbox")
    ]
    assert importing == []


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ('aws.client("sqs").receive_message(QueueUrl=url)', "sqs:ReceiveMessage"),
        ("aws.ecs.run_task(cluster=c)", "ecs:RunTask"),
        ("self.sts.get_caller_identity()", "sts:GetCallerIdentity"),
        ('aws.ec2.get_paginator("describe_vpcs").paginate()', "ec2:DescribeVpcs"),
        ('budgets = aws.client("budgets")\nbudgets.create_budget()', "budgets:CreateBudget"),
        ("self._own_sts.assume_role(RoleArn=a)", "sts:AssumeRole"),
    ],
)
def test_a_call_is_found_however_it_is_written(source: str, call: str) -> None:
    assert [name for name, _ in calls_of_module(source, "shop.py")] == [call]


@pytest.mark.parametrize(
    "source",
    [
        "client.run_task(cluster=c)",
        "aws.client(name).run_task(cluster=c)",
        "aws.ec2.get_paginator(name).paginate()",
        'x = aws.client("sqs")\nx = aws.client("sns")\nx.publish()',
    ],
)
def test_a_call_that_cannot_be_followed_is_refused(source: str) -> None:
    with pytest.raises(UntraceableError):
        list(calls_of_module(source, "shop.py"))


# What the lines say


def test_every_name_is_one_of_botocore() -> None:
    unknown = [name for name in calls() if name.partition(":")[2] not in operations(name.partition(":")[0]).values()]
    assert unknown == []


def test_every_permission_its_resource_and_its_keys_are_in_the_reference() -> None:
    """So a line cannot ask for what AWS would never check."""
    wrong = []
    for call, need in _needs():
        action = REFERENCE.action(need.action)
        resource = need.resource_in(ORDERS)
        if not action.types and resource != "*":
            wrong.append(f"{call.name}: {need.action} knows no resources")
        if action.types and resource != "*" and not any(kind.covers(resource) for kind in action.types):
            wrong.append(f"{call.name}: {need.action} does not act on {resource}")
        keys = action.keys_on(resource)
        wrong += [
            f"{call.name}: AWS never sends {key} with {need.action}"
            for key in need.context
            if not is_global_key(key.lower()) and not is_among(key.lower(), keys)
        ]
    assert wrong == []


def test_the_names_of_an_environment_are_filled_in() -> None:
    call = call_made_by("ecs", "UpdateService")
    assert call is not None
    (need,) = call.needs
    assert need.resource_in(ORDERS) == (
        "arn:aws:ecs:eu-central-1:111122223333:service/payments-orders-dev-7k2mx/payments-orders-dev-7k2mx-api"
    )
    assert need.context_in(ORDERS) == {
        "ecs:cluster": "arn:aws:ecs:eu-central-1:111122223333:cluster/payments-orders-dev-7k2mx"
    }
    assert not [need for _, need in _needs() if "{" in need.resource_in(ORDERS)]


def test_a_call_that_names_a_role_needs_to_pass_it() -> None:
    """Every request that botocore's model gives a member for a role, and RunTask, whose definition
    has two.
    """
    naming = {
        name
        for name in calls()
        if name.partition(":")[0] != "sts" and any(member.lower() == "rolearn" for member in _members_of(name))
    }
    passing = {call.name for call, need in _needs() if need.action == "iam:PassRole"}
    assert {"cloudformation:CreateChangeSet", "cloudformation:DeleteStack"} <= naming
    assert naming - {"application-autoscaling:RegisterScalableTarget"} | {"ecs:RunTask"} == passing
    # The portal registers targets that exist, and names no role.
    assert "application-autoscaling:RegisterScalableTarget" in naming


@cache
def _botocore() -> Session:
    """One session, which reads each model once."""
    return get_session()


def _members_of(call: str) -> list[str]:
    service, _, operation = call.partition(":")
    shape = _botocore().get_service_model(service).operation_model(operation).input_shape
    return list(shape.members) if shape is not None else []


def test_a_read_needs_the_permission_of_its_name() -> None:
    assert permission_to_read("ec2:DescribeVpcs") == Need("ec2:DescribeVpcs", "*")
    assert permission_to_read("elbv2:DescribeRules").action == "elasticloadbalancing:DescribeRules"
    assert permission_to_read("s3:HeadBucket").action == "s3:ListBucket"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("ec2:TerminateInstances", "may change something: add a line to provisioning/aws/needs/changes.py"),
        ("s3:ListObjectsV2", "no permission s3:ListObjectsV2: add s3:ListObjectsV2 to NAMED_OTHERWISE"),
    ],
)
def test_what_cannot_be_derived_needs_a_line(call: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        permission_to_read(call)


def test_the_exceptions_are_needed() -> None:
    used = {f"{service}:{operation}" for service, operations_ in READS.items() for operation in operations_.split()}
    assert set(NAMED_OTHERWISE) <= used
    actions = {need.action for _, need in _needs()}
    for key in RESOURCE_OF:
        assert key in actions or any(action.partition(":")[0] == key for action in actions), key
    assert {name.partition(":")[0] for name in calls()} >= set(PREFIXES)


def test_planned_calls_name_their_issue() -> None:
    planned = {call.planned for call in calls().values() if call.planned is not None}
    assert planned == {9, 11}
    wanted = {
        "cloudformation:DescribeAccountLimits",
        "ce:GetCostAndUsage",
    }
    assert wanted <= {name for name, call in calls().items() if call.planned is not None}


def test_no_change_set_imports_resources() -> None:
    """The key's presence would allow a template to take over what it did not make."""
    assert not [call.name for call, need in _needs() if "cloudformation:ImportResourceTypes" in need.context]
