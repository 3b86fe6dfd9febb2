"""Calls that change something, one line for each, with every permission that it needs.

Sources: the service authorization reference of each service, and the pages that comments name.
"""

from __future__ import annotations

from typing import Final

from provisioning.aws.needs.record import REQUEST_TAGS, Call, Caller, Need, When
from provisioning.aws.onboarding import artefact_bucket, portal_role_arn, stack_role_arn

STACK: Final = "AWS::CloudFormation::Stack"
STACK_ARN: Final = (
    "arn:{partition}:cloudformation:{region}:{account_id}:stack/{prefix}/0a1b2c3d-1111-4222-8333-444455556666"
)
STACK_ROLE: Final = stack_role_arn("{account_id}", "{team}", partition="{partition}")
ROLE_OF_STACK: Final = {"cloudformation:RoleArn": STACK_ROLE}
PASS_STACK_ROLE: Final = Need(
    "iam:PassRole", STACK_ROLE, context={"iam:PassedToService": "cloudformation.amazonaws.com"}
)
ARTEFACTS: Final = f"arn:{{partition}}:s3:::{artefact_bucket('{account_id}', '{region}')}"
TEMPLATE: Final = f"{ARTEFACTS}/templates/0a1b2c3d.json"
# With TemplateURL, CloudFormation reads the template with the caller's permissions, not with the stack role's.
READ_TEMPLATE: Final = Need("s3:GetObject", TEMPLATE)

_PACKAGE: Final = f"{ARTEFACTS}/artefacts/0a1b2c3d.zip"
_BUCKET: Final = "arn:{partition}:s3:::pt-{team}--{generation}-media-{account_id}-{region}-an"
_OBJECT: Final = f"{_BUCKET}/uploads/1.png"
_CLUSTER: Final = "arn:{partition}:ecs:{region}:{account_id}:cluster/{prefix}"
_ENVIRONMENT_ROLE: Final = "arn:{partition}:iam::{account_id}:role/portal/env/{scope}/{prefix}-api-AbCdEf"
_PASS_TASK_ROLE: Final = Need(
    "iam:PassRole", _ENVIRONMENT_ROLE, context={"iam:PassedToService": "ecs-tasks.amazonaws.com"}
)

STACKS: Final = (
    Call(
        "cloudformation:CreateStack",
        When.CREATION,
        (
            Need("cloudformation:CreateStack", STACK_ARN, context={**ROLE_OF_STACK, **REQUEST_TAGS}),
            Need(
                "cloudformation:TagResource",
                STACK_ARN,
                context={**REQUEST_TAGS, "cloudformation:CreateAction": "CreateStack"},
            ),
            # AWS does not document whether CreateStack asks for these two, nor whether the stack has its tags by then.
            Need("cloudformation:SetStackPolicy", STACK_ARN, tags_of=STACK),
            Need("cloudformation:UpdateTerminationProtection", STACK_ARN, tags_of=STACK),
            READ_TEMPLATE,
            PASS_STACK_ROLE,
        ),
    ),
    Call(
        "cloudformation:DeleteStack",
        When.TEARDOWN,
        (Need("cloudformation:DeleteStack", STACK_ARN, tags_of=STACK, context=ROLE_OF_STACK), PASS_STACK_ROLE),
    ),
    Call(
        "cloudformation:UpdateTerminationProtection",
        When.TEARDOWN,
        (Need("cloudformation:UpdateTerminationProtection", STACK_ARN, tags_of=STACK),),
    ),
    Call(
        "s3:PutObject",
        When.CREATION,
        (Need("s3:PutObject", TEMPLATE), Need("s3:PutObject", _PACKAGE)),
    ),
    # Without s3:ListBucket, S3 answers 403 instead of 404 for an object that is not there:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    Call(
        "s3:HeadObject",
        When.CREATION,
        (Need("s3:GetObject", _PACKAGE), Need("s3:ListBucket", ARTEFACTS)),
    ),
)

TASKS: Final = (
    Call(
        "ecs:RunTask",
        When.FINISHING,
        (
            Need(
                "ecs:RunTask",
                "arn:{partition}:ecs:{region}:{account_id}:task-definition/{prefix}-migrations:1",
                tags_of="AWS::ECS::TaskDefinition",
                context={"ecs:cluster": _CLUSTER, **REQUEST_TAGS},
            ),
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
            Need(
                "ecs:TagResource",
                "arn:{partition}:ecs:{region}:{account_id}:task/{prefix}/0a1b2c3d4e5f",
                context={"ecs:CreateAction": "RunTask", **REQUEST_TAGS},
            ),
            _PASS_TASK_ROLE,
        ),
    ),
)

