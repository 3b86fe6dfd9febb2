"""Known noise is disclosed with its source, secrets are masked, and nothing unchecked gets lost."""

from __future__ import annotations

import json

import pytest

from provisioning.aws.change_sets import PropertyDifference, ResourceDrift
from provisioning.lifecycle.drift.noise import NOISE, noise_of
from provisioning.lifecycle.drift.report_document import DriftContent, StackDrift
from provisioning.lifecycle.drift.results import MASKED, VALUE_LENGTH, with_results
from provisioning.models import StackResource

STACK = StackDrift("main", "orders", "eu-north-1", "arn:stack", detection_id="detection-1")


def drift(resource_type: str, *differences: PropertyDifference, status: str = "MODIFIED") -> ResourceDrift:
    return ResourceDrift("Thing", "thing-1", resource_type, status, differences=differences)


def row(logical_id: str, resource_type: str) -> StackResource:
    return StackResource(logical_id=logical_id, type=resource_type, physical_id=logical_id.lower())


RETRY = PropertyDifference("/Targets/0/RetryPolicy", '{"MaximumRetryAttempts":4}', "null", "REMOVE")
COUNT = PropertyDifference("/DesiredCount", "2", "5", "NOT_EQUAL")


def version(expected: str, actual: str) -> PropertyDifference:
    return PropertyDifference("/EngineVersion", expected, actual, "NOT_EQUAL")


@pytest.mark.parametrize(
    ("resource_type", "difference", "types", "is_noise"),
    [
        ("AWS::Events::Rule", RETRY, (), True),
        ("AWS::Events::Rule", PropertyDifference(RETRY.path, "4", "5", "NOT_EQUAL"), (), False),
        ("AWS::Scheduler::Schedule", RETRY, (), False),
        ("AWS::ECS::Service", COUNT, ("AWS::ApplicationAutoScaling::ScalableTarget",), True),
        ("AWS::ECS::Service", COUNT, (), False),
        ("AWS::RDS::DBInstance", version("16.3", "16.4"), (), True),
        ("AWS::RDS::DBInstance", version('"16.3"', '"17.1"'), (), False),
    ],
)
def test_only_what_a_public_page_describes_is_noise(
    resource_type: str, difference: PropertyDifference, types: tuple[str, ...], is_noise: bool
) -> None:
    assert (noise_of(resource_type, difference, types) is not None) == is_noise


def test_every_entry_has_a_source() -> None:
    assert all(entry.source.startswith("https://") and entry.why.endswith(".") for entry in NOISE)


def test_noise_is_disclosed_and_is_no_drift() -> None:
    checked = with_results(STACK, [drift("AWS::Events::Rule", RETRY)], [row("Thing", "AWS::Events::Rule")], {})
    assert (checked.status, checked.resources) == ("in_sync", ())
    (ignored,) = checked.ignored
    assert (ignored.path, ignored.source.rsplit("/", 1)[-1]) == (RETRY.path, "956")


def test_noise_hides_no_other_difference_of_the_same_resource() -> None:
    other = PropertyDifference("/State", "ENABLED", "DISABLED", "NOT_EQUAL")
    checked = with_results(STACK, [drift("AWS::Events::Rule", RETRY, other)], [], {})
    assert checked.status == "drifted"
    assert [difference.path for difference in checked.resources[0].differences] == ["/State"]


@pytest.mark.parametrize("path", ["/MasterUserPassword", "/Environment/Variables/DB", "/SecretString", "/ApiKey"])
def test_what_may_be_a_secret_is_never_stored(path: str) -> None:
    secret = PropertyDifference(path, '"hunter2"', '"hunter3"', "NOT_EQUAL")
    checked = with_results(STACK, [drift("AWS::Lambda::Function", secret)], [], {})
    assert checked.resources[0].differences[0].actual == MASKED
    assert "hunter" not in json.dumps(DriftContent(why="", stacks=(checked,)).as_json())


def test_long_values_are_cut() -> None:
    long = PropertyDifference("/Description", "x" * 5_000, "y", "NOT_EQUAL")
    (difference,) = with_results(STACK, [drift("AWS::SNS::Topic", long)], [], {}).resources[0].differences
    assert len(difference.expected) == VALUE_LENGTH + 2


def test_resources_that_cannot_be_checked_are_listed() -> None:
    ledger = [row("Thing", "AWS::SQS::Queue"), row("Proxy", "AWS::RDS::DBProxy")]
    checked = with_results(STACK, [drift("AWS::SQS::Queue", status="IN_SYNC")], ledger, {})
    assert (checked.in_sync, [resource.logical_id for resource in checked.unchecked]) == (1, ["Proxy"])
    unknown = with_results(STACK, [drift("AWS::SQS::Queue", status="UNKNOWN")], ledger, {})
    assert (unknown.in_sync, [resource.logical_id for resource in unknown.unchecked]) == (0, ["Proxy", "Thing"])


def test_a_deleted_resource_is_drift_until_exactly_that_is_accepted() -> None:
    deleted = drift("AWS::SQS::Queue", status="DELETED")
    checked = with_results(STACK, [deleted], [], {})
    assert checked.resources[0].status == "DELETED"
    accepted = with_results(STACK, [deleted], [], checked.resources[0].hashes)
    assert (accepted.status, accepted.accepted) == ("in_sync", 1)
    another = ResourceDrift("Thing", "thing-2", "AWS::SQS::Queue", "DELETED")
    assert with_results(STACK, [another], [], checked.resources[0].hashes).status == "drifted"
