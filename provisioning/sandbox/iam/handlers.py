"""What CloudFormation's handler of a type calls, as accesses of the stack's role.

AWS's schemas list the permissions of each handler (`handlers.*.permissions`). Each is asked on the
resource itself where its action knows that type, and on whatever the properties name. The rules:

- An action without resource types is asked on `*`.
- An action of another service is asked only if a property names a resource of that service.
- A permission that only an unset property needs is not asked (`optional`); nor is one that the service
  authorization reference does not know, or that the schema writes with a wildcard (`not_asked`).
- In a create handler, the creating call bears the tags and the resource has none yet; afterwards the
  resource has the tags that CloudFormation gives it. What has been deleted has none again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any

from provisioning.policy.reference import REFERENCE, AccessLevel
from provisioning.sandbox.iam.access import Access
from provisioning.sandbox.iam.named_resources import named_arns, passed_roles
from provisioning.sandbox.iam.optional import is_used
from provisioning.sandbox.iam.own_arns import own_arn, service_of_type
from provisioning.sandbox.iam.passed_to import linked_role, service_passed_to
from provisioning.sandbox.iam.planned_tags import planned_tags, tags_with_creation
from provisioning.sandbox.iam.request_tags import tag_context
from provisioning.sandbox.iam.resources import service_of
from provisioning.sandbox.private import get_account_id, get_region, iam
from provisioning.sandbox.schemas import schema_of

_MAKES = re.compile(
    r":(Create|Run|Request|Allocate|RegisterTaskDefinition|RegisterScalableTarget|Put(Parameter|MetricAlarm|CompositeAlarm|Dashboard|Rule))"
)
_UNTAGS = re.compile(r":(Untag|Remove|DeleteTags)")
_HANDLERS = {"create": ("create", "read"), "update": ("update", "read"), "delete": ("delete",)}
_READING = (AccessLevel.READ, AccessLevel.LIST)
_PLACE = re.compile(r"\$\{[^}]*\}")
PASS_ROLE, LINKED_ROLE = "iam:PassRole", "iam:CreateServiceLinkedRole"


@dataclass(frozen=True)
class Target:
    """A resource of a stack, before or after it exists. `properties` are without the stack's tags."""

    resource_type: str
    logical_id: str
    properties: Mapping[str, Any]
    stack_name: str
    stack_tags: Iterable[Mapping[str, str]] = ()
    physical_id: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def arn(self) -> str:
        return own_arn(
            self.resource_type,
            self.properties,
            stack_name=self.stack_name,
            logical_id=self.logical_id,
            physical_id=self.physical_id,
            attributes=self.attributes,
        )

    @cached_property
    def tags(self) -> dict[str, str]:
        return planned_tags(self.resource_type, self.properties, self.stack_tags)


@cache
def permissions(resource_type: str, op: str, region: str) -> tuple[str, ...]:
    """The known permissions of the handlers that an operation runs."""
    handlers = (schema_of(resource_type, region) or {}).get("handlers") or {}
    listed = [one for name in _HANDLERS[op] for one in (handlers.get(name) or {}).get("permissions") or []]
    return tuple(dict.fromkeys(one for one in listed if not not_asked(one)))


def not_asked(permission: str) -> str:
    """Why a permission of a schema is never asked, whatever the properties; empty if it is."""
    if "*" in permission:
        return "The schema names the actions by a wildcard, so it is not known which of them are called."
    if not REFERENCE.has(permission):
        return "The service authorization reference knows no such action."
    return ""


def needs_of_handler(op: str, target: Target, tags_of: Callable[[str], Mapping[str, str] | None]) -> list[Access]:
    """The accesses of a create, update or delete. `tags_of` knows the tags of other resources."""
    others = {arn: tags_of(arn) for arn in named_arns(target.properties) if arn != target.arn}
    needed: list[Access] = []
    for action in permissions(target.resource_type, op, get_region()):
        if not is_used(target.resource_type, action, target.properties):
            continue
        if action == PASS_ROLE:
            needed += _passing(target)
        elif action == LINKED_ROLE:
            needed += _linking(target)
        else:
            needed += _ordinary(op, action, target, others)
    return needed


def _ordinary(op: str, action: str, target: Target, others: Mapping[str, Mapping[str, str] | None]) -> list[Access]:
    known = REFERENCE.action(action)
    context = _context(op, action, target)
    if not known.types:
        return [Access(action, "*", context, {})]
    needed, own = [], target.arn
    if own and _covers(action, own):
        gone_too = op == "delete" and known.access_level in _READING
        needed.append(Access(action, own, context, {} if op == "create" and _before_tags(action) else target.tags))
        needed += [Access(action, own, context, {})] if gone_too and target.tags else []
    named = [arn for arn in others if _covers(action, arn)]
    service = action.partition(":")[0]
    if service == service_of_type(target.resource_type) or any(service_of(arn) == service for arn in named):
        needed += [Access(action, arn, context, others[arn]) for arn in named]
    if not needed and service == service_of_type(target.resource_type):
        needed.append(Access(action, _any_of_first_type(action), context, {}))
    return needed


@lru_cache(maxsize=65536)
def _covers(action: str, arn: str) -> bool:
    return any(one.covers(arn) for one in REFERENCE.action(action).types)


@cache
def _before_tags(action: str) -> bool:
    """Whether the call comes before the resource has its tags: it creates it, or tags it."""
    return bool(_MAKES.search(action)) or REFERENCE.action(action).access_level is AccessLevel.TAGGING


