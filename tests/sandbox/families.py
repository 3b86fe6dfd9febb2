"""One small template per family of resources beyond the large one in `template.py`."""

from __future__ import annotations

import base64
from typing import Any

from tests.sandbox.template import Json, allowing, assumed_by, att, ref, resource, sub

IMAGE = "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}"
CODE_BUCKET, CODE_KEY = "families-code", "receiver.zip"
DOMAIN = "families.example"


def messaging() -> Json:
    allowed = {**allowing("sqs:SendMessage", on=att("Inbox", "Arn"))["Statement"][0], "Principal": "*", "Sid": "Topic"}
    publishing = {**allowing("sns:Publish", on=ref("News"))["Statement"][0], "Principal": "*", "Sid": "Publish"}
    return {
        "Dead": resource("SQS::Queue", {}),
        "Inbox": resource(
            "SQS::Queue", {"RedrivePolicy": {"deadLetterTargetArn": att("Dead", "Arn"), "maxReceiveCount": 3}}
        ),
        "News": resource("SNS::Topic", {}),
        "InboxPolicy": resource(
            "SQS::QueuePolicy", {"Queues": [ref("Inbox")], "PolicyDocument": {"Statement": [allowed]}}
        ),
        "NewsPolicy": resource(
            "SNS::TopicPolicy", {"Topics": [ref("News")], "PolicyDocument": {"Statement": [publishing]}}
        ),
        "Follows": resource(
            "SNS::Subscription", {"TopicArn": ref("News"), "Protocol": "sqs", "Endpoint": att("Inbox", "Arn")}
        ),
    }


def email() -> Json:
    record = {"HostedZoneId": ref("Zone"), "Type": "CNAME", "TTL": "300"}
    return {
        "Zone": resource("Route53::HostedZone", {"Name": DOMAIN}),
        "Identity": resource("SES::EmailIdentity", {"EmailIdentity": f"mail.{DOMAIN}"}),
        **{
            f"Dkim{number}": resource(
                "Route53::RecordSet",
                {
                    **record,
                    "Name": att("Identity", f"DkimDNSTokenName{number}"),
                    "ResourceRecords": [att("Identity", f"DkimDNSTokenValue{number}")],
                },
            )
            for number in (1, 2, 3)
        },
        "Sending": resource("SES::ConfigurationSet", {"Name": "families-sending"}),
        "Bounces": resource("SNS::Topic", {}),
        "Events": resource(
            "SES::ConfigurationSetEventDestination",
            {
                "ConfigurationSetName": ref("Sending"),
                "EventDestination": {
                    "Name": "bounces",
                    "Enabled": True,
                    "MatchingEventTypes": ["BOUNCE"],
                    "SnsDestination": {"TopicARN": ref("Bounces")},
                },
            },
        ),
    }


def network() -> Json:
    return {
        "Vpc": resource("EC2::VPC", {"CidrBlock": "10.9.0.0/16"}),
        "Subnet": resource(
            "EC2::Subnet", {"VpcId": ref("Vpc"), "CidrBlock": "10.9.0.0/24", "AvailabilityZone": "eu-north-1a"}
        ),
        "Other": resource(
            "EC2::Subnet", {"VpcId": ref("Vpc"), "CidrBlock": "10.9.1.0/24", "AvailabilityZone": "eu-north-1b"}
        ),
        "Group": resource("EC2::SecurityGroup", {"GroupDescription": "hosts", "VpcId": ref("Vpc")}),
    }


def _launch(script: str) -> Json:
    return {
        "ImageId": IMAGE,
        "InstanceType": "t4g.small",
        "UserData": base64.b64encode(script.encode()).decode(),
        "MetadataOptions": {"HttpTokens": "required"},
        "SecurityGroupIds": [ref("Group")],
    }


