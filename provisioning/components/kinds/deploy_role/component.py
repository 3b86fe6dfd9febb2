"""The role with which one branch of a GitHub repository deploys services and static files, without
a stored key.

It trusts the account's GitHub identity provider. Onboarding creates that: it exists once per
account, so it is never part of an environment's template.
"""

from __future__ import annotations

from typing import Annotated, Any, Self, TypeAlias

from pydantic import AfterValidator, Field, InstanceOf, field_validator, model_validator
from troposphere import GetAtt, Ref, Sub
from typing_extensions import override

from provisioning.components.kinds.cdn import component as cdn
from provisioning.components.kinds.cluster import component as cluster
from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, BucketReference, Family, ServiceReference, Settings, settings_of
from provisioning.design.graph import Node, Reference
from provisioning.design.names import logical_id


def _require_cdn(reference: Reference) -> Reference:
    if reference.kind != "cdn":
        raise ValueError(f"{reference} is a {reference.kind}; only a cdn is allowed here")
    return reference


CdnReference: TypeAlias = Annotated[InstanceOf[Reference], AfterValidator(_require_cdn)]


class DeployRoleSettings(Settings):
    """Without a repository there is no role."""

    repository: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$",
        description="GitHub repository that may deploy, as owner/name",
    )
    branch: str = Field(
        default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$", description="The only branch that may deploy"
    )
    services: tuple[ServiceReference, ...] = Field(default=(), description="The services that it may deploy")
    buckets: tuple[BucketReference, ...] = Field(
        default=(), description="The buckets whose files it may replace, such as those of a front end"
    )
    distributions: tuple[CdnReference, ...] = Field(default=(), description="The CDNs whose caches it may invalidate")

    @field_validator("repository", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @model_validator(mode="after")
    def _something_to_deploy(self) -> Self:
        if not (self.services or self.buckets or self.distributions):
            raise ValueError("set what it may deploy: services, buckets or distributions")
        return self


class DeployRole(Component):
    kind = "deploy_role"
    title = "Deploy role"
    summary = "Lets one branch of a GitHub repository deploy services and files and invalidate CDNs"
    family = Family.ACCESS
    schema = DeployRoleSettings
    attributes = {"arn": "ARN of the role (only with a repository)"}

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, DeployRoleSettings)
        if settings.repository is None:
            return
        role = iam.role(
            logical_id(node.address),
            build,
            trust=_trust(settings.repository, settings.branch),
            statements=_statements(node, build),
            description=f"Deploys from {settings.repository}, branch {settings.branch}",
        )
        build.add(node, role, "Deploy role")

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, DeployRoleSettings)
        if settings.repository is None:
            return []
        return [
            Box("supporting", node.name, "Deploy roles", "by OIDC, no key"),
            Box("internet", "GitHub Actions", "", settings.repository, label="OIDC"),
        ]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name != "arn":
            return super().attribute(node, name, build)
        if settings_of(node, DeployRoleSettings).repository is None:
            return None
        return GetAtt(logical_id(node.address), "Arn")

    @override
    def targets(self, node: Node) -> tuple[Reference, ...]:
        return ()


def _trust(repository: str, branch: str) -> dict[str, Any]:
    issuer = iam.GITHUB_ISSUER
    return iam.policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"Federated": iam.account_arn("iam", f"oidc-provider/{issuer}", regional=False)},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{issuer}:aud": "sts.amazonaws.com",
                        f"{issuer}:sub": f"repo:{repository}:ref:refs/heads/{branch}",
                    }
                },
            }
        ]
    )


def _statements(node: Node, build: Build) -> list[dict[str, Any]]:
    settings = settings_of(node, DeployRoleSettings)
    statements = _for_services(node, build) if settings.services else []
    for reference in settings.buckets:
        name = logical_id(reference.address)
        # What `aws s3 sync` does: compare, replace, remove.
        statements.append(iam.allow(["s3:ListBucket"], GetAtt(name, "Arn")))
        statements.append(iam.allow(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], Sub(f"${{{name}.Arn}}/*")))
    statements.extend(
        iam.allow(["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"], cdn.arn(reference.address))
        for reference in settings.distributions
    )
    return statements


def _for_services(node: Node, build: Build) -> list[dict[str, Any]]:
    """Allow pushing an image, registering revisions of the services' own task definitions, and
    updating the services.
    """
    settings = settings_of(node, DeployRoleSettings)
    services = [build.node(reference.address) for reference in settings.services]
    home = build.only("cluster", needed_by=node)
    families = [iam.account_arn("ecs", f"task-definition/{build.physical(s.name, limit=255)}:*") for s in services]
    roles = [cluster.execution_role(home), *(GetAtt(logical_id(s.address, "Role"), "Arn") for s in services)]
    login, pull = cluster.pull_statements(build)
    own = iam.account_arn("ecr", f"repository/{build.names.pushed_repositories}")
    push = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
    return [
        login,
        iam.allow([*pull["Action"], *push], own),
        iam.allow(["ecs:DescribeServices", "ecs:UpdateService"], [Ref(logical_id(s.address)) for s in services]),
        iam.allow(["ecs:RegisterTaskDefinition"], families),
        # ECS has no narrower resource for reading a task definition.
        iam.allow(["ecs:DescribeTaskDefinition"], "*"),
        iam.allow(["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}),
    ]
