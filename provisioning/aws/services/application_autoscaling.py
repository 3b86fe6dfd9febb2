"""Application Auto Scaling, as far as ECS services use it: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_scalable_target(aws: Clients, physical_id: str) -> bool | None:
    """The id is "resource|dimension|namespace". Only targets in ECS can be checked."""
    resource_id, _, rest = physical_id.partition("|")
    dimension = rest.partition("|")[0]
    if not dimension.startswith("ecs:"):
        return None
    targets = aws.application_autoscaling.describe_scalable_targets(
        ServiceNamespace="ecs",
        ResourceIds=[resource_id],
        ScalableDimension="ecs:service:DesiredCount",
    )["ScalableTargets"]
    return bool(targets)


def has_scaling_policy(aws: Clients, physical_id: str) -> bool | None:
    """The id is the ARN, or "ARN|dimension". Only policies of ECS services can be checked:
    …:scalingPolicy:<uuid>:resource/ecs/service/<cluster>/<service>:policyName/<name>.
    """
    arn = physical_id.partition("|")[0]
    _, found, resource = arn.partition(":resource/ecs/")
    if not found:
        return None
    pages = aws.application_autoscaling.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace="ecs", ResourceId=resource.partition(":policyName/")[0]
    )
    return any(policy["PolicyARN"] == arn for page in pages for policy in page["ScalingPolicies"])