def hosts() -> Json:
    """Instances, single and in a group, that signal when they are up."""
    signal = {"ResourceSignal": {"Count": 1, "Timeout": "PT15M"}}
    return {
        **network(),
        "Role": resource("IAM::Role", {"AssumeRolePolicyDocument": assumed_by("ec2.amazonaws.com")}),
        "Profile": resource("IAM::InstanceProfile", {"Roles": [ref("Role")]}),
        "Launch": resource("EC2::LaunchTemplate", {"LaunchTemplateData": _launch("#!/bin/sh\ncfn-signal\n")}),
        "Disk": resource("EC2::Volume", {"AvailabilityZone": "eu-north-1a", "Size": 8, "VolumeType": "gp3"}),
        "Host": resource(
            "EC2::Instance",
            {
                "LaunchTemplate": {
                    "LaunchTemplateId": ref("Launch"),
                    "Version": att("Launch", "LatestVersionNumber"),
                },
                "SubnetId": ref("Subnet"),
                "IamInstanceProfile": ref("Profile"),
            },
            CreationPolicy=signal,
        ),
        "Attached": resource(
            "EC2::VolumeAttachment", {"VolumeId": ref("Disk"), "InstanceId": ref("Host"), "Device": "/dev/sdf"}
        ),
        "Interface": resource(
            "EC2::NetworkInterface", {"SubnetId": ref("Subnet"), "SecondaryPrivateIpAddressCount": 2}
        ),
        "Second": resource(
            "SSM::Parameter",
            {
                "Name": "/families/second-address",
                "Type": "String",
                "Value": {"Fn::Select": ["1", att("Interface", "SecondaryPrivateIpAddresses")]},
            },
        ),
        "Address": resource("EC2::EIP", {"Domain": "vpc"}),
        "Addressed": resource(
            "EC2::EIPAssociation", {"AllocationId": att("Address", "AllocationId"), "InstanceId": ref("Host")}
        ),
        "Fleet": resource(
            "AutoScaling::AutoScalingGroup",
            {
                "MinSize": "2",
                "MaxSize": "3",
                "DesiredCapacity": "2",
                "VPCZoneIdentifier": [ref("Subnet"), ref("Other")],
                "LaunchTemplate": {
                    "LaunchTemplateId": ref("Launch"),
                    "Version": att("Launch", "LatestVersionNumber"),
                },
            },
            CreationPolicy={"ResourceSignal": {"Count": 2, "Timeout": "PT15M"}},
        ),
    }


def function() -> Json:
    return {
        "Role": resource("IAM::Role", {"AssumeRolePolicyDocument": assumed_by("lambda.amazonaws.com")}),
        "Logs": resource("Logs::LogGroup", {"LogGroupName": "/families/receiver", "RetentionInDays": 7}),
        "Errors": resource(
            "Logs::MetricFilter",
            {
                "LogGroupName": ref("Logs"),
                "FilterPattern": "ERROR",
                "MetricTransformations": [{"MetricName": "errors", "MetricNamespace": "families", "MetricValue": "1"}],
            },
        ),
        "Receiver": resource(
            "Lambda::Function",
            {
                "Code": {"S3Bucket": CODE_BUCKET, "S3Key": CODE_KEY},
                "Handler": "receiver.handle",
                "Runtime": "python3.13",
                "Role": att("Role", "Arn"),
                "LoggingConfig": {"LogGroup": ref("Logs")},
            },
        ),
        "Url": resource("Lambda::Url", {"TargetFunctionArn": att("Receiver", "Arn"), "AuthType": "NONE"}),
        "Public": resource(
            "Lambda::Permission",
            {
                "FunctionName": ref("Receiver"),
                "Action": "lambda:InvokeFunctionUrl",
                "Principal": "*",
                "FunctionUrlAuthType": "NONE",
            },
        ),
    }


