"""A healthy template that none of our components wrote: the kinds of resources that platform teams
bring along.
"""

from __future__ import annotations

from typing import Any

BOUNDARY = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/portal-environment-boundary"}
OWN_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
PLAIN = {"Bool": {"aws:SecureTransport": "false"}}
NOWHERE = [{"IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "nothing goes out"}]
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def _arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _tls_only(service: str, *resources: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"{service}:*",
        "Resource": list(resources),
        "Condition": PLAIN,
    }


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _trust(service: str, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    more = {"Condition": condition} if condition else {}
    return _document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **more})


def _role(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    policies = [{"PolicyName": "needs", "PolicyDocument": _document(*statements)}]
    properties = {
        "AssumeRolePolicyDocument": _trust(service),
        "Path": "/portal/env/payments/orders-7k2mx/",
        "PermissionsBoundary": BOUNDARY,
        "Policies": policies,
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _subnet(number: int) -> dict[str, Any]:
    zone = {"Fn::Select": [str(number % 2), {"Fn::GetAZs": {"Ref": "AWS::Region"}}]}
    block = {"Fn::Select": [number, {"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 8, 8]}]}
    return {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "AvailabilityZone": zone, "CidrBlock": block},
    }


def _network() -> dict[str, Any]:
    found: dict[str, Any] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Fn::FindInMap": ["Blocks", "Vpc", "Cidr"]}}},
        "FlowLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": {"Fn::Sub": "/${AWS::StackName}/flow"}, "RetentionInDays": 30},
        },
        "FlowRole": _role(
            "vpc-flow-logs.amazonaws.com",
            {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": _arn("FlowLogs")},
        ),
        "FlowLog": {
            "Type": "AWS::EC2::FlowLog",
            "Properties": {
                "ResourceId": {"Ref": "Vpc"},
                "ResourceType": "VPC",
                "TrafficType": "ALL",
                "DeliverLogsPermissionArn": _arn("FlowRole"),
                "LogGroupName": {"Ref": "FlowLogs"},
            },
        },
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "Attachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "PublicRoutes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "PublicDefault": {
            "Type": "AWS::EC2::Route",
            "DependsOn": "Attachment",
            "Properties": {
                "RouteTableId": {"Ref": "PublicRoutes"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": {"Ref": "Gateway"},
            },
        },
        "DataRoutes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "HostRoutes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
    }
    found["FlowRole"]["Properties"]["AssumeRolePolicyDocument"] = _trust("vpc-flow-logs.amazonaws.com", OWN_ACCOUNT)
    tables = {"Public": "PublicRoutes", "Data": "DataRoutes", "Host": "HostRoutes"}
    for index, (name, table) in enumerate(tables.items()):
        for side in (0, 1):
            found[f"{name}{side}"] = _subnet(index * 2 + side)
            found[f"{name}{side}Routes"] = {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": {"SubnetId": {"Ref": f"{name}{side}"}, "RouteTableId": {"Ref": table}},
            }
    return found


def _group(ingress: list[Any] | None = None, egress: list[Any] | None = None) -> dict[str, Any]:
    properties = {"GroupDescription": "a group", "VpcId": {"Ref": "Vpc"}, "SecurityGroupEgress": egress or NOWHERE}
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": properties | ({"SecurityGroupIngress": ingress} if ingress else {}),
    }


def _from(group: str, port: int) -> dict[str, Any]:
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "SourceSecurityGroupId": {"Fn::GetAtt": [group, "GroupId"]},
    }


def _hosts() -> dict[str, Any]:
    """Two hosts in a group behind an internal network load balancer, and a domain that they search."""
    return {
        "HostGroup": _group(),
        "DomainGroup": _group([_from("HostGroup", 443)]),
        "HostToDomain": {
            "Type": "AWS::EC2::SecurityGroupEgress",
            "Properties": {
                "GroupId": {"Fn::GetAtt": ["HostGroup", "GroupId"]},
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "DestinationSecurityGroupId": {"Fn::GetAtt": ["DomainGroup", "GroupId"]},
            },
        },
        "HostRole": _role(
            "ec2.amazonaws.com", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": _arn("Queue")}
        ),
        "HostProfile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "HostRole"}]}},
        "HostTemplate": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {
                "LaunchTemplateData": {
                    "ImageId": "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}",
                    "InstanceType": "t3.small",
                    "IamInstanceProfile": {"Arn": _arn("HostProfile")},
                    "SecurityGroupIds": [{"Fn::GetAtt": ["HostGroup", "GroupId"]}],
                    "MetadataOptions": {"HttpTokens": "required"},
                    "BlockDeviceMappings": [
                        {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeType": "gp3"}}
                    ],
                    "UserData": {
                        "Fn::Base64": {
                            "Fn::Sub": [
                                "#!/bin/bash\nDOMAIN=${Endpoint}\nTOKEN_FILE=/run/token\nexec agent\n",
                                {"Endpoint": {"Fn::GetAtt": ["Domain", "DomainEndpoint"]}},
                            ]
                        }
                    },
                }
            },
        },
        "Hosts": {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "Properties": {
                "MinSize": "2",
                "MaxSize": "2",
                "VPCZoneIdentifier": [{"Ref": "Host0"}, {"Ref": "Host1"}],
                "LaunchTemplate": {
                    "LaunchTemplateId": {"Ref": "HostTemplate"},
                    "Version": {"Fn::GetAtt": ["HostTemplate", "LatestVersionNumber"]},
                },
            },
        },
        "Disk": {
            "Type": "AWS::EC2::Volume",
            **KEPT,
            "Properties": {
                "AvailabilityZone": {"Fn::GetAtt": ["Host0", "AvailabilityZone"]},
                "Size": 20,
                "Encrypted": "true",
            },
        },
        "Domain": {
            "Type": "AWS::OpenSearchService::Domain",
            **KEPT,
            "Properties": {
                "EngineVersion": "OpenSearch_2.17",
                "ClusterConfig": {"InstanceCount": 2, "InstanceType": "r7g.large.search"},
                "EBSOptions": {"EBSEnabled": True, "VolumeSize": 20, "VolumeType": "gp3"},
                "EncryptionAtRestOptions": {"Enabled": True},
                "NodeToNodeEncryptionOptions": {"Enabled": True},
                "DomainEndpointOptions": {"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
                "VPCOptions": {
                    "SubnetIds": [{"Ref": "Data0"}, {"Ref": "Data1"}],
                    "SecurityGroupIds": [{"Fn::GetAtt": ["DomainGroup", "GroupId"]}],
                },
            },
        },
    }


def _messages() -> dict[str, Any]:
    return {
        "Key": {
            "Type": "AWS::KMS::Key",
            **KEPT,
            "Properties": {
                "EnableKeyRotation": True,
                "KeyPolicy": _document(
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                        "Resource": "*",
                        "Condition": OWN_ACCOUNT,
                    },
                ),
            },
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"SqsManagedSseEnabled": True},
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": _document(
                    _tls_only("sqs", _arn("Queue")),
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "sns.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": _arn("Queue"),
                        "Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}},
                    },
                ),
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Key"}}},
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": _document(
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "sns:Publish",
                        "Resource": {"Ref": "Topic"},
                        "Condition": PLAIN,
                    },
                ),
            },
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            **KEPT,
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
        },
        "Stream": {
            "Type": "AWS::Kinesis::Stream",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "ShardCount": 1,
                "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
            },
        },
        "Registry": {"Type": "AWS::ECR::Repository", **KEPT, "Properties": {"ImageTagMutability": "IMMUTABLE"}},
        "Vault": {
            "Type": "AWS::Backup::BackupVault",
            **KEPT,
            "Properties": {"BackupVaultName": {"Fn::Join": ["-", [{"Ref": "AWS::StackName"}, "vault"]]}},
        },
        "Setting": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Name": "/app/colour", "Value": "blue"},
        },
        "SharedSecret": {
            "Type": "AWS::SecretsManager::Secret",
            **KEPT,
            "Properties": {"GenerateSecretString": {"PasswordLength": 40}},
        },
    }


