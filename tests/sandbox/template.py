"""A template of some 120 resources of the kinds that a production environment has, for the contract
tests.
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
ZONES = "abc"
TIERS = ("public", "private", "data")


def ref(name: str) -> Json:
    return {"Ref": name}


def att(name: str, attribute: str) -> Json:
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Json:
    return {"Fn::Sub": text}


def resource(kind: str, properties: Json, **attributes: Any) -> Json:
    return {"Type": f"AWS::{kind}", "Properties": properties, **attributes}


def tags(name: str) -> list[Json]:
    return [{"Key": "Name", "Value": sub("${AWS::StackName}-" + name)}]


def assumed_by(service: str) -> Json:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def allowing(*actions: str, on: Any = "*") -> Json:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": on}]}


def network() -> Json:
    r: Json = {
        "Vpc": resource(
            "EC2::VPC",
            {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True, "EnableDnsSupport": True, "Tags": tags("vpc")},
        ),
        "Gateway": resource("EC2::InternetGateway", {"Tags": tags("gateway")}),
        "GatewayAttachment": resource(
            "EC2::VPCGatewayAttachment", {"VpcId": ref("Vpc"), "InternetGatewayId": ref("Gateway")}
        ),
        "PublicRoutes": resource("EC2::RouteTable", {"VpcId": ref("Vpc"), "Tags": tags("public")}),
        "PublicRoute": resource(
            "EC2::Route",
            {"RouteTableId": ref("PublicRoutes"), "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ref("Gateway")},
            DependsOn="GatewayAttachment",
        ),
        "DataRoutes": resource("EC2::RouteTable", {"VpcId": ref("Vpc"), "Tags": tags("data")}),
        "FlowLogs": resource("Logs::LogGroup", {"LogGroupName": sub("/${AWS::StackName}/flow"), "RetentionInDays": 14}),
        "FlowRole": resource(
            "IAM::Role",
            {
                "AssumeRolePolicyDocument": assumed_by("vpc-flow-logs.amazonaws.com"),
                "Policies": [
                    {"PolicyName": "write", "PolicyDocument": allowing("logs:PutLogEvents", on=att("FlowLogs", "Arn"))}
                ],
            },
        ),
        "FlowLog": resource(
            "EC2::FlowLog",
            {
                "ResourceId": ref("Vpc"),
                "ResourceType": "VPC",
                "TrafficType": "REJECT",
                "LogDestinationType": "cloud-watch-logs",
                "LogGroupName": ref("FlowLogs"),
                "DeliverLogsPermissionArn": att("FlowRole", "Arn"),
                "Tags": tags("flow"),
            },
        ),
        "DataAcl": resource("EC2::NetworkAcl", {"VpcId": ref("Vpc"), "Tags": tags("data")}),
        "DataAclIn": resource(
            "EC2::NetworkAclEntry",
            {
                "NetworkAclId": ref("DataAcl"),
                "RuleNumber": 100,
                "Protocol": -1,
                "RuleAction": "allow",
                "CidrBlock": "10.0.0.0/16",
                "Egress": False,
            },
        ),
    }
    for number, zone in enumerate(ZONES):
        upper = zone.upper()
        for row, tier in enumerate(TIERS):
            name = f"{tier.title()}Subnet{upper}"
            r[name] = resource(
                "EC2::Subnet",
                {
                    "VpcId": ref("Vpc"),
                    "CidrBlock": f"10.0.{(row * 3 + number) * 16}.0/20",
                    "AvailabilityZone": {"Fn::Select": [number, {"Fn::GetAZs": ""}]},
                    "Tags": tags(f"{tier}-{zone}"),
                },
            )
            table = {"public": "PublicRoutes", "data": "DataRoutes"}.get(tier, f"PrivateRoutes{upper}")
            association = {"SubnetId": ref(name), "RouteTableId": ref(table)}
            r[f"{name}Routes"] = resource("EC2::SubnetRouteTableAssociation", association)
        r[f"Address{upper}"] = resource(
            "EC2::EIP", {"Domain": "vpc", "Tags": tags(f"nat-{zone}")}, DependsOn="GatewayAttachment"
        )
        r[f"Nat{upper}"] = resource(
            "EC2::NatGateway",
            {
                "AllocationId": att(f"Address{upper}", "AllocationId"),
                "SubnetId": ref(f"PublicSubnet{upper}"),
                "Tags": tags(f"nat-{zone}"),
            },
        )
        r[f"PrivateRoutes{upper}"] = resource("EC2::RouteTable", {"VpcId": ref("Vpc"), "Tags": tags(f"private-{zone}")})
        r[f"PrivateRoute{upper}"] = resource(
            "EC2::Route",
            {
                "RouteTableId": ref(f"PrivateRoutes{upper}"),
                "DestinationCidrBlock": "0.0.0.0/0",
                "NatGatewayId": ref(f"Nat{upper}"),
            },
        )
        r[f"DataAcl{upper}"] = resource(
            "EC2::SubnetNetworkAclAssociation", {"NetworkAclId": ref("DataAcl"), "SubnetId": ref(f"DataSubnet{upper}")}
        )
    r["S3Endpoint"] = resource(
        "EC2::VPCEndpoint",
        {
            "VpcId": ref("Vpc"),
            "VpcEndpointType": "Gateway",
            "ServiceName": sub("com.amazonaws.${AWS::Region}.s3"),
            "RouteTableIds": [ref(f"PrivateRoutes{zone.upper()}") for zone in ZONES],
        },
    )
    r["SecretsEndpoint"] = resource(
        "EC2::VPCEndpoint",
        {
            "VpcId": ref("Vpc"),
            "VpcEndpointType": "Interface",
            "PrivateDnsEnabled": True,
            "ServiceName": sub("com.amazonaws.${AWS::Region}.secretsmanager"),
            "SubnetIds": [ref(f"PrivateSubnet{zone.upper()}") for zone in ZONES],
            "SecurityGroupIds": [att("AppGroup", "GroupId")],
        },
    )
    return r


GROUPS = ("Balancer", "App", "Search", "Database", "Cache", "Files")
RULES = (
    ("Balancer", "App", 8000),
    ("App", "Database", 5432),
    ("App", "Cache", 6379),
    ("App", "Search", 7700),
    ("Search", "Files", 2049),
)


def security() -> Json:
    r: Json = {}
    for name in GROUPS:
        r[f"{name}Group"] = resource(
            "EC2::SecurityGroup", {"GroupDescription": f"{name} group", "VpcId": ref("Vpc"), "Tags": tags(name.lower())}
        )
    for source, target, port in RULES:
        common = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Description": f"{source} to {target}"}
        r[f"{source}To{target}In"] = resource(
            "EC2::SecurityGroupIngress",
            {
                "GroupId": att(f"{target}Group", "GroupId"),
                "SourceSecurityGroupId": att(f"{source}Group", "GroupId"),
                **common,
            },
        )
        r[f"{source}To{target}Out"] = resource(
            "EC2::SecurityGroupEgress",
            {
                "GroupId": att(f"{source}Group", "GroupId"),
                "DestinationSecurityGroupId": att(f"{target}Group", "GroupId"),
                **common,
            },
        )
    for port in (80, 443):
        r[f"WorldTo{port}"] = resource(
            "EC2::SecurityGroupIngress",
            {
                "GroupId": att("BalancerGroup", "GroupId"),
                "CidrIp": "0.0.0.0/0",
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
            },
        )
    return r


def data() -> Json:
    subnets = [ref(f"DataSubnet{zone.upper()}") for zone in ZONES]
    key_policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": sub("arn:aws:iam::${AWS::AccountId}:root")},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    private = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    r: Json = {
        "Key": resource(
            "KMS::Key",
            {"Description": "data", "EnableKeyRotation": True, "KeyPolicy": key_policy, "Tags": tags("data")},
        ),
        "KeyAlias": resource("KMS::Alias", {"AliasName": sub("alias/${AWS::StackName}"), "TargetKeyId": ref("Key")}),
        "DatabaseSubnets": resource(
            "RDS::DBSubnetGroup",
            {"DBSubnetGroupDescription": "data subnets", "SubnetIds": subnets, "Tags": tags("data")},
        ),
        "DatabaseParameters": resource(
            "RDS::DBParameterGroup",
            {"Description": "ours", "Family": "postgres16", "Parameters": {"rds.force_ssl": "1"}, "Tags": tags("data")},
        ),
        "Database": resource(
            "RDS::DBInstance",
            {
                "DBInstanceClass": "db.t4g.medium",
                "Engine": "postgres",
                "EngineVersion": "16.10",
                "AllocatedStorage": "50",
                "MaxAllocatedStorage": 200,
                "StorageType": "gp3",
                "StorageEncrypted": True,
                "KmsKeyId": att("Key", "Arn"),
                "MasterUsername": "portal",
                "ManageMasterUserPassword": True,
                "MasterUserSecret": {"KmsKeyId": att("Key", "Arn")},
                "DBName": "app",
                "DBSubnetGroupName": ref("DatabaseSubnets"),
                "DBParameterGroupName": ref("DatabaseParameters"),
                "VPCSecurityGroups": [att("DatabaseGroup", "GroupId")],
                "BackupRetentionPeriod": 7,
                "MultiAZ": False,
                "EnableCloudwatchLogsExports": ["postgresql"],
                "Tags": tags("database"),
            },
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Snapshot",
        ),
        "Cache": resource(
            "ElastiCache::ServerlessCache",
            {
                "ServerlessCacheName": sub("${AWS::StackName}-cache"),
                "Engine": "valkey",
                "MajorEngineVersion": "8",
                "SubnetIds": subnets,
                "SecurityGroupIds": [att("CacheGroup", "GroupId")],
                "Tags": tags("cache"),
            },
        ),
        "NodeSubnets": resource(
            "ElastiCache::SubnetGroup", {"Description": "data subnets", "SubnetIds": subnets, "Tags": tags("nodes")}
        ),
        "NodeParameters": resource(
            "ElastiCache::ParameterGroup",
            {
                "CacheParameterGroupFamily": "valkey8",
                "Description": "ours",
                "Properties": {"maxmemory-policy": "noeviction"},
            },
        ),
        "Nodes": resource(
            "ElastiCache::ReplicationGroup",
            {
                "ReplicationGroupDescription": "nodes",
                "Engine": "valkey",
                "EngineVersion": "8.0",
                "CacheNodeType": "cache.t4g.medium",
                "NumCacheClusters": 2,
                "AutomaticFailoverEnabled": True,
                "TransitEncryptionEnabled": True,
                "AtRestEncryptionEnabled": True,
                "CacheSubnetGroupName": ref("NodeSubnets"),
                "CacheParameterGroupName": ref("NodeParameters"),
                "SecurityGroupIds": [att("CacheGroup", "GroupId")],
                "Tags": tags("nodes"),
            },
        ),
        "CacheUser": resource(
            "ElastiCache::User",
            {
                "UserId": sub("${AWS::StackName}-app"),
                "UserName": "default",
                "Engine": "valkey",
                "AccessString": "on ~* +@all",
                "AuthenticationMode": {"Type": "no-password-required"},
            },
        ),
        "CacheUsers": resource(
            "ElastiCache::UserGroup",
            {"UserGroupId": sub("${AWS::StackName}-all"), "Engine": "valkey", "UserIds": [ref("CacheUser")]},
        ),
        "Files": resource(
            "EFS::FileSystem",
            {
                "Encrypted": True,
                "KmsKeyId": att("Key", "Arn"),
                "ThroughputMode": "elastic",
                "BackupPolicy": {"Status": "ENABLED"},
                "FileSystemTags": tags("files"),
            },
        ),
        "FilesAccess": resource(
            "EFS::AccessPoint",
            {
                "FileSystemId": ref("Files"),
                "PosixUser": {"Uid": "1000", "Gid": "1000"},
                "RootDirectory": {
                    "Path": "/search",
                    "CreationInfo": {"OwnerUid": "1000", "OwnerGid": "1000", "Permissions": "750"},
                },
            },
        ),
        "Media": resource(
            "S3::Bucket",
            {
                "BucketName": sub("${AWS::StackName}-media"),
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
                "PublicAccessBlockConfiguration": private,
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "VersioningConfiguration": {"Status": "Enabled"},
                "Tags": tags("media"),
            },
        ),
        "Documents": resource(
            "S3::Bucket",
            {
                "BucketName": sub("${AWS::StackName}-documents"),
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {
                            "ServerSideEncryptionByDefault": {
                                "SSEAlgorithm": "aws:kms",
                                "KMSMasterKeyID": att("Key", "Arn"),
                            },
                            "BucketKeyEnabled": True,
                        }
                    ]
                },
                "PublicAccessBlockConfiguration": private,
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": "cool",
                            "Status": "Enabled",
                            "Transitions": [
                                {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 30},
                                {"StorageClass": "GLACIER", "TransitionInDays": 365},
                            ],
                            "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        }
                    ]
                },
                "Tags": tags("documents"),
            },
        ),
    }
    for zone in ZONES:
        r[f"FilesTarget{zone.upper()}"] = resource(
            "EFS::MountTarget",
            {
                "FileSystemId": ref("Files"),
                "SubnetId": ref(f"PrivateSubnet{zone.upper()}"),
                "SecurityGroups": [att("FilesGroup", "GroupId")],
            },
        )
    for bucket in ("Media", "Documents"):
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [att(bucket, "Arn"), sub("${" + bucket + ".Arn}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        r[f"{bucket}Policy"] = resource("S3::BucketPolicy", {"Bucket": ref(bucket), "PolicyDocument": policy})
    for name in ("App", "Search", "Claude", "Climatiq"):
        rule = {
            "SecretStringTemplate": json.dumps({"name": name.lower()}),
            "GenerateStringKey": "key",
            "PasswordLength": 40,
            "ExcludePunctuation": True,
        }
        r[f"{name}Secret"] = resource(
            "SecretsManager::Secret",
            {
                "Name": sub("${AWS::StackName}/" + name.lower()),
                "GenerateSecretString": rule,
                "Tags": tags(name.lower()),
            },
        )
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:DeleteSecret", "Resource": "*"}],
    }
    r["AppSecretPolicy"] = resource(
        "SecretsManager::ResourcePolicy", {"SecretId": ref("AppSecret"), "ResourcePolicy": deny}
    )
    return r


def compute() -> Json:
    public = [ref(f"PublicSubnet{zone.upper()}") for zone in ZONES]
    private = [ref(f"PrivateSubnet{zone.upper()}") for zone in ZONES]
    metrics = {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True, "MetricName": "rate"}
    r: Json = {
        "Balancer": resource(
            "ElasticLoadBalancingV2::LoadBalancer",
            {
                "Scheme": "internet-facing",
                "Type": "application",
                "Subnets": public,
                "SecurityGroups": [att("BalancerGroup", "GroupId")],
                "LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "120"}],
                "Tags": tags("balancer"),
            },
            DependsOn="PublicRoute",
        ),
        "ApiTargets": resource(
            "ElasticLoadBalancingV2::TargetGroup",
            {
                "VpcId": ref("Vpc"),
                "Port": 8000,
                "Protocol": "HTTP",
                "TargetType": "ip",
                "HealthCheckPath": "/api/v1/health",
                "Tags": tags("api"),
            },
        ),
        "Redirect": resource(
            "ElasticLoadBalancingV2::Listener",
            {
                "LoadBalancerArn": ref("Balancer"),
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [
                    {
                        "Type": "redirect",
                        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
                    }
                ],
            },
        ),
        "Listener": resource(
            "ElasticLoadBalancingV2::Listener",
            {
                "LoadBalancerArn": ref("Balancer"),
                "Port": 443,
                "Protocol": "HTTPS",
                "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
                "Certificates": [
                    {
                        "CertificateArn": sub(
                            "arn:aws:acm:${AWS::Region}:${AWS::AccountId}:certificate/11111111-2222-3333-4444-555555555555"
                        )
                    }
                ],
                "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
            },
        ),
        "ApiRule": resource(
            "ElasticLoadBalancingV2::ListenerRule",
            {
                "ListenerArn": ref("Listener"),
                "Priority": 10,
                "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}],
                "Actions": [{"Type": "forward", "TargetGroupArn": ref("ApiTargets")}],
            },
        ),
        "Firewall": resource(
            "WAFv2::WebACL",
            {
                "Name": sub("${AWS::StackName}"),
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": metrics,
                "Rules": [
                    {
                        "Name": "rate",
                        "Priority": 1,
                        "Action": {"Block": {}},
                        "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
                        "VisibilityConfig": metrics,
                    }
                ],
                "Tags": tags("firewall"),
            },
        ),
        "FirewallAssociation": resource(
            "WAFv2::WebACLAssociation", {"ResourceArn": ref("Balancer"), "WebACLArn": att("Firewall", "Arn")}
        ),
        "FirewallLogs": resource(
            "Logs::LogGroup", {"LogGroupName": sub("aws-waf-logs-${AWS::StackName}"), "RetentionInDays": 30}
        ),
        "FirewallLogging": resource(
            "WAFv2::LoggingConfiguration",
            {
                "ResourceArn": att("Firewall", "Arn"),
                "LogDestinationConfigs": [
                    sub("arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${FirewallLogs}")
                ],
            },
        ),
        "Cluster": resource(
            "ECS::Cluster",
            {
                "ClusterName": sub("${AWS::StackName}"),
                "ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}],
                "Tags": tags("cluster"),
            },
        ),
        "Providers": resource(
            "ECS::ClusterCapacityProviderAssociations",
            {
                "Cluster": ref("Cluster"),
                "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
                "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1}],
            },
        ),
        "Namespace": resource(
            "ServiceDiscovery::PrivateDnsNamespace", {"Name": sub("${AWS::StackName}.internal"), "Vpc": ref("Vpc")}
        ),
        "SearchName": resource(
            "ServiceDiscovery::Service",
            {
                "Name": "search",
                "NamespaceId": ref("Namespace"),
                "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 15}], "RoutingPolicy": "MULTIVALUE"},
            },
        ),
        "ExecutionRole": resource(
            "IAM::Role", {"AssumeRolePolicyDocument": assumed_by("ecs-tasks.amazonaws.com"), "Tags": tags("execution")}
        ),
        "ExecutionPolicy": resource(
            "IAM::Policy",
            {
                "PolicyName": "read-secrets",
                "Roles": [ref("ExecutionRole")],
                "PolicyDocument": allowing("secretsmanager:GetSecretValue", on=ref("AppSecret")),
            },
        ),
        "TaskBoundary": resource(
            "IAM::ManagedPolicy", {"PolicyDocument": allowing("s3:*", "logs:*"), "Description": "boundary"}
        ),
        "TaskRole": resource(
            "IAM::Role",
            {
                "AssumeRolePolicyDocument": assumed_by("ecs-tasks.amazonaws.com"),
                "PermissionsBoundary": ref("TaskBoundary"),
                "Tags": tags("task"),
            },
        ),
        "TaskRoleFiles": resource(
            "IAM::RolePolicy",
            {
                "RoleName": ref("TaskRole"),
                "PolicyName": "files",
                "PolicyDocument": allowing("s3:GetObject", on=sub("${Media.Arn}/*")),
            },
        ),
    }
    for name, provider in (("Api", "FARGATE"), ("Worker", "FARGATE_SPOT"), ("Beat", "FARGATE"), ("Search", "FARGATE")):
        r |= _service(name, provider, private)
    r |= _scaling("Api")
    return r


def _service(name: str, provider: str, subnets: list[Json]) -> Json:
    container: Json = {
        "Name": name.lower(),
        "Image": "public.ecr.aws/docker/library/python:3.12-slim",
        "Essential": True,
        "Environment": [{"Name": "CACHE", "Value": att("Cache", "Endpoint.Address")}],
        "Secrets": [
            {"Name": "DATABASE", "ValueFrom": att("Database", "MasterUserSecret.SecretArn")},
            {"Name": "APP", "ValueFrom": ref("AppSecret")},
        ],
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": ref(f"{name}Logs"),
                "awslogs-region": ref("AWS::Region"),
                "awslogs-stream-prefix": name.lower(),
            },
        },
    }
    task: Json = {
        "Family": sub("${AWS::StackName}-" + name.lower()),
        "Cpu": "1024",
        "Memory": "2048",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
        "ExecutionRoleArn": att("ExecutionRole", "Arn"),
        "TaskRoleArn": att("TaskRole", "Arn"),
        "ContainerDefinitions": [container],
        "Tags": tags(name.lower()),
    }
    service: Json = {
        "ServiceName": sub("${AWS::StackName}-" + name.lower()),
        "Cluster": ref("Cluster"),
        "TaskDefinition": ref(f"{name}Task"),
        "DesiredCount": 1 if name in ("Beat", "Search") else 2,
        "CapacityProviderStrategy": [{"CapacityProvider": provider, "Weight": 1}],
        "DeploymentConfiguration": {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MaximumPercent": 200,
            "MinimumHealthyPercent": 100,
        },
        "EnableExecuteCommand": True,
        "PropagateTags": "SERVICE",
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "Subnets": subnets,
                "SecurityGroups": [att("AppGroup", "GroupId")],
                "AssignPublicIp": "DISABLED",
            }
        },
        "Tags": tags(name.lower()),
    }
    needs = ["Providers", "ExecutionPolicy"]
    if name == "Api":
        container["PortMappings"] = [{"ContainerPort": 8000}]
        service |= {
            "HealthCheckGracePeriodSeconds": 60,
            "LoadBalancers": [{"ContainerName": "api", "ContainerPort": 8000, "TargetGroupArn": ref("ApiTargets")}],
        }
        needs.append("ApiRule")
    if name == "Search":
        task["Volumes"] = [
            {
                "Name": "data",
                "EFSVolumeConfiguration": {
                    "FilesystemId": ref("Files"),
                    "TransitEncryption": "ENABLED",
                    "AuthorizationConfig": {"AccessPointId": ref("FilesAccess"), "IAM": "ENABLED"},
                },
            }
        ]
        container["MountPoints"] = [{"SourceVolume": "data", "ContainerPath": "/data"}]
        service["ServiceRegistries"] = [{"RegistryArn": att("SearchName", "Arn")}]
        needs += [f"FilesTarget{zone.upper()}" for zone in ZONES]
    return {
        f"{name}Logs": resource(
            "Logs::LogGroup",
            {
                "LogGroupName": sub("/${AWS::StackName}/" + name.lower()),
                "RetentionInDays": 30,
                "Tags": tags(name.lower()),
            },
        ),
        f"{name}Task": resource("ECS::TaskDefinition", task),
        f"{name}Service": resource("ECS::Service", service, DependsOn=needs),
    }


def _scaling(name: str) -> Json:
    target = {
        "MinCapacity": 1,
        "MaxCapacity": 10,
        "ResourceId": sub("service/${Cluster}/${" + name + "Service.Name}"),
        "ScalableDimension": "ecs:service:DesiredCount",
        "ServiceNamespace": "ecs",
    }
    r: Json = {f"{name}Scaling": resource("ApplicationAutoScaling::ScalableTarget", target)}
    for metric in ("CPU", "Memory"):
        configuration = {
            "PredefinedMetricSpecification": {"PredefinedMetricType": f"ECSServiceAverage{metric}Utilization"},
            "TargetValue": 60,
        }
        r[f"{name}On{metric}"] = resource(
            "ApplicationAutoScaling::ScalingPolicy",
            {
                "PolicyName": f"{name.lower()}-{metric.lower()}",
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": ref(f"{name}Scaling"),
                "TargetTrackingScalingPolicyConfiguration": configuration,
            },
        )
    return r


def watching() -> Json:
    alarm = {
        "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 80,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [ref("Alerts")],
        "Tags": tags("alarm"),
    }
    dashboard = json.dumps(
        {"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 2, "properties": {"markdown": "hello"}}]}
    )
    pattern = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]}
    return {
        "Alerts": resource("SNS::Topic", {"KmsMasterKeyId": "alias/aws/sns", "Tags": tags("alerts")}),
        "Alarm": resource("CloudWatch::Alarm", alarm),
        "Dashboard": resource(
            "CloudWatch::Dashboard", {"DashboardName": sub("${AWS::StackName}"), "DashboardBody": dashboard}
        ),
        "TaskChanges": resource(
            "Events::Rule",
            {"EventPattern": pattern, "State": "ENABLED", "Targets": [{"Id": "alerts", "Arn": ref("Alerts")}]},
        ),
        "Queue": resource(
            "SQS::Queue",
            {"QueueName": sub("${AWS::StackName}-jobs"), "SqsManagedSseEnabled": True, "Tags": tags("jobs")},
        ),
        "Setting": resource(
            "SSM::Parameter",
            {"Name": sub("/${AWS::StackName}/version"), "Type": "String", "Value": "1", "Tags": {"Name": "version"}},
        ),
        "Vault": resource("Backup::BackupVault", {"BackupVaultName": sub("${AWS::StackName}-vault")}),
    }


def full_template() -> Json:
    """The whole of it."""
    outputs = {
        "Url": {"Value": sub("https://${Balancer.DNSName}")},
        "DatabaseAddress": {"Value": att("Database", "Endpoint.Address")},
        "DatabasePort": {"Value": att("Database", "Endpoint.Port")},
        "DatabaseSecret": {"Value": att("Database", "MasterUserSecret.SecretArn")},
        "CacheAddress": {"Value": att("Cache", "Endpoint.Address")},
        "AppSecretArn": {"Value": ref("AppSecret")},
        "MediaBucket": {"Value": ref("Media")},
        "Vpc": {"Value": ref("Vpc")},
        "Cluster": {"Value": att("Cluster", "Arn")},
    }
    resources = network() | security() | data() | compute() | watching()
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, "Outputs": outputs}


def template_of(resources: Json, **sections: Any) -> Json:
    """A small template of these resources."""
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, **sections}


def queue(name: str | None = None, **properties: Any) -> Json:
    return resource("SQS::Queue", {**({"QueueName": name} if name else {}), **properties})


def bucket(name: str, **attributes: Any) -> Json:
    return resource("S3::Bucket", {"BucketName": name}, **attributes)


def parameter(name: str, value: Any = "1", **attributes: Any) -> Json:
    return resource("SSM::Parameter", {"Name": name, "Type": "String", "Value": value}, **attributes)