def edge() -> Json:
    code = "function handler(event) { return event.request; }"
    return {
        "Site": resource("S3::Bucket", {}),
        "Access": resource(
            "CloudFront::OriginAccessControl",
            {
                "OriginAccessControlConfig": {
                    "Name": "families-access",
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        ),
        "Routing": resource(
            "CloudFront::Function",
            {
                "Name": "families-routing",
                "AutoPublish": True,
                "FunctionCode": code,
                "FunctionConfig": {"Comment": "routes", "Runtime": "cloudfront-js-2.0"},
            },
        ),
        "Distribution": resource("CloudFront::Distribution", {"DistributionConfig": distribution()}),
    }


def distribution(**more: Any) -> Json:
    return {
        "Enabled": True,
        "Origins": [
            {
                "Id": "site",
                "DomainName": att("Site", "RegionalDomainName"),
                "OriginAccessControlId": att("Access", "Id"),
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            }
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": "site",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "FunctionAssociations": [{"EventType": "viewer-request", "FunctionARN": att("Routing", "FunctionARN")}],
        },
        **more,
    }


def backup() -> Json:
    rule = {
        "RuleName": "daily",
        "TargetBackupVault": ref("Vault"),
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "Lifecycle": {"DeleteAfterDays": 7},
    }
    return {
        "Vault": resource("Backup::BackupVault", {"BackupVaultName": "families"}),
        "Plan": resource("Backup::BackupPlan", {"BackupPlan": {"BackupPlanName": "daily", "BackupPlanRule": [rule]}}),
        "Role": resource("IAM::Role", {"AssumeRolePolicyDocument": assumed_by("backup.amazonaws.com")}),
        "Chosen": resource(
            "Backup::BackupSelection",
            {
                "BackupPlanId": ref("Plan"),
                "BackupSelection": {"SelectionName": "all", "IamRoleArn": att("Role", "Arn"), "Resources": ["*"]},
            },
        ),
    }


def broker() -> Json:
    return {
        **network(),
        "Password": resource(
            "SecretsManager::Secret",
            {
                "GenerateSecretString": {
                    "SecretStringTemplate": '{"username": "portal"}',
                    "GenerateStringKey": "password",
                    "PasswordLength": 30,
                    "ExcludePunctuation": True,
                }
            },
        ),
        "Broker": resource(
            "AmazonMQ::Broker",
            {
                "BrokerName": "families",
                "EngineType": "RABBITMQ",
                "EngineVersion": "3.13",
                "DeploymentMode": "SINGLE_INSTANCE",
                "HostInstanceType": "mq.m5.large",
                "PubliclyAccessible": False,
                "AutoMinorVersionUpgrade": True,
                "SubnetIds": [ref("Subnet")],
                "SecurityGroups": [ref("Group")],
                "Users": [
                    {
                        "Username": "portal",
                        "Password": sub("{{resolve:secretsmanager:${Password}:SecretString:password}}"),
                    }
                ],
            },
        ),
        "Url": resource(
            "SecretsManager::Secret",
            {"SecretString": sub("amqps://portal:{{resolve:secretsmanager:${Password}:SecretString:password}}@broker")},
        ),
        "Zone": resource("Route53::HostedZone", {"Name": DOMAIN}),
        "Name": resource(
            "Route53::RecordSet",
            {
                "HostedZoneName": f"{DOMAIN}.",
                "Name": f"www.{DOMAIN}",
                "Type": "A",
                "TTL": "60",
                "ResourceRecords": ["10.9.0.9"],
            },
            DependsOn="Zone",
        ),
    }


def certified() -> Json:
    """A certificate with the zone that it is proved in."""
    return {
        "Certificate": resource(
            "CertificateManager::Certificate",
            {
                "DomainName": f"api.{DOMAIN}",
                "ValidationMethod": "DNS",
                "DomainValidationOptions": [{"DomainName": f"api.{DOMAIN}", "HostedZoneId": ref("Zone")}],
            },
        ),
        "Zone": resource("Route53::HostedZone", {"Name": DOMAIN}),
    }


def joined() -> Json:
    """Two networks side by side, and one with an office behind a VPN."""
    return {
        "Here": resource("EC2::VPC", {"CidrBlock": "10.11.0.0/16"}),
        "There": resource("EC2::VPC", {"CidrBlock": "10.12.0.0/16"}),
        "Peering": resource("EC2::VPCPeeringConnection", {"VpcId": ref("Here"), "PeerVpcId": ref("There")}),
        "Gateway": resource("EC2::VPNGateway", {"Type": "ipsec.1"}),
        "Office": resource("EC2::CustomerGateway", {"Type": "ipsec.1", "BgpAsn": 65000, "IpAddress": "203.0.113.9"}),
        "Tunnel": resource(
            "EC2::VPNConnection",
            {"Type": "ipsec.1", "CustomerGatewayId": ref("Office"), "VpnGatewayId": ref("Gateway")},
        ),
        "Outward": resource("EC2::EgressOnlyInternetGateway", {"VpcId": ref("Here")}),
    }


FAMILIES = {
    "backup": backup,
    "broker": broker,
    "edge": edge,
    "email": email,
    "function": function,
    "hosts": hosts,
    "joined": joined,
    "messaging": messaging,
}
