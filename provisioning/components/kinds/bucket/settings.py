"""Settings of a bucket block."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from provisioning.components.kit.values import Block, Settings


class Lifecycle(Block):
    """Days after which an object moves to cheaper storage: Standard, then Intelligent-Tiering, then
    Glacier.
    """

    intelligent_tiering_after_days: int = Field(ge=0, description="Days in Standard before Intelligent-Tiering")
    glacier_after_days: int = Field(ge=1, description="Days since creation before Glacier")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.glacier_after_days <= self.intelligent_tiering_after_days:
            raise ValueError("glacier_after_days must be above intelligent_tiering_after_days")
        return self


class BucketSettings(Settings):
    lifecycle: Lifecycle | None = Field(default=None, description="Move objects to cheaper storage by age")
    versioned: bool = Field(default=False, description="Keep overwritten and deleted objects as older versions")
    keep_data: bool = Field(default=False, description="Keep the bucket and its objects when the stack is deleted")
    critical: bool = Field(
        default=False, description="Copy every object to a bucket in another region; both keep every version"
    )
    replica_region: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$",
        description="Region of the copy; null for the nearest one in the same jurisdiction (eu-west-1 for eu-central-1)",
    )
    replica_within_15_minutes: bool = Field(
        default=False,
        description="Pay for S3 Replication Time Control, which copies 99.9 % of objects within 15 minutes, and measure it",
    )

    @model_validator(mode="after")
    def _replica_of_a_critical_one(self) -> Self:
        if not self.critical and (self.replica_region or self.replica_within_15_minutes):
            raise ValueError("only a critical bucket has a copy: set critical = true, or remove replica_…")
        return self
