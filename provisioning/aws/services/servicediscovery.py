"""Cloud Map: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_namespace(aws: Clients, namespace_id: str) -> bool:
    return bool(aws.client("servicediscovery").get_namespace(Id=namespace_id)["Namespace"])


def has_service(aws: Clients, service_id: str) -> bool:
    return bool(aws.client("servicediscovery").get_service(Id=service_id)["Service"])
