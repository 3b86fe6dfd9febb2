"""Every policy statement of a template: what roles may do, who may assume them, and what resources
allow.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from provisioning.proof.model.template import Model, Resource
from provisioning.proof.model.values import is_unknown, many, mapping, shown

Kind = Literal["identity", "trust", "resource"]

# The property that holds a type's resource policy, as named in CloudFormation's schemas.
RESOURCE_POLICIES: dict[str, str] = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::S3::AccessPoint": "Policy",
    "AWS::S3::MultiRegionAccessPointPolicy": "Policy",
    "AWS::S3Express::BucketPolicy": "PolicyDocument",
    "AWS::S3Tables::TableBucketPolicy": "ResourcePolicy",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SQS::QueueInlinePolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SNS::TopicInlinePolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::KMS::ReplicaKey": "KeyPolicy",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::ECR::RegistryPolicy": "PolicyText",
    "AWS::EFS::FileSystem": "FileSystemPolicy",
    "AWS::Backup::BackupVault": "AccessPolicy",
    "AWS::Backup::LogicallyAirGappedBackupVault": "AccessPolicy",
    "AWS::Events::EventBusPolicy": "Statement",
    "AWS::Events::EventBus": "Policy",
    "AWS::OpenSearchService::Domain": "AccessPolicies",
    "AWS::Elasticsearch::Domain": "AccessPolicies",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
    "AWS::Kinesis::ResourcePolicy": "ResourcePolicy",
    "AWS::DynamoDB::Table": "ResourcePolicy.PolicyDocument",
    "AWS::ApiGateway::RestApi": "Policy",
    "AWS::CodeArtifact::Domain": "PermissionsPolicyDocument",
    "AWS::CodeArtifact::Repository": "PermissionsPolicyDocument",
    "AWS::MediaStore::Container": "Policy",
    "AWS::EventSchemas::RegistryPolicy": "Policy",
    "AWS::SSM::ResourcePolicy": "Policy",
}
IDENTITY_POLICIES = (
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
)
HOLDERS = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
POLICY_TYPES = frozenset({*RESOURCE_POLICIES, *IDENTITY_POLICIES, *HOLDERS, "AWS::Lambda::Permission"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `holders` are the roles that an identity statement belongs to; lists hold
    resolved texts.
    """

    kind: Kind
    resource: Resource
    path: str
    allow: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    not_principals: bool
    condition: dict[str, Any]
    holders: tuple[str, ...] = ()

    @property
    def at(self) -> str:
        return f"{self.resource.key}.{self.path}"

    @property
    def line(self) -> str:
        what = ", ".join(self.actions) or f"everything except {', '.join(self.not_actions)}"
        on = ", ".join(self.resources) or (
            f"everything except {', '.join(self.not_resources)}" if self.not_resources else ""
        )
        when = f" if {shown(self.condition)}" if self.condition else ""
        who = f" to {', '.join(f'{kind} {name}' for kind, name in self.principals)}" if self.principals else ""
        word = "Allow" if self.allow else "Deny"
        return f"{self.at}: {word} {what}{f' on {on}' if on else ''}{who}{when}"

    def condition_keys(self) -> set[str]:
        return {str(key).lower() for part in self.condition.values() for key in mapping(part)}

    def values(self, key: str) -> list[str]:
        """The values that a condition compares a key with, over all operators that require a match.

        An operator that is also satisfied if the key is missing does not restrict anyone.
        """
        texts = []
        for operator, part in self.condition.items():
            lax = operator.endswith("IfExists") or operator.startswith("ForAllValues")
            if "Not" in operator or operator == "Null" or (lax and self.allow):
                continue
            for name, value in mapping(part).items():
                if str(name).lower() == key.lower():
                    texts += [shown(one) for one in many(value)]
        return texts

    def demands(self, key: str) -> bool:
        """Whether the statement applies only if a key has a value that not every caller has."""
        values = self.values(key)
        return bool(values) and not any(is_open(value) for value in values)

    def demanded(self) -> set[str]:
        return {key for key in self.condition_keys() if self.demands(key)}

    def matches(self, action: str) -> bool:
        """Whether the statement's actions include one; wildcards match as in IAM."""
        return any(action_matches(pattern, action) for pattern in self.actions)


def is_open(value: str) -> bool:
    """Whether a condition's value matches every caller: `*`, every address, an ARN of any account."""
    if value in ("*", "0.0.0.0/0", "::/0"):
        return True
    parts = value.split(":", 5)
    return len(parts) == _ARN_PARTS and parts[0] == "arn" and parts[4] in ("*", "") and parts[5].startswith("*")


_ARN_PARTS = 6


def action_matches(pattern: str, action: str) -> bool:
    """Whether a pattern with IAM's wildcards matches, in time proportional to the product of both
    lengths at most.
    """
    if pattern == "*":
        return True
    if "*" not in pattern and "?" not in pattern:
        return pattern.lower() == action.lower()
    return _glob(pattern.lower(), action.lower())