def _any_of_first_type(action: str) -> str:
    pattern = REFERENCE.action(action).types[0].arn_pattern
    known = {"${Partition}": "aws", "${Region}": get_region(), "${Account}": get_account_id()}
    return _PLACE.sub(lambda match: known.get(match[0], "*"), pattern)


def _passing(target: Target) -> list[Access]:
    service = service_passed_to(target.resource_type)
    context = {"iam:PassedToService": service} if service else {}
    return [Access(PASS_ROLE, arn, context) for arn in passed_roles(target.properties)]


def _linking(target: Target) -> list[Access]:
    """Only where the account does not have the role already, which onboarding makes."""
    role = linked_role(target.resource_type)
    if role is None or role.name in iam.roles:
        return []
    arn = f"arn:aws:iam::{get_account_id()}:role/aws-service-role/{role.service}/{role.name}"
    return [Access(LINKED_ROLE, arn, {"iam:AWSServiceName": role.service}, {})]


def _context(op: str, action: str, target: Target) -> dict[str, str | list[str]]:
    """The request's own condition keys. Those that the action does not know are dropped by the evaluator."""
    service = action.partition(":")[0]
    context: dict[str, str | list[str]] = {}
    if op != "delete" and _before_tags(action) and not _UNTAGS.search(action):
        if _MAKES.search(action) is None or tags_with_creation(target.resource_type):
            context |= tag_context(target.tags)
        if service == "ec2":
            context["ec2:CreateAction"] = _creating(target.resource_type)
        if service == "ecs":
            context["ecs:CreateAction"] = _creating(target.resource_type)
    if service == "iam":
        context |= _of_roles(target)
    if service == "route53":
        context |= _of_records(target)
    if service == "lambda" and "FunctionName" in target.properties:
        context["lambda:FunctionArn"] = _function_arn(str(target.properties["FunctionName"]))
    if service == "cloudwatch":
        context["cloudwatch:AlarmActions"] = [str(arn) for arn in target.properties.get("AlarmActions") or ()]
    if service == "kms":
        context["kms:ViaService"] = f"{service_of_type(target.resource_type)}.{get_region()}.amazonaws.com"
        context["kms:GrantIsForAWSResource"] = "true"
    return context


def _function_arn(named: str) -> str:
    """The ARN of a function that a property names by its name, with a qualifier or not, or by an ARN."""
    if named.startswith("arn:"):
        return named
    return f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{named}"


def _creating(resource_type: str) -> str:
    """The name of the creating operation, as ec2:CreateAction and ecs:CreateAction have it."""
    for permission in permissions(resource_type, "create", get_region()):
        if _MAKES.search(permission):
            return permission.partition(":")[2]
    return ""


def _of_roles(target: Target) -> dict[str, str | list[str]]:
    boundary = target.properties.get("PermissionsBoundary")
    if target.resource_type != "AWS::IAM::Role":
        name = target.properties.get("RoleName") or next(iter(target.properties.get("Roles") or ()), "")
        boundary = (iam.roles.get(str(name).rpartition("/")[2]) or {}).get("PermissionsBoundary")
    attached = target.properties.get("ManagedPolicyArns") or []
    return {
        **({"iam:PermissionsBoundary": str(boundary)} if boundary else {}),
        **({"iam:PolicyARN": [str(arn) for arn in attached]} if attached else {}),
    }


def _of_records(target: Target) -> dict[str, str | list[str]]:
    """Record sets of the template, or those by which a certificate proves its domains."""
    if target.resource_type == "AWS::CertificateManager::Certificate":
        domains = [target.properties.get("DomainName"), *(target.properties.get("SubjectAlternativeNames") or [])]
        records = [(f"_validation.{str(domain).removeprefix('*.')}", "CNAME") for domain in domains if domain]
    else:
        sets = [target.properties, *(target.properties.get("RecordSets") or [])]
        records = [(str(one["Name"]), str(one.get("Type", ""))) for one in sets if "Name" in one]
    prefix = "route53:ChangeResourceRecordSets"
    names = [name.lower().removesuffix(".").replace("*", "\\052") for name, _ in records]
    if not records:
        return {}
    return {
        f"{prefix}NormalizedRecordNames": names,
        f"{prefix}RecordTypes": [kind for _, kind in records],
        f"{prefix}Actions": ["UPSERT"],
    }


class TagsInStack:
    """The tags of a stack's own resources by ARN; None for others, which the sandbox's state knows.

    The ARNs are computed when the first is asked for: most resources name no other.
    """

    def __init__(self, stack_id: str, siblings: Iterable[Target]) -> None:
        self._stack_id = stack_id
        self._siblings = siblings
        self._known: dict[str, Target] | None = None

    def __call__(self, arn: str) -> Mapping[str, str] | None:
        if self._known is None:
            self._known = {self._arn(one): one for one in self._siblings if one.physical_id}
        sibling = self._known.get(arn)
        return sibling.tags if sibling else None

    def _arn(self, sibling: Target) -> str:
        """A resource's ARN changes only with its physical id."""
        key = (self._stack_id, sibling.logical_id, sibling.physical_id)
        if key not in _ARNS:
            if len(_ARNS) >= REMEMBERED:
                _ARNS.clear()
            _ARNS[key] = sibling.arn
        return _ARNS[key]


REMEMBERED = 20_000
_ARNS: dict[tuple[str, str, str], str] = {}
