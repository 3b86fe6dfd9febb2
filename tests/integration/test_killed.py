"""A worker that is killed, and a Valkey that forgets everything, in the middle of a creation."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.demo.services import EmbeddedValkey
from provisioning.models import Operation, StackResource
from tests.integration.conftest import Place

pytestmark = [pytest.mark.sandbox, pytest.mark.long]

SPEED = 100  # AWS's ten minutes in six seconds: long enough to be caught in the middle


def resources_made(place: Place) -> int:
    return StackResource.objects.filter(status="CREATE_COMPLETE").count()


def test_the_environment_arrives_although_the_worker_is_killed(place: Place) -> None:
    place.sandbox.set_speed(SPEED)
    place.start_worker()
    environment = place.ask("orders")
    place.until(lambda: resources_made(place), lambda made: made > 5, 60, "a creation under way")
    place.kill_workers()
    place.start_worker()
    place.wait_for(environment, "running")
    stacks = place.client("cloudformation").list_stacks()["StackSummaries"]
    names = [stack["StackName"] for stack in stacks if not stack["StackName"].startswith("portal-onboarding")]
    assert names == [place.stack_name(environment)]
    assert Operation.objects.get().state == "succeeded"


def test_a_worker_killed_again_and_again_still_makes_one_stack(place: Place) -> None:
    place.sandbox.set_speed(SPEED)
    environment = place.ask("orders")
    for _ in range(4):
        place.start_worker()
        seen = resources_made(place)
        place.until(lambda: resources_made(place), lambda made, seen=seen: made > seen or made > 60, 60, "progress")
        place.kill_workers()
    place.start_worker()
    place.wait_for(environment, "running")
    stacks = place.client("cloudformation").list_stacks()["StackSummaries"]
    assert len([stack for stack in stacks if stack["StackName"] == place.stack_name(environment)]) == 1


def test_the_environment_arrives_although_valkey_stops_and_comes_back_empty(place: Place, tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path / "valkey")
    place.redis_url = valkey.start()
    port = valkey.port
    place.sandbox.set_speed(SPEED)
    place.start_worker()
    environment = place.ask("orders")
    place.until(lambda: resources_made(place), lambda made: made > 5, 60, "a creation under way")
    valkey.stop()
    place.until(lambda: resources_made(place), lambda made: made > 15, 60, "progress without Valkey")
    again = EmbeddedValkey(tmp_path / "valkey-empty", port=port, password=valkey.password)
    again.start()
    try:
        place.wait_for(environment, "running")
    finally:
        again.stop()