def _glob(pattern: str, text: str) -> bool:
    """Greedy matching: the last star takes one more character whenever the rest does not match."""
    at, star, mark = 0, -1, 0
    here = 0
    while here < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark, at = at, here, at + 1
        elif at < len(pattern) and pattern[at] in ("?", text[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return not pattern[at:].strip("*")


class Policies:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.unreadable: list[tuple[Resource, str]] = []

    @cached_property
    def statements(self) -> list[Statement]:
        return [*self._identity(), *self._trust(), *self._resource()]

    def of(self, kind: Kind) -> list[Statement]:
        return [statement for statement in self.statements if statement.kind == kind]

    @cached_property
    def by_role(self) -> dict[str, list[Statement]]:
        statements: dict[str, list[Statement]] = defaultdict(list)
        for statement in self.of("identity"):
            for holder in statement.holders:
                statements[holder].append(statement)
        return dict(statements)

    def _identity(self) -> Iterator[Statement]:
        for holder in self.model.of(*HOLDERS):
            for index, inline in enumerate(holder.items("Policies")):
                path = f"Policies[{index}].PolicyDocument"
                yield from self._read("identity", holder, mapping(inline).get("PolicyDocument"), path, (holder.key,))
        for policy in self.model.of(*IDENTITY_POLICIES):
            names = [*policy.items("Roles"), *policy.items("Users"), *policy.items("Groups")]
            names += [policy.get(n) for n in ("RoleName", "UserName", "GroupName") if policy.get(n) is not None]
            holders_of_policy = [self.model.find(name, *HOLDERS) for name in names]
            attached = [r.key for r in holders_of_policy if r is not None]
            attached += [
                role.key
                for role in self.model.of(*HOLDERS)
                if any(self.model.find(arn) is policy for arn in role.items("ManagedPolicyArns"))
            ]
            holders = tuple(dict.fromkeys(attached)) or (policy.key,)
            yield from self._read("identity", policy, policy.get("PolicyDocument"), "PolicyDocument", holders)

    def _trust(self) -> Iterator[Statement]:
        for role in self.model.of("AWS::IAM::Role"):
            path = "AssumeRolePolicyDocument"
            yield from self._read("trust", role, role.get(path), path, (role.key,))

    def _resource(self) -> Iterator[Statement]:
        for kind, path in RESOURCE_POLICIES.items():
            for resource in self.model.of(kind):
                document = resource.get(path)
                if kind == "AWS::Events::EventBusPolicy" and document is None:
                    document = {name: resource.get(name) for name in ("Action", "Principal") if resource.get(name)}
                    document["Effect"] = "Allow"
                if isinstance(document, dict) and "Statement" not in document and "Effect" in document:
                    document = {"Statement": [document]}
                if document is not None:
                    yield from self._read("resource", resource, document, path)
        for permission in self.model.of("AWS::Lambda::Permission"):
            yield _permission(permission)

    def _read(
        self, kind: Kind, resource: Resource, document: Any, path: str, holders: tuple[str, ...] = ()
    ) -> Iterator[Statement]:
        if isinstance(document, str) and not is_unknown(document):
            try:
                document = json.loads(document)
            except ValueError:
                document = None
        if not isinstance(document, dict):
            self.unreadable.append((resource, path))
            return
        for index, body in enumerate(many(document.get("Statement"))):
            if not isinstance(body, dict):
                self.unreadable.append((resource, f"{path}.Statement[{index}]"))
                continue
            yield _statement(kind, resource, body, f"{path}.Statement[{index}]", holders)


def _statement(kind: Kind, resource: Resource, body: dict[str, Any], path: str, holders: tuple[str, ...]) -> Statement:
    return Statement(
        kind=kind,
        resource=resource,
        path=path,
        allow=body.get("Effect") != "Deny",
        actions=_words(body.get("Action")),
        not_actions=_words(body.get("NotAction")),
        resources=_words(body.get("Resource")),
        not_resources=_words(body.get("NotResource")),
        principals=tuple(_principals(body.get("Principal"))),
        not_principals="NotPrincipal" in body,
        condition=mapping(body.get("Condition")),
        holders=holders,
    )


def _permission(resource: Resource) -> Statement:
    """A Lambda permission as the statement that it adds to the function's policy."""
    equal = {
        key: resource.get(name)
        for name, key in (
            ("SourceAccount", "aws:SourceAccount"),
            ("PrincipalOrgID", "aws:PrincipalOrgID"),
            ("FunctionUrlAuthType", "lambda:FunctionUrlAuthType"),
        )
        if resource.get(name) is not None
    }
    condition: dict[str, Any] = {"StringEquals": equal} if equal else {}
    if resource.get("SourceArn") is not None:
        condition["ArnLike"] = {"aws:SourceArn": resource.get("SourceArn")}
    principal = str(resource.get("Principal", "*"))
    kind = "Service" if principal.endswith((".amazonaws.com", ".amazon.com")) else "AWS"
    return Statement(
        kind="resource",
        resource=resource,
        path="Principal",
        allow=True,
        actions=_words(resource.get("Action")),
        not_actions=(),
        resources=_words(resource.get("FunctionName")),
        not_resources=(),
        principals=((kind, principal),),
        not_principals=False,
        condition=condition,
    )


def _words(value: Any) -> tuple[str, ...]:
    return tuple(word if isinstance(word, str) else shown(word) for word in many(value))


def _principals(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "AWS", value
    elif isinstance(value, dict):
        for kind, names in value.items():
            for name in many(names):
                yield str(kind), name if isinstance(name, str) else shown(name)
