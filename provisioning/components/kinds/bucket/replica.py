"""The copy of a critical bucket in another region: its bucket, the replication rule and the role
that S3 uses.

The copy is in a stack of its own, which is created first. Objects that are older than the rule are
not copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import GetAtt, Sub, s3

from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

_KEY = "replica"
# The nearest region in the same jurisdiction, for each region in which blueprints are offered.
PARTNERS: Mapping[str, str] = {
    "eu-central-1": "eu-west-1",
    "eu-north-1": "eu-central-1",
    "eu-west-1": "eu-central-1",
    "us-east-1": "us-west-2",
    "us-west-2": "us-east-1",
}
# The only value that S3 accepts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html
TIME_CONTROL_MINUTES = 15
# As AWS documents it, without a condition. A bucket in another account cannot get this role, because passing a role
# requires iam:PassRole in the role's own account.
_TRUST = iam.policy([{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}])


def region(node: Node, build: Build, chosen: str | None) -> str:
    """Return the region of the copy: the chosen one, or the partner of the environment's region."""
    home = build.design.environment.region
    found = chosen or PARTNERS.get(home)
    if found is None:
        known = ", ".join(sorted(PARTNERS))
        raise DesignError(
            f"{node.source}: {node.address} is critical, but {home} has no known partner region (known: {known}); "
            "set replica_region"
        )
    if found == home:
        raise DesignError(f"{node.source}: {node.address} is already in {home}; set another region as replica_region")
    return found


def stack(node: Node, build: Build, chosen: str | None) -> str:
    """Return the key of the copy's stack."""
    return build.stack_in(region(node, build, chosen), key=_KEY)


def name(node: Node, build: Build, chosen: str | None) -> str:
    """Return the name of the copy's bucket as text for Sub."""
    return build.bucket(f"{node.name}-replica", region=region(node, build, chosen))


def rule(node: Node, build: Build, copy: str, *, place: str, timed: bool) -> s3.ReplicationConfiguration:
    """Return the source's replication rule: everything is copied. Deletions are copied as markers,
    so both keep old versions.
    """
    arn = build.stack_input(
        place, f"{copy}Arn", GetAtt(copy, "Arn"), description=f"The copy of {node.name} in another region"
    )
    destination = s3.ReplicationConfigurationRulesDestination(Bucket=arn)
    if timed:
        minutes = s3.ReplicationTimeValue(Minutes=TIME_CONTROL_MINUTES)
        destination.ReplicationTime = s3.ReplicationTime(Status="Enabled", Time=minutes)
        destination.Metrics = s3.Metrics(Status="Enabled", EventThreshold=minutes)
    return s3.ReplicationConfiguration(
        Role=_role(node, build, arn),
        Rules=[
            s3.ReplicationConfigurationRules(
                Id="all",
                Status="Enabled",
                Priority=0,
                Filter=s3.ReplicationRuleFilter(Prefix=""),
                DeleteMarkerReplication=s3.DeleteMarkerReplication(Status="Enabled"),
                Destination=destination,
            )
        ],
    )


def _role(node: Node, build: Build, copy_arn: Any) -> GetAtt:
    """Add the role that reads versions here and writes them there. The source is named, not
    referenced: it waits for this role.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    """
    source = f"arn:${{AWS::Partition}}:s3:::{build.bucket(node.name)}"
    read = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
    write = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
    role = iam.role(
        logical_id(node.address, "ReplicationRole"),
        build,
        trust=_TRUST,
        statements=[
            iam.allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], Sub(source)),
            iam.allow(read, Sub(f"{source}/*")),
            iam.allow(write, Sub("${Copy}/*", Copy=copy_arn)),
        ],
    )
    build.add(node, role, "Replication role")
    return GetAtt(role.title, "Arn")
