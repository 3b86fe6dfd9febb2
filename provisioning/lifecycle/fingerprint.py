"""The fingerprint of a stack: what must not change between a plan and its execution, or unnoticed.

A cheap fingerprint needs one DescribeStacks call, which the nightly scan makes for a hundred stacks
at once. It shows every change that went through CloudFormation. A full one adds the template, the
stack policy, the resources and the accepted drift, with three more calls. Both are stored as JSON
(`Stack.fingerprint`), and compared with `difference`, in sentences.

Left out is what changes by itself: outputs, the times of drift checks and of resources, the reason
of a status, and the operations that CloudFormation counts (creating a change set is one, although
it changes nothing). A changed stack has another LastUpdatedTime.

Values of parameters are stored as a hash, salted with the stack's id: people put secrets into
parameters that are not NoEcho. Resolved values of SSM parameters are never secret, and are stored.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from provisioning.aws import NotFound, interface
from provisioning.aws.change_sets import ResourceDrift

FORMAT: Final = 1
IN_PROGRESS: Final = "in progress"
_HASH_LENGTH: Final = 32


class FingerprintError(ValueError):
    """The stored JSON is no fingerprint of a known format."""


@dataclass(config=ConfigDict(extra="forbid", strict=True), frozen=True, slots=True)
class Fingerprint:
    """`template` to `drift` are only in a full fingerprint; in a cheap one they are None.

    `status` is the class of the stack's status: settled, in progress, failed or deleted. Times are
    ISO texts in UTC. `parameters` are hash and resolved value by key; `resources` are hashes of
    physical id and type by logical id; `drift` are hashes of the actual values by "logical id path",
    of the drift that somebody accepted.
    """

    stack_id: str
    status: str
    created_at: str
    updated_at: str
    change_set_id: str
    parameters: Mapping[str, tuple[str, str]]
    tags: Mapping[str, str]
    role_arn: str
    capabilities: tuple[str, ...]
    notification_arns: tuple[str, ...]
    express: bool
    termination_protection: bool
    template: str | None = None
    policy: str | None = None
    resources: Mapping[str, str] | None = None
    drift: Mapping[str, str] | None = None
    format: Literal[1] = FORMAT

    @property
    def is_full(self) -> bool:
        return self.template is not None

    @property
    def digest(self) -> str:
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def cheap(self) -> Fingerprint:
        """The part that one DescribeStacks call shows."""
        return replace(self, template=None, policy=None, resources=None, drift=None)

    def as_json(self) -> dict[str, Any]:
        content: dict[str, Any] = _FINGERPRINT.dump_python(self, mode="json")
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Fingerprint:
        """Raises FingerprintError, as for a row that has none yet."""
        try:
            return _FINGERPRINT.validate_json(json.dumps(content))
        except ValidationError as error:
            raise FingerprintError(f"The stored fingerprint cannot be read: {error}") from error


_FINGERPRINT: Final = TypeAdapter(Fingerprint)


def cheap_fingerprint(state: interface.StackState) -> Fingerprint:
    """`state` must come from DescribeStacks: a summary of ListStacks has no tags and parameters."""
    return Fingerprint(
        stack_id=state.stack_id,
        status=status_class(state.status),
        created_at=_utc(state.created_at),
        updated_at=_utc(state.last_updated_at),
        change_set_id=state.change_set_id,
        parameters={
            key: (_hash(state.stack_id, value), resolved) for key, (value, resolved) in sorted(state.parameters.items())
        },
        tags=dict(sorted(state.tags.items())),
        role_arn=state.role_arn,
        capabilities=tuple(sorted(state.capabilities)),
        notification_arns=tuple(sorted(state.notification_arns)),
        express=state.express,
        termination_protection=state.termination_protection,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class StackReading:
    """All that four reading calls say about a stack."""

    state: interface.StackState
    template: str
    policy: str
    resources: tuple[interface.StackResource, ...]

    def fingerprint(self, *, accepted_drift: Iterable[ResourceDrift] = ()) -> Fingerprint:
        return replace(
            cheap_fingerprint(self.state),
            template=_hash("", self.template),
            policy=_hash("", self.policy),
            resources={
                resource.logical_id: _hash(resource.type, resource.physical_id)
                for resource in sorted(self.resources, key=lambda resource: resource.logical_id)
                if resource.status != "DELETE_COMPLETE"
            },
            drift=drift_hashes(accepted_drift),
        )


def read_stack(aws: interface.Aws, stack_id: str) -> StackReading:
    """Read a stack with four calls. Raises NotFound if there is no such stack, or only a deleted one."""
    state = aws.describe_stack(stack_id)
    if state is None or state.status == "DELETE_COMPLETE":
        raise NotFound(f"Stack with id {stack_id} does not exist")
    return StackReading(
        state,
        template=aws.stack_template(state.stack_id),
        policy=aws.stack_policy(state.stack_id) or "",
        resources=tuple(aws.stack_resources(state.stack_id)),
    )


def full_fingerprint(aws: interface.Aws, stack_id: str, *, accepted_drift: Iterable[ResourceDrift] = ()) -> Fingerprint:
    """As `read_stack`."""
    return read_stack(aws, stack_id).fingerprint(accepted_drift=accepted_drift)


def drift_hashes(drifts: Iterable[ResourceDrift]) -> dict[str, str]:
    """One hash for each property that differs, or for a resource that was deleted."""
    return dict(sorted(_drift_hashes(drifts)))


def _drift_hashes(drifts: Iterable[ResourceDrift]) -> Iterator[tuple[str, str]]:
    for drift in drifts:
        if drift.status == "DELETED":
            yield f"{drift.logical_id} ", _hash(drift.physical_id, drift.status)
        for difference in drift.differences:
            yield (
                f"{drift.logical_id} {difference.path}",
                _hash(drift.physical_id, difference.change_type, difference.actual),
            )


def status_class(status: str) -> str:
    """What a status says about the stack, whichever operation led to it.

    An update that was rolled back leaves the stack settled, with another LastUpdatedTime.
    """
    if status == "DELETE_COMPLETE":
        return "deleted"
    if status == "ROLLBACK_COMPLETE" or status.endswith("_FAILED"):
        return "failed"
    if status.endswith("_COMPLETE"):
        return "settled"
    return IN_PROGRESS


def details_of(state: interface.StackState) -> dict[str, Any]:
    """The JSON for `Stack.details`: the cheap fingerprint, and what else DescribeStacks said."""
    return {
        "fingerprint": cheap_fingerprint(state).as_json(),
        "name": state.name,
        "detailed_status": state.detailed_status,
        "last_operation": list(state.last_operation),
        "disable_rollback": state.disable_rollback,
        "parent_id": state.parent_id,
        "drift_status": state.drift_status,
    }


def fingerprint_in(details: Mapping[str, Any]) -> Fingerprint | None:
    """The cheap fingerprint of the last look at a stack; None if there was none yet."""
    return Fingerprint.from_json(details["fingerprint"]) if details else None


def state_from(
    details: Mapping[str, Any], *, status: str, status_reason: str, outputs: Mapping[str, str]
) -> interface.StackState | None:
    """The last look at a stack as it was stored, without its parameters; None if there was none."""
    if (fingerprint := fingerprint_in(details)) is None:
        return None
    kind, operation_id = details["last_operation"]
    return interface.StackState(
        stack_id=fingerprint.stack_id,
        name=details["name"],
        status=status,
        status_reason=status_reason,
        created_at=datetime.fromisoformat(fingerprint.created_at),
        outputs=outputs,
        tags=fingerprint.tags,
        termination_protection=fingerprint.termination_protection,
        last_updated_at=datetime.fromisoformat(fingerprint.updated_at) if fingerprint.updated_at else None,
        detailed_status=details["detailed_status"],
        capabilities=fingerprint.capabilities,
        role_arn=fingerprint.role_arn,
        notification_arns=fingerprint.notification_arns,
        change_set_id=fingerprint.change_set_id,
        last_operation=(kind, operation_id),
        express=fingerprint.express,
        disable_rollback=details["disable_rollback"],
        parent_id=details["parent_id"],
        drift_status=details["drift_status"],
    )


def difference(old: Fingerprint, new: Fingerprint) -> tuple[str, ...]:
    """What has changed between two looks at a stack, in sentences; empty if nothing has.

    Only what both contain is compared, so a full fingerprint can be compared with a cheap one.
    """
    if old.stack_id != new.stack_id:
        return (f"The stack is another one: {new.stack_id} instead of {old.stack_id}.",)
    return tuple(_differences(old, new))


def _differences(old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    if old.status != new.status:
        yield f"The stack was {old.status} and is now {new.status}."
    if old.created_at != new.created_at:
        yield f"The stack was created on {_words(new.created_at)}, not on {_words(old.created_at)}."
    if old.updated_at != new.updated_at:
        yield f"The stack was updated through CloudFormation on {_words(new.updated_at)}."
    if old.change_set_id != new.change_set_id:
        yield f"Another change set was executed: {new.change_set_id.split('/')[-2:][0] or 'none'}."
    yield from _named("parameter", old.parameters, new.parameters)
    yield from _named("stack tag", old.tags, new.tags)
    for what, before, after in (
        ("role", old.role_arn, new.role_arn),
        ("list of capabilities", ", ".join(old.capabilities), ", ".join(new.capabilities)),
        ("list of notification topics", ", ".join(old.notification_arns), ", ".join(new.notification_arns)),
    ):
        if before != after:
            yield f"The stack's {what} is now {after or 'empty'}; it was {before or 'empty'}."
    if old.express != new.express:
        yield f"The stack's deployment mode is now {'express' if new.express else 'standard'}."
    if old.termination_protection != new.termination_protection:
        yield f"The stack's termination protection is now {'on' if new.termination_protection else 'off'}."
    if old.is_full and new.is_full:
        yield from _full_differences(old, new)


def _full_differences(old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    if old.template != new.template:
        yield "The stack's template has changed."
    if old.policy != new.policy:
        yield "The stack policy has changed."
    yield from _named("resource", old.resources or {}, new.resources or {})
    yield from _named("accepted drift", old.drift or {}, new.drift or {})


def _named(noun: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield f"The {noun} {key.strip()} is gone."
        elif key not in old:
            yield f"The {noun} {key.strip()} is new."
        elif old[key] != new[key]:
            yield f"The {noun} {key.strip()} has changed."


def _hash(*parts: str) -> str:
    """A short hash of a few texts: enough to compare, and no way back."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_HASH_LENGTH]


def _words(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d at %H:%M} UTC" if at else "an unknown day"


def _utc(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat() if at is not None else ""
