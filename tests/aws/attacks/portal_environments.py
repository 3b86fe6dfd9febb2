"""What a bug or a taken-over worker can try with what is inside environments, and with what the
portal owns.
"""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    ARTEFACTS,
    CODE,
    OWN,
    PORTALS,
    QUEUE,
    Deed,
    Policy,
    arn,
    by_portal,
)
from tests.aws.onboarded import (
    ACCOUNT,
    ORDERS,
)

_TAGS = ORDERS.request_tags

ATTACKS: Final = (
    by_portal(
        "runs a foreign task definition",
        Deed("ecs:RunTask", arn("ecs", "task-definition/legacy:1")),
        "OneOffTasks",
        Deed("ecs:RunTask", arn("ecs", f"task-definition/{ORDERS.prefix}-migrations:1"), tags=OWN),
    ),
    by_portal(
        "tags a running foreign task",
        Deed("ecs:TagResource", arn("ecs", "task/legacy/0a"), _TAGS),
        "OneOffTasksAreTagged",
        Deed("ecs:TagResource", arn("ecs", f"task/{ORDERS.prefix}/0a"), {**_TAGS, "ecs:CreateAction": "RunTask"}),
    ),
    by_portal(
        "scales a foreign service down",
        Deed("ecs:UpdateService", arn("ecs", "service/legacy/api")),
        "TeardownOfWhatThePortalMade",
        Deed("ecs:UpdateService", arn("ecs", f"service/{ORDERS.prefix}/api"), tags=OWN),
    ),
    by_portal(
        "lifts the deletion protection of a foreign database",
        Deed("rds:ModifyDBInstance", arn("rds", "db:payroll")),
        "TeardownOfWhatThePortalMade",
        Deed("rds:ModifyDBInstance", arn("rds", f"db:{ORDERS.prefix}"), tags=OWN),
    ),
    by_portal(
        "deletes a foreign backup",
        Deed("backup:DeleteRecoveryPoint", arn("backup", "recovery-point:0a")),
        "TeardownOfWhatThePortalMade",
        Deed("backup:DeleteRecoveryPoint", arn("backup", "recovery-point:0b"), tags=OWN),
    ),
    by_portal(
        "scales a table of DynamoDB",
        Deed(
            "application-autoscaling:RegisterScalableTarget",
            arn("application-autoscaling", "scalable-target/0b"),
            {
                "application-autoscaling:service-namespace": "dynamodb",
            },
        ),
        "TeardownOfScaling",
        Deed(
            "application-autoscaling:RegisterScalableTarget",
            arn("application-autoscaling", "scalable-target/0a"),
            {
                "application-autoscaling:service-namespace": "ecs",
            },
        ),
    ),
    by_portal("terminates a host", Deed("ec2:TerminateInstances", arn("ec2", "instance/i-1"), tags=OWN), ""),
    by_portal(
        "deletes a network that somebody tagged",
        Deed("ec2:DeleteVpc", arn("ec2", "vpc/vpc-1"), tags=OWN),
        "",
        Deed("ec2:DeleteNetworkInterface", arn("ec2", "network-interface/eni-1")),
    ),
    by_portal(
        "deletes objects of a foreign bucket",
        Deed("s3:DeleteObject", "arn:aws:s3:::logistics-documents/k"),
        "TeardownOfBuckets",
        Deed("s3:DeleteObject", f"{ORDERS.bucket('media')}/k"),
    ),
    by_portal(
        "deletes objects of a former environment's bucket",
        Deed("s3:DeleteObjectVersion", "arn:aws:s3:::shop-dev-media/k"),
        "TeardownOfBuckets",
    ),
    by_portal(
        "lists a foreign bucket",
        Deed("s3:ListBucket", "arn:aws:s3:::logistics-documents"),
        "DetectDriftOfBuckets",
        Deed("s3:ListBucket", ORDERS.bucket("media")),
    ),
    by_portal("reads objects of an environment", Deed("s3:GetObject", f"{ORDERS.bucket('media')}/k"), "Artefacts"),
    by_portal(
        "writes into an environment's bucket",
        Deed("s3:PutObject", f"{ORDERS.bucket('media')}/k"),
        "Artefacts",
        Deed("s3:PutObject", CODE, policy=Policy.ARTEFACTS),
    ),
    by_portal(
        "deletes an artefact",
        Deed("s3:DeleteObjectVersion", CODE, policy=Policy.ARTEFACTS),
        "TeardownOfBuckets",
    ),
    by_portal(
        "puts anything else into the artefact bucket",
        Deed("s3:PutObject", f"{ARTEFACTS}/index.html", policy=Policy.ARTEFACTS),
        "Artefacts",
        Deed("s3:PutObject", f"{ARTEFACTS}/templates/0a1b2c3d.json", policy=Policy.ARTEFACTS),
    ),
    by_portal(
        "opens the artefact bucket",
        Deed("s3:PutBucketPolicy", ARTEFACTS, policy=Policy.ARTEFACTS),
        "",
        Deed("s3:ListBucket", ARTEFACTS, policy=Policy.ARTEFACTS),
    ),
    by_portal(
        "uses an artefact bucket of another account's name",
        Deed("s3:PutObject", "arn:aws:s3:::portal-artefacts-444455556666-eu-central-1/artefacts/0a.zip"),
        "Artefacts",
    ),
    by_portal("reads a secret", Deed("secretsmanager:GetSecretValue", ORDERS.secret("database"), tags=OWN), ""),
    by_portal("reads a parameter", Deed("ssm:GetParameter", arn("ssm", "parameter/portal/payments/x"), tags=OWN), ""),
    by_portal("decrypts", Deed("kms:Decrypt", arn("kms", "key/0b"), tags=OWN), ""),
    by_portal(
        "reads the code of a function that is no environment's",
        Deed("lambda:GetFunction", arn("lambda", "function:payroll")),
        "DetectDriftOfFunctions",
        Deed("lambda:GetFunction", arn("lambda", f"function:{ORDERS.prefix}-receiver"), tags=OWN),
    ),
    by_portal(
        "receives messages of an environment's queue",
        Deed("sqs:ReceiveMessage", arn("sqs", f"{ORDERS.prefix}-jobs"), tags=OWN),
        "StackEvents",
        Deed("sqs:ReceiveMessage", QUEUE, tags=PORTALS, policy=Policy.QUEUE),
    ),
    by_portal(
        "deletes messages of a queue that is not its own",
        Deed("sqs:DeleteMessage", arn("sqs", "legacy")),
        "StackEvents",
        Deed("sqs:DeleteMessage", QUEUE, tags=PORTALS, policy=Policy.QUEUE),
    ),
    by_portal("empties its queue of events", Deed("sqs:PurgeQueue", QUEUE, tags=PORTALS, policy=Policy.QUEUE), ""),
    by_portal(
        "disables the rule that reports what it does",
        Deed("events:DisableRule", arn("events", "rule/portal-stack-events"), tags=PORTALS),
        "TeardownOfWhatThePortalMade",
        Deed("events:DisableRule", arn("events", f"rule/{ORDERS.prefix}-nightly"), tags=OWN),
    ),
    by_portal("sends a command to a host", Deed("ssm:SendCommand", arn("ec2", "instance/i-1"), tags=OWN), ""),
    by_portal("buys a savings plan", Deed("savingsplans:CreateSavingsPlan"), ""),
    by_portal(
        "changes the account's budgets",
        Deed("budgets:ModifyBudget", f"arn:aws:budgets::{ACCOUNT}:budget/all"),
        "",
        Deed("ce:GetCostAndUsage"),
    ),
    by_portal(
        "raises a quota of the account, which can cost",
        Deed("servicequotas:RequestServiceQuotaIncrease", arn("servicequotas", "vpc/L-F678F1CE")),
        "",
        Deed("servicequotas:GetServiceQuota", arn("servicequotas", "vpc/L-F678F1CE")),
    ),
)
