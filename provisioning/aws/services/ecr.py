"""Elastic Container Registry: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_repository(aws: Clients, name: str) -> bool:
    return bool(aws.client("ecr").describe_repositories(repositoryNames=[name])["repositories"])
