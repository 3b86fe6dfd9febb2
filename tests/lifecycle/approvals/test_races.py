"""Two people act at the same moment: exactly one operation begins, and exactly one decision wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from provisioning.errors import PortalError
from provisioning.lifecycle import clock
from provisioning.lifecycle.services.approvals import reject_request
from provisioning.lifecycle.services.delegations import delegate_approvals, end_delegation
from provisioning.lifecycle.services.requests import expire_request, withdraw_request
from provisioning.models import Operation, Request, User
from tests.fixtures.world import World
from tests.lifecycle.approvals.conftest import ask_for, vote

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[Request], object]


def at_the_same_time(request: Request, *acts: Act) -> list[str]:
    """What became of acts that have all read the pending request before any of them writes it."""
    results: list[str] = []
    read = [Request.objects.select_related("plan", "environment__team").get(pk=request.pk) for _ in acts]

    def run(act: Act, stored: Request) -> None:
        try:
            act(stored)
            results.append("done")
        except PortalError as error:
            results.append(error.sentence)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in zip(acts, read, strict=True)]
    with transaction.atomic(), connection.cursor() as cursor:
        # Rows can be read, but neither be written nor be locked.
        cursor.execute("LOCK TABLE provisioning_request IN EXCLUSIVE MODE")
        for thread in threads:
            thread.start()
        while _waiting(cursor) < len(threads):
            threading.Event().wait(0.01)
    for thread in threads:
        thread.join()
    return sorted(results)


def _waiting(cursor: CursorWrapper) -> int:
    cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    return int(cursor.fetchone()[0])


def approving(person: User) -> Act:
    return lambda stored: vote(stored, person)


def test_two_last_votes_start_one_operation(world: World) -> None:
    second, third = (User.objects.create_user(name, is_approver=True) for name in ("second", "third"))
    ask_for(approvers=2)
    request = world.request(size="prod")
    vote(request, world.olivia)
    late, done = at_the_same_time(request, approving(second), approving(third))
    assert done == "done"
    assert "no longer pending approval" in late
    assert Operation.objects.count() == 1


def test_two_first_votes_together_are_two_votes(world: World) -> None:
    second = User.objects.create_user("second", is_approver=True)
    ask_for(approvers=2)
    request = world.request(size="prod")
    assert at_the_same_time(request, approving(world.olivia), approving(second)) == ["done", "done"]
    assert Operation.objects.count() == 1


@pytest.mark.parametrize("other", ["reject", "withdraw", "expire"])
def test_of_an_approval_and_something_else_exactly_one_wins(world: World, other: str) -> None:
    second = User.objects.create_user("second", is_approver=True)
    request = world.request(size="prod")
    acts: dict[str, Act] = {
        "reject": lambda stored: reject_request(actor=second, request=stored, note="no"),
        "withdraw": lambda stored: withdraw_request(actor=world.bob, request=stored),
        "expire": lambda stored: expire_request(request=stored, at=clock.now()),
    }
    late, done = at_the_same_time(request, approving(world.olivia), acts[other])
    assert done == "done"
    assert "no longer pending" in late or "has changed in the meantime" in late
    request.refresh_from_db()
    assert Operation.objects.exists() is (request.state == "approved")


def test_the_end_of_one_delegation_does_not_end_another_that_begins(world: World) -> None:
    otto, oscar = User.objects.create_user("otto"), User.objects.create_user("oscar", is_approver=True)
    at = clock.now()
    until = at + timedelta(days=3)
    ending = delegate_approvals(actor=world.olivia, delegate=otto, ends_at=at + timedelta(days=1), reason="Away")

    def end() -> None:
        try:
            end_delegation(actor=world.olivia, delegation=ending)
        finally:
            connection.close()

    thread = threading.Thread(target=end)
    with transaction.atomic(), connection.cursor() as cursor:
        delegate_approvals(actor=oscar, delegate=otto, ends_at=until, reason="Away")
        thread.start()
        while _waiting(cursor) < 1:
            threading.Event().wait(0.01)
    thread.join()
    otto.refresh_from_db()
    assert otto.delegate_until == until
