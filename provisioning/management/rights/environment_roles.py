"""What the roles in rendered templates are meant to do, and whether the boundary leaves it to them.

Every Allow statement of a role is asked for on the resources that it names: a reference to another
resource becomes that resource's ARN, and a wildcard becomes an example. The condition keys of the
request are those that meet the statement's own conditions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.aws.arns import is_recovery_point, type_and_id
from provisioning.aws.calls import example_arn
from provisioning.aws.handlers import carries_tags
from provisioning.management.rights.questions import Asker, Question
from provisioning.management.rights.rendered import RenderedResource, RenderedStack
from provisioning.policy.documents import Statement, parse_policy
from provisioning.policy.principal import Principal
from provisioning.policy.reference import REFERENCE, Action

Boundary = tuple[Statement, ...]


def environment_questions(stack: RenderedStack, boundary: Boundary) -> Iterator[tuple[Principal, Question]]:
    for role in stack.of_type("AWS::IAM::Role"):
        policies = role.properties.get("Policies", [])
        principal = Principal(
            arn=role.arn,
            identity=tuple(
                statement
                for policy in policies
                for statement in parse_policy(policy["PolicyDocument"], f"{role.logical_id}.{policy['PolicyName']}")
            ),
            boundary=boundary,
            tags=stack.names.tags,
        )
        for policy in policies:
            for statement in _listed(policy["PolicyDocument"]["Statement"]):
                if statement["Effect"] == "Allow":
                    for question in _questions(stack, role, statement):
                        yield principal, question


def _questions(stack: RenderedStack, role: RenderedResource, statement: Mapping[str, Any]) -> Iterator[Question]:
    context = _meeting(statement.get("Condition", {}))
    for name in _actions(statement):
        action = REFERENCE.action(name)
        for pattern in _listed(statement["Resource"]):
            for resource in _examples(stack, action, pattern):
                yield Question(
                    asker=Asker.ENVIRONMENT_ROLE,
                    purpose=f"{stack.where}, {role.logical_id}",
                    action=action.name,
                    resource=resource,
                    context=context,
                    tags=_tags(stack, resource),
                )


def _actions(statement: Mapping[str, Any]) -> Iterator[str]:
    for pattern in _listed(statement["Action"]):
        if "*" not in pattern:
            yield pattern
            continue
        prefix = pattern.partition(":")[0]
        start = pattern.rstrip("*").lower()
        yield from (name for name in REFERENCE.actions_of(prefix) if name.lower().startswith(start))


def _examples(stack: RenderedStack, action: Action, pattern: str) -> Iterator[str]:
    """The resources that an ARN pattern stands for. A statement's Resource may name several types of
    resource; those that the action cannot act on say nothing about it.
    """
    if not action.types:
        yield "*"
        return
    if pattern == "*":
        # Own resources of the stack, or one that AWS makes meanwhile.
        yield from _of_the_stack(stack, action)
        return
    example = pattern.replace("*", "x").replace("?", "x")
    if pattern.endswith("-??????"):
        example = pattern.removesuffix("-??????") + "-AbCdEf"
    if any(kind.covers(example) for kind in action.types):
        yield example


def _of_the_stack(stack: RenderedStack, action: Action) -> Iterator[str]:
    own = [
        resource.arn
        for resource in stack.resources
        if resource.arn and any(kind.covers(resource.arn) for kind in action.types)
    ]
    if own:
        yield own[0]
    else:
        first = action.types[0].arn_pattern
        yield stack.names.fill(example_arn(first))


def _tags(stack: RenderedStack, resource: str) -> Mapping[str, str] | None:
    known = next(
        (other for other in stack.resources if other.arn and other.arn.rstrip(":*") == resource.rstrip(":*")), None
    )
    if known is not None:
        return stack.names.tags if carries_tags(known.type) else None
    if is_recovery_point(resource, "AWS::Backup::BackupVault"):
        return stack.names.tags  # AWS Backup copies the tags of the resource
    form = type_and_id(resource)
    return stack.names.tags if form is not None and carries_tags(form[0]) else None


def _meeting(conditions: Mapping[str, Mapping[str, Any]]) -> Mapping[str, str | list[str]]:
    """Returns values that meet a statement's conditions: for each key the first of those it names."""
    context: dict[str, str | list[str]] = {}
    for operator, block in conditions.items():
        for key, values in block.items():
            if "Not" in operator or operator == "Null":
                continue
            first = str(_listed(values)[0]).replace("*", "x").replace("?", "x")
            context[key] = [first] if operator.startswith("For") else first
    return context


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
