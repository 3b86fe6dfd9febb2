"""ElastiCache."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, FinalSnapshot, Source, lasts

TYPES: Final = (
    AwsType(
        "AWS::ElastiCache::CacheCluster",
        taggable=True,
        final_snapshot=FinalSnapshot((ArnForm("elasticache", r"(?:snapshot|serverlesscachesnapshot):.+"),)),
        durations=(
            lasts(
                create=395,
                delete=240,
                low=240,
                high=813,
                endpoint_last=True,
                source=Source.TIMED,
                reference="395 s for one node, 813 s from a snapshot: https://github.com/hashicorp/terraform/issues/8275; "
                "the whole test takes 648 s: https://github.com/hashicorp/terraform-provider-aws/pull/49428",
            ),
        ),
    ),
    AwsType(
        "AWS::ElastiCache::ParameterGroup",
        exists="elasticache.has_parameter_group",
        taggable=True,
        durations=(lasts(create=5, delete=4, source=Source.ASSUMED, reference="like a subnet group"),),
    ),
    AwsType(
        "AWS::ElastiCache::ReplicationGroup",
        exists="elasticache.has_replication_group",
        taggable=True,
        final_snapshot=FinalSnapshot((ArnForm("elasticache", r"(?:snapshot|serverlesscachesnapshot):.+"),)),
        durations=(
            lasts(
                create=600,
                delete=300,
                low=420,
                high=1650,
                endpoint_last=True,
                when="AutomaticFailoverEnabled=true",
                source=Source.TIMED,
                reference="395 s for one node, 813 s from a snapshot: https://github.com/hashicorp/terraform/issues/8275; "
                "the whole test takes 648 s: https://github.com/hashicorp/terraform-provider-aws/pull/49428; "
                "with failover across zones the whole test takes 1653 s: https://github.com/hashicorp/terraform-provider-aws/pull/17296",
            ),
            lasts(
                create=480,
                delete=300,
                low=395,
                high=900,
                endpoint_last=True,
                source=Source.TIMED,
                reference="395 s for one node, 813 s from a snapshot: https://github.com/hashicorp/terraform/issues/8275; "
                "the whole test takes 648 s: https://github.com/hashicorp/terraform-provider-aws/pull/49428",
            ),
        ),
    ),
    AwsType(
        "AWS::ElastiCache::ServerlessCache",
        exists="elasticache.has_serverless_cache",
        taggable=True,
        final_snapshot=FinalSnapshot(
            (ArnForm("elasticache", r"(?:snapshot|serverlesscachesnapshot):.+"),),
            requested_by="FinalSnapshotName",
        ),
        durations=(
            lasts(
                create=120,
                delete=180,
                low=60,
                high=300,
                endpoint_last=True,
                source=Source.ANNOUNCED,
                reference="under a minute according to the announcement: https://github.com/aws/aws-sdk-php/releases/tag/3.290.1; "
                "a few minutes according to the guide: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/create-serverless-cache-mem.html",
            ),
        ),
    ),
    AwsType(
        "AWS::ElastiCache::ServerlessCacheSnapshot",
        exists="elasticache.has_serverless_snapshot",
        taggable=True,
    ),
    AwsType(
        "AWS::ElastiCache::Snapshot",
        exists="elasticache.has_snapshot",
        taggable=True,
    ),
    AwsType(
        "AWS::ElastiCache::SubnetGroup",
        exists="elasticache.has_subnet_group",
        taggable=True,
        durations=(
            lasts(
                create=5,
                delete=4,
                low=2,
                high=8,
                source=Source.TIMED,
                reference="https://github.com/turbot/steampipe-plugin-aws/issues/246",
            ),
        ),
    ),
    AwsType(
        "AWS::ElastiCache::User",
        exists="elasticache.has_user",
        taggable=True,
        durations=(
            lasts(
                create=20,
                delete=20,
                low=5,
                high=60,
                source=Source.ASSUMED,
                reference="changes its state and returns to active",
            ),
        ),
    ),
    AwsType(
        "AWS::ElastiCache::UserGroup",
        exists="elasticache.has_user_group",
        taggable=True,
        durations=(
            lasts(
                create=20,
                delete=20,
                low=5,
                high=60,
                source=Source.ASSUMED,
                reference="changes its state and returns to active",
            ),
        ),
    ),
)
