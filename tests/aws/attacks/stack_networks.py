"""What a template can try with networks that it did not make, and with switches of the account."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import CHARLIES, OWN, Attack, Deed, arn, by_stack

_NEVER = "NotWhatStacksNeverNeed"
_VPC, _OWN_VPC = arn("ec2", "vpc/vpc-1"), arn("ec2", "vpc/vpc-2")
_SUBNET, _OWN_SUBNET = arn("ec2", "subnet/subnet-1"), arn("ec2", "subnet/subnet-2")


def _in_vpc(what: str, action: str) -> Attack:
    return by_stack(what, Deed(action, _VPC), "OnlyOwnVpcs", Deed(action, _OWN_VPC, tags=OWN))


def _in_subnet(what: str, action: str) -> Attack:
    return by_stack(what, Deed(action, _SUBNET), "OnlyOwnSubnets", Deed(action, _OWN_SUBNET, tags=OWN))


NETWORKS: Final = (
    _in_vpc("adds a subnet of its own to a foreign network", "ec2:CreateSubnet"),
    _in_vpc("adds a security group of its own to a foreign network", "ec2:CreateSecurityGroup"),
    _in_vpc("adds an endpoint to a foreign network", "ec2:CreateVpcEndpoint"),
    _in_vpc("widens a foreign network", "ec2:AssociateVpcCidrBlock"),
    _in_vpc("adds a network ACL to a foreign network", "ec2:CreateNetworkAcl"),
    _in_vpc("adds a route table to a foreign network", "ec2:CreateRouteTable"),
    _in_vpc("connects a foreign network to the internet", "ec2:AttachInternetGateway"),
    _in_vpc("changes which name server a foreign network asks", "ec2:AssociateDhcpOptions"),
    _in_subnet("starts a host in a foreign subnet", "ec2:RunInstances"),
    _in_subnet("puts a network interface into a foreign subnet", "ec2:CreateNetworkInterface"),
    _in_subnet("puts a NAT gateway into a foreign subnet", "ec2:CreateNatGateway"),
    _in_subnet("replaces the routes of a foreign subnet", "ec2:ReplaceRouteTableAssociation"),
    _in_subnet("gives a foreign subnet its own routes", "ec2:AssociateRouteTable"),
    by_stack(
        "starts a host in charlie's subnet",
        Deed("ec2:RunInstances", _SUBNET, tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
    ),
    by_stack(
        "takes over a network interface that nobody tagged",
        Deed("ec2:AttachNetworkInterface", arn("ec2", "network-interface/eni-1")),
        "OnlyOwnTargets",
        Deed("ec2:AttachNetworkInterface", arn("ec2", "network-interface/eni-2"), tags=OWN),
    ),
    by_stack(
        "mirrors the traffic of a foreign network interface",
        Deed("ec2:CreateTrafficMirrorSession", arn("ec2", "network-interface/eni-1")),
        _NEVER,
    ),
    by_stack(
        "copies a foreign volume",
        Deed("ec2:CopyVolumes", arn("ec2", "volume/vol-1")),
        _NEVER,
    ),
    by_stack(
        "makes a read replica of a foreign database",
        Deed("rds:CreateDBInstanceReadReplica", arn("rds", "db:payroll")),
        _NEVER,
    ),
    by_stack(
        "makes a replica of a foreign key, with a policy of its own",
        Deed("kms:ReplicateKey", arn("kms", "key/mrk-0a")),
        _NEVER,
    ),
    by_stack(
        "counts what a foreign log group says",
        Deed("logs:PutMetricFilter", arn("logs", "log-group:/legacy/api")),
        "OnlyOwnTargets",
    ),
    by_stack(
        "takes the capacity of a cluster that nobody tagged",
        Deed("ecs:PutClusterCapacityProviders", arn("ecs", "cluster/legacy")),
        "OnlyOwnTargets",
        Deed("ecs:PutClusterCapacityProviders", arn("ecs", "cluster/payments-orders-dev-7k2mx"), tags=OWN),
    ),
)

SWITCHES: Final = (
    by_stack("ships every log group of the region to itself", Deed("logs:PutAccountPolicy"), _NEVER),
    by_stack("allows public snapshots in the region", Deed("ec2:DisableSnapshotBlockPublicAccess"), _NEVER),
    by_stack("allows networks of the region into the internet", Deed("ec2:ModifyVpcBlockPublicAccessOptions"), _NEVER),
    by_stack("changes when certificates of the account expire in events", Deed("acm:PutAccountConfiguration"), _NEVER),
    by_stack("changes what AWS Backup protects in the region", Deed("backup:UpdateRegionSettings"), _NEVER),
    by_stack("changes how SES handles mail of the whole account", Deed("ses:PutAccountVdmAttributes"), _NEVER),
)

ATTACKS: Final = (*NETWORKS, *SWITCHES)
