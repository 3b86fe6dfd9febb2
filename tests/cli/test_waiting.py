"""Bob waits: with progress, for failures, decisions, time limits and interrupts."""

from __future__ import annotations

import re

from provisioning.models import Environment, Operation, Request
from tests.cli.conftest import URL, Shell
from tests.portal.conftest import People, finish, put


def test_bob_applies_and_waits_with_progress(bobs: Shell, file: str) -> None:
    def ends() -> None:
        finish(Environment.objects.get(), "running", "succeeded", "done")

    bobs.meanwhile = iter([lambda: None, ends])
    applied = bobs("apply", file, "--wait", "--json")
    assert (applied.code, applied.json["state"]) == (0, "done")
    assert re.search(r"^ +\d+ s  \S", applied.err, re.MULTILINE)
    waits = [call.headers["Prefer"] for call in bobs.transport.calls if "If-None-Match" in call.headers]
    assert set(waits) == {"wait=30"}


def test_a_failure_has_its_cause_and_the_next_step(failed: Environment, bobs: Shell) -> None:
    for target in (failed.name, str(failed.pk), str(Operation.objects.get().pk), str(Request.objects.get().pk)):
        waited = bobs("wait", target)
        assert waited.code == 1, target
        assert "reached a quota" in waited.err
        assert f"Try it again on the environment’s page: {URL}/environments/{failed.pk}/" in waited.err


def test_waiting_ends_at_the_time_limit_and_by_an_interrupt(people: People, bobs: Shell) -> None:
    people.ask()
    ended = bobs("wait", "orders-dev", "--timeout", "5")
    assert (ended.code, "has not ended yet" in ended.err) == (1, True)

    def interrupt() -> None:
        raise KeyboardInterrupt

    bobs.meanwhile = iter([interrupt])
    stopped = bobs("wait", "orders-dev")
    assert (stopped.code, "It continues in the portal" in stopped.err) == (130, True)
    assert Operation.objects.get().cancel_requested_at is None


def test_a_rejected_request_ends_the_wait_with_the_reason(people: People, bobs: Shell, olivias: Shell) -> None:
    asked = people.ask("shop", size="prod")
    assert olivias("reject", str(asked.pk), "--note", "Too large.").code == 0
    waited = bobs("wait", "shop")
    assert (waited.code, "rejected by olivia: Too large." in waited.err) == (1, True)


def test_a_rejected_change_is_a_failure_although_its_plan_succeeded(
    running: Environment, people: People, bobs: Shell, file: str
) -> None:
    changed = bobs("apply", file, "--size", "staging", "--json").json["id"]

    def planned() -> None:
        finish(running, "running", "succeeded", "waiting")

    def rejected() -> None:
        put(Request.objects.get(pk=changed), state="refused", decided_by=people.olivia, decision_note="Not now.")

    bobs.meanwhile = iter([planned, rejected])
    waited = bobs("wait", running.name)
    assert (waited.code, "rejected by olivia: Not now." in waited.err) == (1, True)
    assert "Making the plan\nPending approval: " in waited.err
