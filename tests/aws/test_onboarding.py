"""The roles that onboarding makes allow what is done with them: the portal's own calls, stacks'
resources, environments' roles.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore import xform_name
from botocore.session import get_session

import provisioning.aws
from tests.aws.test_every_type import shipped_types, templates
from tests.support.linting import SCHEMAS

AWS = Path(provisioning.aws.__file__).parent
ACCOUNT = {"Ref": "AWS::AccountId"}

# The service's prefix in IAM, where it is not botocore's name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
PREFIX = {
    "application_autoscaling": "application-autoscaling",
    # DocumentDB and Neptune speak RDS's language, with RDS's permissions.
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elbv2": "elasticloadbalancing",
    "neptune": "rds",
    "resourcegroupstaggingapi": "tag",
    "sesv2": "ses",
    "stepfunctions": "states",
    "tagging": "tag",
}
BOTOCORE = {"application_autoscaling": "application-autoscaling", "tagging": "resourcegroupstaggingapi"}
# Calls whose right is called otherwise.
RIGHTS = {
    "apigatewayv2:GetApi": ["apigateway:GET"],
    "lambda:GetLayerVersionByArn": ["lambda:GetLayerVersion"],
    "s3:DeleteObjects": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    "s3:HeadBucket": ["s3:ListBucket"],
    "s3:HeadObject": ["s3:GetObject"],
    "s3:ListMultipartUploads": ["s3:ListBucketMultipartUploads"],
    "s3:ListObjectVersions": ["s3:ListBucketVersions"],
    # With tags; CloudFormation acts as its own role from then on.
    "cloudformation:CreateStack": ["cloudformation:CreateStack", "cloudformation:TagResource", "iam:PassRole"],
    "ecs:RunTask": ["ecs:RunTask", "ecs:TagResource", "iam:PassRole"],
}
NOT_OURS = {"sts"}  # who one is may always be asked
MANAGED_POLICY_CHARACTERS = 6_144 - 60  # less what a real account id and partition may add
INLINE_POLICIES_CHARACTERS = 10_240


class _Loader(yaml.SafeLoader):
    """CloudFormation's short forms as what they stand for, as far as it matters here."""


