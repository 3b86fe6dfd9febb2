"""The table of durations: whole, sourced, and read alike by the forecast and by the simulated account."""

from __future__ import annotations

import csv
import re

import pytest

from provisioning.sandbox.durations import duration
from provisioning.timeline.durations import EVERY_OTHER, TABLE, figure, figures

_LETTERS = set("TEUA")


def _rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['type']} {row['when']}".strip())
def test_a_figure_is_within_its_range_and_says_where_it_comes_from(row: dict[str, str]) -> None:
    found = next(known for known in figures()[row["type"]] if known.when == row["when"])
    assert 0 < found.low <= found.seconds <= found.high
    assert 0 < found.express <= found.seconds
    assert found.delete >= 0
    assert found.source in _LETTERS
    assert len(found.where) >= 10
    assert found.assumed or "https://" in found.where


def test_no_figure_stands_twice() -> None:
    keys = [(row["type"], row["when"]) for row in _rows()]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"\w*|\w+=\w+", when) for _, when in keys)


def test_the_narrowest_figure_that_holds_is_taken() -> None:
    kind = "AWS::RDS::DBInstance"
    assert figure(kind, {"MultiAZ": True}) == figure(kind, {"MultiAZ": "true"}) != figure(kind, {"MultiAZ": False})
    assert figure(kind) == figure(kind, {"MultiAZ": False})
    assert figure("AWS::Lambda::Function", {"VpcConfig": {}}).seconds > figure("AWS::Lambda::Function").seconds
    assert figure("Custom::Thing").type == EVERY_OTHER


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::RDS::DBInstance", {"MultiAZ": True}),
        ("AWS::RDS::DBInstance", {}),
        ("AWS::ElastiCache::ReplicationGroup", {"AutomaticFailoverEnabled": "true"}),
        ("AWS::Lambda::Function", {"VpcConfig": {"SubnetIds": []}}),
        ("AWS::S3::Bucket", {"BucketName": "x"}),
        ("Custom::Thing", {}),
    ],
)
def test_the_simulated_account_takes_as_long(kind: str, properties: dict[str, object]) -> None:
    known = figure(kind, properties)
    assert duration(kind, properties) == (known.seconds, known.delete)
