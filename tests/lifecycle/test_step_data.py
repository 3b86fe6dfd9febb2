"""Workers of two versions read each other's step data: its stored keys and shapes never change."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from provisioning.lifecycle.step_data import FailedAt, RunningTask, StackPlace, StepData

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
FULL = StepData(
    state_before="running",
    ended_in="deleting",
    stacks=(StackPlace("edge", "us-east-1"), StackPlace("main", "eu-north-1")),
    task_titles=("Create the extensions",),
    misses=1,
    errors=2,
    trouble="Throttled.",
    failed_at=FailedAt("Files", "AWS::S3::Bucket", "Empty it."),
    tokens={"create": "op-1"},
    shipped=("bucket/key",),
    task=RunningTask("arn", "cluster", AT),
    tasks_done=3,
    missing_since=AT,
    cancelled_in="building",
    cancel_refused="AWS cannot stop it.",
    waits_for="a stack",
    change_sets={"main": "portal-1"},
    change_set_asked_at=AT,
    change_sets_remade=1,
    compared="arn:change-set",
    rollback_continued_at=AT,
    listed=("main",),
    protected=("edge",),
    created=(6,),
    problems={"7": "AccessDenied"},
    given_up={"main": "DELETE_FAILED"},
    prepared=(4, 5),
    emptied=("files",),
    idle_rounds=6,
    delete_round=7,
    asked_in_round=8,
    asked_at=AT,
    wait_until=AT,
    requests=2,
    retaining=("Files",),
    forcing=True,
    answers={"1": "gone"},
    arn_answers={"arn:1": "there"},
    scanned={"eu-north-1": ["arn:1"]},
    unsearched={"us-east-1": "AccessDenied"},
    recovery_windows={"8": "2026-12-20T09:00:00+00:00"},
    sweeps=9,
    left=("queue",),
    settled=("main",),
    settled_until=AT,
    second_sweep=True,
)
# What workers before this model stored and read. Never change it; a new field gets a new key here.
STORED = {
    "before": "running",
    "ended_in": "deleting",
    "stacks": [["edge", "us-east-1"], ["main", "eu-north-1"]],
    "after": ["Create the extensions"],
    "misses": 1,
    "errors": 2,
    "trouble": "Throttled.",
    "failure": {"logical_id": "Files", "type": "AWS::S3::Bucket", "hint": "Empty it."},
    "tokens": {"create": "op-1"},
    "shipped": ["bucket/key"],
    "task": {"arn": "arn", "cluster": "cluster", "started_at": "2026-11-20T09:00:00+00:00"},
    "done_after": 3,
    "missing_since": "2026-11-20T09:00:00+00:00",
    "cancelled_in": "building",
    "cancel_refused": "AWS cannot stop it.",
    "waits_for": "a stack",
    "change_sets": {"main": "portal-1"},
    "change_set_asked_at": "2026-11-20T09:00:00+00:00",
    "change_sets_remade": 1,
    "compared": "arn:change-set",
    "rollback_continued_at": "2026-11-20T09:00:00+00:00",
    "listed": ["main"],
    "protected": ["edge"],
    "created": [6],
    "problems": {"7": "AccessDenied"},
    "given_up": {"main": "DELETE_FAILED"},
    "prepared": [4, 5],
    "emptied": ["files"],
    "idle_rounds": 6,
    "round": 7,
    "asked": 8,
    "asked_at": "2026-11-20T09:00:00+00:00",
    "wait_until": "2026-11-20T09:00:00+00:00",
    "requests": 2,
    "retaining": ["Files"],
    "forcing": True,
    "answers": {"1": "gone"},
    "arn_answers": {"arn:1": "there"},
    "scanned": {"eu-north-1": ["arn:1"]},
    "unsearched": {"us-east-1": "AccessDenied"},
    "recovery_windows": {"8": "2026-12-20T09:00:00+00:00"},
    "sweeps": 9,
    "left": ["queue"],
    "settled": ["main"],
    "settled_until": "2026-11-20T09:00:00+00:00",
    "second_sweep": True,
}


def test_every_field_is_stored_under_its_frozen_key() -> None:
    assert FULL.as_json() == STORED
    assert len(STORED) == len(fields(StepData))


def test_every_field_is_read_back() -> None:
    assert StepData.from_json(STORED) == FULL
    assert StepData.from_json({}) == StepData()


def test_a_field_at_its_default_is_written_only_over_an_earlier_value() -> None:
    assert StepData().as_json() == {}
    assert StepData().as_json({"task": {}, "round": 2, "emptied": ["files"]}) == {
        "task": None,
        "round": 0,
        "emptied": [],
    }


def test_keys_of_another_version_are_kept() -> None:
    assert StepData.from_json({"new": 1, "round": 2}).as_json({"new": 1, "round": 2}) == {"new": 1, "round": 2}
