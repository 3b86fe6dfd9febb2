"""Neptune: deletion protection. The service speaks RDS's API at an endpoint of its own."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def lift_cluster_protection(aws: Clients, identifier: str) -> None:
    aws.client("neptune").modify_db_cluster(
        DBClusterIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True
    )
