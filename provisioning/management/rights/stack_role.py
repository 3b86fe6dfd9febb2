"""What a team's stack role needs: CloudFormation's handlers run with its permissions, and dynamic
references are resolved with them.

Each permission is asked for on the ARNs that the rendered resources will have. Of the resource types
that an action may act on, those count that the stack contains: the resource's own, or else those of
the other resources of its stack. The tags are those that the resource has at that moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from provisioning.aws.calls import example_resource
from provisioning.aws.handler_exceptions import reason_not_granted
from provisioning.aws.handlers import Handler, carries_tags, schemas
from provisioning.aws.needs.changes import ARTEFACTS
from provisioning.management.rights.arns import FORMS
from provisioning.management.rights.questions import Asker, Question
from provisioning.management.rights.rendered import RenderedResource, RenderedStack
from provisioning.policy.reference import REFERENCE, AccessLevel, Action, is_among

# Calls that make a resource: it has no tags yet, and the request has them.
_MAKES: Final = re.compile(r":(Create|Run|Request|Register|Allocate|PutParameter|Put\w*Alarm|PutDashboard)")
_UNTAGS: Final = re.compile(r":(Untag|Remove\w*Tags|Delete\w*Tags)")
_DYNAMIC_REFERENCE: Final = re.compile(r"\{\{resolve:(secretsmanager|ssm):([^}]+)\}\}")

PASSED_TO: Final[Mapping[str, str]] = {
    "AWS::Backup::BackupSelection": "backup.amazonaws.com",
    "AWS::EC2::FlowLog": "vpc-flow-logs.amazonaws.com",
    "AWS::EC2::Instance": "ec2.amazonaws.com",
    "AWS::ECS::TaskDefinition": "ecs-tasks.amazonaws.com",
    "AWS::IAM::InstanceProfile": "ec2.amazonaws.com",
    "AWS::Lambda::Function": "lambda.amazonaws.com",
    "AWS::RDS::DBInstance": "monitoring.rds.amazonaws.com",
    "AWS::S3::Bucket": "s3.amazonaws.com",
}
"""The service to which a type's handler passes a role of the stack."""

LINKED_TO: Final[Mapping[str, str]] = {
    "AWS::AmazonMQ::Broker": "mq.amazonaws.com",
    "AWS::ApplicationAutoScaling::ScalableTarget": "ecs.application-autoscaling.amazonaws.com",
    "AWS::Backup::BackupSelection": "backup.amazonaws.com",
    "AWS::ECS::Cluster": "ecs.amazonaws.com",
    "AWS::EFS::FileSystem": "elasticfilesystem.amazonaws.com",
    "AWS::ElastiCache::ReplicationGroup": "elasticache.amazonaws.com",
    "AWS::RDS::DBInstance": "rds.amazonaws.com",
    "AWS::RDS::DBParameterGroup": "rds.amazonaws.com",
    "AWS::RDS::DBSubnetGroup": "rds.amazonaws.com",
}
"""The service whose service-linked role a type's handler creates if the account has none."""


ON_AN_EXAMPLE: Final = ("AWS::ElastiCache::User", "AWS::ElastiCache::UserGroup")
"""Types that a component can make and no shipped blueprint has."""


def example_questions(stack: RenderedStack) -> Iterator[Question]:
    """What these types need, as if the stack had one of each."""
    for resource_type in ON_AN_EXAMPLE:
        form = FORMS.get(resource_type)
        name = f"{stack.names.prefix}-example"
        place = {"region": stack.names.region, "account_id": stack.names.account_id, "partition": stack.names.partition}
        arn = form.arn(name, {}, **place) if form is not None else ""
        yield from _handler_questions(stack, RenderedResource("Example", resource_type, {}, arn))


def stack_role_questions(stack: RenderedStack) -> Iterator[Question]:
    for resource in stack.resources:
        yield from _handler_questions(stack, resource)
    yield from _dynamic_references(stack)


def _handler_questions(stack: RenderedStack, resource: RenderedResource) -> Iterator[Question]:
    if (schema := schemas().get(resource.type)) is not None:
        for handler, actions in schema.handlers.items():
            for action in actions:
                if not reason_not_granted(resource.type, action):
                    yield from _questions(stack, resource, handler, REFERENCE.action(action))


def _questions(
    stack: RenderedStack, resource: RenderedResource, handler: Handler, action: Action
) -> Iterator[Question]:
    purpose = f"{resource.type}, {handler}"
    if action.name == "iam:PassRole":
        yield from _passed_roles(stack, resource, purpose)
        return
    if action.name == "route53:ChangeResourceRecordSets":
        yield from _changed_records(resource, purpose)
        return
    context = _context(stack, resource, action)
    for arn, owner in _targets(stack, resource, action):
        tagged = _has_tags(resource, handler, action, owner)
        yield Question(Asker.STACK_ROLE, purpose, action.name, arn, context, stack.names.tags if tagged else None)
        reads = action.access_level in (AccessLevel.READ, AccessLevel.LIST)
        if tagged and handler is Handler.DELETE and reads:
            # A handler reads until the resource is gone, and what is gone has no tags.
            yield Question(Asker.STACK_ROLE, purpose, action.name, arn, context)


