"""What a template can try with each action that the stack role's prohibitions list by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.aws.attacks.attack import OWN, Attack, Deed, arn, by_stack
from tests.aws.onboarded import ACCOUNT, ORDERS, REGION

_UNTAGGED: Final[Mapping[str, str]] = {
    "acm:RemoveTagsFromCertificate": arn("acm", "certificate/0a"),
    "application-autoscaling:UntagResource": arn("application-autoscaling", "scalable-target/0a"),
    "backup:UntagResource": arn("backup", f"backup-vault:{ORDERS.prefix}"),
    "cloudfront:UntagResource": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
    "cloudwatch:UntagResource": arn("cloudwatch", f"alarm:{ORDERS.prefix}-errors"),
    "ec2:DeleteTags": arn("ec2", "volume/vol-2"),
    "ecs:UntagResource": arn("ecs", f"service/{ORDERS.prefix}/api"),
    "elasticache:RemoveTagsFromResource": arn("elasticache", f"replicationgroup:{ORDERS.prefix}"),
    "elasticfilesystem:DeleteTags": arn("elasticfilesystem", "file-system/fs-2"),
    "elasticfilesystem:UntagResource": arn("elasticfilesystem", "file-system/fs-2"),
    "elasticloadbalancing:RemoveTags": arn("elasticloadbalancing", f"loadbalancer/app/{ORDERS.prefix}/0a"),
    "iam:UntagInstanceProfile": f"arn:aws:iam::{ACCOUNT}:instance-profile/portal/env/{ORDERS.scope}/hosts",
    "kms:UntagResource": arn("kms", "key/0a"),
    "lambda:UntagResource": arn("lambda", f"function:{ORDERS.prefix}-receiver"),
    "logs:UntagLogGroup": arn("logs", f"log-group:/portal/{ORDERS.scope}/api"),
    "logs:UntagResource": arn("logs", f"log-group:/portal/{ORDERS.scope}/api"),
    "mq:DeleteTags": arn("mq", f"broker:{ORDERS.prefix}:b-0a"),
    "rds:RemoveTagsFromResource": arn("rds", f"db:{ORDERS.prefix}-main"),
    "s3:UntagResource": ORDERS.bucket("media"),
    "servicediscovery:UntagResource": arn("servicediscovery", "service/srv-2"),
    "ses:UntagResource": arn("ses", "identity/pay.example.com"),
    "sns:UntagResource": arn("sns", f"{ORDERS.prefix}-alarms"),
    "sqs:UntagQueue": arn("sqs", f"{ORDERS.prefix}-jobs"),
    "ssm:RemoveTagsFromResource": arn("ssm", f"parameter/portal/{ORDERS.scope}/authority"),
    "wafv2:UntagResource": arn("wafv2", f"regional/webacl/{ORDERS.prefix}/0a"),
}
"""By action: a resource of its own that it could take out of its team."""

_LEGACY: Final[Mapping[str, str]] = {
    "ec2:ModifyInstanceAttribute": arn("ec2", "instance/i-1"),
    "ec2:ReplaceRoute": arn("ec2", "route-table/rtb-1"),
    "elasticache:CreateCacheCluster": arn("elasticache", "snapshot:legacy"),
    "elasticache:CreateServerlessCache": arn("elasticache", "serverlesscachesnapshot:legacy"),
    "elasticfilesystem:CreateAccessPoint": arn("elasticfilesystem", "file-system/fs-1"),
    "elasticfilesystem:PutFileSystemPolicy": arn("elasticfilesystem", "file-system/fs-1"),
    "elasticloadbalancing:CreateListener": arn("elasticloadbalancing", "loadbalancer/app/legacy/0a"),
    "elasticloadbalancing:ModifyListener": arn("elasticloadbalancing", "listener/app/legacy/0a/0b"),
    "kms:PutKeyPolicy": arn("kms", "key/0b"),
    "lambda:CreateAlias": arn("lambda", "function:legacy"),
    "lambda:CreateFunctionUrlConfig": arn("lambda", "function:legacy"),
    "lambda:PublishVersion": arn("lambda", "function:legacy"),
    "lambda:PutFunctionConcurrency": arn("lambda", "function:legacy"),
    "lambda:UpdateFunctionCode": arn("lambda", "function:legacy"),
    "logs:PutSubscriptionFilter": arn("logs", "log-group:legacy"),
    "sns:SetTopicAttributes": arn("sns", "legacy"),
    "sqs:SetQueueAttributes": arn("sqs", "legacy"),
}
"""By action: something in the account that nobody tagged, and that a property of a template could name."""

_NEVER: Final[Mapping[str, str]] = {
    "acm:ExportCertificate": arn("acm", "certificate/0a"),
    "backup:StartRestoreJob": arn("backup", "recovery-point:0a"),
    "ec2:CreateInstanceConnectEndpoint": arn("ec2", "subnet/subnet-2"),
    "ec2:CreateTransitGatewayVpcAttachment": arn("ec2", "vpc/vpc-2"),
    "ec2:GetConsoleOutput": arn("ec2", "instance/i-2"),
    "ec2:GetPasswordData": arn("ec2", "instance/i-2"),
    "ec2:ModifyImageAttribute": f"arn:aws:ec2:{REGION}::image/ami-2",
    "ecs:StartTask": arn("ecs", f"task-definition/{ORDERS.prefix}-api:1"),
    "lambda:AddLayerVersionPermission": arn("lambda", "layer:tools:1"),
    "logs:GetLogEvents": arn("logs", f"log-group:/portal/{ORDERS.scope}/api:log-stream:0a"),
    "logs:StartLiveTail": arn("logs", f"log-group:/portal/{ORDERS.scope}/api"),
    "logs:StartQuery": arn("logs", f"log-group:/portal/{ORDERS.scope}/api"),
    "rds:ModifyDBSnapshotAttribute": arn("rds", "snapshot:legacy"),
    "sns:Publish": arn("sns", f"{ORDERS.prefix}-alarms"),
    "sqs:PurgeQueue": arn("sqs", f"{ORDERS.prefix}-jobs"),
    "sqs:SendMessage": arn("sqs", f"{ORDERS.prefix}-jobs"),
}
"""By action: what it is denied on, even on a resource of its own."""


def _removes_tags(action: str, resource: str) -> Attack:
    return by_stack(
        f"removes portal:team with {action}",
        Deed(action, resource, {"aws:TagKeys": ["portal:team"]}, tags=OWN),
        "NeverTakeTheTagsAway",
        Deed(action, resource, {"aws:TagKeys": ["note"]}, tags=OWN),
    )


ATTACKS: Final = (
    *(_removes_tags(action, resource) for action, resource in _UNTAGGED.items()),
    *(
        by_stack(
            f"calls {action} on what nobody tagged",
            Deed(action, resource),
            "OnlyOwnTargets",
            Deed(action, resource, tags=OWN),
        )
        for action, resource in _LEGACY.items()
    ),
    *(
        by_stack(f"calls {action}", Deed(action, resource, tags=OWN), "NotWhatStacksNeverNeed")
        for action, resource in _NEVER.items()
    ),
)
