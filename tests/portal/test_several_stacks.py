"""Pages of an environment with stacks in several regions: grouped, and nothing of it where there is
one stack.
"""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from provisioning.lifecycle.services.approvals import approve_request
from provisioning.models import Environment
from tests.fixtures.world import World
from tests.support.plans import created_by
from tests.support.signed_in import signed_in


def client(world: World, name: str = "bob") -> Client:
    return signed_in(getattr(world, name))


def text_of(world: World, path: str, name: str = "bob") -> str:
    answer = client(world, name).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def environment(abroad: World) -> Environment:
    return abroad.create(blueprint="signpost", size="staging")


def test_the_plan_tells_its_stacks_regions_and_code(abroad: World) -> None:
    request = abroad.request(blueprint="signpost", size="prod")
    text = text_of(abroad, f"/requests/{request.pk}/", "olivia")
    assert "stacks, created in this order" in text
    for region, name in (("us-east-1", "edge"), ("eu-central-1", "copy")):
        assert region in text
        assert re.search(rf"payments-orders-[a-z0-9]{{5}}-{name}\b", text)
    assert re.search(r"Includes code</span> <span><span class=\"mono\">receiver</span>", text)
    assert "The stacks are protected against deletion." in text


def test_each_stacks_template_can_be_read(abroad: World) -> None:
    request = abroad.request(blueprint="signpost")
    bob = client(abroad)
    for stack in created_by(request.plan).stacks:
        answer = bob.get(f"/requests/{request.pk}/template/?stack={stack.key}")
        assert json.loads(answer.content) == json.loads(stack.body)
        assert f'filename="{stack.name}.template.json"' in answer.headers["Content-Disposition"]
    assert json.loads(bob.get(f"/requests/{request.pk}/template/").content)["Resources"]["Sign"]
    assert bob.get(f"/requests/{request.pk}/template/?stack=none").status_code == 404


def test_the_environments_resources_stand_stack_by_stack(abroad: World, environment: Environment) -> None:
    text = text_of(abroad, f"/environments/{environment.pk}/")
    at = [text.index(f'id="stack-{key}"') for key in ("edge", "copy", "main")]
    assert at == sorted(at)
    assert text.index('id="group-edge-signpost.main"') < at[1] < text.index('id="group-copy-signpost.main"')
    assert len(re.findall(r'id="group-[^"]+"', text)) == len(set(re.findall(r'id="group-[^"]+"', text))) == 4
    assert "2 of 2" in text
    assert "and US East (N. Virginia) us-east-1" in text


def test_while_it_is_made_the_page_tells_which_stack_it_is_at(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    abroad.run()
    abroad.tick(5)
    text = text_of(abroad, f"/environments/{environment.pk}/")
    assert "0 of 11 resources ready" in text
    steps = re.findall(r'<li class="(\w+)"><span class="visually-hidden">\w+: </span>([^<]+)', text)
    assert ("now", "Create “edge” in us-east-1") in steps
    assert ("todo", "Create the main stack in eu-north-1") in steps


def test_the_teardown_names_regions_and_what_becomes_of_the_code(abroad: World, environment: Environment) -> None:
    text = text_of(abroad, f"/environments/{environment.pk}/teardown/")
    assert "us-east-1, eu-central-1 and eu-north-1" in text
    assert "the newest first" in text
    assert "Its code is retained in the account’s artefact bucket (1 package)" in text
    assert text.count('<span class="muted">Europe (Frankfurt) eu-central-1</span>') == 2


def test_a_teardown_that_waits_shows_the_regions_to_the_approver(abroad: World) -> None:
    request = abroad.request(blueprint="signpost", size="prod")
    approve_request(actor=abroad.olivia, request=request, digest=request.plan.digest)
    asked = abroad.tear_down(abroad.until_rest(request.environment))
    assert '<span class="muted">US East (N. Virginia) us-east-1</span>' in text_of(
        abroad, f"/requests/{asked.pk}/", "olivia"
    )


def test_the_receipt_names_the_region_of_each_line(abroad: World, environment: Environment) -> None:
    abroad.tear_down(environment)
    abroad.until_rest(environment)
    text = text_of(abroad, f"/environments/{environment.pk}/receipt/")
    assert "in us-east-1, eu-central-1 and eu-north-1 for resources" in text
    assert '<span class="muted">Europe (Frankfurt) eu-central-1</span>' in text


def test_the_page_takes_no_more_queries_than_with_one_stack(
    abroad: World, environment: Environment, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    bob = client(abroad)
    with django_assert_max_num_queries(18):
        bob.get(f"/environments/{environment.pk}/")


def test_one_stack_is_told_of_nowhere(world: World) -> None:
    environment = world.create(size="staging")
    request = environment.requests.get()
    for path in (
        f"/requests/{request.pk}/",
        f"/environments/{environment.pk}/",
        f"/environments/{environment.pk}/teardown/",
    ):
        text = text_of(world, path)
        assert "Main stack" not in text
        assert "one after the other" not in text
        assert "artefact bucket" not in text
