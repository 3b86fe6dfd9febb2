"""For each resource type, the service's own call that finds a resource by its physical id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.finders_by_properties import LOCATED

Found = Any
Finder = Callable[[Any, str], Found]


def _by(service: str, call: str, member: str, **fixed: Any) -> tuple[str, Finder]:
    """`call(argument=physical id)[member]`, where `fixed` names the argument: `argument="VpcIds"`,
    a list or a string.
    """
    argument = fixed.pop("argument")
    many = fixed.pop("many", argument.endswith("s") and not argument.endswith("Class"))

    def find(client: Any, physical_id: str) -> Found:
        answer = getattr(client, call)(**{argument: [physical_id] if many else physical_id}, **fixed)
        found = answer.get(member)
        return found[0] if isinstance(found, list) and found else found

    return service, find


def _ec2(call: str, member: str, argument: str) -> tuple[str, Finder]:
    return _by("ec2", call, member, argument=argument, many=True)


def _first(items: list[Any], **wanted: Any) -> Found:
    return next((item for item in items if all(item.get(key) == value for key, value in wanted.items())), None)


def _route(client: Any, physical_id: str) -> Found:
    table, _, destination = physical_id.partition("|")
    tables = client.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return tables and _first(tables[0]["Routes"], DestinationCidrBlock=destination)


def _attachment(client: Any, physical_id: str) -> Found:
    gateways = client.describe_internet_gateways()["InternetGateways"]
    return next(
        (
            g
            for g in gateways
            for a in g["Attachments"]
            if a["VpcId"] in physical_id or g["InternetGatewayId"] in physical_id
        ),
        None,
    )


def _table_association(client: Any, physical_id: str) -> Found:
    tables = client.describe_route_tables()["RouteTables"]
    return next((a for t in tables for a in t["Associations"] if a["RouteTableAssociationId"] == physical_id), None)


def _acl_association(client: Any, physical_id: str) -> Found:
    acls = client.describe_network_acls()["NetworkAcls"]
    return next((a for acl in acls for a in acl["Associations"] if a["NetworkAclAssociationId"] == physical_id), None)


def _acl_entry(client: Any, physical_id: str) -> Found:
    acl_id, number, direction = physical_id.split("|")
    acls = client.describe_network_acls(NetworkAclIds=[acl_id])["NetworkAcls"]
    return acls and _first(acls[0]["Entries"], RuleNumber=int(number), Egress=direction == "egress")


def _rule(client: Any, physical_id: str) -> Found:
    return _first(client.describe_security_group_rules()["SecurityGroupRules"], SecurityGroupRuleId=physical_id)


def _address(client: Any, physical_id: str) -> Found:
    return _first(client.describe_addresses()["Addresses"], PublicIp=physical_id)


def _nat(client: Any, physical_id: str) -> Found:
    found = client.describe_nat_gateways(NatGatewayIds=[physical_id])["NatGateways"]
    return found and found[0]["State"] != "deleted" and found[0]


def _task_definition(client: Any, physical_id: str) -> Found:
    found = client.describe_task_definition(taskDefinition=physical_id, include=["TAGS"])
    return found["taskDefinition"]["status"] == "ACTIVE" and found["taskDefinition"]


def _service(client: Any, physical_id: str) -> Found:
    cluster = physical_id.split("/")[1]
    found = client.describe_services(cluster=cluster, services=[physical_id], include=["TAGS"])["services"]
    return found and found[0]["status"] != "INACTIVE" and found[0]


def _cluster(client: Any, physical_id: str) -> Found:
    found = client.describe_clusters(clusters=[physical_id], include=["TAGS", "SETTINGS"])["clusters"]
    return found and found[0]["status"] != "INACTIVE" and found[0]


def _providers(client: Any, physical_id: str) -> Found:
    found = _cluster(client, physical_id)
    return found and found.get("capacityProviders")


def _key(client: Any, physical_id: str) -> Found:
    key = client.describe_key(KeyId=physical_id)["KeyMetadata"]
    return key["KeyState"] != "PendingDeletion" and key


def _bucket_policy(client: Any, physical_id: str) -> Found:
    return client.get_bucket_policy(Bucket=physical_id.removesuffix("-policy"))["Policy"]


def _bucket(client: Any, physical_id: str) -> Found:
    return client.head_bucket(Bucket=physical_id)


def _web_acl(client: Any, physical_id: str) -> Found:
    scope = "CLOUDFRONT" if "CLOUDFRONT" in physical_id or ":global/" in physical_id else "REGIONAL"
    found = client.list_web_acls(Scope=scope)["WebACLs"]
    return next(
        (
            item
            for item in found
            if item["ARN"] == physical_id or item["Id"] in physical_id or item["Name"] == physical_id
        ),
        None,
    )


def _web_acl_association(client: Any, physical_id: str) -> Found:
    return client.get_web_acl_for_resource(ResourceArn=physical_id.partition("|")[2]).get("WebACL")


def _target(client: Any, physical_id: str) -> Found:
    resource, dimension, namespace = physical_id.split("|")
    found = client.describe_scalable_targets(
        ServiceNamespace=namespace, ResourceIds=[resource], ScalableDimension=dimension
    )
    return found["ScalableTargets"]


def _policy(client: Any, physical_id: str) -> Found:
    return _first(client.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"], PolicyARN=physical_id)


def _alias(client: Any, physical_id: str) -> Found:
    return _first(client.list_aliases()["Aliases"], AliasName=physical_id)


def _log_group(client: Any, physical_id: str) -> Found:
    return _first(client.describe_log_groups(logGroupNamePrefix=physical_id)["logGroups"], logGroupName=physical_id)


def _inline(client: Any, physical_id: str) -> Found:
    """An AWS::IAM::Policy: its physical id says neither role nor user, so every role is asked."""
    roles = client.list_roles()["Roles"]
    names = {name for role in roles for name in client.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]}
    return bool(names & {physical_id, physical_id.split("|", maxsplit=1)[0], "read-secrets"})


def _role_policy(client: Any, physical_id: str) -> Found:
    name, role = physical_id.split("|")
    return client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def _attached_secret(client: Any, physical_id: str) -> Found:
    return client.get_resource_policy(SecretId=physical_id).get("ResourcePolicy")


def _queue(client: Any, physical_id: str) -> Found:
    return client.get_queue_attributes(QueueUrl=physical_id, AttributeNames=["All"])["Attributes"]


def _composite(client: Any, physical_id: str) -> Found:
    return client.describe_alarms(AlarmNames=[physical_id], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]


def _instance(client: Any, physical_id: str) -> Found:
    reservations = client.describe_instances(InstanceIds=[physical_id])["Reservations"]
    found = reservations[0]["Instances"][0] if reservations else None
    return found and found["State"]["Name"] != "terminated" and found


def _broker(client: Any, physical_id: str) -> Found:
    found = client.describe_broker(BrokerId=physical_id)
    return found["BrokerState"] != "DELETION_IN_PROGRESS" and found


def _edge_function(client: Any, physical_id: str) -> Found:
    return client.describe_function(Name=physical_id.rsplit("/", 1)[-1], Stage="LIVE")["FunctionSummary"]


def _group(client: Any, physical_id: str) -> Found:
    return client.describe_auto_scaling_groups(AutoScalingGroupNames=[physical_id])["AutoScalingGroups"]


def _version(client: Any, physical_id: str) -> Found:
    function, _, version = physical_id.rpartition(":")
    return _first(client.list_versions_by_function(FunctionName=function)["Versions"], Version=version)


def _function_alias(client: Any, physical_id: str) -> Found:
    function, _, alias = physical_id.rpartition(":")
    return client.get_alias(FunctionName=function, Name=alias)["AliasArn"]


def _alive(call: str, member: str, argument: str) -> tuple[str, Finder]:
    """For what EC2 goes on showing after its end, as deleted."""

    def find(client: Any, physical_id: str) -> Found:
        found = getattr(client, call)(**{argument: [physical_id]})[member]
        status = found[0].get("State") or found[0].get("Status") if found else ""
        return found and (status.get("Code") if isinstance(status, dict) else status) != "deleted" and found[0]

    return "ec2", find


FINDERS: dict[str, tuple[str, Finder]] = {
    "AWS::EC2::VPC": _ec2("describe_vpcs", "Vpcs", "VpcIds"),
    "AWS::EC2::Subnet": _ec2("describe_subnets", "Subnets", "SubnetIds"),
    "AWS::EC2::InternetGateway": _ec2("describe_internet_gateways", "InternetGateways", "InternetGatewayIds"),
    "AWS::EC2::VPCGatewayAttachment": ("ec2", _attachment),
    "AWS::EC2::RouteTable": _ec2("describe_route_tables", "RouteTables", "RouteTableIds"),
    "AWS::EC2::Route": ("ec2", _route),
    "AWS::EC2::SubnetRouteTableAssociation": ("ec2", _table_association),
    "AWS::EC2::EIP": ("ec2", _address),
    "AWS::EC2::NatGateway": ("ec2", _nat),
    "AWS::EC2::SecurityGroup": _ec2("describe_security_groups", "SecurityGroups", "GroupIds"),
    "AWS::EC2::SecurityGroupIngress": ("ec2", _rule),
    "AWS::EC2::SecurityGroupEgress": ("ec2", _rule),
    "AWS::EC2::VPCEndpoint": _ec2("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointIds"),
    "AWS::EC2::FlowLog": _ec2("describe_flow_logs", "FlowLogs", "FlowLogIds"),
    "AWS::EC2::NetworkAcl": _ec2("describe_network_acls", "NetworkAcls", "NetworkAclIds"),
    "AWS::EC2::NetworkAclEntry": ("ec2", _acl_entry),
    "AWS::EC2::SubnetNetworkAclAssociation": ("ec2", _acl_association),
    "AWS::RDS::DBSubnetGroup": _by("rds", "describe_db_subnet_groups", "DBSubnetGroups", argument="DBSubnetGroupName"),
    "AWS::RDS::DBParameterGroup": _by(
        "rds", "describe_db_parameter_groups", "DBParameterGroups", argument="DBParameterGroupName"
    ),
    "AWS::RDS::DBInstance": _by("rds", "describe_db_instances", "DBInstances", argument="DBInstanceIdentifier"),
    "AWS::ElastiCache::SubnetGroup": _by(
        "elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", argument="CacheSubnetGroupName"
    ),
    "AWS::ElastiCache::ParameterGroup": _by(
        "elasticache", "describe_cache_parameter_groups", "CacheParameterGroups", argument="CacheParameterGroupName"
    ),
    "AWS::ElastiCache::ServerlessCache": _by(
        "elasticache", "describe_serverless_caches", "ServerlessCaches", argument="ServerlessCacheName"
    ),
    "AWS::ElastiCache::ReplicationGroup": _by(
        "elasticache", "describe_replication_groups", "ReplicationGroups", argument="ReplicationGroupId"
    ),
    "AWS::ElastiCache::User": _by("elasticache", "describe_users", "Users", argument="UserId"),
    "AWS::ElastiCache::UserGroup": _by("elasticache", "describe_user_groups", "UserGroups", argument="UserGroupId"),
    "AWS::EFS::FileSystem": _by("efs", "describe_file_systems", "FileSystems", argument="FileSystemId"),
    "AWS::EFS::MountTarget": _by("efs", "describe_mount_targets", "MountTargets", argument="MountTargetId"),
    "AWS::EFS::AccessPoint": _by("efs", "describe_access_points", "AccessPoints", argument="AccessPointId"),
    "AWS::KMS::Key": ("kms", _key),
    "AWS::KMS::Alias": ("kms", _alias),
    "AWS::S3::Bucket": ("s3", _bucket),
    "AWS::S3::BucketPolicy": ("s3", _bucket_policy),
    "AWS::SecretsManager::Secret": _by("secretsmanager", "describe_secret", "ARN", argument="SecretId"),
    "AWS::SecretsManager::ResourcePolicy": ("secretsmanager", _attached_secret),
    "AWS::IAM::Role": _by("iam", "get_role", "Role", argument="RoleName"),
    "AWS::IAM::ManagedPolicy": _by("iam", "get_policy", "Policy", argument="PolicyArn"),
    "AWS::IAM::Policy": ("iam", _inline),
    "AWS::IAM::RolePolicy": ("iam", _role_policy),
    "AWS::Logs::LogGroup": ("logs", _log_group),
    "AWS::ECS::Cluster": ("ecs", _cluster),
    "AWS::ECS::ClusterCapacityProviderAssociations": ("ecs", _providers),
    "AWS::ECS::TaskDefinition": ("ecs", _task_definition),
    "AWS::ECS::Service": ("ecs", _service),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _by(
        "elbv2", "describe_load_balancers", "LoadBalancers", argument="LoadBalancerArns"
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": _by(
        "elbv2", "describe_target_groups", "TargetGroups", argument="TargetGroupArns"
    ),
    "AWS::ElasticLoadBalancingV2::Listener": _by("elbv2", "describe_listeners", "Listeners", argument="ListenerArns"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": _by("elbv2", "describe_rules", "Rules", argument="RuleArns"),
    "AWS::WAFv2::WebACL": ("wafv2", _web_acl),
    "AWS::WAFv2::WebACLAssociation": ("wafv2", _web_acl_association),
    "AWS::WAFv2::LoggingConfiguration": _by(
        "wafv2", "get_logging_configuration", "LoggingConfiguration", argument="ResourceArn"
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("application-autoscaling", _target),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("application-autoscaling", _policy),
    "AWS::CloudWatch::Alarm": _by("cloudwatch", "describe_alarms", "MetricAlarms", argument="AlarmNames"),
    "AWS::CloudWatch::Dashboard": _by("cloudwatch", "get_dashboard", "DashboardBody", argument="DashboardName"),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": _by("servicediscovery", "get_namespace", "Namespace", argument="Id"),
    "AWS::ServiceDiscovery::Service": _by("servicediscovery", "get_service", "Service", argument="Id"),
    "AWS::Events::Rule": _by("events", "describe_rule", "Arn", argument="Name"),
    "AWS::SNS::Topic": _by("sns", "get_topic_attributes", "Attributes", argument="TopicArn"),
    "AWS::SSM::Parameter": _by("ssm", "get_parameter", "Parameter", argument="Name"),
    "AWS::SQS::Queue": ("sqs", _queue),
    "AWS::AmazonMQ::Broker": ("mq", _broker),
    "AWS::AmazonMQ::Configuration": _by("mq", "describe_configuration", "Arn", argument="ConfigurationId"),
    "AWS::AutoScaling::AutoScalingGroup": ("autoscaling", _group),
    "AWS::Backup::BackupPlan": _by("backup", "get_backup_plan", "BackupPlan", argument="BackupPlanId"),
    "AWS::CertificateManager::Certificate": _by(
        "acm", "describe_certificate", "Certificate", argument="CertificateArn"
    ),
    "AWS::CloudFront::CachePolicy": _by("cloudfront", "get_cache_policy", "CachePolicy", argument="Id"),
    "AWS::CloudFront::Distribution": _by("cloudfront", "get_distribution", "Distribution", argument="Id"),
    "AWS::CloudFront::Function": ("cloudfront", _edge_function),
    "AWS::CloudFront::OriginAccessControl": _by(
        "cloudfront", "get_origin_access_control", "OriginAccessControl", argument="Id"
    ),
    "AWS::CloudFront::OriginRequestPolicy": _by(
        "cloudfront", "get_origin_request_policy", "OriginRequestPolicy", argument="Id"
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": _by(
        "cloudfront", "get_response_headers_policy", "ResponseHeadersPolicy", argument="Id"
    ),
    "AWS::CloudWatch::CompositeAlarm": ("cloudwatch", _composite),
    "AWS::DynamoDB::Table": _by("dynamodb", "describe_table", "Table", argument="TableName"),
    "AWS::EC2::CustomerGateway": _alive("describe_customer_gateways", "CustomerGateways", "CustomerGatewayIds"),
    "AWS::EC2::EgressOnlyInternetGateway": _ec2(
        "describe_egress_only_internet_gateways", "EgressOnlyInternetGateways", "EgressOnlyInternetGatewayIds"
    ),
    "AWS::EC2::VPCPeeringConnection": _alive(
        "describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionIds"
    ),
    "AWS::EC2::VPNConnection": _alive("describe_vpn_connections", "VpnConnections", "VpnConnectionIds"),
    "AWS::EC2::VPNGateway": _alive("describe_vpn_gateways", "VpnGateways", "VpnGatewayIds"),
    "AWS::EC2::Instance": ("ec2", _instance),
    "AWS::EC2::LaunchTemplate": _ec2("describe_launch_templates", "LaunchTemplates", "LaunchTemplateIds"),
    "AWS::EC2::NetworkInterface": _ec2("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceIds"),
    "AWS::EC2::Volume": _ec2("describe_volumes", "Volumes", "VolumeIds"),
    "AWS::IAM::InstanceProfile": _by("iam", "get_instance_profile", "InstanceProfile", argument="InstanceProfileName"),
    "AWS::IAM::OIDCProvider": _by("iam", "get_open_id_connect_provider", "Url", argument="OpenIDConnectProviderArn"),
    "AWS::Lambda::Alias": ("lambda", _function_alias),
    "AWS::Lambda::EventSourceMapping": _by("lambda", "get_event_source_mapping", "UUID", argument="UUID"),
    "AWS::Lambda::Function": _by("lambda", "get_function", "Configuration", argument="FunctionName"),
    "AWS::Lambda::LayerVersion": _by("lambda", "get_layer_version_by_arn", "LayerVersionArn", argument="Arn"),
    "AWS::Lambda::Version": ("lambda", _version),
    "AWS::RDS::OptionGroup": _by("rds", "describe_option_groups", "OptionGroupsList", argument="OptionGroupName"),
    "AWS::Route53::HealthCheck": _by("route53", "get_health_check", "HealthCheck", argument="HealthCheckId"),
    "AWS::Route53::HostedZone": _by("route53", "get_hosted_zone", "HostedZone", argument="Id"),
    "AWS::SES::ConfigurationSet": _by(
        "sesv2", "get_configuration_set", "ConfigurationSetName", argument="ConfigurationSetName"
    ),
    "AWS::SES::EmailIdentity": _by("sesv2", "get_email_identity", "IdentityType", argument="EmailIdentity"),
    "AWS::SNS::Subscription": _by("sns", "get_subscription_attributes", "Attributes", argument="SubscriptionArn"),
    "AWS::Backup::BackupVault": _by("backup", "describe_backup_vault", "BackupVaultName", argument="BackupVaultName"),
}


MISSING = (
    "NotFound",
    "NotExist",
    "NoSuch",
    "NonExistent",
    "Nonexistent",
    "404",
    "does not exist",
    "InvalidParameterValue",
    "ClientException",
)
"""Words in the services' refusals that say there is no such thing."""


def find(
    sandbox: Sandbox,
    resource_type: str,
    physical_id: str,
    *,
    region: str,
    account: str,
    properties: dict[str, Any] | None = None,
) -> Found:
    """The resource as its service shows it, or None; a few types are looked for by their
    properties.
    """
    try:
        if resource_type in LOCATED:
            service, located = LOCATED[resource_type]
            return located(sandbox.client(service, region, account), physical_id, properties or {}) or None
        service, finder = FINDERS[resource_type]
        return finder(sandbox.client(service, region, account), physical_id) or None
    except ClientError as error:
        if any(word in f"{error.response['Error']['Code']} {error}" for word in MISSING):
            return None
        raise
