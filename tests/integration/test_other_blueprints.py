"""Blueprints of other kinds through the engine, over HTTP: one with a broker, one with hosts and
code, one of two regions.
"""

from __future__ import annotations

import pytest

from portal.demo.sample import onboard
from provisioning.blueprint import example_inputs
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.requests import request_environment
from provisioning.models import Environment, Stack, StackResource
from tests.integration.conftest import REGION, Place
from tests.integration.test_every_size import tear_down
from tests.support.plans import created_by

pytestmark = [pytest.mark.sandbox, pytest.mark.long]

REGIONS = [REGION, "us-east-1"]
ENVIRONMENT_TAG = "portal:environment-id"


@pytest.fixture
def wide(place: Place) -> Place:
    """The place, with an account that is onboarded where CloudFront wants its part as well."""
    place.account.regions = REGIONS
    place.account.save()
    onboard(place.account)
    return place


def ask(place: Place, slug: str, size: str) -> Environment:
    blueprint = catalogue().get(slug)
    filled, _ = example_inputs(blueprint, size, {})
    request = request_environment(
        actor=place.bob,
        team=place.team,
        name=place.name(slug[:16].rstrip("-")),
        blueprint=blueprint,
        size=size,
        inputs=filled,
        account=place.account,
        region=REGION,
    )
    place.approve(request)
    return request.environment


def there(place: Place, environment: Environment) -> dict[str, bool | None]:
    """For each line of the ledger, what the resource's own service says in its own region."""
    lines = StackResource.objects.filter(stack__environment=environment).select_related("stack")
    return {
        f"{line.logical_id} ({line.type}) {line.physical_id}": aws_for_account(place.account, line.stack.region).exists(
            line.type, line.physical_id
        )
        for line in lines
    }


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("slug", "size"), [("api-service", "dev"), ("webhook-pipeline", "dev"), ("static-site", "prod")]
)
def test_it_is_built_whole_and_leaves_nothing(wide: Place, slug: str, size: str) -> None:
    wide.start_worker()
    environment = ask(wide, slug, size)
    wide.wait_for(environment, "running", seconds=150)
    plan = created_by(environment.requests.get().plan)
    assert {stack.role for stack in Stack.objects.filter(environment=environment)} == {
        stack.key for stack in plan.stacks
    }
    found = there(wide, environment)
    assert len(found) >= 5
    assert [name for name, answer in found.items() if answer is False] == []

    receipt = tear_down(wide, environment)

    retained = {line["physical_id"] for line in receipt.lines if line["end"] == "retained"}
    assert [
        name for name, answer in there(wide, environment).items() if answer and name.split()[-1] not in retained
    ] == []
    for region in plan.regions:
        tagged = aws_for_account(wide.account, region).find_by_tag(ENVIRONMENT_TAG, str(environment.pk))
        assert [item.arn for item in tagged if not any(known in item.arn for known in retained)] == []
    if size == "dev":
        assert not retained
