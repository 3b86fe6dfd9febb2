"""What a finished detection says about one stack, without what is known to mean nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from provisioning.aws.change_sets import PropertyDifference, ResourceDrift
from provisioning.lifecycle.drift.noise import noise_of
from provisioning.lifecycle.drift.report_document import (
    Difference,
    DriftedResource,
    IgnoredDifference,
    StackDrift,
    UncheckedResource,
)
from provisioning.lifecycle.fingerprint import drift_hashes
from provisioning.models import StackResource

VALUE_LENGTH: Final = 300
MASKED: Final = "(not shown: it may be a secret)"
NOT_SUPPORTED: Final = "CloudFormation cannot check this type for drift."
_SECRET: Final = re.compile("password|secret|token|credential|key|environment", re.IGNORECASE)
"""Paths whose values are never stored. Environment variables are often misused for secrets."""


def with_results(
    stack: StackDrift, drifts: Sequence[ResourceDrift], ledger: Sequence[StackResource], accepted: Mapping[str, str]
) -> StackDrift:
    """Sort the results into drift, noise and what was not checked.

    CloudFormation leaves out resources that it cannot check, so the ledger completes the list.
    `accepted` are hashes of the drift that somebody has accepted.
    """
    types = {row.type for row in ledger}
    resources: list[DriftedResource] = []
    ignored: list[IgnoredDifference] = []
    accepted_count = in_sync = 0
    for drift in sorted(drifts, key=lambda drift: drift.logical_id):
        if drift.status == "IN_SYNC":
            in_sync += 1
        if drift.status not in ("MODIFIED", "DELETED"):
            continue
        noise = _noise(drift, types)
        ignored += noise
        left = _without(drift, {entry.path for entry in noise})
        hashes = drift_hashes([left])
        new = {key: value for key, value in hashes.items() if accepted.get(key) != value}
        accepted_count += len(hashes) - len(new)
        if new or (drift.status == "MODIFIED" and not drift.differences):
            resources.append(_drifted(left, new))
    return replace(
        stack,
        is_checked=True,
        resources=tuple(resources),
        ignored=tuple(ignored),
        unchecked=tuple(_unchecked(drifts, ledger)),
        in_sync=in_sync,
        accepted=accepted_count,
    )


def _noise(drift: ResourceDrift, types: Collection[str]) -> list[IgnoredDifference]:
    return [
        IgnoredDifference(drift.logical_id, drift.type, difference.path, noise.why, noise.source)
        for difference in drift.differences
        if (noise := noise_of(drift.type, difference, types)) is not None
    ]


def _without(drift: ResourceDrift, paths: Collection[str]) -> ResourceDrift:
    kept = tuple(difference for difference in drift.differences if difference.path not in paths)
    return replace(drift, differences=kept)


def _drifted(drift: ResourceDrift, new: Mapping[str, str]) -> DriftedResource:
    return DriftedResource(
        logical_id=drift.logical_id,
        physical_id=drift.physical_id,
        type=drift.type,
        status=drift.status,
        hashes=new,
        differences=tuple(
            _difference(difference)
            for difference in drift.differences
            if f"{drift.logical_id} {difference.path}" in new
        ),
    )


def _difference(difference: PropertyDifference) -> Difference:
    if _SECRET.search(difference.path):
        return Difference(difference.path, MASKED, MASKED, difference.change_type)
    return Difference(difference.path, _short(difference.expected), _short(difference.actual), difference.change_type)


def _short(text: str) -> str:
    return text if len(text) <= VALUE_LENGTH else f"{text[:VALUE_LENGTH]} …"


def _unchecked(drifts: Iterable[ResourceDrift], ledger: Iterable[StackResource]) -> list[UncheckedResource]:
    checked = {drift.logical_id for drift in drifts}
    unchecked = [
        UncheckedResource(drift.logical_id, drift.type, drift.reason or f"The detection says {drift.status}.")
        for drift in drifts
        if drift.status not in ("IN_SYNC", "MODIFIED", "DELETED")
    ]
    rows = {row.logical_id: row for row in ledger if row.logical_id not in checked}
    unchecked += [UncheckedResource(row.logical_id, row.type, NOT_SUPPORTED) for row in rows.values()]
    return sorted(unchecked, key=lambda resource: resource.logical_id)
