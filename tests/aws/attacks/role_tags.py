"""What a role of an environment can try where services honour tags. Its own policy is the team's
business, so here it allows everything and only the boundary counts.
"""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    CHARLIES,
    NEIGHBOURS,
    OTHER_TEAMS_OWN,
    OWN,
    PORTALS,
    QUEUE,
    TEAMS_OWN,
    Context,
    Deed,
    Policy,
    arn,
    by_role,
)
from tests.aws.onboarded import (
    ORDERS,
    REFUNDS,
    ROUTES,
)

_TEAMS_SECRET = arn("secretsmanager", "secret:portal/payments/pagerduty-AbCdEf")

_OWN_TAGS: Final[Context] = {**ORDERS.request_tags, "aws:TagKeys": list(OWN)}

ATTACKS: Final = (
    by_role(
        "reads another team's secret",
        Deed("secretsmanager:GetSecretValue", ROUTES.secret("database"), tags=CHARLIES),
        "OwnByTag",
        Deed("secretsmanager:GetSecretValue", ORDERS.secret("database"), tags=OWN),
    ),
    by_role(
        "reads a secret of another environment of its team",
        Deed("secretsmanager:GetSecretValue", REFUNDS.secret("database"), tags=NEIGHBOURS),
        "OwnByTag",
        Deed("secretsmanager:GetSecretValue", _TEAMS_SECRET),
    ),
    by_role(
        "reads a secret that another team brought",
        Deed("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:stripe-AbCdEf"), tags=OTHER_TEAMS_OWN),
        "OwnByTag",
        Deed("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:stripe-AbCdEf"), tags=TEAMS_OWN),
    ),
    by_role(
        "reads a secret of a team whose key begins like its own",
        Deed("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:portal/payments-eu/db-AbCdEf")),
        "OwnByTag",
    ),
    by_role(
        "reads another team's parameter",
        Deed("ssm:GetParameter", arn("ssm", "parameter/portal/logistics/routes-prod-z93hc/x"), tags=CHARLIES),
        "OwnByTag",
        Deed("ssm:GetParameter", arn("ssm", f"parameter/portal/{ORDERS.scope}/x"), tags=OWN),
    ),
    by_role(
        "reads every parameter below a path",
        Deed("ssm:GetParametersByPath", arn("ssm", "parameter/portal/logistics"), tags=CHARLIES),
        "",
    ),
    by_role(
        "decrypts with another team's key",
        Deed("kms:Decrypt", arn("kms", "key/0a"), tags=CHARLIES),
        "OwnByTag",
        Deed("kms:Decrypt", arn("kms", "key/0b"), tags=OWN),
    ),
    by_role(
        "decrypts with a customer's key through a service",
        Deed(
            "kms:Decrypt",
            arn("kms", "key/0c"),
            {"kms:ViaService": "s3.eu-central-1.amazonaws.com", "kms:ResourceAliases": ["alias/payroll"]},
        ),
        "OwnByTag",
        Deed(
            "kms:Decrypt",
            arn("kms", "key/0d"),
            {"kms:ViaService": "s3.eu-central-1.amazonaws.com", "kms:ResourceAliases": ["alias/aws/s3"]},
        ),
    ),
    by_role(
        "decrypts with AWS's own key, but not through a service that keeps its owner's data apart",
        Deed(
            "kms:Decrypt",
            arn("kms", "key/0d"),
            {"kms:ViaService": "rds.eu-central-1.amazonaws.com", "kms:ResourceAliases": ["alias/aws/rds"]},
        ),
        "OwnByTag",
    ),
    by_role(
        "grants another team's key",
        Deed("kms:CreateGrant", arn("kms", "key/0a"), {"kms:GrantIsForAWSResource": "true"}, CHARLIES),
        "GrantOwnKeysToAwsItself",
        Deed("kms:CreateGrant", arn("kms", "key/0b"), {"kms:GrantIsForAWSResource": "true"}, OWN),
    ),
    by_role(
        "grants its own key to somebody else's role",
        Deed("kms:CreateGrant", arn("kms", "key/0b"), {"kms:GrantIsForAWSResource": "false"}, OWN),
        "GrantOwnKeysToAwsItself",
    ),
    by_role(
        "grants the key of another environment of its team",
        Deed("kms:CreateGrant", arn("kms", "key/0e"), {"kms:GrantIsForAWSResource": "true"}, NEIGHBOURS),
        "GrantOwnKeysToAwsItself",
    ),
    by_role(
        "changes the policy of its own key",
        Deed("kms:PutKeyPolicy", arn("kms", "key/0b"), tags=OWN),
        "",
    ),
    by_role(
        "reads another team's queue",
        Deed("sqs:ReceiveMessage", arn("sqs", f"{ROUTES.prefix}-jobs"), tags=CHARLIES),
        "OwnByTag",
        Deed("sqs:ReceiveMessage", arn("sqs", f"{ORDERS.prefix}-jobs"), tags=OWN),
    ),
    by_role(
        "reads the portal's queue of events",
        Deed("sqs:ReceiveMessage", QUEUE, tags=PORTALS, policy=Policy.QUEUE),
        "OnlyThePortalReads",
    ),
    by_role(
        "opens its own queue by a policy",
        Deed("sqs:SetQueueAttributes", arn("sqs", f"{ORDERS.prefix}-jobs"), tags=OWN),
        "",
    ),
    by_role(
        "deploys onto another team's service",
        Deed("ecs:UpdateService", arn("ecs", f"service/{ROUTES.prefix}/api"), tags=CHARLIES),
        "OwnByTag",
        Deed("ecs:UpdateService", arn("ecs", f"service/{ORDERS.prefix}/api"), tags=OWN),
    ),
    by_role(
        "opens a shell in another team's task",
        Deed("ecs:ExecuteCommand", arn("ecs", f"task/{ROUTES.prefix}/0a"), tags=CHARLIES),
        "",
    ),
    by_role(
        "replaces the code of another team's function",
        Deed("lambda:UpdateFunctionCode", arn("lambda", f"function:{ROUTES.prefix}-receiver"), tags=CHARLIES),
        "",
    ),
    by_role(
        "sends a command to another team's hosts",
        Deed("ssm:SendCommand", arn("ec2", "instance/i-1"), tags=CHARLIES),
        "",
    ),
    by_role("opens a session on any host", Deed("ssm:StartSession", arn("ec2", "instance/i-1")), ""),
    by_role(
        "deletes another team's recovery point",
        Deed("rds:DeleteDBSnapshot", arn("rds", "snapshot:awsbackup:job-1"), tags=CHARLIES),
        "OwnByTag",
        Deed("rds:DeleteDBSnapshot", arn("rds", "snapshot:awsbackup:job-2"), tags=OWN),
    ),
    by_role(
        "makes another team's recovery point its own, so that the portal deletes it with its environment",
        Deed("rds:AddTagsToResource", arn("rds", "snapshot:awsbackup:job-1"), _OWN_TAGS, CHARLIES),
        "OwnByTag",
        Deed("rds:AddTagsToResource", arn("rds", "snapshot:awsbackup:job-3"), _OWN_TAGS),
    ),
    by_role(
        "makes the recovery point of another environment of its team its own",
        Deed("rds:AddTagsToResource", arn("rds", "snapshot:awsbackup:job-4"), _OWN_TAGS, NEIGHBOURS),
        "OwnByTag",
        Deed("rds:AddTagsToResource", arn("rds", "snapshot:awsbackup:job-2"), _OWN_TAGS, OWN),
    ),
    by_role(
        "makes a snapshot in the name of another database",
        Deed("rds:CreateDBSnapshot", arn("rds", "snapshot:mine")),
        "OwnByTag",
        Deed("rds:CreateDBSnapshot", arn("rds", "snapshot:awsbackup:job-3")),
    ),
    by_role(
        "publishes its own snapshot",
        Deed("rds:ModifyDBSnapshotAttribute", arn("rds", "snapshot:awsbackup:job-2"), tags=OWN),
        "",
    ),
    by_role(
        "sends mail as another team",
        Deed("ses:SendEmail", arn("ses", "identity/logistics.example.com"), tags=CHARLIES),
        "OwnByTag",
        Deed("ses:SendEmail", arn("ses", "identity/pay.example.com"), tags=OWN),
    ),
    by_role(
        "sends mail as a domain that another team brought",
        Deed("ses:SendEmail", arn("ses", "identity/logistics.example.com"), tags=OTHER_TEAMS_OWN),
        "OwnByTag",
        Deed("ses:SendEmail", arn("ses", "identity/pay.example.com"), tags=TEAMS_OWN),
    ),
    by_role(
        "mounts another team's file system",
        Deed("elasticfilesystem:ClientMount", arn("elasticfilesystem", "file-system/fs-1"), tags=CHARLIES),
        "OwnByTag",
        Deed("elasticfilesystem:ClientMount", arn("elasticfilesystem", "file-system/fs-2"), tags=OWN),
    ),
    by_role(
        "publishes to another team's topic",
        Deed("sns:Publish", arn("sns", f"{ROUTES.prefix}-alarms"), tags=CHARLIES),
        "OwnByTag",
        Deed("sns:Publish", arn("sns", f"{ORDERS.prefix}-alarms"), tags=OWN),
    ),
    by_role(
        "empties another team's edge cache",
        Deed("cloudfront:CreateInvalidation", arn("cloudfront", "distribution/E1", region=""), tags=CHARLIES),
        "OwnByTag",
        Deed("cloudfront:CreateInvalidation", arn("cloudfront", "distribution/E2", region=""), tags=OWN),
    ),
    by_role(
        "copies its backups into another team's vault",
        Deed("backup:CopyIntoBackupVault", arn("backup", f"backup-vault:{ROUTES.prefix}"), tags=CHARLIES),
        "OwnByTag",
        Deed("backup:CopyIntoBackupVault", arn("backup", f"backup-vault:{ORDERS.prefix}"), tags=OWN),
    ),
)