def _short(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {suffix: loader.construct_sequence(node, deep=True)}


_Loader.add_multi_constructor("!", _short)


@cache
def onboarding() -> dict[str, Any]:
    template: dict[str, Any] = yaml.load((AWS / "onboarding.yaml").read_text(), _Loader)  # noqa: S506 - a SafeLoader
    return template


@cache
def managed() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - slow to import

    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies


def a_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(statements: Iterable[dict[str, Any]]) -> list[str]:
    return [a for item in statements if item["Effect"] == "Allow" for a in a_list(item.get("Action", []))]


def role_statements(logical_id: str) -> list[dict[str, Any]]:
    """What its own policies and AWS's say together."""
    properties = onboarding()["Resources"][logical_id]["Properties"]
    statements = [item for policy in properties["Policies"] for item in policy["PolicyDocument"]["Statement"]]
    for arn in properties["ManagedPolicyArns"]:
        statements += a_list(managed()[arn["Sub"].rpartition("/")[2]]["Document"]["Statement"])
    return statements


def matches(action: str, patterns: Iterable[str]) -> bool:
    """IAM does not tell capitals from small letters."""
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


# The portal's own calls


def own_calls() -> set[str]:
    """Each call of AWS in `provisioning.aws`, as "service:Operation" with botocore's names."""
    found = set()
    for path in sorted(AWS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if (service := _service(node.func.value)) is None:
                continue
            method = node.func.attr
            if method == "get_paginator":
                assert isinstance(node.args[0], ast.Constant)
                method = node.args[0].value
            found.add(f"{service}:{_operation(service, method)}")
    return found


def _service(node: ast.expr) -> str | None:
    """`aws.s3` and `aws.client("s3")`, in whatever they are called."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client":
        argument = node.args[0]
        assert isinstance(argument, ast.Constant), ast.dump(node)
        return str(argument.value)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("aws", "self"):
        name = BOTOCORE.get(node.attr, node.attr)
        return name if name in get_session().get_available_services() else None
    return None


@cache
def _operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in get_session().get_service_model(service).operation_names}


def _operation(service: str, method: str) -> str:
    return _operations(service)[method]


def rights_for(call: str) -> list[str]:
    service, _, operation = call.partition(":")
    return RIGHTS.get(call, [f"{PREFIX.get(service, service)}:{operation}"])


def test_the_calls_are_found() -> None:
    calls = own_calls()
    assert len(calls) > 100
    assert {"s3:HeadObject", "cloudformation:CreateStack", "mq:DescribeBroker", "backup:ListBackupVaults"} <= calls
    assert {"resourcegroupstaggingapi:GetResources", "application-autoscaling:RegisterScalableTarget"} <= calls


def test_the_portals_role_allows_each_of_its_calls() -> None:
    rights = allowed(role_statements("PortalRole"))
    denied = {
        f"{call} needs {right}"
        for call in own_calls()
        for right in rights_for(call)
        if call.partition(":")[0] not in NOT_OURS and not matches(right, rights)
    }
    assert sorted(denied) == []


def test_the_portals_role_changes_nothing_that_its_calls_do_not() -> None:
    """Its own policy, less CloudFormation, which it has whole."""
    statements = onboarding()["Resources"]["PortalRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    needed = {right for call in own_calls() for right in rights_for(call)}
    reads = ("Get", "List", "Describe", "GET")
    more = [
        action
        for action in allowed(statements)
        if action != "cloudformation:*"
        and not action.partition(":")[2].startswith(reads)
        and not any(matches(right, [action]) for right in needed)
    ]
    assert more == []


# What stacks make


@cache
def handler_rights(resource_type: str) -> frozenset[str]:
    """What CloudFormation needs to make, read, change and delete one, by its own schema."""
    named = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())[resource_type]
    schema = json.loads((SCHEMAS / "resources" / f"{named.removesuffix('.json')}.json").read_text())
    handlers = schema.get("handlers", {})
    return frozenset(
        right
        for verb in ("create", "read", "update", "delete")
        for right in handlers.get(verb, {}).get("permissions", [])
    )


# A role never loses its boundary; its description is fixed by the template, and changes with another role.
NEVER_GIVEN = {"iam:DeleteRolePermissionsBoundary", "iam:UpdateRoleDescription"}


def test_the_role_for_stacks_allows_what_every_type_needs() -> None:
    """PowerUserAccess has everything but IAM, Organizations and accounts; of these its own policy
    has what is needed.
    """
    rights = allowed(role_statements("StackRole"))
    needed = {
        (right, resource_type)
        for resource_type in shipped_types()
        for right in handler_rights(resource_type)
        if right.partition(":")[0] in ("iam", "organizations", "account") and right not in NEVER_GIVEN
    }
    assert len(needed) > 10
    assert sorted(f"{kind} needs {right}" for right, kind in needed if not matches(right, rights)) == []


# What environments' roles do


def boundary() -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = onboarding()["Resources"]["Boundary"]["Properties"]["PolicyDocument"][
        "Statement"
    ]
    return statements


def environment_statements() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for where, resources in templates():
        for name, resource in resources.items():
            if resource["Type"] != "AWS::IAM::Role":
                continue
            for policy in resource["Properties"].get("Policies", []):
                found += [(f"{where}: {name}", item) for item in a_list(policy["PolicyDocument"]["Statement"])]
    return found


def test_the_boundary_takes_no_right_away_that_a_blueprint_gives() -> None:
    statements = environment_statements()
    assert len(statements) > 50
    rights = allowed(boundary())
    lost = {
        f"{where} {action}" for where, item in statements for action in allowed([item]) if not matches(action, rights)
    }
    assert sorted(lost) == []


@pytest.mark.parametrize("action", ["iam:PassRole", "kms:CreateGrant"])
def test_a_right_that_the_boundary_gives_on_a_condition_is_given_on_it(action: str) -> None:
    (condition,) = [item["Condition"] for item in boundary() if action in a_list(item["Action"])]
    given = [
        (where, item.get("Condition")) for where, item in environment_statements() if matches(action, allowed([item]))
    ]
    assert [where for where, mine in given if mine != condition] == []


def test_no_role_of_a_blueprint_takes_a_policy_of_awss() -> None:
    """Those allow more than the boundary, which would take the rest away without a word."""
    taken = [
        f"{where}: {name}"
        for where, resources in templates()
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role" and resource["Properties"].get("ManagedPolicyArns")
    ]
    assert taken == []


def test_the_policies_are_short_enough_for_iam() -> None:
    """Characters without white space:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
    """
    assert len(json.dumps(boundary(), separators=(",", ":"))) <= MANAGED_POLICY_CHARACTERS
    for role in ("PortalRole", "StackRole"):
        policies = onboarding()["Resources"][role]["Properties"]["Policies"]
        assert len(json.dumps(policies, separators=(",", ":"))) <= INLINE_POLICIES_CHARACTERS
