"""Service-linked roles, which a service creates for itself on first use, sometimes too late.

In a fresh account the first ECS cluster with Fargate fails with "Unable to assume the service
linked role", and succeeds when it is created again:
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818. Names:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
"""

from __future__ import annotations

from collections.abc import Iterator
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
    for role in ROLES:
        resource = next(subject.of(*role.types), None)
        if resource is None:
            continue

        def ask(world: World, role: ServiceRole = role) -> Verdict:
            if world.aws.exists("AWS::IAM::Role", role.name):
                return passed(f"The service-linked role {role.name} exists.")
            remedy = (
                "Ask an administrator of the account to run `aws iam create-service-linked-role --aws-service-name "
                f"{role.service}` once, or to let the stack portal-onboarding create it (parameter MakeServiceLinkedRoles)."
            )
            if role.needed_first:
                return blocking(
                    f"The account has no service-linked role {role.name}, and the first creation without it fails.",
                    remedy,
                )
            return warning(
                f"The account has no service-linked role {role.name}. AWS creates it on first use, which takes longer "
                "and can fail.",
                remedy,
            )

        yield Question(subject.main_region, f"Service-linked role {role.name}", ask, address=resource.logical_id)


CHECKS: Final = (Check("service_roles", "Service-linked roles", _roles, ("exists",)),)
