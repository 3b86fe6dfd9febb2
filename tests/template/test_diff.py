"""Two compiled designs are compared by resource and property."""

from __future__ import annotations

from dataclasses import replace

from provisioning.design.graph import Design
from provisioning.template.compile import compile_design
from provisioning.template.diff import Difference, PropertyChange, compare_designs
from tests.support.designs import carbon_connect, design, node


def difference(before: Design, after: Design) -> Difference:
    return compare_designs(compile_design(before), compile_design(after))


def test_the_same_design_differs_in_nothing() -> None:
    assert difference(carbon_connect("dev"), carbon_connect("dev")).is_empty


def test_a_setting_is_a_changed_property_with_both_values() -> None:
    before = carbon_connect("dev")
    database = before.nodes["postgres.main"]
    grown = node("postgres", "main", **(database.settings.model_dump(by_alias=True) | {"backup_days": 14}))
    after = replace(before, nodes={**before.nodes, "postgres.main": grown})
    (found,) = difference(before, after).resources
    assert (found.kind, found.logical_id, found.type, found.title) == (
        "changed", "Postgres", "AWS::RDS::DBInstance", "Database",
    )  # fmt: skip
    assert found.changes == (PropertyChange("BackupRetentionPeriod", "7", "14"),)


def test_a_component_more_is_added_and_its_outputs_are_told() -> None:
    one = design(node("bucket", "media"))
    two = design(node("bucket", "media"), node("bucket", "more"), outputs={"more": "x"})
    found = difference(one, two)
    assert {resource.kind for resource in found.resources} == {"added"}
    assert {resource.type for resource in found.resources} == {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"}
    assert found.outputs == ("+More",)
    back = difference(two, one)
    assert [resource.logical_id for resource in back.of("removed")] == [r.logical_id for r in found.of("added")]
    assert back.outputs == ("-More",)


def test_what_is_not_there_has_no_value() -> None:
    kept, gone = design(node("bucket", "media", versioned=True)), design(node("bucket", "media"))
    changes = {change.path: change for change in difference(gone, kept).resources[0].changes}
    assert changes["VersioningConfiguration"].before is None
    assert "Enabled" in str(changes["VersioningConfiguration"].after)
