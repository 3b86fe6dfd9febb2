"""Parameters decide the outcome of conditions; without a value, every outcome that matters is
tried.
"""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.proof import Proof, prove
from provisioning.proof.model.parameter_cases import parameter_cases

CONDITIONS = {
    "Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]},
    "Test": {"Fn::Not": [{"Condition": "Live"}]},
    "Both": {"Fn::And": [{"Condition": "Live"}, {"Condition": "Test"}]},
    "Either": {"Fn::Or": [{"Condition": "Live"}, {"Condition": "Test"}]},
    "Itself": {"Fn::Not": [{"Condition": "Itself"}]},
    "Odd": {"Fn::Equals": ["only one"]},
}


def decided(**given: Any) -> list[dict[str, bool]]:
    template = {"Parameters": {"Stage": {"Type": "String"}}, "Conditions": CONDITIONS}
    return [
        dict(case.conditions) for case in parameter_cases(template, region="eu-north-1", prefix="", given=given).cases
    ]


def test_a_parameter_with_a_value_decides() -> None:
    assert decided(Stage="live") == [{"Live": True, "Test": False, "Both": False, "Either": True}]


def test_a_parameter_without_value_is_tried_in_every_way() -> None:
    assert [w["Live"] for w in decided()] == [True, False]
    assert all(w["Either"] and not w["Both"] for w in decided())


def volume(encrypted: object, **parameter: object) -> dict[str, Any]:
    return {
        "Parameters": {"Stage": {"Type": "String", **parameter}},
        "Conditions": {"Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}},
        "Resources": {"Disk": {"Type": "AWS::EC2::Volume", "Properties": {"Encrypted": encrypted}}},
    }


def of(proof: Proof) -> list[tuple[str, tuple[str, ...]]]:
    return [(f.severity, f.when) for f in proof.findings if f.rule == "rest.volume"]


CHOICE = {"Fn::If": ["Live", True, False]}


def test_a_fault_in_one_way_says_in_which() -> None:
    assert of(prove(volume(CHOICE, AllowedValues=["live", "test"]))) == [("high", ("Stage = any other value",))]


def test_a_given_value_is_taken() -> None:
    assert of(prove(volume(CHOICE), parameters={"Stage": "live"})) == []
    assert of(prove(volume(CHOICE), parameters={"Stage": "test"})) == [("high", ())]


def test_a_default_is_taken_and_said() -> None:
    proof = prove(volume(CHOICE, Default="live"))
    assert of(proof) == []
    assert proof.assumed == ("Stage was not given: its default is used",)


def test_a_resource_behind_a_condition_that_does_not_hold_is_not_there() -> None:
    template = volume("false")
    template["Resources"]["Disk"]["Condition"] = "Live"
    assert of(prove(template, parameters={"Stage": "test"})) == []
    assert of(prove(template, parameters={"Stage": "live"})) == [("high", ())]


def test_more_ways_than_are_looked_at_are_said() -> None:
    names = [f"P{number}" for number in range(8)]
    template: dict[str, Any] = {
        "Parameters": {name: {"Type": "String"} for name in names},
        "Conditions": {f"C{name}": {"Fn::Equals": [{"Ref": name}, "x"]} for name in names},
        "Resources": {},
    }
    assert any("further combinations" in line for line in prove(template).not_covered)


@pytest.mark.parametrize("given", [{}, {"Password": "hunter2hunter2"}])
def test_the_value_of_a_secret_parameter_is_never_said(given: dict[str, str]) -> None:
    template = {
        "Parameters": {"Password": {"Type": "String", "NoEcho": True}},
        "Resources": {
            "Db": {"Type": "AWS::RDS::DBInstance", "Properties": {"MasterUserPassword": {"Ref": "Password"}}}
        },
    }
    proof = prove(template, parameters=given)
    assert "hunter2" not in repr(proof)
    assert "secrets.property" in {finding.rule for finding in proof.findings}
