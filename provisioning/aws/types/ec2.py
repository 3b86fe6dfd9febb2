"""EC2."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, FinalSnapshot, Protection, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::EC2::EIP",
        exists="ec2.has_address",
        taggable=True,
        durations=(
            lasts(create=16, delete=5, low=2, high=20, source=Source.ASSUMED, reference="like an internet gateway"),
        ),
    ),
    AwsType(
        "AWS::EC2::FlowLog",
        exists="ec2.has_flow_log",
        taggable=True,
        durations=one_call(create=5, delete=4, low=2, high=10),
    ),
    AwsType(
        "AWS::EC2::Instance",
        exists="ec2.has_instance",
        arn=ArnForm("ec2", r"instance/(.+)"),
        taggable=True,
        listed_after_deletion=True,
        protection=Protection("DisableApiTermination", lift="ec2.lift_instance_protection"),
        durations=(
            lasts(
                create=35,
                delete=40,
                low=20,
                high=90,
                source=Source.ASSUMED,
                reference="until the instance is running, without what it installs",
            ),
        ),
    ),
    AwsType(
        "AWS::EC2::InternetGateway",
        exists="ec2.has_internet_gateway",
        taggable=True,
        durations=(
            lasts(
                create=16,
                delete=16,
                low=2,
                high=20,
                source=Source.ASSUMED,
                reference="CloudFormation polls again only after about 15 s",
            ),
        ),
    ),
    AwsType(
        "AWS::EC2::LaunchTemplate",
        exists="ec2.has_launch_template",
        arn=ArnForm("ec2", r"launch-template/(.+)"),
        durations=one_call(create=4, delete=4),
    ),
    AwsType(
        "AWS::EC2::NatGateway",
        exists="ec2.has_nat_gateway",
        arn=ArnForm("ec2", r"natgateway/(.+)"),
        taggable=True,
        listed_after_deletion=True,
        durations=(
            lasts(
                create=105,
                delete=70,
                low=80,
                high=300,
                source=Source.TIMED,
                reference="the whole test with a VPC, created and deleted, takes 212 s: https://github.com/hashicorp/terraform-provider-aws/pull/38363; "
                "up to 5 min: https://github.com/kubernetes/kops/pull/944",
            ),
        ),
    ),
    AwsType(
        "AWS::EC2::NetworkInterface",
        exists="ec2.has_network_interface",
        arn=ArnForm("ec2", r"network-interface/(.+)"),
        taggable=True,
        durations=(lasts(create=8, delete=6, source=Source.ASSUMED, reference="like a security group"),),
    ),
    AwsType(
        "AWS::EC2::Route",
        exists="ec2.has_route",
        durations=(lasts(create=6, delete=5, low=2, high=16, source=Source.ASSUMED, reference="like a subnet"),),
    ),
    AwsType(
        "AWS::EC2::RouteTable",
        exists="ec2.has_route_table",
        taggable=True,
        durations=(
            lasts(create=12, delete=5, low=2, high=16, source=Source.ASSUMED, reference="like an internet gateway"),
        ),
    ),
    AwsType(
        "AWS::EC2::SecurityGroup",
        exists="ec2.has_security_group",
        arn=ArnForm("ec2", r"security-group/(.+)"),
        taggable=True,
        network_interface_filter="group-id",
        durations=(
            lasts(
                create=6,
                delete=5,
                low=3,
                high=12,
                source=Source.TIMED,
                reference="https://github.com/turbot/steampipe-plugin-aws/issues/246",
            ),
        ),
    ),
    AwsType(
        "AWS::EC2::SecurityGroupEgress",
        exists="ec2.has_security_group_rule",
        durations=(
            lasts(create=5, delete=4, low=2, high=10, source=Source.ASSUMED, reference="like a security group"),
        ),
    ),
    AwsType(
        "AWS::EC2::SecurityGroupIngress",
        exists="ec2.has_security_group_rule",
        durations=(
            lasts(create=5, delete=4, low=2, high=10, source=Source.ASSUMED, reference="like a security group"),
        ),
    ),
    AwsType(
        "AWS::EC2::Subnet",
        exists="ec2.has_subnet",
        arn=ArnForm("ec2", r"subnet/(.+)"),
        taggable=True,
        network_interface_filter="subnet-id",
        durations=(
            lasts(
                create=6,
                delete=5,
                low=3,
                high=8,
                source=Source.TIMED,
                reference="VPC 18 s, subnet 6 s: https://github.com/turbot/steampipe-plugin-aws/pull/426; "
                "VPC 20 to 39 s: https://github.com/turbot/steampipe-plugin-aws/issues/184",
            ),
        ),
    ),
    AwsType(
        "AWS::EC2::SubnetRouteTableAssociation",
        exists="ec2.has_route_table_association",
        durations=(lasts(create=3, delete=3, low=2, high=16, source=Source.ASSUMED, reference="like a route"),),
    ),
    AwsType(
        "AWS::EC2::VPC",
        exists="ec2.has_vpc",
        arn=ArnForm("ec2", r"vpc/(.+)"),
        taggable=True,
        durations=(
            lasts(
                create=20,
                delete=6,
                low=10,
                high=39,
                source=Source.TIMED,
                reference="VPC 18 s, subnet 6 s: https://github.com/turbot/steampipe-plugin-aws/pull/426; "
                "VPC 20 to 39 s: https://github.com/turbot/steampipe-plugin-aws/issues/184",
            ),
        ),
    ),
    AwsType(
        "AWS::EC2::VPCEndpoint",
        exists="ec2.has_vpc_endpoint",
        arn=ArnForm("ec2", r"vpc-endpoint/(.+)"),
        taggable=True,
        durations=(
            lasts(
                create=75,
                delete=60,
                low=40,
                high=180,
                when="VpcEndpointType=Interface",
                source=Source.ASSUMED,
                reference="an interface endpoint waits for its network interfaces",
            ),
            lasts(
                create=20,
                delete=20,
                low=5,
                high=40,
                source=Source.ASSUMED,
                reference="a gateway endpoint is only a route",
            ),
        ),
    ),
    AwsType(
        "AWS::EC2::VPCGatewayAttachment",
        exists="ec2.has_gateway_attachment",
        durations=(lasts(create=6, delete=6, low=3, high=16, source=Source.ASSUMED, reference="like a subnet"),),
    ),
    AwsType(
        "AWS::EC2::Volume",
        exists="ec2.has_volume",
        arn=ArnForm("ec2", r"volume/(.+)"),
        taggable=True,
        final_snapshot=FinalSnapshot((ArnForm("ec2", r"snapshot/.+"),), named=False),
        durations=(
            lasts(create=8, delete=6, low=4, high=30, source=Source.ASSUMED, reference="until the volume is available"),
        ),
    ),
    AwsType(
        "AWS::EC2::VolumeAttachment",
        durations=(
            lasts(
                create=10, delete=10, low=5, high=30, source=Source.ASSUMED, reference="until the volume is attached"
            ),
        ),
    ),
)
