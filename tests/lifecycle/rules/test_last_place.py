"""Two requests at the same moment for the last place of a quota: exactly one wins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from provisioning.errors import PortalError
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.services.changes import request_change
from provisioning.models import Environment, Request, User
from tests.fixtures.world import World
from tests.lifecycle.rules.support import write_rule

pytestmark = pytest.mark.django_db(transaction=True)


def at_the_same_time(world: World, *senders: dict[str, Any]) -> list[str]:
    """What became of requests that all begin before any of them can write its environment."""
    return together("provisioning_environment", [partial(world.request, **arguments) for arguments in senders])


def together(table: str, senders: Sequence[Callable[[], Request]]) -> list[str]:
    """What became of requests that all begin before any of them can write to the table."""
    results: list[str] = []

    def send(sender: Callable[[], Request]) -> None:
        try:
            results.append(str(sender().state))
        except PortalError as error:
            results.append(error.sentence)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")  # rows can be read, not written
        for thread in threads:
            thread.start()
        while _waiting(cursor) < len(threads):
            threading.Event().wait(0.01)
    for thread in threads:
        thread.join()
    return sorted(results)


def _waiting(cursor: CursorWrapper) -> int:
    """How many sessions wait for a lock."""
    cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    return int(cursor.fetchone()[0])


def test_of_two_requests_for_the_last_place_exactly_one_wins(world: World) -> None:
    write_rule(Scope(), environments=2)
    world.request("first")
    # Of another blueprint, because requests for the same version wait for each other anyway.
    lost, won = at_the_same_time(
        world, {"name": "second"}, {"name": "third", "actor": world.alice, "blueprint": "static-site"}
    )
    assert won == "approved"
    assert lost.startswith("Payments has 2 of the 2 environments")
    assert Environment.objects.count() == 2


def test_a_double_click_for_the_last_place_is_one_request(world: World) -> None:
    world.request("first", "staging")  # registers the blueprint
    write_rule(Scope(size="dev"), environments=1, requests_per_hour_of_person=1)
    request_id = uuid4()
    both = at_the_same_time(world, {"request_id": request_id}, {"request_id": request_id})
    assert both == ["approved", "approved"]
    assert Environment.objects.filter(size="dev").count() == 1


def test_of_two_changes_of_size_for_the_last_place_exactly_one_wins(world: World) -> None:
    environments = [world.create("first"), world.create("second")]
    write_rule(Scope(size="staging"), environments=1)

    def to_staging(environment: Environment, actor: User) -> Request:
        return request_change(
            actor=actor,
            environment=environment,
            blueprint=world.blueprints["small"],
            size="staging",
            inputs=environment.inputs,
        )

    people = (world.bob, world.alice)
    lost, won = together(
        "provisioning_plan", [partial(to_staging, *pair) for pair in zip(environments, people, strict=True)]
    )
    assert won == "planning"
    assert lost.startswith("Payments has 1 of the 1 environments that each team may have here. 1 of them is an open")
