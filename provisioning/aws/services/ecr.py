"""Elastic Container Registry: existence checks of repositories and images."""

from __future__ import annotations

from provisioning.aws.errors import NotFound
from provisioning.aws.sessions import Clients


def has_repository(aws: Clients, name: str) -> bool:
    return bool(aws.client("ecr").describe_repositories(repositoryNames=[name])["repositories"])


def image_exists(aws: Clients, repository: str, reference: str, *, registry_id: str) -> bool | None:
    """`reference` is a tag, or a digest that begins with sha256:. None if the registry has no such
    repository.
    """
    key = "imageDigest" if reference.startswith("sha256:") else "imageTag"
    try:
        answer = aws.client("ecr").describe_images(
            registryId=registry_id, repositoryName=repository, imageIds=[{key: reference}]
        )
    except NotFound as error:
        return None if error.code == "RepositoryNotFoundException" else False
    return bool(answer["imageDetails"])
