"""RDS."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, FinalSnapshot, Protection, Source, lasts

TYPES: Final = (
    AwsType(
        "AWS::RDS::DBCluster",
        exists="rds.has_cluster",
        taggable=True,
        protection=Protection("DeletionProtection", lift="rds.lift_cluster_protection"),
        final_snapshot=FinalSnapshot((ArnForm("rds", r"(?:cluster-)?snapshot:(?!awsbackup:).+"),), default=True),
        durations=(
            lasts(
                create=120,
                delete=120,
                low=60,
                high=300,
                endpoint_last=True,
                source=Source.TIMED,
                reference="the whole test of a global cluster takes 270 to 611 s: https://github.com/hashicorp/terraform-provider-aws/pull/49846",
            ),
        ),
    ),
    AwsType(
        "AWS::RDS::DBClusterParameterGroup",
        exists="rds.has_cluster_parameter_group",
        taggable=True,
    ),
    # Not a type of CloudFormation: the name under which a receipt lists what DeletionPolicy Snapshot leaves.
    AwsType("AWS::RDS::DBClusterSnapshot", exists="rds.has_cluster_snapshot"),
    AwsType(
        "AWS::RDS::DBInstance",
        exists="rds.has_instance",
        arn=ArnForm("rds", r"db:(.+)"),
        taggable=True,
        protection=Protection("DeletionProtection", lift="rds.lift_instance_protection"),
        final_snapshot=FinalSnapshot(
            (ArnForm("rds", r"(?:cluster-)?snapshot:(?!awsbackup:).+"),),
            default=True,
            default_unless="DBClusterIdentifier",
        ),
        durations=(
            lasts(
                create=1000,
                delete=300,
                low=600,
                high=2170,
                endpoint_last=True,
                when="MultiAZ=true",
                source=Source.TIMED,
                reference="5 to 10 min in one zone, 15 to 20 in two: https://github.com/hashicorp/terraform/issues/498; "
                "the whole test takes 417 and 584 s: https://github.com/hashicorp/terraform-provider-aws/pull/28434; "
                "36 min observed: https://github.com/hashicorp/terraform-provider-aws/issues/43322",
            ),
            lasts(
                create=420,
                delete=240,
                low=300,
                high=600,
                endpoint_last=True,
                source=Source.TIMED,
                reference="5 to 10 min in one zone, 15 to 20 in two: https://github.com/hashicorp/terraform/issues/498; "
                "the whole test takes 417 and 584 s: https://github.com/hashicorp/terraform-provider-aws/pull/28434",
            ),
        ),
    ),
    AwsType(
        "AWS::RDS::DBParameterGroup",
        exists="rds.has_parameter_group",
        taggable=True,
        durations=(lasts(create=12, delete=4, low=5, high=60, source=Source.ASSUMED, reference="like a route table"),),
    ),
    AwsType(
        "AWS::RDS::DBSnapshot",
        exists="rds.has_snapshot",
        taggable=True,
    ),
    AwsType(
        "AWS::RDS::DBSubnetGroup",
        exists="rds.has_subnet_group",
        taggable=True,
        durations=(
            lasts(
                create=5,
                delete=3,
                low=2,
                high=8,
                source=Source.TIMED,
                reference="https://github.com/turbot/steampipe-plugin-aws/issues/246",
            ),
        ),
    ),
    AwsType(
        "AWS::RDS::OptionGroup",
        taggable=True,
        durations=(
            lasts(
                create=5,
                delete=4,
                low=2,
                high=12,
                source=Source.TIMED,
                reference="created in 2 s: https://github.com/binbashar/le-tf-infra-aws/pull/359",
            ),
        ),
    ),
)
