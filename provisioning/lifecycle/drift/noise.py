"""Differences that a drift detection reports although nobody changed anything.

They are left out of the drift and disclosed with their source. To add one, find a public page or
issue that describes it: a difference that merely looks harmless is drift.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from provisioning.aws.change_sets import PropertyDifference

_ROADMAP: Final = "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/"
_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html"
_UPGRADES: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Maintenance.html"
_SCALABLE_TARGET: Final = "AWS::ApplicationAutoScaling::ScalableTarget"


@dataclass(frozen=True, slots=True)
class Noise:
    """`path` is a pattern for the whole path. `change_type` is empty for every type of difference.
    `only_with` is a type that must be in the same stack.
    """

    type: str
    path: re.Pattern[str]
    why: str
    source: str
    change_type: str = ""
    only_with: str = ""

    def covers(self, resource_type: str, difference: PropertyDifference, types: Collection[str]) -> bool:
        return (
            resource_type == self.type
            and self.path.fullmatch(difference.path) is not None
            and self.change_type in ("", difference.change_type)
            and (not self.only_with or self.only_with in types)
        )


def _unread(resource_type: str, path: str, issue: int) -> Noise:
    """A property that the detection does not read, and so reports as removed."""
    return Noise(
        resource_type,
        re.compile(path),
        "CloudFormation does not read this property and reports it as removed.",
        f"{_ROADMAP}{issue}",
        change_type="REMOVE",
    )


NOISE: Final = (
    _unread("AWS::Events::Rule", r"/Targets/[0-9]+/RetryPolicy(/.*)?", 956),
    _unread("AWS::Events::Rule", r"/Targets/[0-9]+/DeadLetterConfig(/.*)?", 2006),
    _unread("AWS::Events::Rule", r"/Targets/[0-9]+/SqsParameters(/.*)?", 1716),
    _unread("AWS::Events::Rule", r"/Targets/[0-9]+/EcsParameters/EnableECSManagedTags", 1446),
    _unread("AWS::Events::Rule", r"/Targets/[0-9]+/EcsParameters/TagList(/.*)?", 1447),
    _unread("AWS::Events::EventBus", r"/Policy(/.*)?", 2188),
    Noise(
        "AWS::ECS::Service",
        re.compile(r"/DesiredCount"),
        "Autoscaling sets the number of tasks.",
        _GUIDE,
        only_with=_SCALABLE_TARGET,
    ),
    *(
        Noise(
            resource_type,
            re.compile(r"/EngineVersion"),
            "AWS upgrades minor versions in the maintenance window.",
            _UPGRADES,
            change_type="NOT_EQUAL",
        )
        for resource_type in ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
    ),
)


def noise_of(resource_type: str, difference: PropertyDifference, types: Collection[str]) -> Noise | None:
    """The entry that covers a difference; `types` are those of the resources in the same stack.

    An upgrade to another major version is no noise: nobody but a person does that.
    """
    noise = next((entry for entry in NOISE if entry.covers(resource_type, difference, types)), None)
    if noise is not None and noise.source == _UPGRADES and _major(difference.expected) != _major(difference.actual):
        return None
    return noise


def _major(version: str) -> str:
    return version.strip('"').split(".", maxsplit=1)[0]
