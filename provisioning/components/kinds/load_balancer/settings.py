"""Settings of a load balancer block: its certificate, its target and its listeners."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from provisioning.components.kit.external_names import CertificateArn, HostedZoneId
from provisioning.components.kit.values import Block, ServiceReference, Settings
from provisioning.components.kit.web_acl import Waf

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
_LONGEST_DRAIN_SECONDS = 3600


class Certificate(Block):
    """The ARN of a certificate, or a domain and its hosted zone for a new one, which is then issued
    and validated.
    """

    arn: CertificateArn | None = Field(default=None, description="ARN of a certificate in the environment's region")
    domain: str | None = Field(
        default=None,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=253,
        description="Public domain name, which gets a certificate and a DNS record for the load balancer",
    )
    hosted_zone_id: HostedZoneId | None = Field(default=None, description="Route 53 hosted zone of the domain")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.arn and (self.domain or self.hosted_zone_id):
            raise ValueError("set the ARN of a certificate, or a domain with its hosted zone, not both")
        if not self.arn and not (self.domain and self.hosted_zone_id):
            raise ValueError("HTTPS needs a certificate: set its ARN, or a domain together with its hosted zone's id")
        return self


class LoadBalancerSettings(Settings):
    certificate: Certificate = Field(description="The ARN of a certificate, or a domain and its hosted zone")
    target: ServiceReference = Field(description="The service that receives the requests")
    health_check: str = Field(
        pattern=r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$",
        max_length=1024,
        description="Path that answers 200 while the service is healthy",
    )
    waf: Waf | None = Field(default=None, description="A web ACL with a rate limit per IP address")
    http_redirect: bool = Field(
        default=True, description="Redirect HTTP on port 80 to HTTPS; false opens port 443 only"
    )
    drain_seconds: int = Field(
        default=30,
        ge=0,
        le=_LONGEST_DRAIN_SECONDS,
        description="Seconds that a stopping task has to finish its requests",
    )
    protect: bool = Field(default=False, description="Refuse deletion until the protection is removed")

    @field_validator("certificate", mode="before")
    @classmethod
    def _plain_arn(cls, value: Any) -> Any:
        return {"arn": value} if isinstance(value, str) else value

    @property
    def ports(self) -> dict[int, str]:
        """The ports that it listens on, with the description of each rule."""
        return {80: "redirected to 443", 443: "HTTPS"} if self.http_redirect else {443: "HTTPS"}
