"""Settings of a rabbitmq block: the hosts, the queue, and who may watch them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from provisioning.components.kit.external_names import Names
from provisioning.components.kit.logs import check_days
from provisioning.components.kit.values import Settings
from provisioning.design.external_names import ExternalKind

# Docker's official image in Amazon's public registry, for ARM64 and x86-64, pinned by its digest.
# https://github.com/docker-library/repo-info/blob/master/repos/rabbitmq/remote/4.2.9-management.md
IMAGE = (
    "public.ecr.aws/docker/library/rabbitmq:4.2.9-management"
    "@sha256:65df8b4486d38eab1dbbb0784790b235a2df2bf1db8b9b70c46cbcf669ecffa7"
)


def _require_private(network: IPv4Network) -> IPv4Network:
    if not network.is_private:
        raise ValueError(f"{network} is not a private range: the hosts have no public address")
    return network


PrivateNetwork = Annotated[IPv4Network, AfterValidator(_require_private)]


class RabbitmqSettings(Settings):
    nodes: Literal[1, 3] = Field(description="One host, or a cluster of three hosts in three zones")
    instance_type: str = Field(
        pattern=r"^[a-z]+[0-9]+g[a-z]*\.[a-z0-9]+$",
        description="EC2 instance type with a Graviton processor, such as t4g.small",
    )
    volume_gb: int = Field(default=20, ge=8, le=16384, description="Gigabytes of each host's encrypted data volume")
    queue: str = Field(
        pattern=r"^[a-z][a-z0-9_.-]{0,59}$",
        description="The quorum queue to create; failed messages go to a queue of this name with the suffix .failed",
    )
    image: Annotated[str, Names(ExternalKind.IMAGE_REPOSITORY)] = Field(
        default=IMAGE,
        pattern=r"^[a-z0-9][a-z0-9./_-]*(:[A-Za-z0-9_.-]+)?@sha256:[0-9a-f]{64}$",
        description="RabbitMQ's container image with the management plugin, pinned by its digest",
    )
    username: str = Field(
        default="app", pattern=r"^[A-Za-z][A-Za-z0-9._-]{1,63}$", description="User name for the components that use it"
    )
    prometheus_from: tuple[PrivateNetwork, ...] = Field(
        default=(), description="Private ranges from which Prometheus may read metrics, over TLS on port 15691"
    )
    zabbix_server: IPv4Address | None = Field(
        default=None,
        description="Private address of a Zabbix server; the hosts then run its agent, encrypted with a key",
    )
    depth_alarm: int = Field(
        default=10_000, ge=1, description="Alarm when more messages than this have waited for 15 minutes"
    )
    protect: bool = Field(
        default=False, description="Refuse deletion of the load balancer until the protection is removed"
    )
    keep_data: bool = Field(default=False, description="Keep a snapshot of each data volume when the stack is deleted")
    log_days: Annotated[int, AfterValidator(check_days)] = Field(
        default=30, description="Days to keep the broker's logs"
    )

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.zabbix_server and not self.zabbix_server.is_private:
            raise ValueError(f"zabbix_server {self.zabbix_server} is not a private address: the hosts are not public")
        if self.username in {"guest", "metrics"}:
            raise ValueError(f'username "{self.username}" is reserved for RabbitMQ or for the hosts: choose another')
        return self