TEARDOWN: Final = (
    Call(
        "application-autoscaling:RegisterScalableTarget",
        When.TEARDOWN,
        (
            Need(
                "application-autoscaling:RegisterScalableTarget",
                "arn:{partition}:application-autoscaling:{region}:{account_id}:scalable-target/0a1b2c3d4e5f",
                tags_of="AWS::ApplicationAutoScaling::ScalableTarget",
                context={
                    "application-autoscaling:service-namespace": "ecs",
                    "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
                },
            ),
        ),
    ),
    Call(
        "ecs:UpdateService",
        When.TEARDOWN,
        (
            Need(
                "ecs:UpdateService",
                "arn:{partition}:ecs:{region}:{account_id}:service/{prefix}/{prefix}-api",
                tags_of="AWS::ECS::Service",
                context={"ecs:cluster": _CLUSTER},
            ),
        ),
    ),
    *(
        Call(
            f"autoscaling:{operation}",
            When.TEARDOWN,
            (
                Need(
                    f"autoscaling:{operation}",
                    "arn:{partition}:autoscaling:{region}:{account_id}:autoScalingGroup:0a1b2c3d:autoScalingGroupName/{prefix}-hosts",
                    tags_of="AWS::AutoScaling::AutoScalingGroup",
                ),
            ),
        )
        for operation in ("SetInstanceProtection", "UpdateAutoScalingGroup")
    ),
    # AWS Backup copies the tags of the resource to its recovery points.
    Call(
        "backup:DeleteRecoveryPoint",
        When.TEARDOWN,
        (
            Need(
                "backup:DeleteRecoveryPoint",
                "arn:{partition}:backup:{region}:{account_id}:recovery-point:0a1b2c3d-1111-4222-8333-444455556666",
                tags_of="AWS::RDS::DBInstance",
            ),
            Need(
                "backup:DeleteRecoveryPoint",
                "arn:{partition}:rds:{region}:{account_id}:snapshot:awsbackup:job-0a1b2c3d",
                tags_of="AWS::RDS::DBInstance",
            ),
        ),
    ),
    Call(
        "dynamodb:UpdateTable",
        When.TEARDOWN,
        (
            Need(
                "dynamodb:UpdateTable",
                "arn:{partition}:dynamodb:{region}:{account_id}:table/{prefix}-orders",
                tags_of="AWS::DynamoDB::Table",
            ),
        ),
    ),
    # Lambda and ECS leave interfaces behind that nobody has tagged.
    Call(
        "ec2:DeleteNetworkInterface",
        When.TEARDOWN,
        (
            Need(
                "ec2:DeleteNetworkInterface",
                "arn:{partition}:ec2:{region}:{account_id}:network-interface/eni-0a1b2c3d4e5f67890",
            ),
        ),
    ),
    Call(
        "ec2:ModifyInstanceAttribute",
        When.TEARDOWN,
        (
            Need(
                "ec2:ModifyInstanceAttribute",
                "arn:{partition}:ec2:{region}:{account_id}:instance/i-0a1b2c3d4e5f67890",
                tags_of="AWS::EC2::Instance",
            ),
        ),
    ),
    Call(
        "elbv2:ModifyLoadBalancerAttributes",
        When.TEARDOWN,
        (
            Need(
                "elasticloadbalancing:ModifyLoadBalancerAttributes",
                "arn:{partition}:elasticloadbalancing:{region}:{account_id}:loadbalancer/app/{prefix}/0a1b2c3d4e5f6a7b",
                tags_of="AWS::ElasticLoadBalancingV2::LoadBalancer",
            ),
        ),
    ),
    Call(
        "events:DisableRule",
        When.TEARDOWN,
        (
            Need(
                "events:DisableRule",
                "arn:{partition}:events:{region}:{account_id}:rule/{prefix}-nightly",
                tags_of="AWS::Events::Rule",
            ),
        ),
    ),
    Call(
        "lambda:UpdateEventSourceMapping",
        When.TEARDOWN,
        (
            Need(
                "lambda:UpdateEventSourceMapping",
                "arn:{partition}:lambda:{region}:{account_id}:event-source-mapping:0a1b2c3d-1111-4222-8333-444455556666",
                tags_of="AWS::Lambda::EventSourceMapping",
            ),
        ),
    ),
    *(
        Call(
            f"{service}:ModifyDBCluster",
            When.TEARDOWN,
            (
                Need(
                    "rds:ModifyDBCluster",
                    "arn:{partition}:rds:{region}:{account_id}:cluster:{prefix}-main",
                    tags_of=f"AWS::{product}::DBCluster",
                ),
            ),
        )
        for service, product in (("docdb", "DocDB"), ("neptune", "Neptune"), ("rds", "RDS"))
    ),
    Call(
        "rds:ModifyDBInstance",
        When.TEARDOWN,
        (
            Need(
                "rds:ModifyDBInstance",
                "arn:{partition}:rds:{region}:{account_id}:db:{prefix}-main",
                tags_of="AWS::RDS::DBInstance",
            ),
        ),
    ),
    Call(
        "s3:DeleteObjects",
        When.TEARDOWN,
        (Need("s3:DeleteObject", _OBJECT), Need("s3:DeleteObjectVersion", _OBJECT)),
    ),
    Call("s3:AbortMultipartUpload", When.TEARDOWN, (Need("s3:AbortMultipartUpload", _OBJECT),)),
)

CONNECTION: Final = (
    Call(
        "sts:AssumeRole",
        When.CONNECTING,
        (Need("sts:AssumeRole", portal_role_arn("{account_id}", partition="{partition}")),),
        caller=Caller.PORTAL_ITSELF,
    ),
    # "No permissions are required to perform this operation": https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    Call("sts:GetCallerIdentity", When.CONNECTING, ()),
)

CHANGES: Final = (*CONNECTION, *STACKS, *TASKS, *TEARDOWN)
