"""What a rule says: the settings of one version, as one typed document.

A setting that is left out restricts nothing. `RuleVersion.settings` stores the JSON; a version that
was stored never changes, so a new setting needs a default that restricts nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from semver import Version

from provisioning.models import RuleKind

STRICT: Final = ConfigDict(extra="forbid", strict=True)

FreezeKind = Literal["create", "change", "teardown"]
FREEZE_KINDS: Final[tuple[FreezeKind, ...]] = ("create", "change", "teardown")


@dataclass(config=STRICT, frozen=True, slots=True)
class RequiredApprovals:
    """How many approvals a kind of request (a `RuleKind`) needs, by group."""

    kind: str
    approvers: int = 0
    owners: int = 0
    admins: int = 0


@dataclass(config=STRICT, frozen=True, slots=True)
class AllowedBlueprint:
    """A blueprint that may be requested: every version, exactly `version`, or with `or_later` that
    version and all after it.
    """

    slug: str
    version: str = ""
    or_later: bool = False

    def __str__(self) -> str:
        """As people write it: `notes`, `notes@1.2.0`, `notes@1.2.0+`."""
        return f"{self.slug}@{self.version}{'+' if self.or_later else ''}" if self.version else self.slug

    def covers(self, slug: str, version: str) -> bool:
        if slug != self.slug:
            return False
        if not self.version or version == self.version:
            return True
        return self.or_later and Version.is_valid(version) and Version.parse(version) >= Version.parse(self.version)


@dataclass(config=STRICT, frozen=True, slots=True)
class NarrowedInput:
    """What an input of a blueprint may be, in addition to what the blueprint says.

    `allowed` and `pattern` apply to each item of a list and to each value of a map. `minimum` and
    `maximum` are decimal numbers, for inputs of type number.
    """

    blueprint: str
    name: str
    allowed: tuple[str, ...] = ()
    minimum: str = ""
    maximum: str = ""
    pattern: str = ""


@dataclass(config=STRICT, frozen=True, slots=True)
class RequiredTag:
    """A tag that environments must have. `values` are those that it may have; empty: any."""

    key: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As people write it: `owner`, `cost-centre = 4711, 4712`."""
        return f"{self.key} = {', '.join(self.values)}" if self.values else self.key


@dataclass(config=STRICT, frozen=True, slots=True)
class Freeze:
    """A time during which no operation of these `kinds` begins. What has begun may finish, and a
    recovery may always begin.

    `starts_at` and `ends_at` are in UTC; `time_zone` is the one in which they were entered.
    `exceptions` are teams (`payments`) and environments (`payments/orders`).
    """

    name: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    reason: str
    kinds: tuple[FreezeKind, ...] = FREEZE_KINDS
    exceptions: tuple[str, ...] = ()


@dataclass(config=STRICT, frozen=True, slots=True)
class RuleSettings:
    """The settings of one version of a rule. None, or an empty tuple where None is not possible,
    restricts nothing.

    `environments` is how many living environments each team may have within the scope of the rule.
    The limits per hour count requests within the scope, and previews per minute those of one
    person. `pending_days` is how long a request may wait for a decision, `approval_days` how long an
    approval is valid. `refused_findings` are rule ids of the security checks.
    """

    format: Literal[1] = 1
    approvals: tuple[RequiredApprovals, ...] = ()
    pending_days: int | None = None
    approval_days: int | None = None
    blueprints: tuple[AllowedBlueprint, ...] | None = None
    maturities: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    inputs: tuple[NarrowedInput, ...] = ()
    environments: int | None = None
    requests_per_hour_of_person: int | None = None
    requests_per_hour_of_team: int | None = None
    previews_per_minute: int | None = None
    lifetime_days: int | None = None
    freezes: tuple[Freeze, ...] = ()
    refused_findings: tuple[str, ...] = ()
    required_tags: tuple[RequiredTag, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the rule restricts nothing."""
        return all(getattr(self, field.name) == field.default for field in fields(self))

    def approvals_for(self, kind: RuleKind) -> RequiredApprovals:
        return next((entry for entry in self.approvals if entry.kind == kind), RequiredApprovals(str(kind)))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Raise ValueError if the JSON is not one that this version of the portal can read."""
        try:
            return _SETTINGS.validate_json(json.dumps(stored))  # type: ignore[return-value]
        except ValidationError as error:
            raise ValueError(f"The stored rule cannot be read: {error.errors()[0]['msg']}.") from error

    def as_json(self) -> dict[str, Any]:
        """Return the JSON to store, without the settings that restrict nothing."""
        content: dict[str, Any] = _SETTINGS.dump_python(self, mode="json")
        unset = {field.name for field in fields(self) if getattr(self, field.name) == field.default}
        return {name: value for name, value in content.items() if name == "format" or name not in unset}


_SETTINGS: Final = TypeAdapter(RuleSettings)
