"""What the stories of an environment of several stacks share."""

from __future__ import annotations

from provisioning.models import Environment, Receipt
from tests.fixtures.world import World
from tests.scripted_aws.cloud import ScriptedStack

EDGE, COPY, HOME = "us-east-1", "eu-central-1", "eu-north-1"
NAMES = ["orders-edge", "orders-copy", "orders"]


def create(world: World, size: str = "dev") -> Environment:
    return world.create(blueprint="signpost", size=size)


def made(world: World) -> list[ScriptedStack]:
    """In the order of their creation."""
    world.cloud.settle()
    return sorted(world.cloud.stacks, key=lambda stack: stack.created_at)


def gone(world: World, environment: Environment) -> Receipt:
    assert world.until_rest(environment).state == "gone", world.last_operation(environment).cause_detail
    return Receipt.objects.get(environment=environment)
