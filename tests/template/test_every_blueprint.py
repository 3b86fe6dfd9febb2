"""What holds for every blueprint that ships, in every size and in all its stacks."""

from __future__ import annotations

import json
import re

import pytest

from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.diagram.svg import draw
from provisioning.proof import prove
from provisioning.template.compile import compile_design
from provisioning.template.dependencies import dependency_levels
from tests.support.designs import PROD_OR_LONG, REGIONS, SIZES
from tests.support.linting import lint_all
from tests.support.shipped import catalogue, compiled, shipped, slugs

SLUGS = tuple(slugs())
# Where each page's architecture lives; whatever has no page is at home in Frankfurt.
HOMES = {"api-service": "us-east-1", "carbon-connect": "eu-north-1", "infracast": "us-east-1"}
# The portal's own blueprint may assume roles in other accounts, so every size of it needs an approval.
APPROVED = {"portal": [True, True, True]}
# What its page asks for: a function URL for everybody, behind a secret header.
MEANT = {"webhook-pipeline": ["public.function-url"]}


@pytest.fixture(params=SLUGS)
def slug(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_none_is_broken() -> None:
    assert [(broken.slug, [str(problem) for problem in broken.problems]) for broken in catalogue().broken] == []
    assert {"amply", "api-service", "carbon-connect", "infracast", "portal", "static-site", "webhook-pipeline"} <= set(
        SLUGS
    )


def test_each_is_offered_in_five_regions_in_three_sizes(slug: str) -> None:
    blueprint = catalogue().get(slug)
    assert blueprint.default_region == HOMES.get(slug, "eu-central-1")
    assert set(blueprint.regions) == set(REGIONS)
    assert tuple(blueprint.sizes) == SIZES
    assert [size.requires_approval for size in blueprint.sizes.values()] == APPROVED.get(slug, [False, False, True])


@pytest.mark.parametrize("size", PROD_OR_LONG)
def test_cfn_lint_says_nothing(slug: str, size: str) -> None:
    """Errors, warnings and informational checks, in every region on offer."""
    assert lint_all(compiled(slug, size)) == []


@pytest.mark.parametrize("size", SIZES)
def test_the_proof_finds_nothing_grave_but_what_is_meant(slug: str, size: str) -> None:
    found = prove(compiled(slug, size), policy=SIZE_POLICIES[size]).of("high", "medium")
    assert [finding.rule for finding in found] == MEANT.get(slug, []), found
    assert not [finding for finding in found if finding.severity == "high"]


@pytest.mark.parametrize("size", SIZES)
def test_it_can_be_made_in_every_region(slug: str, size: str) -> None:
    for region in catalogue().get(slug).regions:
        design = compiled(slug, size, region=region)
        assert design.main.region == region
        for stack in design.stacks:
            assert dependency_levels(stack.body)


@pytest.mark.parametrize("size", SIZES)
def test_the_same_design_is_the_same_text(slug: str, size: str) -> None:
    once, again = compiled(slug, size), compile_design(shipped(size, slug=slug))
    assert once == again
    assert [stack.body for stack in once.stacks] == [stack.body for stack in again.stacks]


def test_it_has_a_picture_with_every_component_that_stands_in_it(slug: str) -> None:
    picture = draw(shipped("prod", slug=slug))
    assert picture.startswith("<svg")
    assert "<title" in picture


def test_no_account_or_partition_is_written_out(slug: str) -> None:
    """But for the ARNs that are inputs."""
    for stack in compiled(slug, "prod").stacks:
        text = stack.body
        for written in _example_texts(slug):
            # An ARN of another account is written in the partition of the stack.
            for given in (written, written.replace("arn:aws:", "arn:${AWS::Partition}:")):
                text = text.replace(json.dumps(given)[1:-1], "")
        assert not re.search(r'[":]\d{12}[":]', text), stack.stack
        assert "arn:aws:" not in text, stack.stack


def _example_texts(slug: str) -> list[str]:
    examples = [variable.example for variable in catalogue().get(slug).variables.values()]
    return [
        text
        for example in examples
        for text in (example if isinstance(example, list) else [example])
        if isinstance(text, str)
    ]
