"""Two requests at the same moment for the last place of a quota: exactly one wins."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from provisioning.errors import PortalError
from provisioning.lifecycle.rules.scope import Scope
from provisioning.models import Environment
from tests.fixtures.world import World
from tests.lifecycle.rules.support import write_rule

pytestmark = pytest.mark.django_db(transaction=True)


def at_the_same_time(world: World, *senders: dict[str, Any]) -> list[str]:
    """What became of requests that all begin before any of them can write its environment."""
    results: list[str] = []

    def send(arguments: dict[str, Any]) -> None:
        try:
            results.append(str(world.request(**arguments).state))
        except PortalError as error:
            results.append(error.sentence)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(arguments,)) for arguments in senders]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE provisioning_environment IN SHARE MODE")  # rows can be read, not written
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
