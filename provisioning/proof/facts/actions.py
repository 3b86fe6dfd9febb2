"""IAM actions that support no resource, that read secrets or data, or that let a role widen its own
rights.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_LISTING = (
    "describe",
    "list",
    "get",
    "batchget",
    "search",
    "lookup",
    "scan",
    "query",
    "select",
    "head",
    "check",
    "view",
)
# These read the data itself, not only its metadata.
READS_DATA = (
    "s3:GetObject*",
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "ssm:GetParameter*",
    "kms:Decrypt",
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:GetRecords",
    "kinesis:GetRecords",
    "sqs:ReceiveMessage",
    "rds-data:*",
    "logs:GetLogEvents",
    "ecr:GetDownloadUrlForLayer",
    "codecommit:GitPull",
    "lambda:GetFunction",
)

# Paths of privilege escalation. Each was published by Rhino Security Labs and is reproduced by
# Bishop Fox's iam-vulnerable:
# https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
ESCALATES: dict[str, str] = {
    "iam:CreatePolicyVersion": "rewrites a managed policy",
    "iam:SetDefaultPolicyVersion": "brings back an older, wider policy",
    "iam:CreateAccessKey": "creates keys for another user",
    "iam:CreateLoginProfile": "gives another user a password",
    "iam:UpdateLoginProfile": "changes another user's password",
    "iam:AttachUserPolicy": "attaches any policy to a user",
    "iam:AttachGroupPolicy": "attaches any policy to a group",
    "iam:AttachRolePolicy": "attaches any policy to a role",
    "iam:PutUserPolicy": "writes any policy into a user",
    "iam:PutGroupPolicy": "writes any policy into a group",
    "iam:PutRolePolicy": "writes any policy into a role",
    "iam:AddUserToGroup": "joins a more powerful group",
    "iam:UpdateAssumeRolePolicy": "allows itself to assume another role",
    "iam:CreateRole": "makes roles",
    "iam:CreateUser": "makes users",
    "iam:CreatePolicy": "makes policies",
    "iam:DeleteRolePermissionsBoundary": "removes a permissions boundary",
    "iam:PutRolePermissionsBoundary": "changes a permissions boundary",
    "iam:DeleteUserPermissionsBoundary": "removes a permissions boundary",
    "iam:PutUserPermissionsBoundary": "changes a permissions boundary",
    "iam:CreateOpenIDConnectProvider": "trusts another identity provider",
    "iam:CreateSAMLProvider": "trusts another identity provider",
    "iam:UpdateSAMLProvider": "changes who may sign in",
    "lambda:UpdateFunctionCode": "runs its own code with another function's role",
    "lambda:UpdateFunctionConfiguration": "puts its own layer into another function",
    "lambda:AddPermission": "lets others call a function",
    "glue:UpdateDevEndpoint": "opens a shell with another role",
    "cloudformation:SetStackPolicy": "removes a stack's protection",
    "ssm:SendCommand": "runs commands on hosts",
    "ssm:StartSession": "opens a shell on hosts",
    "ec2-instance-connect:SendSSHPublicKey": "opens a shell on hosts",
    "ecs:ExecuteCommand": "opens a shell in tasks",
    "codestar:CreateProject": "passes a powerful role",
    "sts:AssumeRoleWithSAML": "assumes roles with a SAML assertion or web identity",
    "kms:PutKeyPolicy": "changes who may use a key",
    "kms:CreateGrant": "grants the use of a key to others",
    "s3:PutBucketPolicy": "opens a bucket",
    "s3:PutBucketAcl": "opens a bucket",
    "s3:PutBucketPublicAccessBlock": "removes a bucket's protection",
    "s3:PutAccountPublicAccessBlock": "removes the account's protection",
    "secretsmanager:PutResourcePolicy": "opens a secret",
    "ecr:SetRepositoryPolicy": "opens a registry",
    "organizations:LeaveOrganization": "leaves the organization and its guard rails",
    "cloudtrail:StopLogging": "disables the audit trail",
    "cloudtrail:DeleteTrail": "disables the audit trail",
}

# Actions that do support resources, but that AWS documents on * because their resource is only
# known at run time.
DOCUMENTED_ON_EVERYTHING: dict[str, str] = dict.fromkeys(
    ("ssm:UpdateInstanceInformation",),
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html",
) | dict.fromkeys(
    (
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ),
    "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
)

# AWS managed policies by how much they grant; their content:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/
EVERYTHING_POLICIES = frozenset(
    {
        "AdministratorAccess",
        "PowerUserAccess",
        "IAMFullAccess",
        "job-function/SystemAdministrator",
        "AdministratorAccess-Amplify",
    }
)
# These allow the creation of log groups, which are then never deleted.
LOG_GROUP_POLICIES = frozenset(
    {
        "service-role/AWSLambdaBasicExecutionRole",
        "service-role/AWSLambdaVPCAccessExecutionRole",
        "service-role/AWSLambdaKinesisExecutionRole",
        "service-role/AWSLambdaDynamoDBExecutionRole",
        "service-role/AWSLambdaSQSQueueExecutionRole",
        "service-role/AWSLambdaMSKExecutionRole",
        "CloudWatchAgentServerPolicy",
        "CloudWatchLogsFullAccess",
        "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
    }
)


@cache
def _without_resource() -> dict[str, str]:
    """Maps a service to its actions that support no resource. Reads the package's own table, once."""
    text = files(__package__).joinpath("without_resource.txt").read_text(encoding="utf-8")
    lines = (line.partition(": ") for line in text.splitlines() if not line.startswith("#"))
    return {service: f" {actions} " for service, _, actions in lines}


def knows_no_resource(action: str) -> bool:
    """Whether IAM supports no narrower resource for an action than *. For a pattern, whether that
    is so for every action it matches.
    """
    service, _, name = action.lower().partition(":")
    actions = _without_resource().get(service, "")
    return bool(name) and "*" not in name and "?" not in name and f" {name} " in actions


def only_looks(action: str) -> bool:
    """Whether an action, or a pattern of actions, only lists or describes."""
    return action.lower().partition(":")[2].startswith(_LISTING)
