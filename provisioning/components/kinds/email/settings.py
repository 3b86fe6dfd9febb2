"""Settings of an email block: the identity that mail is sent as."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from provisioning.components.kit.values import Settings


class EmailSettings(Settings):
    domain: str | None = Field(
        default=None,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=253,
        description="Domain to send from, any address of it; verified by DKIM records",
    )
    address: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9._%+-]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=320,
        description="One address to send from, in place of a domain; verified by a mail that AWS sends to it",
    )
    hosted_zone_id: str | None = Field(
        default=None,
        pattern=r"^Z[A-Z0-9]{1,31}$",
        description="Route 53 hosted zone of the domain: its DKIM records are made there",
    )
    existing: bool = Field(
        default=False, description="The account has verified this identity already: use it, and leave it as it is"
    )

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        if bool(self.domain) == bool(self.address):
            raise ValueError("say either domain or address: mail is sent as one of them")
        if self.hosted_zone_id and self.address:
            raise ValueError("hosted_zone_id goes with a domain; an address is verified by mail")
        if self.hosted_zone_id and self.existing:
            raise ValueError("an existing identity has its DKIM records; leave out hosted_zone_id or existing")
        return self

    @property
    def identity(self) -> str:
        return self.domain or self.address or ""
