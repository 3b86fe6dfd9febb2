"""The records of resource types: they agree with AWS's schemas, and with the functions that they
refer to.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import provisioning.aws
from provisioning.aws import aws_type
from provisioning.aws.services import service_call
from provisioning.aws.types import TYPES, AwsType
from provisioning.aws.types.record import Source
from tests.support.linting import SCHEMAS

AWS = Path(provisioning.aws.__file__).parent
# Not a type of CloudFormation: the name under which a receipt lists what DeletionPolicy Snapshot leaves.
NO_TYPES = {"AWS::RDS::DBClusterSnapshot"}
# DocumentDB and Neptune: no blueprint creates them, so nobody asks for them yet.
NOT_ASKED = {"AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"}


def references(record: AwsType) -> dict[str, str]:
    """The references of a record by the kind of function that they need."""
    return {
        "has": record.exists,
        "lift": record.protection.lift if record.protection else "",
        "stop": record.quiesce,
        "empty": record.emptying.call if record.emptying else "",
    }


ALL = [(record, kind, call) for record in TYPES.values() for kind, call in references(record).items() if call]


@cache
def provided() -> dict[str, str]:
    files: dict[str, str] = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
    return files


def schema_of(name: str) -> dict[str, Any]:
    """The schema that CloudFormation publishes for the type, as cfn-lint ships it."""
    path = SCHEMAS / "resources" / f"{provided()[name].removesuffix('.json')}.json"
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


def test_every_reference_is_a_function_of_the_kind_that_is_needed() -> None:
    wrong = []
    for record, kind, call in ALL:
        function = service_call(call)
        parameters = list(inspect.signature(function).parameters)
        expected = {"empty": 3, "stop": 3 if record.runs_in else 2}.get(kind, 2)
        if not function.__name__.startswith(f"{kind}_") or len(parameters) != expected or parameters[0] != "aws":
            wrong.append(f"{record.name}: {call}")
    assert wrong == []


def test_every_function_is_referred_to_by_a_record() -> None:
    referred = {call for _, _, call in ALL}
    unused = [
        f"{path.stem}.{name}"
        for path in sorted((AWS / "services").glob("*.py"))
        for name in re.findall(r"^def ((?:has|lift|stop|empty)_\w+)", path.read_text(), re.MULTILINE)
        if f"{path.stem}.{name}" not in referred
    ]
    assert unused == []


def test_a_service_has_one_module_for_its_records_and_one_for_its_calls_with_the_same_name() -> None:
    for path in sorted((AWS / "types").glob("[a-z]*.py")):
        own = set(re.findall(rf'"({path.stem}\.(?:has|lift|stop|empty)_\w+)"', path.read_text()))
        calls = set(re.findall(r'"(\w+\.(?:has|lift|stop|empty)_\w+)"', path.read_text()))
        assert own == calls, path.stem


@pytest.mark.parametrize("record", TYPES.values(), ids=lambda record: record.name)
def test_a_record_agrees_with_the_schema_that_cloudformation_publishes(record: AwsType) -> None:
    if record.name in NO_TYPES:
        return
    schema = schema_of(record.name)
    tagging = schema.get("tagging")
    taggable = tagging.get("taggable", True) if tagging is not None else "Tags" in schema["properties"]
    assert record.taggable == taggable
    if record.protection is not None:
        assert record.protection.property in schema["properties"]
    for name in (duration.when.partition("=")[0] for duration in record.durations):
        assert not name or name in schema["properties"]


@pytest.mark.parametrize("record", TYPES.values(), ids=lambda record: record.name)
def test_a_record_is_complete_in_itself(record: AwsType) -> None:
    assert not (record.exists and record.why_unchecked)
    for sentence in (record.why_unchecked, record.teardown_note):
        assert not sentence or (sentence[0].isupper() and sentence.endswith("."))
    acted_on = record.protection or record.quiesce or record.emptying or record.arn or record.listed_after_deletion
    assert record.exists or not acted_on or record.name in NOT_ASKED
    assert record.taggable or not record.tags_only_in
    assert not record.runs_in or (record.quiesce and record.runs_in in TYPES)
    assert record.emptying is None or record.teardown_note.startswith("Emptied first")
    if record.durations:
        conditions = [duration.when for duration in record.durations]
        assert conditions[-1] == ""
        assert len(set(conditions)) == len(conditions)
        assert all(re.fullmatch(r"|\w+|\w+=\w+", when) for when in conditions)


def test_every_duration_is_within_its_range_and_names_its_source() -> None:
    for record in TYPES.values():
        for duration in record.durations:
            assert 0 < duration.low_seconds <= duration.create_seconds <= duration.high_seconds, record.name
            assert 0 < duration.express_seconds <= duration.create_seconds, record.name
            assert duration.delete_seconds >= 0
            assert len(duration.reference) >= 10
            assert duration.source is Source.ASSUMED or "https://" in duration.reference, record.name


def test_an_unknown_type_has_an_empty_record() -> None:
    assert aws_type("Custom::Thing") == AwsType("Custom::Thing")


def test_a_type_has_one_record() -> None:
    names = [
        name for path in (AWS / "types").glob("*.py") for name in re.findall(r'AwsType\(\s*"([^"]+)"', path.read_text())
    ]
    assert sorted(names) == sorted(TYPES)


def test_the_tags_of_global_services_are_found_in_one_region() -> None:
    assert aws_type("AWS::CloudFront::Distribution").tags_only_in == "us-east-1"
    # It carries no tags, so nobody needs to look in a region that the account may not allow.
    assert aws_type("AWS::Route53::RecordSet").tags_only_in == ""
    assert aws_type("AWS::S3::Bucket").tags_only_in == ""


@pytest.mark.parametrize(
    ("name", "properties", "protected"),
    [
        ("AWS::RDS::DBInstance", {"DeletionProtection": True}, True),
        ("AWS::RDS::DBInstance", {"DeletionProtection": "true"}, True),
        ("AWS::RDS::DBInstance", {"DeletionProtection": False}, False),
        ("AWS::RDS::DBInstance", {}, False),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            {"LoadBalancerAttributes": [{"Key": "deletion_protection.enabled", "Value": "true"}]},
            True,
        ),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            {"LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "true"}]},
            False,
        ),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", {}, False),
    ],
)
def test_a_template_switches_protection_on(name: str, properties: dict[str, Any], *, protected: bool) -> None:
    protection = aws_type(name).protection
    assert protection is not None
    assert protection.is_on(properties) is protected


def test_the_records_load_without_boto3() -> None:
    """The forecast reads them, and `manage.py timeline` needs no AWS."""
    code = "import sys, provisioning.aws, provisioning.timeline.durations; sys.exit('botocore' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=AWS.parent.parent, check=True)
