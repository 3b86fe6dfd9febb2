"""Roles, boundaries and policies as a CloudFormation template (YAML or JSON) states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.policy.documents import Statement, parse_policy
from provisioning.policy.errors import UnresolvedReference
from provisioning.policy.intrinsics import Resolver
from provisioning.policy.loading import Template, load_template
from provisioning.policy.principal import Principal

Statements = tuple[Statement, ...]

__all__ = [
    "RoleSpec",
    "Template",
    "bucket_policies_of",
    "load_template",
    "managed_policies_of",
    "properties_of",
    "roles_of",
]


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """A role of a template.

    `identity` are the statements of its inline policies and of the template's managed policies;
    `foreign_policy_arns` are managed policies that the template does not contain. `boundary` is None
    if the role has none, and also if its boundary is in another template: then give it to `principal`.
    """

    arn: str
    path: str
    tags: Mapping[str, str]
    identity: Statements
    boundary_arn: str | None
    boundary: Statements | None
    trust: Statements
    foreign_policy_arns: tuple[str, ...]

    def principal(
        self,
        *,
        boundary: Statements | None = None,
        foreign_policies: Statements = (),
        session_tags: Mapping[str, str] | None = None,
        session_name: str = "",
    ) -> Principal:
        """Return the role as a caller. Raises UnresolvedReference if it has a boundary of which nothing is known."""
        boundary = self.boundary if boundary is None else boundary
        if self.boundary_arn and boundary is None:
            raise UnresolvedReference(f"{self.arn} has the boundary {self.boundary_arn}, which is in another template")
        return Principal(
            arn=self.arn,
            identity=self.identity + foreign_policies,
            boundary=boundary,
            tags={**self.tags, **(session_tags or {})},
            session_name=session_name,
        )


def roles_of(
    template: Template,
    parameters: Mapping[str, str],
    account_id: str,
    region: str,
    partition: str = "aws",
) -> Mapping[str, RoleSpec]:
    """Return the roles that the template creates with these parameters, by logical id.

    A resource whose condition does not hold is left out. Raises UnresolvedReference for a parameter
    without value and default, and for a function that only AWS can resolve.
    """
    stack = _Stack(template, parameters, account_id, region, partition)
    return {logical_id: stack.role(logical_id) for logical_id in stack.ids_of("AWS::IAM::Role")}


def properties_of(
    template: Template,
    resource_type: str,
    parameters: Mapping[str, str],
    account_id: str,
    region: str,
) -> Mapping[str, Mapping[str, Any]]:
    """Return the resolved properties of a type's resources, by logical id."""
    stack = _Stack(template, parameters, account_id, region, "aws")
    return {logical_id: stack.properties(logical_id) for logical_id in stack.ids_of(resource_type)}


def managed_policies_of(
    template: Template,
    parameters: Mapping[str, str],
    account_id: str,
    region: str,
    partition: str = "aws",
) -> Mapping[str, Statements]:
    """Return the managed policies that the template creates, by ARN."""
    return _Stack(template, parameters, account_id, region, partition).managed_policies()


def bucket_policies_of(
    template: Template,
    parameters: Mapping[str, str],
    account_id: str,
    region: str,
    partition: str = "aws",
) -> Mapping[str, Statements]:
    """Return the bucket policies that the template creates, by the bucket's ARN."""
    stack = _Stack(template, parameters, account_id, region, partition)
    policies: dict[str, Statements] = {}
    for logical_id in stack.ids_of("AWS::S3::BucketPolicy"):
        properties = stack.properties(logical_id)
        arn = f"arn:{partition}:s3:::{properties['Bucket']}"
        policies[arn] = policies.get(arn, ()) + parse_policy(properties["PolicyDocument"], logical_id)
    return policies


