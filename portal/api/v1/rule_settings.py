"""What a rule says, as bodies and answers have it: the settings of `lifecycle.rules.settings`, field by field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints

from portal.api.schemas import Body
from portal.api.v1.lookups import invalid
from portal.api.values import Instant
from provisioning.lifecycle.rules.problems import LIMITS, MOST_APPROVALS
from provisioning.lifecycle.rules.settings import FREEZE_KINDS, FreezeKind, RuleSettings
from provisioning.models import RuleKind

_MOST: Final = 200
"""Entries of a list: more than any rule needs."""
Text = Annotated[str, StringConstraints(max_length=400)]
Slug = Annotated[str, StringConstraints(max_length=64)]
Count = Annotated[StrictInt, Field(ge=0, le=MOST_APPROVALS)]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("enter a time between the years 1 and 9999 in UTC") from None


Moment = Annotated[Instant, AfterValidator(_in_utc)]


class Approvals(Body):
    kind: Literal["create", "change", "dangerous_change", "teardown", "recover", "adopt", "put_back"] = Field(
        description=f"The kind of request: {', '.join(RuleKind)}."
    )
    approvers: Count = 0
    owners: Count = Field(0, description="Owners of the team.")
    admins: Count = Field(0, description="Portal admins.")


class AllowedBlueprint(Body):
    slug: Slug = Field(examples=["carbon-connect"])
    version: Slug = Field("", description="Empty for every version.", examples=["1.2.0"])
    or_later: StrictBool = Field(default=False, description="That version and all after it.")


class NarrowedInput(Body):
    blueprint: Slug = Field(examples=["carbon-connect"])
    name: Slug = Field(description="The input.", examples=["model"])
    allowed: list[Text] = Field(default_factory=list, max_length=_MOST, examples=[["small", "large"]])
    minimum: Slug = Field("", description="For inputs of type number.")
    maximum: Slug = ""
    pattern: Text = ""


class RequiredTag(Body):
    key: str = Field(max_length=128, examples=["cost-centre"])
    values: list[Text] = Field(
        default_factory=list,
        max_length=_MOST,
        description="Those that it may have; empty for any.",
        examples=[["4711"]],
    )


class Freeze(Body):
    name: str = Field(max_length=80, examples=["End of the year"])
    starts_at: Moment
    ends_at: Moment = Field(examples=["2027-01-02T06:00:00Z"])
    time_zone: Slug = Field("UTC", description="In which people read the times.", examples=["Europe/Stockholm"])
    reason: Text = Field(description="People read it when they are refused.")
    kinds: list[FreezeKind] = Field(
        default_factory=lambda: list(FREEZE_KINDS), max_length=3, description="What does not begin."
    )
    exceptions: list[Slug] = Field(
        default_factory=list, max_length=_MOST, description="Teams and environments.", examples=[["payments/orders"]]
    )


def _limit(name: str, description: str) -> Any:
    least, most = LIMITS[name]
    return Field(None, ge=least, le=most, description=description)


class Settings(Body):
    """What is left out restricts nothing. An empty list of what is allowed allows nothing."""

    approvals: list[Approvals] = Field(default_factory=list, max_length=len(RuleKind))
    pending_days: StrictInt | None = _limit("pending_days", "Days until a pending request expires.")
    approval_days: StrictInt | None = _limit("approval_days", "Days until an approval expires.")
    blueprints: list[AllowedBlueprint] | None = Field(None, max_length=_MOST, description="Null for all.")
    maturities: list[Slug] | None = Field(None, max_length=3, description="draft, published or deprecated.")
    regions: list[Slug] | None = Field(None, max_length=_MOST, description="Of new environments.")
    inputs: list[NarrowedInput] = Field(default_factory=list, max_length=_MOST)
    environments: StrictInt | None = _limit("environments", "Living environments of each team within the scope.")
    requests_per_hour_of_person: StrictInt | None = _limit("requests_per_hour_of_person", "Within the scope.")
    requests_per_hour_of_team: StrictInt | None = _limit("requests_per_hour_of_team", "Those of tokens count as well.")
    previews_per_minute: StrictInt | None = _limit("previews_per_minute", "Of each person.")
    lifetime_days: StrictInt | None = _limit("lifetime_days", "Recorded on new environments and shown.")
    freezes: list[Freeze] = Field(default_factory=list, max_length=50)
    refused_findings: list[Slug] = Field(
        default_factory=list, max_length=_MOST, description="Rule ids of the security checks.", examples=[["iam.user"]]
    )
    required_tags: list[RequiredTag] = Field(
        default_factory=list, max_length=20, description="Tags that environments must have."
    )

    def as_settings(self) -> RuleSettings:
        """Raises ApiError for what no version of a rule can be."""
        try:
            return RuleSettings.from_json(self.model_dump(mode="json"))
        except ValueError as error:
            raise invalid("settings", str(error)) from error

    @classmethod
    def of(cls, settings: RuleSettings) -> Self:
        stored = settings.as_json()
        return cls(**{name: stored[name] for name in cls.model_fields if name in stored})
