"""The rules of the replacement firewall, of stack policies and of known pitfalls, without AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.aws.data_types import HOLDS_DATA, SNAPSHOT_POLICY
from provisioning.aws.identifiers import DATA, lives_as_long_as_resource
from provisioning.aws.interface import StackState
from provisioning.lifecycle.change_plan.firewall import is_only_less_protected, judge
from provisioning.lifecycle.change_plan.pitfalls import Subject, find_pitfalls
from provisioning.lifecycle.change_plan.stack_policies import UnknownPolicyError, protected_by, relaxed
from provisioning.lifecycle.change_plan.template_difference import compare_templates
from provisioning.lifecycle.plan_document import FirewallVerdict, PlannedChange, PlannedDetail
from tests.aws.refresh_identifiers import identifiers
from tests.lifecycle.test_plan_document import CHANGE_SET, STACK

DATABASE = "AWS::RDS::DBInstance"
BASE: dict[str, Any] = {
    "Db": {"Type": DATABASE, "DeletionPolicy": "Snapshot", "UpdateReplacePolicy": "Snapshot", "Properties": {}},
    "Topic": {"Type": "AWS::SNS::Topic"},
}


def change(logical_id: str = "Db", type_: str = DATABASE, **fields: Any) -> PlannedChange:
    blank = PlannedChange(
        logical_id=logical_id,
        action="Modify",
        type=type_,
        physical_id="id",
        replacement="False",
        policy_action="",
        scope=("Properties",),
        details=(),
        nested="",
    )
    return replace(blank, **fields)


def detail(**fields: Any) -> PlannedDetail:
    blank = PlannedDetail("Properties", "VPCSecurityGroups", "Always", "Dynamic", "ResourceReference", "")
    return replace(blank, **fields)


def verdicts(*changes: PlannedChange, new: Any = None, protected: Any = ()) -> dict[str, FirewallVerdict]:
    """By logical id. `new` are the resources of the new template, by default those of the old one."""
    before, after = {"Resources": BASE}, {"Resources": BASE if new is None else new}
    difference = compare_templates(json.dumps(before), json.dumps(after))
    judged = judge(changes, difference, old_template=before, new_template=after, protected=protected)
    return {verdict.logical_id: verdict for verdict in judged}


def edited(**resources: Any) -> dict[str, Any]:
    """The base with other resources; None removes one."""
    return {name: value for name, value in {**BASE, **resources}.items() if value is not None}


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "Remove", "replacement": ""},
        {"action": "Dynamic", "replacement": ""},
        {"replacement": "True"},
        {"replacement": "Conditional"},
        {"replacement": ""},
        {"policy_action": "ReplaceAndDelete"},
        {"policy_action": "Delete"},
        {"action": "SyncWithActual", "replacement": "True"},
    ],
)
def test_whatever_may_replace_or_delete_data_is_dangerous(fields: dict[str, str]) -> None:
    assert verdicts(change(**fields))["Db"].is_dangerous


@pytest.mark.parametrize("fields", [{}, {"action": "Add", "replacement": ""}, {"action": "Import", "replacement": ""}])
def test_what_is_added_or_modified_in_place_has_no_verdict(fields: dict[str, str]) -> None:
    assert not verdicts(change(**fields))


def test_a_topic_may_be_replaced_and_an_unknown_type_may_not() -> None:
    topic = change("Topic", "AWS::SNS::Topic", replacement="True")
    custom = change("Topic", "Custom::Thing", replacement="True")
    assert not verdicts(topic)
    assert verdicts(custom)["Topic"].is_dangerous
    assert verdicts(topic, protected={"Topic"})["Topic"].is_dangerous


def test_a_removal_that_aws_does_not_announce_is_dangerous() -> None:
    assert verdicts(new=edited(Db=None))["Db"].is_dangerous
    assert verdicts(change(), new=edited(Db=None))["Db"].is_dangerous


def test_a_difference_that_aws_does_not_announce_is_dangerous() -> None:
    other = {**BASE["Db"], "Properties": {"Engine": "mysql"}}
    assert verdicts(new=edited(Db=other))["Db"].is_dangerous


def test_a_create_only_property_that_differs_is_dangerous_whatever_aws_says() -> None:
    other = {**BASE["Db"], "Properties": {"StorageEncrypted": True}}
    assert "StorageEncrypted" in verdicts(change(), new=edited(Db=other))["Db"].reasons[0]
    assert not verdicts(change(), new=edited(Db={**BASE["Db"], "Properties": {"AllocatedStorage": "30"}}))


def test_a_policy_that_protects_less_is_dangerous_and_one_that_protects_more_is_not() -> None:
    loose = {**BASE["Db"], "UpdateReplacePolicy": "Delete"}
    strict = {**BASE["Db"], "UpdateReplacePolicy": "Retain"}
    assert verdicts(change(), new=edited(Db=loose))["Db"].is_dangerous
    assert not verdicts(change(), new=edited(Db=strict))


def test_a_database_that_is_protected_less_is_told_apart_from_one_that_may_be_replaced() -> None:
    loose = {**BASE["Db"], "UpdateReplacePolicy": "Delete"}
    assert is_only_less_protected(verdicts(change(), new=edited(Db=loose))["Db"])
    other = {**loose, "Properties": {"StorageEncrypted": True}}
    assert not is_only_less_protected(verdicts(change(), new=edited(Db=other))["Db"])
    assert not is_only_less_protected(verdicts(change(policy_action="ReplaceAndDelete"), new=edited(Db=loose))["Db"])
    assert not is_only_less_protected(verdicts(new=edited(Db=loose))["Db"])


@pytest.mark.parametrize("nested", ["", "5" * 64])
def test_a_nested_stack_is_dangerous_with_and_without_its_own_change_set(nested: str) -> None:
    inner = change("Topic", "AWS::CloudFormation::Stack", nested=nested)
    assert verdicts(inner)["Topic"].is_dangerous


GROUP = change("Group", "AWS::EC2::SecurityGroup")
DOUBTFUL = change(replacement="Conditional", details=(detail(causing_entity="Group"),))


def test_a_reference_to_the_id_of_what_is_modified_in_place_is_known_to_be_harmless() -> None:
    verdict = verdicts(DOUBTFUL, GROUP)["Db"]
    assert not verdict.is_dangerous
    assert "keeps its value" in verdict.reasons[-1]


@pytest.mark.parametrize(
    "others",
    [
        (),
        (replace(GROUP, replacement="True"),),
        (replace(GROUP, replacement="Conditional"),),
        (replace(GROUP, action="Add"),),
        (replace(GROUP, type="AWS::ECS::TaskDefinition"),),
        (replace(GROUP, type="Custom::Thing"),),
    ],
)
def test_a_reference_to_anything_else_stays_dangerous(others: tuple[PlannedChange, ...]) -> None:
    assert verdicts(DOUBTFUL, *others)["Db"].is_dangerous


def test_one_harmless_reason_does_not_excuse_another() -> None:
    both = replace(DOUBTFUL, details=(*DOUBTFUL.details, detail(source="DirectModification", evaluation="Static")))
    assert verdicts(both, GROUP)["Db"].is_dangerous
    versioned = replace(DOUBTFUL, details=(detail(source="ResourceAttribute", causing_entity="Group.VersionNumber"),))
    assert verdicts(versioned, GROUP)["Db"].is_dangerous


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"replacement": "True", "policy_action": "ReplaceAndSnapshot"}, "snapshot"),
        ({"replacement": "True", "policy_action": "ReplaceAndRetain"}, "retained"),
        ({"replacement": "True", "policy_action": "ReplaceAndDelete"}, "deleted"),
        ({"action": "Remove", "replacement": "", "policy_action": ""}, "snapshot"),
        ({"action": "Dynamic", "replacement": "", "policy_action": ""}, "snapshot"),
    ],
)
def test_a_verdict_says_what_becomes_of_the_data(fields: dict[str, str], outcome: str) -> None:
    assert verdicts(change(**fields))["Db"].outcome == outcome


# Stack policies

ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def policy(*names: str, **fields: Any) -> str:
    deny = {
        "Effect": "Deny",
        "Action": ["Update:Replace", "Update:Delete"],
        "Principal": "*",
        "Resource": [f"LogicalResourceId/{name}" for name in names],
    }
    return json.dumps({"Statement": [ALLOW, {**deny, **fields}]})


def test_a_policy_is_relaxed_for_the_named_resources_only() -> None:
    during, freed = relaxed(policy("Db", "Files"), {"Db", "Other"})
    assert (protected_by(during), freed) == ({"Files"}, ("Db",))
    assert relaxed(policy("Db"), {"Other"}) == (policy("Db"), ())


@pytest.mark.parametrize(
    "foreign",
    [
        policy("*"),
        policy("Db", Condition={"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}}),
        policy(Resource="*"),
    ],
)
def test_a_foreign_policy_is_not_relaxed(foreign: str) -> None:
    with pytest.raises(UnknownPolicyError):
        relaxed(foreign, {"Db"})
    assert protected_by(foreign) == frozenset()


# Pitfalls


def findings(before: Any, after: Any, *, type_: str = DATABASE, replacement: str = "False") -> dict[str, bool]:
    """The rules of the findings, and whether they block."""
    one = change("Db", type_, replacement=replacement)
    live = StackState("id", "name", "CREATE_COMPLETE", "", datetime(2026, 11, 27, tzinfo=UTC))
    subject = Subject(
        STACK,
        replace(CHANGE_SET, changes=(one,), resolved={}),
        live,
        old={"Db": {"Type": type_, "Properties": before}},
        new={"Db": {"Type": type_, "Properties": after}},
    )
    return {finding.rule: finding.is_blocking for finding in find_pitfalls(subject)}


@pytest.mark.parametrize(
    ("before", "after", "rule", "blocks"),
    [
        ({"AllocatedStorage": "100"}, {"AllocatedStorage": "50"}, "update.storage-shrinks", True),
        ({"AllocatedStorage": "50"}, {"AllocatedStorage": "100"}, "update.storage-once-in-six-hours", False),
        ({"EngineVersion": "16.4"}, {"EngineVersion": "16.3"}, "update.engine-downgrade", True),
        ({"EngineVersion": "16.4"}, {"EngineVersion": "17.1"}, "update.engine-major-version", False),
    ],
)
def test_a_pitfall_is_found(before: Any, after: Any, rule: str, blocks: bool) -> None:
    assert findings(before, after) == {rule: blocks}
    assert findings(after, after) == {}


def test_a_replacement_that_keeps_its_name_is_blocked() -> None:
    queue = {"type_": "AWS::SQS::Queue", "replacement": "True"}
    assert findings({"QueueName": "jobs"}, {"QueueName": "jobs"}, **queue) == {"update.named-replacement": True}
    assert findings({"QueueName": "jobs"}, {"QueueName": "work"}, **queue) == {}
    assert findings({"QueueName": "jobs"}, {"QueueName": "jobs"}, type_="AWS::SQS::Queue") == {}


# The data behind the rules


def test_the_identifiers_are_those_of_cloudformation_s_schemas() -> None:
    assert json.loads(DATA.read_text()) == json.loads(json.dumps(identifiers()))


def test_the_types_with_a_snapshot_policy_are_those_of_cfn_lint() -> None:
    from cfnlint.helpers import valid_snapshot_types  # noqa: PLC0415 - it takes seconds to import

    assert valid_snapshot_types == SNAPSHOT_POLICY
    assert SNAPSHOT_POLICY <= HOLDS_DATA


def test_an_id_lives_as_long_as_its_resource_and_a_version_does_not() -> None:
    assert lives_as_long_as_resource("AWS::EC2::SecurityGroup", "GroupId")
    assert lives_as_long_as_resource("AWS::S3::Bucket", "Arn")
    assert not lives_as_long_as_resource("AWS::EC2::LaunchTemplate", "LatestVersionNumber")
    assert not lives_as_long_as_resource("AWS::ECS::TaskDefinition", "")
