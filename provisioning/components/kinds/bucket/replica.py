"""The copy of a critical bucket in another region: its bucket, the rule that fills it, the role that may.

It stands in a stack of its own, which is created first. Objects that were there before the rule are not copied.
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
_NAME_LIMIT = 63
# The nearest region under the same law, for each that blueprints are offered in.
PARTNERS: Mapping[str, str] = {
    "eu-central-1": "eu-west-1",
    "eu-north-1": "eu-central-1",
    "eu-west-1": "eu-central-1",
    "us-east-1": "us-west-2",
    "us-west-2": "us-east-1",
}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html: the one figure it knows
TIME_CONTROL_MINUTES = 15
# As AWS documents it, without a condition: a bucket of another account cannot be given this role, because passing a role
# needs iam:PassRole in the role's own account.
_TRUST = iam.policy([{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}])


def region(node: Node, build: Build, chosen: str | None) -> str:
    """Where the copy stands: as chosen, or in the partner of the environment's region."""
    home = build.design.environment.region
    found = chosen or PARTNERS.get(home)
    if found is None:
        known = ", ".join(sorted(PARTNERS))
        raise DesignError(
            f"{node.source}: {node.address} is critical, and no other region is known for {home} (known: {known}); give "
            "replica_region"
        )
    if found == home:
        raise DesignError(
            f"{node.source}: {node.address} lies in {home} already; give another region as replica_region"
        )
    return found


def stack(node: Node, build: Build, chosen: str | None) -> str:
    """The stack of the copy."""
    return build.stack_in(region(node, build, chosen), key=_KEY)


def name(node: Node, build: Build) -> str:
    """The name of the copy's bucket."""
    return build.physical(f"{node.name}-replica", limit=_NAME_LIMIT)


def rule(node: Node, build: Build, copy: str, *, place: str, timed: bool) -> s3.ReplicationConfiguration:
    """What the source says: everything is copied, deletions as markers, so that older versions stay on both sides."""
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
    """Read versions here, write them there. The source is named by name: it waits for this role.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    """
    source = f"arn:${{AWS::Partition}}:s3:::{build.physical(node.name, limit=_NAME_LIMIT)}"
    read = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
    write = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
    role = iam.role(
        logical_id(node.address, "ReplicationRole"),
        trust=_TRUST,
        statements=[
            iam.allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], Sub(source)),
            iam.allow(read, Sub(f"{source}/*")),
            iam.allow(write, Sub("${Copy}/*", Copy=copy_arn)),
        ],
    )
    build.add(node, role, "Replication's role")
    return GetAtt(role.title, "Arn")
