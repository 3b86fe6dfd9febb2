"""Service-linked roles, which a service creates for itself on first use, sometimes too late.

In a fresh account the first ECS cluster with Fargate fails with "Unable to assume the service
linked role", and succeeds when it is created again:
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818. Names:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, blocking, passed, warning
from provisioning.lifecycle.preflight.subject import Subject


@dataclass(frozen=True, slots=True)
class ServiceRole:
    """`needed_first`: without it the first creation fails, because the service does not wait for
    it.
    """

    name: str
    service: str
    types: tuple[str, ...]
    needed_first: bool = False


ROLES: Final = (
    ServiceRole("AWSServiceRoleForECS", "ecs.amazonaws.com", ("AWS::ECS::Cluster",), needed_first=True),
    ServiceRole(
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "ecs.application-autoscaling.amazonaws.com",
        ("AWS::ApplicationAutoScaling::ScalableTarget",),
    ),
    ServiceRole(
        "AWSServiceRoleForElasticLoadBalancing",
        "elasticloadbalancing.amazonaws.com",
        ("AWS::ElasticLoadBalancingV2::LoadBalancer",),
    ),
    ServiceRole("AWSServiceRoleForRDS", "rds.amazonaws.com", ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")),
    ServiceRole(
        "AWSServiceRoleForElastiCache",
        "elasticache.amazonaws.com",
        ("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache", "AWS::ElastiCache::CacheCluster"),
    ),
    ServiceRole("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com", ("AWS::AutoScaling::AutoScalingGroup",)),
    ServiceRole("AWSServiceRoleForAmazonMQ", "mq.amazonaws.com", ("AWS::AmazonMQ::Broker",)),
    ServiceRole("AWSServiceRoleForBackup", "backup.amazonaws.com", ("AWS::Backup::BackupPlan",)),
)


def _roles(subject: Subject) -> Iterator[Question]:
    """Two questions: for the roles without which the first creation fails, and for the others."""
    needed = [role for role in ROLES if next(subject.of(*role.types), None) is not None]
    for first in (True, False):
        roles = [role for role in needed if role.needed_first is first]
        if roles:
            yield Question(subject.main_region, "Service-linked roles", _present(roles))


def _present(roles: Sequence[ServiceRole]) -> Callable[[World], Verdict]:
    def ask(world: World) -> Verdict:
        missing = [role for role in roles if not world.aws.exists("AWS::IAM::Role", role.name)]
        if not missing:
            names = ", ".join(role.name for role in roles)
            return passed(
                f"The service-linked {'role' if len(roles) == 1 else 'roles'} {names} {'exists' if len(roles) == 1 else 'exist'}."
            )
        names = ", ".join(role.name for role in missing)
        commands = " and ".join(
            f"`aws iam create-service-linked-role --aws-service-name {role.service}`" for role in missing
        )
        remedy = (
            f"Ask an administrator of the account to run {commands}, or to let the stack portal-onboarding create "
            "them (parameter MakeServiceLinkedRoles)."
        )
        if missing[0].needed_first:
            return blocking(
                f"The account has no service-linked role {names}. The first creation without it fails.", remedy
            )
        return warning(
            f"The account has no service-linked {'role' if len(missing) == 1 else 'roles'} {names}. AWS creates what is "
            "missing on first use, which takes longer and can fail.",
            remedy,
        )

    return ask


CHECKS: Final = (Check("service_roles", "Service-linked roles", _roles, ("exists",)),)
