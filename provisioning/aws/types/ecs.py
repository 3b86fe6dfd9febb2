"""ECS."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::ECS::Cluster",
        exists="ecs.has_cluster",
        arn=ArnForm("ecs", r"cluster/(.+)"),
        taggable=True,
        listed_after_deletion=True,
        transient=(ArnForm("ecs", r"(?:task|container-instance)/.+"),),
        durations=(
            lasts(
                create=8,
                delete=8,
                low=4,
                high=15,
                source=Source.TIMED,
                reference="the whole test, created and deleted, takes 28 s: https://github.com/hashicorp/terraform-provider-aws/pull/15070",
            ),
        ),
    ),
    AwsType(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        durations=(lasts(create=8, delete=8, source=Source.ASSUMED, reference="like a cluster"),),
    ),
    AwsType(
        "AWS::ECS::Service",
        exists="ecs.has_service",
        arn=ArnForm("ecs", r"service/.+"),
        taggable=True,
        listed_after_deletion=True,
        quiesce="ecs.stop_service",
        runs_in="AWS::ECS::Cluster",
        runs_containers=True,
        durations=(
            lasts(
                create=120,
                delete=120,
                low=60,
                high=600,
                source=Source.ASSUMED,
                reference="until its tasks are stable, which depends on the image and the health check: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html",
            ),
        ),
    ),
    AwsType(
        "AWS::ECS::TaskDefinition",
        exists="ecs.has_task_definition",
        arn=ArnForm("ecs", r"task-definition/.+"),
        taggable=True,
        listed_after_deletion=True,
        durations=one_call(create=3, delete=3),
    ),
)