def _edge() -> dict[str, Any]:
    """A function behind a URL that asks for IAM, and a site behind CloudFront."""
    return {
        "FunctionLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": {"Fn::Sub": "/${AWS::StackName}/function"}, "RetentionInDays": 14},
        },
        "FunctionRole": _role(
            "lambda.amazonaws.com",
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": _arn("FunctionLogs"),
            },
            {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": _arn("Table")},
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "SharedSecret"}},
        ),
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": _arn("FunctionRole"),
                "Code": {"ZipFile": "def handler(event, context):\n    return {}\n"},
                "Environment": {"Variables": {"TABLE": {"Ref": "Table"}, "SECRET_ARN": {"Ref": "SharedSecret"}}},
                "LoggingConfig": {"LogGroup": {"Ref": "FunctionLogs"}},
            },
        },
        "FunctionUrl": {
            "Type": "AWS::Lambda::Url",
            "Properties": {"AuthType": "AWS_IAM", "TargetFunctionArn": {"Ref": "Function"}},
        },
        "FromTopic": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Action": "lambda:InvokeFunction",
                "Principal": "sns.amazonaws.com",
                "SourceArn": {"Ref": "Topic"},
            },
        },
        "Site": {
            "Type": "AWS::S3::Bucket",
            **KEPT,
            "Properties": {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": "true",
                    "BlockPublicPolicy": "true",
                    "IgnorePublicAcls": "true",
                    "RestrictPublicBuckets": "true",
                },
            },
        },
        "SitePolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Site"},
                "PolicyDocument": _document(
                    _tls_only("s3", _arn("Site"), {"Fn::Join": ["", [_arn("Site"), "/*"]]}),
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudfront.amazonaws.com"},
                        "Action": "s3:GetObject",
                        "Resource": {"Fn::Sub": "${Site.Arn}/*"},
                        "Condition": {
                            "StringEquals": {
                                "AWS:SourceArn": {
                                    "Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
                                }
                            }
                        },
                    },
                ),
            },
        },
        "Access": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": {"Fn::Sub": "${AWS::StackName}-site"},
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        },
        "Distribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {
                "DistributionConfig": {
                    "Enabled": True,
                    "Aliases": [{"Ref": "DomainName"}],
                    "ViewerCertificate": {
                        "AcmCertificateArn": {"Ref": "CertificateArn"},
                        "SslSupportMethod": "sni-only",
                        "MinimumProtocolVersion": "TLSv1.2_2021",
                    },
                    "DefaultCacheBehavior": {
                        "TargetOriginId": "site",
                        "ViewerProtocolPolicy": "redirect-to-https",
                        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
                    },
                    "Origins": [
                        {
                            "Id": "site",
                            "DomainName": {"Fn::GetAtt": ["Site", "RegionalDomainName"]},
                            "OriginAccessControlId": {"Fn::GetAtt": ["Access", "Id"]},
                            "S3OriginConfig": {},
                        },
                        {
                            "Id": "api",
                            "DomainName": {"Ref": "DomainName"},
                            "CustomOriginConfig": {
                                "OriginProtocolPolicy": "https-only",
                                "OriginSSLProtocols": ["TLSv1.2"],
                            },
                        },
                    ],
                }
            },
        },
    }


def sample() -> dict[str, Any]:
    """A new copy of the template, because mutations change it in place."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {
            "DomainName": {"Type": "String", "Default": "www.example.com"},
            "CertificateArn": {
                "Type": "String",
                "Default": "arn:aws:acm:us-east-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000",
            },
        },
        "Mappings": {"Blocks": {"Vpc": {"Cidr": "10.1.0.0/16"}}},
        "Resources": {**_network(), **_hosts(), **_messages(), **_edge()},
        "Outputs": {"Url": {"Value": {"Fn::Sub": "https://${Distribution.DomainName}"}}},
    }
