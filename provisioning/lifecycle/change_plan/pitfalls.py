"""Known traps of updates, as findings of a plan. A blocking one refuses the plan, because AWS would
refuse or undo the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioning.aws.identifiers import custom_names
from provisioning.aws.interface import StackState
from provisioning.lifecycle.change_plan.review import ChangeFinding
from provisioning.lifecycle.plan_document import PlannedChange, PlannedChangeSet, PlannedStack

_GUIDE: Final = "https://docs.aws.amazon.com/AWSCloudFormation/latest"
_STORAGE: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.StorageTypes.html"
_DATABASES: Final = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster")
_CACHES: Final = ("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster")
_MANY: Final = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """The planned change of one stack. `old` and `new` are the resources of the two templates."""

    planned: PlannedStack
    change_set: PlannedChangeSet
    live: StackState
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    def properties(self, change: PlannedChange) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        before, after = self.old.get(change.logical_id, {}), self.new.get(change.logical_id, {})
        return before.get("Properties", {}), after.get("Properties", {})

    def modified(self, *types: str) -> Iterator[PlannedChange]:
        for change in self.change_set.changes:
            if change.action == "Modify" and (not types or change.type in types):
                yield change

    def finding(
        self, rule: str, logical_id: str, sentence: str, remedy: str, *, source: str, blocking: bool = False
    ) -> ChangeFinding:
        return ChangeFinding(rule, self.planned.key, logical_id, sentence, remedy, source, is_blocking=blocking)


Pitfall = Callable[[Subject], Iterator[ChangeFinding]]


def find_pitfalls(subject: Subject) -> list[ChangeFinding]:
    return [finding for pitfall in PITFALLS for finding in pitfall(subject)]


def _named_replacement(subject: Subject) -> Iterator[ChangeFinding]:
    """CloudFormation creates the new resource first, and a name can be used only once."""
    for change in subject.modified():
        if change.replacement != "True":
            continue
        before, after = subject.properties(change)
        kept = [name for name in custom_names(change.type) if name in after and before.get(name) == after[name]]
        if kept:
            yield subject.finding(
                "update.named-replacement",
                change.logical_id,
                f"{change.logical_id} must be replaced, but keeps its name ({', '.join(kept)}). CloudFormation cannot "
                "replace a resource with a custom name.",
                "Undo the setting that replaces it, or choose a version of the blueprint that renames it.",
                source=f"{_GUIDE}/TemplateReference/aws-properties-name.html",
                blocking=True,
            )


def _smaller_storage(subject: Subject) -> Iterator[ChangeFinding]:
    for change in subject.modified("AWS::RDS::DBInstance"):
        before, after = (_number(properties.get("AllocatedStorage")) for properties in subject.properties(change))
        if before is None or after is None or before == after:
            continue
        if after < before:
            yield subject.finding(
                "update.storage-shrinks",
                change.logical_id,
                f"The storage of {change.logical_id} would shrink from {before:g} to {after:g} GiB. RDS cannot shrink "
                "storage.",
                "Keep the storage, or move the data to a new database.",
                source=_STORAGE,
                blocking=True,
            )
        else:
            yield subject.finding(
                "update.storage-once-in-six-hours",
                change.logical_id,
                f"The storage of {change.logical_id} grows from {before:g} to {after:g} GiB. RDS refuses another change of "
                "storage for six hours, or until it has optimised the storage, whichever is longer.",
                "If the storage has been changed within six hours, also by RDS itself, wait before you approve.",
                source=_STORAGE,
            )


def _older_engine(subject: Subject) -> Iterator[ChangeFinding]:
    for change in subject.modified(*_DATABASES, *_CACHES):
        before, after = (_version(properties.get("EngineVersion")) for properties in subject.properties(change))
        if before and after and after < before:
            yield subject.finding(
                "update.engine-downgrade",
                change.logical_id,
                f"The engine of {change.logical_id} would go back from {_dotted(before)} to {_dotted(after)}, which AWS "
                "refuses.",
                "Choose a version that is not older than the one that runs.",
                source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html",
                blocking=True,
            )
        elif before and after and after[0] > before[0]:
            yield subject.finding(
                "update.engine-major-version",
                change.logical_id,
                f"{change.logical_id} gets the major version {after[0]}; it has {before[0]}. It is not available during the "
                "upgrade, and the upgrade cannot be undone by a rollback once it has begun to convert data.",
                "Rehearse the upgrade with a copy of the data first.",
                source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html",
            )


def _service_connect(subject: Subject) -> Iterator[ChangeFinding]:
    for change in subject.modified("AWS::ECS::Service"):
        if change.replacement != "True":
            continue
        _, after = subject.properties(change)
        if after.get("ServiceConnectConfiguration"):
            yield subject.finding(
                "update.service-connect",
                change.logical_id,
                f"{change.logical_id} must be replaced and uses Service Connect. The new service cannot have the same name "
                "in the namespace while the old one exists.",
                "Undo the setting that replaces it.",
                source=f"{_GUIDE}/TemplateReference/aws-resource-ecs-service.html",
                blocking=True,
            )


def _deployment_controller(subject: Subject) -> Iterator[ChangeFinding]:
    for change in subject.modified("AWS::ECS::Service"):
        before, after = (properties.get("DeploymentController") for properties in subject.properties(change))
        if before != after:
            yield subject.finding(
                "update.deployment-controller",
                change.logical_id,
                f"The deployment controller of {change.logical_id} changes, which replaces the service.",
                "Expect the service to be unavailable until the new one is healthy.",
                source=f"{_GUIDE}/TemplateReference/aws-resource-ecs-service.html",
            )


def _rebuilt_cache(subject: Subject) -> Iterator[ChangeFinding]:
    for change in subject.modified(*_CACHES):
        before, after = subject.properties(change)
        for name in ("CacheNodeType", "Engine"):
            if name in after and before.get(name) != after[name] and change.replacement == "False":
                yield subject.finding(
                    "update.cache-rebuilt",
                    change.logical_id,
                    f"{name} of {change.logical_id} changes. ElastiCache rebuilds its nodes one after the other, and a cache "
                    "with one node is empty and not available in between.",
                    "Change it when few people use the environment.",
                    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html",
                )


def _other_images(subject: Subject) -> Iterator[ChangeFinding]:
    """Parameters that take their value from SSM are read again by each update."""
    for key, resolved in subject.change_set.resolved.items():
        _, running = subject.live.parameters.get(key, ("", ""))
        if running and running != resolved:
            yield subject.finding(
                "update.ssm-value",
                "",
                f"The parameter {key} is read from SSM again: it was {running} and is now {resolved}.",
                "If that is not intended, ask an administrator to set the former value.",
                source=f"{_GUIDE}/UserGuide/cloudformation-supplied-parameter-types.html",
            )


def _tags_only(subject: Subject) -> Iterator[ChangeFinding]:
    only_tags = [change for change in subject.modified() if change.scope == ("Tags",)]
    if len(only_tags) > _MANY:
        yield subject.finding(
            "update.tags-only",
            "",
            f"{len(only_tags)} resources change only in their tags.",
            "No action is needed. Some services throttle such calls, so the change may take longer.",
            source=f"{_GUIDE}/TemplateReference/aws-properties-resource-tags.html",
        )


PITFALLS: Final[tuple[Pitfall, ...]] = (
    _named_replacement,
    _smaller_storage,
    _older_engine,
    _service_connect,
    _deployment_controller,
    _rebuilt_cache,
    _other_images,
    _tags_only,
)


def _number(value: Any) -> float | None:
    """A number that the template states; None for a function or nothing."""
    try:
        return float(value) if isinstance(value, (int, float, str)) else None
    except ValueError:
        return None


def _version(value: Any) -> tuple[int, ...]:
    """The leading numbers of a version such as 16.4 or 5.7.mysql_aurora.2."""
    numbers = []
    for part in str(value).split(".") if isinstance(value, (str, int, float)) else ():
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
