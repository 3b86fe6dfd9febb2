"""Every blueprint that ships, in every size: made, torn down, and every thing that was ever made
has its end on the receipt.
"""

from __future__ import annotations

import pytest

from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.teardown import preview_teardown
from provisioning.models import Environment, Receipt, Request, StackResource
from tests.fixtures.world import World
from tests.support.designs import SIZES
from tests.support.plans import created_by
from tests.support.shipped import catalogue, slugs

pytestmark = pytest.mark.long
REGIONS = ["eu-north-1", "eu-central-1", "eu-west-1", "us-east-1", "us-west-2"]


@pytest.fixture
def wide(world: World) -> World:
    """The world, with accounts that allow every region and have a bucket for code in each."""
    for account in (world.account, world.prod_account):
        account.regions = REGIONS
        account.artefact_bucket = f"portal-artefacts-{account.account_id}-{REGIONS[0]}"
        account.save()
    return world


def approved(world: World, request: Request) -> Environment:
    if request.state == "waiting":
        approve_request(
            actor=world.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
        )
    return world.until_rest(request.environment)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slug", slugs())
def test_it_is_made_and_leaves_only_what_it_said(wide: World, slug: str, size: str) -> None:
    request = wide.request(blueprint=slug, size=size, region=catalogue().get(slug).default_region)
    plan = created_by(request.plan)
    environment = approved(wide, request)
    assert environment.state == "running", wide.last_operation(environment).cause_detail
    made = [(stack.spec.name, stack.place.region, stack.status) for stack in wide.cloud.stacks]
    assert made == [(stack.name, stack.region, "CREATE_COMPLETE") for stack in plan.stacks]

    preview = preview_teardown(actor=wide.bob, environment=environment)
    assert {line.logical_id for line in preview.plan.to_retain} == {line.logical_id for line in plan.retained}
    assert approved(wide, wide.tear_down(environment)).state == "gone", wide.last_operation(environment).cause_detail

    receipt = Receipt.objects.get(environment=environment)
    assert {line["logical_id"] for line in receipt.lines} - {""} == {resource.logical_id for resource in plan.resources}
    assert not StackResource.objects.filter(end="").exclude(physical_id="").exists()
    assert set(plan.regions) <= set(receipt.scan["regions"])
    snapshots = [line for line in receipt.lines if line["type"] == "snapshot"]
    assert len(snapshots) == sum(line.policy == "Snapshot" for line in plan.retained)
    assert all(line["physical_id"] for line in snapshots)
    kept = {line["physical_id"] for line in receipt.lines if line["end"] == "retained"}
    assert {living.physical_id for living in wide.cloud.living.values()} <= kept
    if size == "dev":
        assert not kept
