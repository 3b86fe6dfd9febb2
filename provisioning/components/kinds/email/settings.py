"""Settings of an email block: the identity that mail is sent as."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from provisioning.components.kit.external_names import HostedZoneId
from provisioning.components.kit.values import Settings


class EmailSettings(Settings):
    domain: str | None = Field(
        default=None,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=253,
        description="Domain to send from, with any address; verified by DKIM records",
    )
    address: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9._%+-]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=320,
        description="One address to send from, instead of a domain; verified by an email that AWS sends to it",
    )
    hosted_zone_id: HostedZoneId | None = Field(
        default=None,
        description="Route 53 hosted zone of the domain, in which its DKIM records are created",
    )
    existing: bool = Field(
        default=False,
        description="The account has already verified this identity, which is tagged portal:team and listed for the team: use it and do not change it",
    )

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        if bool(self.domain) == bool(self.address):
            raise ValueError("set either domain or address: email is sent as one of them")
        if self.hosted_zone_id and self.address:
            raise ValueError("hosted_zone_id needs a domain; an address is verified by email")
        if self.hosted_zone_id and self.existing:
            raise ValueError("an existing identity already has its DKIM records; remove hosted_zone_id or existing")
        return self

    @property
    def identity(self) -> str:
        return self.domain or self.address or ""