class _Stack:
    """A template with its parameters: what CloudFormation would create from it."""

    def __init__(
        self, template: Template, parameters: Mapping[str, str], account_id: str, region: str, partition: str
    ) -> None:
        self._resources = template.resources
        self._account_id = account_id
        self._partition = partition
        names: dict[str, Any] = {
            "AWS::AccountId": account_id,
            "AWS::Region": region,
            "AWS::Partition": partition,
            "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
            "AWS::StackName": "stack",
            "AWS::StackId": f"arn:{partition}:cloudformation:{region}:{account_id}:stack/stack/00000000",
            "AWS::NotificationARNs": [],
        }
        for name, parameter in template.parameters.items():
            value = parameters.get(name, parameter.get("Default"))
            if value is not None:
                is_list = str(parameter.get("Type", "")).startswith(("CommaDelimitedList", "List<"))
                names[name] = [one.strip() for one in str(value).split(",")] if is_list else value
        if unknown := sorted(set(parameters) - set(template.parameters)):
            raise UnresolvedReference(f"The template has no parameter {unknown[0]}")
        self._resolver = Resolver(names, template.conditions, template.mappings, self._reference, self._attribute)

    def ids_of(self, resource_type: str) -> list[str]:
        """Return the logical ids of a type's resources whose condition holds."""
        return [
            logical_id
            for logical_id, one in self._resources.items()
            if one["Type"] == resource_type and ("Condition" not in one or self._resolver.holds(one["Condition"]))
        ]

    def properties(self, logical_id: str) -> dict[str, Any]:
        return dict(self._resolver.resolve(self._resources[logical_id].get("Properties", {})))

    def managed_policies(self) -> dict[str, Statements]:
        return {
            self._arn(logical_id): parse_policy(self.properties(logical_id)["PolicyDocument"], logical_id)
            for logical_id in self.ids_of("AWS::IAM::ManagedPolicy")
        }

    def role(self, logical_id: str) -> RoleSpec:
        properties = self.properties(logical_id)
        arn = self._arn(logical_id)
        managed = self.managed_policies()
        attached = list(properties.get("ManagedPolicyArns", []))
        attached += [
            self._arn(policy_id)
            for policy_id in self.ids_of("AWS::IAM::ManagedPolicy")
            if arn.rpartition("/")[2] in self.properties(policy_id).get("Roles", [])
        ]
        identity = [one for policy_arn in attached for one in managed.get(policy_arn, ())]
        for inline in properties.get("Policies", []):
            identity += parse_policy(inline["PolicyDocument"], f"{logical_id}.{inline['PolicyName']}")
        for policy_type in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
            for policy_id in self.ids_of(policy_type):
                own = self.properties(policy_id)
                if arn.rpartition("/")[2] in [*own.get("Roles", []), own.get("RoleName")]:
                    identity += parse_policy(own["PolicyDocument"], policy_id)
        boundary_arn = properties.get("PermissionsBoundary")
        return RoleSpec(
            arn=arn,
            path=properties.get("Path", "/"),
            tags={one["Key"]: str(one["Value"]) for one in properties.get("Tags", [])},
            identity=tuple(identity),
            boundary_arn=boundary_arn,
            boundary=managed.get(boundary_arn) if boundary_arn else None,
            trust=parse_policy(properties["AssumeRolePolicyDocument"], f"{logical_id}.trust"),
            foreign_policy_arns=tuple(one for one in attached if one not in managed),
        )

    def _arn(self, logical_id: str) -> str:
        """Return the ARN of a role, a managed policy or a bucket; a name that CloudFormation would choose is `stack-ID`."""
        resource = self._resources[logical_id]
        properties = {
            key: self._resolver.resolve(one)
            for key, one in resource.get("Properties", {}).items()
            if key in ("Path", "RoleName", "ManagedPolicyName", "BucketName", "QueueName", "TopicName")
        }
        path, chosen = properties.get("Path", "/"), f"stack-{logical_id}"
        match resource["Type"]:
            case "AWS::IAM::Role":
                name = properties.get("RoleName", chosen)
                return f"arn:{self._partition}:iam::{self._account_id}:role{path}{name}"
            case "AWS::IAM::ManagedPolicy":
                name = properties.get("ManagedPolicyName", chosen)
                return f"arn:{self._partition}:iam::{self._account_id}:policy{path}{name}"
            case "AWS::S3::Bucket":
                return f"arn:{self._partition}:s3:::{properties.get('BucketName', chosen).lower()}"
        return chosen

    def _reference(self, logical_id: str) -> str:
        if logical_id not in self._resources:
            raise UnresolvedReference(f"{logical_id} is neither a parameter with a value nor a resource")
        arn = self._arn(logical_id)
        match self._resources[logical_id]["Type"]:
            case "AWS::IAM::Role":
                return arn.rpartition("/")[2]
            case "AWS::S3::Bucket":
                return arn.rpartition(":")[2]
        return arn

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if logical_id not in self._resources:
            raise UnresolvedReference(f"{logical_id} is not a resource")
        return self._arn(logical_id) if attribute == "Arn" else f"{self._arn(logical_id)}.{attribute}"
