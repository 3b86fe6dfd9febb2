"""A search by tag that AWS refuses: it stops nothing else, and no receipt claims that it happened."""

from __future__ import annotations

import pytest

from provisioning.aws import AccessDenied, AwsError
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.services.teardown import Removal, preview_teardown
from provisioning.models import Environment, Receipt, Transition
from tests.fixtures.world import REGION, World
from tests.lifecycle.signposts import COPY, EDGE, create
from tests.lifecycle.test_teardown import gone
from tests.lifecycle.test_teardown_blocked import tear_down
from tests.scripted_aws.cloud import Living, Place

DENIED = AccessDenied("not authorized to perform: tag:GetResources with an explicit deny")


def deny(world: World, *calls: str) -> None:
    def answer(call: str) -> AwsError | None:
        return DENIED if call in calls else None

    world.cloud.faults.refuses = answer


def last_reason(world: World, environment: Environment) -> str:
    """Why the operation reached its end."""
    return Transition.objects.filter(subject_id=world.last_operation(environment).pk).latest("at", "id").reason


def denied(world: World) -> Environment:
    """An environment whose stack is deleted and whose region could not be searched."""
    environment = world.create()
    deny(world, "find_by_tag")
    world.tear_down(environment)
    world.until_rest(environment)
    return environment


def test_a_denied_search_ends_the_attempt_with_its_region_and_a_next_step(world: World) -> None:
    environment = denied(world)
    shown = failure(environment)
    assert shown is not None
    assert environment.state == "teardown_failed"
    assert shown.cause == (
        f"The stack is gone, but AWS refused to search {REGION} for resources with the environment’s tag."
    )
    assert "explicit deny" in shown.detail
    assert "Allow the search, then retry." in shown.hint
    assert world.cloud.living == {}
    assert not Receipt.objects.exists()


def test_it_ends_well_once_the_search_is_allowed(world: World) -> None:
    environment = denied(world)
    deny(world)
    retry_operation(actor=world.bob, environment=environment)
    receipt = gone(world, environment)
    assert (receipt.scan["regions"], receipt.scan["unsearched"]) == ([REGION], {})
    assert last_reason(world, environment) == "Nothing is left, as far as AWS could be asked."  # of the policies


def test_what_people_accepted_as_missing_is_missing_on_the_receipt(world: World) -> None:
    environment = denied(world)
    preview = preview_teardown(actor=world.bob, environment=environment, removal=Removal.LEAVE)
    assert (preview.removal, preview.plan.unsearched) == (Removal.LEAVE, (REGION,))
    assert "explicit deny" in preview.unsearched[REGION]
    tear_down(world, environment, Removal.LEAVE)
    receipt = gone(world, environment)
    assert receipt.scan["regions"] == []
    assert "explicit deny" in receipt.scan["unsearched"][REGION]
    assert last_reason(world, environment) == "Nothing is left, as far as AWS could be asked."


def test_a_search_that_is_accepted_as_missing_is_done_if_it_is_allowed_now(world: World) -> None:
    environment = denied(world)
    deny(world)
    tear_down(world, environment, Removal.LEAVE)
    receipt = gone(world, environment)
    assert (receipt.scan["regions"], receipt.scan["unsearched"]) == ([REGION], {})


def test_a_plan_that_accepts_nothing_missing_needs_the_search_again(world: World) -> None:
    environment = denied(world)
    tear_down(world, environment, Removal.DELETE)
    world.until_rest(environment)
    assert environment.state == "teardown_failed"


@pytest.mark.parametrize("calls", [("find_by_tag",), ("exists",)])
def test_what_another_region_still_has_is_named_as_well(abroad: World, calls: tuple[str, ...]) -> None:
    """One region refuses the search, or every service refuses to say whether what it found exists."""
    environment = create(abroad)
    place = Place(abroad.account.account_id, COPY)
    arn = f"arn:aws:ec2:{COPY}:{place.account_id}:volume/vol-1"
    tags = {"portal:environment-id": str(environment.pk)}
    abroad.cloud.living[place, "AWS::EC2::Volume", "vol-1"] = Living("AWS::EC2::Volume", "vol-1", arn, tags)
    if calls == ("exists",):
        deny(abroad, *calls)
    else:
        abroad.cloud.faults.once("find_by_tag", DENIED)  # EDGE is searched first
    abroad.tear_down(environment)
    abroad.until_rest(environment, seconds=7200, step=30)
    detail = abroad.last_operation(environment).cause_detail
    assert environment.state == "teardown_failed"
    assert arn in detail
    assert (f"The search by tag in {EDGE}" in detail) is (calls == ("find_by_tag",))
