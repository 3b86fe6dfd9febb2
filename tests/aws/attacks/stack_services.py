"""What a template can try with what it did not make, in services that honour tags or not."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    CHARLIES,
    OWN,
    PORTALS,
    QUEUE,
    Context,
    Deed,
    Policy,
    arn,
    by_stack,
    stack,
)
from tests.aws.onboarded import (
    ACCOUNT,
    ORDERS,
    ROUTES,
)


def _tagging(team: str, *keys: str) -> Context:
    return {"aws:RequestTag/portal:team": team, "aws:TagKeys": list(keys or ("portal:team",))}


_FUNCTION = arn("lambda", f"function:{ROUTES.prefix}-receiver")
_OWN_FUNCTION = arn("lambda", f"function:{ORDERS.prefix}-receiver")
_MAPPING = arn("lambda", "event-source-mapping:0a1b2c3d-1111-4222-8333-444455556666")
_ALARM = arn("cloudwatch", f"alarm:{ORDERS.prefix}-cpu")
_TOPIC = arn("sns", f"{ORDERS.prefix}-alarms")
_TERMINATES = "arn:aws:automate:eu-central-1:ec2:terminate"
_LOGS = "log-group:/portal/{}/api"

ATTACKS: Final = (
    by_stack(
        "replaces the code of another team's function",
        Deed("lambda:UpdateFunctionCode", _FUNCTION, tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("lambda:UpdateFunctionCode", _OWN_FUNCTION, tags=OWN),
    ),
    by_stack(
        "may invoke a function that nobody tagged",
        Deed("lambda:AddPermission", arn("lambda", "function:legacy")),
        "OnlyOwnTargets",
        Deed("lambda:AddPermission", _OWN_FUNCTION, tags=OWN),
    ),
    by_stack(
        "reads another team's package by GetFunction",
        Deed("lambda:GetFunction", _FUNCTION, tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("lambda:GetFunction", _OWN_FUNCTION, tags=OWN),
    ),
    by_stack(
        "invokes its own function, as a macro or a custom resource would",
        Deed("lambda:InvokeFunction", _OWN_FUNCTION, tags=OWN),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "deletes another team's service",
        Deed("ecs:DeleteService", arn("ecs", f"service/{ROUTES.prefix}/api"), tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("ecs:DeleteService", arn("ecs", f"service/{ORDERS.prefix}/api"), tags=OWN),
    ),
    by_stack(
        "changes a service that nobody tagged",
        Deed("ecs:UpdateService", arn("ecs", "service/legacy/api")),
        "OnlyOwnTargets",
        Deed("ecs:UpdateService", arn("ecs", f"service/{ORDERS.prefix}/api"), tags=OWN),
    ),
    by_stack(
        "runs a task with any role that ECS may have",
        Deed("ecs:RunTask", arn("ecs", "task-definition/legacy:1")),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "opens a shell in its own task",
        Deed("ecs:ExecuteCommand", arn("ecs", f"task/{ORDERS.prefix}/0a"), tags=OWN),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "sends a command to a host",
        Deed("ssm:SendCommand", arn("ec2", "instance/i-1")),
        "",
    ),
    by_stack(
        "opens a security group that nobody tagged",
        Deed("ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/sg-1")),
        "OnlyOwnTargets",
        Deed("ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/sg-2"), tags=OWN),
    ),
    by_stack(
        "routes another network's traffic to itself",
        Deed("ec2:CreateRoute", arn("ec2", "route-table/rtb-1")),
        "OnlyOwnTargets",
        Deed("ec2:CreateRoute", arn("ec2", "route-table/rtb-2"), tags=OWN),
    ),
    by_stack(
        "takes over an address that nobody tagged",
        Deed("ec2:AssociateAddress", arn("ec2", "elastic-ip/eipalloc-1")),
        "OnlyOwnTargets",
        Deed("ec2:AssociateAddress", arn("ec2", "elastic-ip/eipalloc-2"), tags=OWN),
    ),
    by_stack(
        "attaches a foreign volume to its own host, to read it",
        Deed("ec2:AttachVolume", arn("ec2", "volume/vol-1")),
        "OnlyOwnTargets",
        Deed("ec2:AttachVolume", arn("ec2", "volume/vol-2"), tags=OWN),
    ),
    by_stack(
        "makes a volume from a foreign snapshot, to read it",
        Deed("ec2:CreateVolume", arn("ec2", "snapshot/snap-1", account_id=""), {"ec2:Owner": ACCOUNT}),
        "NeverFromSnapshotsOfTheAccount",
        Deed("ec2:CreateVolume", arn("ec2", "volume/vol-2")),
    ),
    by_stack(
        "starts a host from a foreign snapshot",
        Deed("ec2:RunInstances", arn("ec2", "snapshot/snap-1", account_id=""), {"ec2:Owner": ACCOUNT}),
        "NeverFromSnapshotsOfTheAccount",
        Deed("ec2:RunInstances", arn("ec2", "snapshot/snap-2", account_id=""), {"ec2:Owner": "amazon"}),
    ),
    by_stack(
        "publishes a snapshot",
        Deed("ec2:ModifySnapshotAttribute", arn("ec2", "snapshot/snap-1", account_id="")),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "connects its network to another team's",
        Deed("ec2:CreateVpcPeeringConnection", arn("ec2", "vpc/vpc-1")),
        "NotWhatStacksNeverNeed",
        Deed("ec2:CreateVpcEndpoint", arn("ec2", "vpc/vpc-2"), tags=OWN),
    ),
    by_stack(
        "restores a foreign database snapshot",
        Deed("rds:RestoreDBInstanceFromDBSnapshot", arn("rds", "snapshot:routes-prod")),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "sets a new password for a database that nobody tagged",
        Deed("rds:ModifyDBInstance", arn("rds", "db:legacy")),
        "OnlyOwnTargets",
        Deed("rds:ModifyDBInstance", arn("rds", f"db:{ORDERS.prefix}"), tags=OWN),
    ),
    by_stack(
        "fills a cache from a foreign snapshot",
        Deed("elasticache:CreateReplicationGroup", arn("elasticache", "snapshot:legacy")),
        "OnlyOwnTargets",
        Deed("elasticache:CreateReplicationGroup", arn("elasticache", f"replicationgroup:{ORDERS.prefix}")),
    ),
    by_stack(
        "changes the policy of another team's key",
        Deed("kms:PutKeyPolicy", arn("kms", "key/0a"), tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("kms:PutKeyPolicy", arn("kms", "key/0b"), tags=OWN),
    ),
    by_stack(
        "deletes a key that nobody tagged",
        Deed("kms:ScheduleKeyDeletion", arn("kms", "key/0c")),
        "OnlyOwnTargets",
        Deed("kms:ScheduleKeyDeletion", arn("kms", "key/0b"), tags=OWN),
    ),
    by_stack(
        "grants a foreign key to a role of its own",
        Deed("kms:CreateGrant", arn("kms", "key/0c"), {"kms:GrantIsForAWSResource": "false"}),
        "NeverGrantKeys",
        Deed("kms:CreateGrant", arn("kms", "key/0b"), {"kms:GrantIsForAWSResource": "true"}, OWN),
    ),
    by_stack(
        "lets everybody write into another team's queue",
        Deed("sqs:SetQueueAttributes", arn("sqs", f"{ROUTES.prefix}-jobs"), tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("sqs:SetQueueAttributes", arn("sqs", f"{ORDERS.prefix}-jobs"), tags=OWN),
    ),
    by_stack(
        "lets itself read the portal's queue of events",
        Deed("sqs:SetQueueAttributes", QUEUE, tags=PORTALS, policy=Policy.QUEUE),
        "NeverWhatIsAnotherTeams",
    ),
    by_stack(
        "deletes the portal's queue of events",
        Deed("sqs:DeleteQueue", QUEUE, tags=PORTALS, policy=Policy.QUEUE),
        "NeverWhatIsAnotherTeams",
        Deed("sqs:DeleteQueue", arn("sqs", f"{ORDERS.prefix}-jobs"), tags=OWN),
    ),
    by_stack(
        "tags the portal's queue of events as its own",
        Deed("sqs:TagQueue", QUEUE, _tagging("payments"), PORTALS, Policy.QUEUE),
        "NeverWhatIsAnotherTeams",
        Deed("sqs:TagQueue", arn("sqs", f"{ORDERS.prefix}-jobs"), _tagging("payments"), OWN),
    ),
    by_stack(
        "reads messages of a queue that nobody tagged",
        Deed("sqs:ReceiveMessage", arn("sqs", "legacy")),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "subscribes to a topic that nobody tagged",
        Deed("sns:Subscribe", arn("sns", "legacy-events")),
        "OnlyOwnTargets",
        Deed("sns:Subscribe", arn("sns", f"{ORDERS.prefix}-alarms"), tags=OWN),
    ),
    by_stack(
        "ships another team's logs to itself",
        Deed("logs:PutSubscriptionFilter", arn("logs", _LOGS.format(ROUTES.scope)), tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("logs:PutSubscriptionFilter", arn("logs", _LOGS.format(ORDERS.scope)), tags=OWN),
    ),
    by_stack(
        "reads log events that nobody tagged",
        Deed("logs:FilterLogEvents", arn("logs", "log-group:/legacy/api")),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "opens all log groups of the region to another account",
        Deed("logs:PutResourcePolicy"),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "mounts a file system that nobody tagged",
        Deed("elasticfilesystem:CreateMountTarget", arn("elasticfilesystem", "file-system/fs-1")),
        "OnlyOwnTargets",
        Deed("elasticfilesystem:CreateMountTarget", arn("elasticfilesystem", "file-system/fs-2"), tags=OWN),
    ),
    by_stack(
        "adds a rule to a load balancer that nobody tagged",
        Deed("elasticloadbalancing:CreateRule", arn("elasticloadbalancing", "listener/app/legacy/0a/0b")),
        "OnlyOwnTargets",
        Deed(
            "elasticloadbalancing:CreateRule",
            arn("elasticloadbalancing", f"listener/app/{ORDERS.prefix}/0a/0b"),
            tags=OWN,
        ),
    ),
    by_stack(
        "deletes another's backups",
        Deed("backup:DeleteRecoveryPoint", arn("backup", "recovery-point:0a")),
        "NotWhatStacksNeverNeed",
        Deed("backup:DeleteBackupVault", arn("backup", f"backup-vault:{ORDERS.prefix}"), tags=OWN),
    ),
    by_stack(
        "opens a backup vault that nobody tagged",
        Deed("backup:PutBackupVaultAccessPolicy", arn("backup", "backup-vault:legacy")),
        "OnlyOwnTargets",
        Deed("backup:PutBackupVaultAccessPolicy", arn("backup", f"backup-vault:{ORDERS.prefix}"), tags=OWN),
    ),
    by_stack(
        "gives its own queue another team's name, so that the portal attributes its cost",
        Deed("sqs:TagQueue", arn("sqs", f"{ORDERS.prefix}-jobs"), _tagging("logistics"), OWN),
        "NeverTagAsAnotherTeams",
    ),
    by_stack(
        "makes a stack of its own, whose tags and role nobody checks",
        Deed("cloudformation:CreateStack", stack("nested", "*")),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "feeds another team's function from a queue of its own",
        Deed("lambda:CreateEventSourceMapping", "*", {"lambda:FunctionArn": _FUNCTION}),
        "OnlyOwnFunctionsGetEvents",
        Deed("lambda:CreateEventSourceMapping", "*", {"lambda:FunctionArn": _OWN_FUNCTION}),
    ),
    by_stack(
        "turns what another team's function reads to a function that nobody tagged",
        Deed("lambda:UpdateEventSourceMapping", _MAPPING, {"lambda:FunctionArn": arn("lambda", "function:legacy")}),
        "OnlyOwnFunctionsGetEvents",
        Deed("lambda:UpdateEventSourceMapping", _MAPPING, {"lambda:FunctionArn": _OWN_FUNCTION}, OWN),
    ),
    by_stack(
        "terminates any host of the account by an alarm of its own",
        Deed("cloudwatch:PutMetricAlarm", _ALARM, {"cloudwatch:AlarmActions": [_TOPIC, _TERMINATES]}),
        "NeverAlarmsThatStopHosts",
        Deed("cloudwatch:PutMetricAlarm", _ALARM, {"cloudwatch:AlarmActions": [_TOPIC]}),
    ),
    by_stack(
        "receives the mail of the whole account",
        Deed("ses:CreateReceiptRule"),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "sends mail while it deploys",
        Deed("ses:SendEmail", arn("ses", "identity/pay.example.com"), tags=OWN),
        "NotWhatStacksNeverNeed",
        Deed("ses:CreateEmailIdentity", arn("ses", "identity/pay.example.com")),
    ),
    by_stack(
        "reads what the account costs",
        Deed("ce:GetCostAndUsage"),
        "",
    ),
)