def _targets(
    stack: RenderedStack, resource: RenderedResource, action: Action
) -> list[tuple[str, RenderedResource | None]]:
    """The ARNs that the handler may call the action on, with the resource that each belongs to."""
    if not action.types:
        return [("*", None)]
    if action.name == "iam:CreateServiceLinkedRole":
        return [(f"arn:aws:iam::{stack.names.account_id}:role/aws-service-role/{LINKED_TO[resource.type]}/x", None)]
    if action.name in ("s3:GetObject", "s3:GetObjectVersion"):
        return [(stack.names.fill(f"{ARTEFACTS}/artefacts/0a1b.zip"), None)]
    own: list[tuple[str, RenderedResource | None]] = (
        [(resource.arn, resource)] if _acts_on(action.name, resource.type) else []
    )
    if own and not _MAKES.search(action.name):
        return own
    others: list[tuple[str, RenderedResource | None]] = [
        (other.arn, other)
        for other in stack.resources
        if other.type != resource.type and _acts_on(action.name, other.type)
    ]
    return own + others or [(stack.names.fill(example_resource(action.name)), None)]


@cache
def _acts_on(action: str, resource_type: str) -> bool:
    """Whether an action can be called on what a resource of this type is to IAM."""
    form = FORMS.get(resource_type)
    if form is None:
        return False
    arn = form.arn("x", {}, region="eu-central-1", account_id="111122223333", partition="aws")
    return any(kind.covers(arn) for kind in REFERENCE.action(action).types)


def _has_tags(resource: RenderedResource, handler: Handler, action: Action, owner: RenderedResource | None) -> bool:
    """Whether the resource that the action is called on has the environment's tags by then."""
    if owner is None or not carries_tags(owner.type):
        return False
    if owner is not resource:
        return True
    if handler is Handler.LIST:
        return False
    if handler is Handler.CREATE:
        return schemas()[resource.type].tag_on_create and not _MAKES.search(action.name)
    return True


def _context(stack: RenderedStack, resource: RenderedResource, action: Action) -> Mapping[str, str | list[str]]:
    """The condition keys of the request, of those that AWS sends with the action."""
    context: dict[str, str | list[str]] = {}
    if _UNTAGS.search(action.name):
        # The environment's own tags never change, so a handler removes others only.
        context["aws:TagKeys"] = ["note"]
    elif carries_tags(resource.type):
        context |= {f"aws:RequestTag/{key}": value for key, value in stack.names.tags.items()}
        context["aws:TagKeys"] = list(stack.names.tags)
    if resource.type == "AWS::IAM::Role":
        context["iam:PermissionsBoundary"] = str(resource.properties.get("PermissionsBoundary", ""))
    if action.name == "iam:CreateServiceLinkedRole":
        context["iam:AWSServiceName"] = LINKED_TO[resource.type]
    return {key: value for key, value in context.items() if is_among(key.lower(), action.all_keys)}


def _passed_roles(stack: RenderedStack, resource: RenderedResource, purpose: str) -> Iterator[Question]:
    """A question for each role of the stack that the service of this type may assume."""
    service = PASSED_TO[resource.type]
    for role in stack.of_type("AWS::IAM::Role"):
        if service in _trusted(role.properties["AssumeRolePolicyDocument"]):
            yield Question(Asker.STACK_ROLE, purpose, "iam:PassRole", role.arn, {"iam:PassedToService": service})


def _changed_records(resource: RenderedResource, purpose: str) -> Iterator[Question]:
    """A question for each record: the resource's own, or those that prove the domains of a
    certificate.
    """
    records = [(resource.properties.get("HostedZoneId"), resource.properties.get("Name"))]
    if resource.type == "AWS::CertificateManager::Certificate":
        records = [
            (option.get("HostedZoneId"), f"_0a1b2c3d.{option['DomainName'].removeprefix('*.')}")
            for option in resource.properties.get("DomainValidationOptions", [])
        ]
    for zone, name in records:
        if zone and name:
            yield Question(
                Asker.STACK_ROLE,
                purpose,
                "route53:ChangeResourceRecordSets",
                f"arn:aws:route53:::hostedzone/{zone}",
                {"route53:ChangeResourceRecordSetsNormalizedRecordNames": [str(name).rstrip(".").lower()]},
            )


def _trusted(policy: Mapping[str, Any]) -> set[str]:
    services: set[str] = set()
    for statement in policy["Statement"]:
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        services |= {named} if isinstance(named, str) else set(named)
    return services


def _dynamic_references(stack: RenderedStack) -> Iterator[Question]:
    """CloudFormation reads secrets and parameters with the stack role. A secret of another stack is
    one that the team brings.
    """
    text = json.dumps([resource.properties for resource in stack.resources])
    names = stack.names
    for service, reference in sorted(set(_DYNAMIC_REFERENCE.findall(text))):
        if service == "ssm":
            name = reference.partition(":")[0].lstrip("/")
            account_id = "" if name.startswith("aws/service/") else names.account_id
            arn = f"arn:{names.partition}:ssm:{names.region}:{account_id}:parameter/{name}"
            yield Question(Asker.STACK_ROLE, "dynamic references", "ssm:GetParameters", arn)
            continue
        name = reference.partition(":SecretString")[0]
        arn = name
        if not name.startswith("arn:"):
            arn = f"arn:{names.partition}:secretsmanager:{names.region}:{names.account_id}:secret:{name}-AbCdEf"
        is_own = any(secret.arn == arn for secret in stack.of_type("AWS::SecretsManager::Secret"))
        tags = names.tags if is_own else {"portal:team": names.team}
        yield Question(Asker.STACK_ROLE, "dynamic references", "secretsmanager:GetSecretValue", arn, tags=tags)
