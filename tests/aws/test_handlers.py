"""What CloudFormation's handlers need is what AWS's schemas say, and each exception still applies."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from provisioning.aws.handler_exceptions import (
    NOT_GRANTED,
    NOT_READ_FOR_DRIFT,
    TAGS_CAME_LATER,
    reason_not_granted,
    reason_not_read_for_drift,
)
from provisioning.aws.handlers import DATA, Handler, carries_tags, drift_reads, schemas
from provisioning.management.rights.stack_role import LINKED_TO, ON_AN_EXAMPLE, PASSED_TO
from provisioning.policy.reference import REFERENCE, AccessLevel
from tests.aws.refresh_handlers import document, schema_of
from tests.aws.test_every_type import component_types, shipped_types, templates


def test_the_data_is_what_the_installed_schemas_say() -> None:
    assert json.loads(DATA.read_text()) == document(), "run python -m tests.aws.refresh_handlers"


def test_every_type_of_a_component_or_a_template_has_its_handlers() -> None:
    used = shipped_types() | component_types()
    assert used <= set(schemas())
    # A type without handlers is changed by CloudFormation itself, and its schema names no permission.
    assert {name for name in used if not schemas()[name].handlers} == set()


def test_types_that_no_blueprint_has_are_asked_for_on_an_example() -> None:
    used = {name for name, schema in schemas().items() if schema.handlers}
    assert used - shipped_types() == set(ON_AN_EXAMPLE)


def test_every_type_that_passes_or_links_a_role_says_to_which_service() -> None:
    for action, services in (("iam:PassRole", PASSED_TO), ("iam:CreateServiceLinkedRole", LINKED_TO)):
        needing = {
            name for name, _, needed in _permissions() if needed == action and not reason_not_granted(name, action)
        }
        assert set(services) == needing, (
            f"change the table for {action} in provisioning/management/rights/stack_role.py"
        )


def _permissions() -> list[tuple[str, Handler, str]]:
    return [
        (schema.name, handler, action)
        for schema in schemas().values()
        for handler, actions in schema.handlers.items()
        for action in actions
    ]


def test_a_permission_that_the_reference_does_not_know_has_a_reason() -> None:
    unknown = {
        f"{name} {action}"
        for name, _, action in _permissions()
        if not REFERENCE.has(action) and not reason_not_granted(name, action)
    }
    assert unknown == set(), "add them to NOT_GRANTED in provisioning/aws/handler_exceptions.py"


def test_every_exception_is_of_a_permission_in_the_schemas() -> None:
    idle = [
        f"{entry.resource_type} {pattern}"
        for entry in NOT_GRANTED
        for pattern in entry.actions
        if not any(name == entry.resource_type and fnmatchcase(action, pattern) for name, _, action in _permissions())
    ]
    assert idle == []


def test_no_template_sets_a_property_that_an_exception_is_for() -> None:
    """Otherwise a stack would fail for lack of the permission."""
    set_in_a_template = []
    for entry in NOT_GRANTED:
        for where, resources in templates():
            for logical_id, resource in resources.items():
                if resource["Type"] != entry.resource_type:
                    continue
                set_in_a_template += [
                    f"{where} {logical_id}: {entry.only_for} needs {entry.actions}"
                    for value in _values_of(resource.get("Properties", {}), entry.only_for)
                    if not entry.values or _begins_like(value, entry.values)
                ]
    assert set_in_a_template == []


def _values_of(properties: Any, names: tuple[str, ...]) -> list[Any]:
    """The values of these properties, at any depth."""
    if isinstance(properties, list):
        return [value for entry in properties for value in _values_of(entry, names)]
    if not isinstance(properties, dict):
        return []
    own = [value for name, value in properties.items() if name in names]
    return own + [value for entry in properties.values() for value in _values_of(entry, names)]


def _begins_like(value: Any, beginnings: tuple[str, ...]) -> bool:
    """Whether a text in the value begins so; a list of maps counts by its texts."""
    if isinstance(value, dict):
        return any(_begins_like(one, beginnings) for key, one in value.items() if not key.startswith(("Ref", "Fn::")))
    if isinstance(value, list):
        return any(_begins_like(one, beginnings) for one in value)
    return str(value).startswith(beginnings)


def test_a_property_that_an_exception_is_for_is_in_the_schema() -> None:
    """A misspelt property would never be found in a template."""
    missing = []
    for entry in NOT_GRANTED:
        text = json.dumps(schema_of(entry.resource_type))
        missing += [f"{entry.resource_type} {name}" for name in entry.only_for if f'"{name}"' not in text]
    assert missing == []


def test_drift_reads_only_and_reads_no_value_of_a_secret() -> None:
    reading = {AccessLevel.LIST, AccessLevel.READ}
    assert {action for action in drift_reads() if REFERENCE.action(action).access_level not in reading} == set()
    assert "secretsmanager:GetSecretValue" not in drift_reads()
    assert "rds:DescribeDBInstances" in drift_reads()
    for entry in NOT_READ_FOR_DRIFT:
        for pattern in entry.actions:
            assert any(
                handler is Handler.READ and fnmatchcase(action, pattern) for _, handler, action in _permissions()
            ), pattern
    assert reason_not_read_for_drift("ecs:DescribeServices") == ""


def test_tags_are_where_cloudformation_puts_them() -> None:
    assert carries_tags("AWS::ECS::Service")
    assert not carries_tags("AWS::EC2::LaunchTemplate")
    assert not carries_tags("AWS::ApplicationAutoScaling::ScalingPolicy")
    assert not carries_tags("Custom::Thing")
    # The schemas call it taggable now; targets that exist have no tags.
    assert schemas()["AWS::ApplicationAutoScaling::ScalableTarget"].taggable
    assert not carries_tags("AWS::ApplicationAutoScaling::ScalableTarget")
    assert all(schemas()[name].taggable for name in TAGS_CAME_LATER), "these exceptions are no longer needed"
    assert not schemas()["AWS::Route53::HostedZone"].tag_on_create
