"""The tags that a team gives its environment: what is refused, and how they reach AWS and stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioning.blueprint import Blueprint, example_inputs, load_catalogue, resolve
from provisioning.design.graph import Design
from provisioning.errors import InvalidFields
from provisioning.lifecycle.environment_tags import (
    check_tagged_resources,
    problems_of_tags,
    with_tags,
    without_portal_tags,
)
from provisioning.lifecycle.plan_document import StackedPlan, from_json
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.services.changes import request_change
from provisioning.models import Environment
from provisioning.template.compile import CompiledDesign, compile_design
from tests.blueprint.conftest import environment
from tests.fixtures.world import World

CATALOGUE = Path(__file__).resolve().parents[2] / "blueprints"
GIVEN = {"cost-centre": "4711", "acme:owner": "Payments / Orders"}


@pytest.fixture(scope="module")
def pipeline() -> Blueprint:
    return load_catalogue(CATALOGUE).get("webhook-pipeline")


def design_of(blueprint: Blueprint, **inputs: Any) -> Design:
    examples, _ = example_inputs(blueprint, "dev", {})
    return resolve(blueprint, size="dev", inputs={**examples, **inputs}, environment=environment())


def refused(design: Design, tags: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(InvalidFields) as caught:
        with_tags(design, tags)
    return caught.value.fields["tags"]


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        (
            {"Portal:team": "x"},
            'The list has the key "Portal:team"; keys that begin with aws: or portal: are reserved.',
        ),
        ({"aw\u017f:x": "x"}, 'The list has the key "aw\u017f:x"; keys that begin with aws: or portal: are reserved.'),
        ({"a": "AWS:b"}, 'The list has a value for "a" that begins with aws:, which AWS reserves.'),
        ({"a": ""}, 'The list has a value of 0 characters for "a"; it should have 1 to 256.'),
        ({"a=b": "c"}, 'The list has the key "a=b"; leave out the =.'),
        (
            {"env": "a", "Env": "b"},
            'The list has "Env" and "env", which AWS IAM treats as the same key; remove one.',
        ),
        (
            {"key": "AKIAIOSFODNN7EXAMPLE"},
            "There is an AWS access key among the tags. Everyone who sees the account can read tags; remove it.",
        ),
    ],
)
def test_what_no_environment_may_have(tags: dict[str, str], sentence: str) -> None:
    assert problems_of_tags(tags) == [sentence]


def test_keys_and_values_may_be_whatever_aws_allows() -> None:
    assert problems_of_tags({"Kostenstelle Süd/1+2": "a@b.c:d=e_f-g", "k" * 128: "v" * 256}) == []


def test_a_tag_of_the_blueprint_keeps_its_value() -> None:
    infracast = load_catalogue(CATALOGUE).get("infracast")
    design = design_of(infracast, tags={"Project": "Orders"})
    assert with_tags(design, {"Project": "Orders", "owner": "x"}).tags == {"Project": "Orders", "owner": "x"}
    assert refused(design, {"project": "Orders"}) == (
        'The blueprint sets the tag "Project" to "Orders" already. Remove "project" here.',
    )
    assert refused(design, {f"k{number}": "x" for number in range(40)}) == (
        "With the blueprint’s own, there are 41 tags; 40 are allowed. Remove some.",
    )


def test_every_role_and_stack_has_them(pipeline: Blueprint) -> None:
    compiled = compile_design(with_tags(design_of(pipeline), GIVEN))
    roles = 0
    for stack in compiled.stacks:
        assert without_portal_tags(stack.tags) == GIVEN
        for resource in json.loads(stack.body)["Resources"].values():
            if resource["Type"] == "AWS::IAM::Role":
                roles += 1
                tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
                assert tags == stack.tags
    assert roles > 3


def test_a_hosted_zone_has_room_for_five_besides_the_portals(pipeline: Blueprint) -> None:
    compiled = compile_design(design_of(pipeline))

    def problems(count: int) -> tuple[str, ...]:
        tags = {f"k{number}": "x" for number in range(count)}
        tagged = tuple(replace(stack, tags={**stack.tags, **tags}) for stack in compiled.stacks)
        try:
            check_tagged_resources(CompiledDesign(tagged), tags)
        except InvalidFields as error:
            return error.fields["tags"]
        return ()

    assert problems(5) == ()
    [sentence] = problems(7)
    assert sentence.endswith(
        "(AWS::Route53::HostedZone) would have 12 tags with those of the portal, and AWS allows 10. Give at most 5."
    )


def test_a_role_of_the_template_may_not_have_the_key_in_other_capitals(pipeline: Blueprint) -> None:
    properties = {"Tags": [{"Key": "project", "Value": "x"}]}
    body = json.dumps({"Resources": {"Reader": {"Type": "AWS::IAM::Role", "Properties": properties}}})
    main = replace(compile_design(design_of(pipeline)).main, body=body)
    check_tagged_resources(CompiledDesign((main,)), {"project": "y"})
    with pytest.raises(InvalidFields, match='Reader has the tag "project", and AWS IAM treats "Project" as the same'):
        check_tagged_resources(CompiledDesign((main,)), {"Project": "y"})


def test_they_reach_the_stack_are_in_the_plan_and_outlive_a_change(world: World) -> None:
    running = world.create(tags=GIVEN)
    first = current_document(running)
    assert running.tags == first.tags == GIVEN
    assert all(stack.tags.items() >= GIVEN.items() for stack in first.stacks)
    assert without_portal_tags(world.aws_stack().spec.tags) == GIVEN

    changed = change(world, running, note="another")
    assert (changed.tags, without_portal_tags(world.aws_stack().spec.tags)) == (GIVEN, GIVEN)
    assert running.tags == GIVEN


def test_a_change_replaces_all_of_them(world: World) -> None:
    running = world.create(tags=GIVEN)
    before = dict(world.aws_stack().spec.tags)
    changed = change(world, running, tags={"owner": "Olivia"})
    after = world.aws_stack().spec.tags
    assert changed.tags == running.tags == without_portal_tags(after) == {"owner": "Olivia"}
    assert {key: before[key] for key in before if key.startswith("portal:")}.items() <= after.items()


def change(world: World, running: Environment, *, tags: dict[str, str] | None = None, **inputs: object) -> StackedPlan:
    """Bob's change of a running environment, carried out."""
    running.refresh_from_db()
    request = request_change(
        actor=world.bob,
        environment=running,
        blueprint=world.blueprints["small"],
        size=running.size,
        inputs={**running.inputs, **inputs},
        tags=tags,
    )
    world.until_rest(running)
    request.refresh_from_db()
    assert request.state == "done", world.last_operation(running).cause_detail
    document = from_json(request.plan.content)
    assert isinstance(document, StackedPlan)
    return document
