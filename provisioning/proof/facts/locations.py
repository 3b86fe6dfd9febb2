"""The properties by which each resource type declares its subnets and security groups.

The property names are those of CloudFormation's resource schemas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["store", "compute", "balancer", "endpoint"]


@dataclass(frozen=True, slots=True)
class Location:
    """`subnet_group` is the property that names a subnet group; `through` holds that group's type
    and its list property.
    """

    kind: Kind
    subnets: str = ""
    groups: str = ""
    subnet_group: str = ""
    through: tuple[str, str] = ("", "SubnetIds")
    public: str = ""


LOCATIONS: dict[str, Location] = {
    "AWS::RDS::DBInstance": Location(
        "store",
        groups="VPCSecurityGroups",
        subnet_group="DBSubnetGroupName",
        through=("AWS::RDS::DBSubnetGroup", "SubnetIds"),
        public="PubliclyAccessible",
    ),
    "AWS::RDS::DBCluster": Location(
        "store",
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        through=("AWS::RDS::DBSubnetGroup", "SubnetIds"),
        public="PubliclyAccessible",
    ),
    "AWS::DocDB::DBCluster": Location(
        "store",
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        through=("AWS::DocDB::DBSubnetGroup", "SubnetIds"),
    ),
    "AWS::Neptune::DBCluster": Location(
        "store",
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        through=("AWS::Neptune::DBSubnetGroup", "SubnetIds"),
    ),
    "AWS::Redshift::Cluster": Location(
        "store",
        groups="VpcSecurityGroupIds",
        subnet_group="ClusterSubnetGroupName",
        through=("AWS::Redshift::ClusterSubnetGroup", "SubnetIds"),
        public="PubliclyAccessible",
    ),
    "AWS::RedshiftServerless::Workgroup": Location(
        "store", subnets="SubnetIds", groups="SecurityGroupIds", public="PubliclyAccessible"
    ),
    "AWS::ElastiCache::ReplicationGroup": Location(
        "store",
        groups="SecurityGroupIds",
        subnet_group="CacheSubnetGroupName",
        through=("AWS::ElastiCache::SubnetGroup", "SubnetIds"),
    ),
    "AWS::ElastiCache::CacheCluster": Location(
        "store",
        groups="VpcSecurityGroupIds",
        subnet_group="CacheSubnetGroupName",
        through=("AWS::ElastiCache::SubnetGroup", "SubnetIds"),
    ),
    "AWS::ElastiCache::ServerlessCache": Location("store", subnets="SubnetIds", groups="SecurityGroupIds"),
    "AWS::MemoryDB::Cluster": Location(
        "store",
        groups="SecurityGroupIds",
        subnet_group="SubnetGroupName",
        through=("AWS::MemoryDB::SubnetGroup", "SubnetIds"),
    ),
    "AWS::DAX::Cluster": Location(
        "store",
        groups="SecurityGroupIds",
        subnet_group="SubnetGroupName",
        through=("AWS::DAX::SubnetGroup", "SubnetIds"),
    ),
    "AWS::EFS::MountTarget": Location("store", subnets="SubnetId", groups="SecurityGroups"),
    "AWS::FSx::FileSystem": Location("store", subnets="SubnetIds", groups="SecurityGroupIds"),
    "AWS::AmazonMQ::Broker": Location(
        "store", subnets="SubnetIds", groups="SecurityGroups", public="PubliclyAccessible"
    ),
    "AWS::MSK::Cluster": Location(
        "store", subnets="BrokerNodeGroupInfo.ClientSubnets", groups="BrokerNodeGroupInfo.SecurityGroups"
    ),
    "AWS::OpenSearchService::Domain": Location(
        "store", subnets="VPCOptions.SubnetIds", groups="VPCOptions.SecurityGroupIds"
    ),
    "AWS::Elasticsearch::Domain": Location(
        "store", subnets="VPCOptions.SubnetIds", groups="VPCOptions.SecurityGroupIds"
    ),
    "AWS::RDS::DBProxy": Location("compute", subnets="VpcSubnetIds", groups="VpcSecurityGroupIds"),
    "AWS::ECS::Service": Location(
        "compute",
        subnets="NetworkConfiguration.AwsvpcConfiguration.Subnets",
        groups="NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
        public="NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp",
    ),
    "AWS::Lambda::Function": Location("compute", subnets="VpcConfig.SubnetIds", groups="VpcConfig.SecurityGroupIds"),
    "AWS::EC2::Instance": Location("compute", subnets="SubnetId", groups="SecurityGroupIds"),
    "AWS::EC2::LaunchTemplate": Location("compute", groups="LaunchTemplateData.SecurityGroupIds"),
    "AWS::AutoScaling::LaunchConfiguration": Location(
        "compute", groups="SecurityGroups", public="AssociatePublicIpAddress"
    ),
    "AWS::AutoScaling::AutoScalingGroup": Location("compute", subnets="VPCZoneIdentifier"),
    "AWS::EC2::NetworkInterface": Location("compute", subnets="SubnetId", groups="GroupSet"),
    "AWS::CodeBuild::Project": Location("compute", subnets="VpcConfig.Subnets", groups="VpcConfig.SecurityGroupIds"),
    "AWS::Batch::ComputeEnvironment": Location(
        "compute", subnets="ComputeResources.Subnets", groups="ComputeResources.SecurityGroupIds"
    ),
    "AWS::EKS::Cluster": Location(
        "compute", subnets="ResourcesVpcConfig.SubnetIds", groups="ResourcesVpcConfig.SecurityGroupIds"
    ),
    "AWS::EKS::Nodegroup": Location("compute", subnets="Subnets"),
    "AWS::AppRunner::VpcConnector": Location("compute", subnets="Subnets", groups="SecurityGroups"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Location("balancer", subnets="Subnets", groups="SecurityGroups"),
    "AWS::ElasticLoadBalancing::LoadBalancer": Location("balancer", subnets="Subnets", groups="SecurityGroups"),
    "AWS::EC2::VPCEndpoint": Location("endpoint", subnets="SubnetIds", groups="SecurityGroupIds"),
    "AWS::Route53Resolver::ResolverEndpoint": Location("endpoint", groups="SecurityGroupIds"),
}

# Databases that share the network placement of their cluster.
MEMBERS = {
    "AWS::RDS::DBInstance": ("DBClusterIdentifier", "AWS::RDS::DBCluster"),
    "AWS::DocDB::DBInstance": ("DBClusterIdentifier", "AWS::DocDB::DBCluster"),
    "AWS::Neptune::DBInstance": ("DBClusterIdentifier", "AWS::Neptune::DBCluster"),
}

NETWORK_TYPES = frozenset(
    {
        "AWS::EC2::VPC",
        "AWS::EC2::VPCCidrBlock",
        "AWS::EC2::Subnet",
        "AWS::EC2::RouteTable",
        "AWS::EC2::Route",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::EC2::NatGateway",
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::TransitGateway",
        "AWS::EC2::TransitGatewayAttachment",
        "AWS::EC2::TransitGatewayVpcAttachment",
        "AWS::EC2::VPCPeeringConnection",
        "AWS::EC2::VPNGateway",
        "AWS::EC2::VPNGatewayRoutePropagation",
        "AWS::EC2::NetworkAcl",
        "AWS::EC2::NetworkAclEntry",
        "AWS::EC2::SubnetNetworkAclAssociation",
        "AWS::EC2::EIP",
        "AWS::EC2::EIPAssociation",
        "AWS::RDS::DBSubnetGroup",
        "AWS::ElastiCache::SubnetGroup",
        "AWS::DocDB::DBSubnetGroup",
        "AWS::Neptune::DBSubnetGroup",
        "AWS::Redshift::ClusterSubnetGroup",
        "AWS::MemoryDB::SubnetGroup",
        "AWS::DAX::SubnetGroup",
    }
)
