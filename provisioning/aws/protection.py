"""Deletion protection, lifted where a type of resource has one: a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from provisioning.aws.errors import NotFound
from provisioning.aws.services import ec2, elbv2, rds
from provisioning.aws.sessions import Clients


def _lift_table_protection(aws: Clients, name: str) -> None:
    aws.client("dynamodb").update_table(TableName=name, DeletionProtectionEnabled=False)


def _lift_on(service: str) -> Callable[[Clients, str], None]:
    """DocumentDB and Neptune speak RDS's language, each at its own service."""

    def lift(aws: Clients, identifier: str) -> None:
        aws.client(service).modify_db_cluster(
            DBClusterIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True
        )

    return lift


LIFTS: Final[Mapping[str, Callable[[Clients, str], None]]] = {
    "AWS::DocDB::DBCluster": _lift_on("docdb"),
    "AWS::DynamoDB::Table": _lift_table_protection,
    "AWS::EC2::Instance": ec2.lift_instance_protection,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": elbv2.lift_protection,
    "AWS::Neptune::DBCluster": _lift_on("neptune"),
    "AWS::RDS::DBCluster": rds.lift_cluster_protection,
    "AWS::RDS::DBInstance": rds.lift_instance_protection,
}


def lift_protection(aws: Clients, resource_type: str, physical_id: str) -> bool:
    """False when the type has none. What is gone already needs no lifting, so repeating is harmless."""
    lift = LIFTS.get(resource_type)
    if lift is None:
        return False
    with suppress(NotFound):
        lift(aws, physical_id)
    return True
