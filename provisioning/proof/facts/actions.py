"""Which IAM actions know no resource, which read secrets and data, and which make a role more than it is."""

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
# Reading these is reading the data itself, not what there is of it.
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

# Ways from one right to all rights. Each is one of the paths that Rhino Security Labs published and Bishop Fox's
# iam-vulnerable rebuilds: https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
ESCALATES: dict[str, str] = {
    "iam:CreatePolicyVersion": "rewrites a managed policy",
    "iam:SetDefaultPolicyVersion": "brings back an older, wider policy",
    "iam:CreateAccessKey": "makes keys for another user",
    "iam:CreateLoginProfile": "gives another user a password",
    "iam:UpdateLoginProfile": "changes another user's password",
    "iam:AttachUserPolicy": "attaches any policy to a user",
    "iam:AttachGroupPolicy": "attaches any policy to a group",
    "iam:AttachRolePolicy": "attaches any policy to a role",
    "iam:PutUserPolicy": "writes any policy into a user",
    "iam:PutGroupPolicy": "writes any policy into a group",
    "iam:PutRolePolicy": "writes any policy into a role",
    "iam:AddUserToGroup": "joins a more powerful group",
    "iam:UpdateAssumeRolePolicy": "lets itself take another role",
    "iam:CreateRole": "makes roles",
    "iam:CreateUser": "makes users",
    "iam:CreatePolicy": "makes policies",
    "iam:DeleteRolePermissionsBoundary": "takes a boundary away",
    "iam:PutRolePermissionsBoundary": "moves a boundary",
    "iam:DeleteUserPermissionsBoundary": "takes a boundary away",
    "iam:PutUserPermissionsBoundary": "moves a boundary",
    "iam:CreateOpenIDConnectProvider": "lets another identity provider in",
    "iam:CreateSAMLProvider": "lets another identity provider in",
    "iam:UpdateSAMLProvider": "changes who may sign in",
    "lambda:UpdateFunctionCode": "runs its own code with another function's role",
    "lambda:UpdateFunctionConfiguration": "puts its own layer into another function",
    "lambda:AddPermission": "lets others call a function",
    "glue:UpdateDevEndpoint": "opens a shell with another role",
    "cloudformation:SetStackPolicy": "takes a stack's protection away",
    "ssm:SendCommand": "runs commands on hosts",
    "ssm:StartSession": "opens a shell on hosts",
    "ec2-instance-connect:SendSSHPublicKey": "opens a shell on hosts",
    "ecs:ExecuteCommand": "opens a shell in tasks",
    "codestar:CreateProject": "passes a powerful role",
    "sts:AssumeRoleWithSAML": "takes roles by assertion",
    "kms:PutKeyPolicy": "changes who may use a key",
    "kms:CreateGrant": "hands a key on",
    "s3:PutBucketPolicy": "opens a bucket",
    "s3:PutBucketAcl": "opens a bucket",
    "s3:PutBucketPublicAccessBlock": "takes a bucket's protection away",
    "s3:PutAccountPublicAccessBlock": "takes the account's protection away",
    "secretsmanager:PutResourcePolicy": "opens a secret",
    "ecr:SetRepositoryPolicy": "opens a registry",
    "organizations:LeaveOrganization": "leaves the organisation's guard rails",
    "cloudtrail:StopLogging": "blinds the audit",
    "cloudtrail:DeleteTrail": "blinds the audit",
}

# Actions that do know resources, and that AWS nevertheless documents on *: what they act on is only known at run time.
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

# AWS managed policies by how much they give; what is in them: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/
EVERYTHING_POLICIES = frozenset(
    {
        "AdministratorAccess",
        "PowerUserAccess",
        "IAMFullAccess",
        "job-function/SystemAdministrator",
        "AdministratorAccess-Amplify",
    }
)
# These may create log groups, which nobody then deletes.
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
    """Service → its actions that know no resource. Read once: the package's own table."""
    text = files(__package__).joinpath("without_resource.txt").read_text(encoding="utf-8")
    lines = (line.partition(": ") for line in text.splitlines() if not line.startswith("#"))
    return {service: f" {actions} " for service, _, actions in lines}


def knows_no_resource(action: str) -> bool:
    """Whether IAM has no narrower resource for an action than *. A pattern must hold for all that it stands for."""
    service, _, name = action.lower().partition(":")
    actions = _without_resource().get(service, "")
    return bool(name) and "*" not in name and "?" not in name and f" {name} " in actions


def only_looks(action: str) -> bool:
    """Whether an action, or a pattern of actions, only lists or describes."""
    return action.lower().partition(":")[2].startswith(_LISTING)
