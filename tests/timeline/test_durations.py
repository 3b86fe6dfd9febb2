"""The durations of the forecast, and those of the simulated account, which has a table of its own."""

from __future__ import annotations

import pytest

from provisioning.aws.types import TYPES
from provisioning.sandbox.durations import duration as simulated
from provisioning.sandbox.durations import table
from provisioning.timeline.durations import NOT_RESOURCES, TASK, UNKNOWN_TYPE, duration_of, durations_of

DATABASE = "AWS::RDS::DBInstance"
FUNCTION = "AWS::Lambda::Function"


def test_the_first_duration_whose_condition_is_met_is_taken() -> None:
    assert duration_of(DATABASE, {"MultiAZ": True}) == duration_of(DATABASE, {"MultiAZ": "true"})
    assert duration_of(DATABASE, {"MultiAZ": True}) != duration_of(DATABASE, {"MultiAZ": False})
    assert duration_of(DATABASE, {}) == duration_of(DATABASE, {"MultiAZ": False})
    assert duration_of(FUNCTION, {"VpcConfig": {}}).create_seconds > duration_of(FUNCTION, {}).create_seconds


def test_a_type_without_a_duration_takes_as_long_as_any_other() -> None:
    assert duration_of("Custom::Thing", {}) is UNKNOWN_TYPE
    assert durations_of("Custom::Thing") == ()
    assert durations_of(TASK) == (NOT_RESOURCES[TASK],)


def test_every_duration_that_is_no_resource_names_its_source() -> None:
    for known in (*NOT_RESOURCES.values(), UNKNOWN_TYPE):
        assert known.low_seconds <= known.create_seconds <= known.high_seconds
        assert known.assumed or "https://" in known.reference


def test_the_two_tables_agree() -> None:
    """They are kept apart on purpose: a duration that is corrected in one has to be corrected in
    the other.

    The simulated account lists only the types that need more than a call, so a second does not
    matter.
    """
    conditions = {(name, when) for name, rows in table().items() if name != "*" for when, _ in rows}
    conditions |= {(record.name, known.when) for record in TYPES.values() for known in record.durations}
    differ = []
    for name, when in sorted(conditions):
        key, _, value = when.partition("=")
        known = duration_of(name, {key: value} if key else {})
        pair = simulated(name, {key: value} if key else {})
        if pair != pytest.approx((known.create_seconds, known.delete_seconds), abs=1):
            differ.append(f"{name} {when}: {pair}")
    assert len(conditions) > 100
    assert differ == []
