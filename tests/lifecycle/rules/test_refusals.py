"""What rules refuse, and when: at the request, at the decision, and when the operation begins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from provisioning.errors import Refused
from provisioning.lifecycle.rules import Facts, RefusedByRules, evaluate
from provisioning.lifecycle.rules.limits import limits_of
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import AllowedBlueprint, Freeze, NarrowedInput, RequiredApprovals
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.models import Environment, Operation, Request, RuleKind
from tests.fixtures.world import World
from tests.lifecycle.rules.support import write_rule


def freeze(world: World, *, begins: int = 0, days: int = 10, **more: Any) -> Freeze:
    return Freeze(
        **{
            "name": "Year end",
            "starts_at": world.now + timedelta(days=begins),
            "ends_at": world.now + timedelta(days=begins + days),
            "time_zone": "Europe/Stockholm",
            "reason": "The books are closed.",
        }
        | more
    )


def change(world: World, environment: Environment, *, size: str = "", **inputs: object) -> Any:
    environment.refresh_from_db()
    return request_change(
        actor=world.bob,
        environment=environment,
        blueprint=world.blueprints["small"],
        size=size or environment.size,
        inputs={"note": "another", **inputs},
    )


@pytest.mark.parametrize(
    ("settings", "sentence", "field"),
    [
        ({"blueprints": (AllowedBlueprint("notes"),)}, "small@0.1.0 may not be used here. Choose notes.", ""),
        (
            {"blueprints": (AllowedBlueprint("small", "0.2.0", or_later=True),)},
            "small@0.1.0 may not be used here. Choose small@0.2.0+.",
            "",
        ),
        ({"maturities": ("draft",)}, "small@0.1.0 is published. Only draft versions may be used here.", ""),
        ({"regions": ("us-east-1",)}, "No new environment may be in eu-north-1. Choose us-east-1.", "place"),
        (
            {"inputs": (NarrowedInput("small", "note", allowed=("one", "two")),)},
            "note should be one or two.",
            "input_note",
        ),
        (
            {"inputs": (NarrowedInput("small", "note", pattern="^[0-9]+$"),)},
            "note does not match ^[0-9]+$.",
            "input_note",
        ),
        ({"inputs": (NarrowedInput("small", "hint", allowed=("x",)),)}, "hint should be x.", "input_hint"),
    ],
)
def test_a_rule_refuses_with_its_name_and_the_field(
    world: World, settings: dict[str, Any], sentence: str, field: str
) -> None:
    write_rule(Scope(size="dev", account=world.account), **settings)
    with pytest.raises(RefusedByRules) as caught:
        world.request()
    (refusal,) = caught.value.refusals
    assert (refusal.sentence, refusal.field) == (sentence, field)
    assert refusal.rule.label == "Rule: Development in dev, version 1, Ada"
    assert world.request("elsewhere", "staging").state == "approved"


@pytest.mark.parametrize(
    "settings",
    [
        {"blueprints": (AllowedBlueprint("small", "0.1.0", or_later=True), AllowedBlueprint("notes"))},
        {"blueprints": (AllowedBlueprint("small", "0.1.0"),)},
        {"regions": ("eu-north-1",)},
        {
            "inputs": (
                NarrowedInput("small", "note", allowed=("nothing",)),
                NarrowedInput("notes", "note", pattern="^x$"),
            )
        },
        {"environments": 1, "requests_per_hour_of_person": 1, "requests_per_hour_of_team": 1},
    ],
)
def test_what_a_rule_allows_is_allowed(world: World, settings: dict[str, Any]) -> None:
    write_rule(Scope(), **settings)
    assert world.request().state == "approved"


def test_all_refusals_of_all_rules_are_shown_together(world: World) -> None:
    write_rule(Scope(), regions=("us-east-1",), environments=0)
    write_rule(Scope(team=world.team), inputs=(NarrowedInput("small", "note", allowed=("x",)),))
    with pytest.raises(RefusedByRules) as caught:
        world.request()
    assert [refusal.rule.title for refusal in caught.value.refusals] == ["Whole portal", "Whole portal", "Payments"]
    assert caught.value.sentence.count("\n") == 2
    assert "Payments may have no environments here. Ask a portal admin" in caught.value.sentence
    assert not Environment.objects.exists()


def test_a_quota_counts_what_lives_within_the_scope(world: World) -> None:
    write_rule(Scope(size="dev"), environments=2)
    first = world.create("one")
    world.request("two")
    with pytest.raises(Refused, match="Payments has 2 of the 2 environments that each team may have here"):
        world.request("three")
    assert world.request("three", "staging").state == "approved"  # another size
    world.tear_down(first)
    world.until_rest(first)
    assert world.request("four").state == "approved"


def test_an_open_change_takes_a_place_of_its_new_size(world: World) -> None:
    one, two = world.create("one"), world.create("two")
    write_rule(Scope(size="staging"), environments=1)
    write_rule(Scope(), environments=2)  # a change of size adds no environment
    first = change(world, one, size="staging")
    shown = {limit.title: (limit.used, limit.limit) for limit in limits_of(world.team).limits}
    assert shown == {"Environments, Staging": (1, 1), "Environments, Whole portal": (2, 2)}
    for send in (lambda: change(world, two, size="staging"), lambda: world.request("three", "staging")):
        with pytest.raises(Refused, match=r"1 of the 1 environments .* 1 of them is an open change to this size"):
            send()
    assert change(world, two, note="y").state == "planning"  # a change that keeps its size needs no place
    for end in ("refused", "withdrawn", "expired", "cancelled", "failed"):
        Request.objects.filter(pk=first.pk).update(state=end)
        assert staging_used(world) == 0
    Request.objects.filter(pk=first.pk).update(state="approved")
    assert staging_used(world) == 1


def staging_used(world: World) -> int:
    (used,) = [limit.used for limit in limits_of(world.team).limits if limit.title == "Environments, Staging"]
    return used


def test_a_failed_change_loses_its_place_and_a_retry_needs_one(world: World) -> None:
    one, two = world.create("one"), world.create("two")
    write_rule(Scope(size="staging"), environments=1)
    request = change(world, one, size="staging")
    Request.objects.filter(pk=request.pk).update(state="failed")
    Operation.objects.filter(request=request).update(state="failed")
    Environment.objects.filter(pk=one.pk).update(state="change_failed")
    one.refresh_from_db()
    change(world, two, size="staging")
    with pytest.raises(Refused, match="1 of the 1 environments"):
        retry_operation(actor=world.bob, environment=one)


def test_rates_count_the_requests_of_an_hour(world: World) -> None:
    write_rule(Scope(), requests_per_hour_of_person=1)
    environment = world.create("one")
    with pytest.raises(Refused, match="You have sent 1 requests within an hour, and 1 are allowed here"):
        world.request("two")
    assert world.request("two", actor=world.alice).state == "approved"
    assert world.tear_down(environment).state == "approved"  # a team that is over a limit can always do that
    write_rule(Scope(team=world.team), requests_per_hour_of_team=3)
    with pytest.raises(Refused, match="Payments has sent 3 requests within an hour"):
        world.request("four", actor=world.alice)
    world.cloud.clock.advance(3601)
    assert world.request("four").state == "approved"


def test_a_freeze_stops_what_it_names_but_no_recovery(world: World) -> None:
    environment = world.create("orders")
    write_rule(Scope(), freezes=(freeze(world, begins=1, kinds=("create", "change")),))
    assert world.request("before").state == "approved"
    world.cloud.clock.advance(timedelta(days=2).total_seconds())
    until = r"Change freeze “Year end”: no creation begins until 20\d\d-\d\d-\d\d \d\d:\d\d Europe/Stockholm"
    with pytest.raises(Refused, match=until):
        world.request("during")
    with pytest.raises(Refused, match="no change begins"):
        change(world, environment)
    assert world.tear_down(environment).state == "approved"
    for kind, stopped in ((RuleKind.RECOVER, 0), (RuleKind.PUT_BACK, 1), (RuleKind.ADOPT, 0)):
        facts = Facts(kind=kind, team=world.team, account=world.account, size="dev", region="eu-north-1", at=world.now)
        assert len(evaluate(facts, actor=world.bob).refusals) == stopped
    world.cloud.clock.advance(timedelta(days=10).total_seconds())
    assert world.request("after").state == "approved"


def test_admins_except_a_team_or_one_environment_from_a_freeze(world: World) -> None:
    write_rule(Scope(), freezes=(freeze(world, exceptions=("payments/hotfix",)),))
    assert world.request("hotfix").state == "approved"
    with pytest.raises(Refused, match="Year end"):
        world.request("orders")
    write_rule(Scope(), freezes=(freeze(world, exceptions=("payments",)),))
    assert world.request("orders").state == "approved"


def test_a_change_out_of_production_is_stopped_by_a_freeze_of_production(world: World) -> None:
    write_rule(Scope(size="prod"), freezes=(freeze(world),))
    facts = Facts(
        kind=RuleKind.CHANGE,
        team=world.team,
        account=world.account,
        size="dev",
        size_before="prod",
        region="eu-north-1",
        at=world.now,
    )
    assert [refusal.rule.title for refusal in evaluate(facts, actor=world.bob).refusals] == ["Production"]


def test_a_rule_that_became_stricter_stops_the_decision(world: World) -> None:
    request = world.request(size="prod")
    version = write_rule(Scope(), regions=("us-east-1",))
    with pytest.raises(RefusedByRules, match=f"Whole portal, version {version.number}, Ada"):
        approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    request.refresh_from_db()
    assert request.state == "waiting"
    write_rule(Scope(), regions=("us-east-1", "eu-north-1"))
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)


def test_a_rule_that_became_stricter_stops_the_approved_operation_before_it_begins(world: World) -> None:
    request = world.request()
    write_rule(Scope(), freezes=(freeze(world),))
    environment = world.until_rest(request.environment)
    operation = world.last_operation(environment)
    assert (operation.state, environment.state) == ("refused", "create_failed")
    assert operation.cause.startswith("Change freeze “Year end”: no creation begins until")
    assert "Rule: Whole portal, version 1, Ada" in operation.cause_detail
    assert world.cloud.faults.calls == []
    with pytest.raises(RefusedByRules):
        retry_operation(actor=world.bob, environment=environment)
    write_rule(Scope())
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"


def test_what_has_begun_is_never_stopped_by_a_rule(world: World) -> None:
    request = world.request()
    world.tick()
    assert world.last_operation(request.environment).state != "queued"
    write_rule(Scope(), freezes=(freeze(world),), environments=0, regions=())
    assert world.until_rest(request.environment).state == "running"


def test_a_rule_makes_dev_wait_for_an_owner_and_sets_how_long(world: World) -> None:
    write_rule(
        Scope(size="dev"),
        approvals=(RequiredApprovals("create", approvers=1), RequiredApprovals("change", approvers=1)),
        pending_days=2,
        approval_days=5,
    )
    request = world.request()
    assert request.state == "waiting"
    assert request.expires_at == request.requested_at + timedelta(days=2)
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    assert request.expires_at == request.decided_at + timedelta(days=5)
    environment = world.until_rest(request.environment)
    asked = change(world, environment)
    world.until_rest(environment)
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_the_lifetime_is_recorded_and_nothing_is_enforced(world: World) -> None:
    write_rule(Scope(), lifetime_days=90)
    write_rule(Scope(size="dev"), lifetime_days=30)
    environment = world.create("orders")
    assert environment.expires_at == environment.created_at + timedelta(days=30)
    world.cloud.clock.advance(timedelta(days=60).total_seconds())
    assert change(world, environment).state == "planning"


def test_a_preview_takes_at_most_three_queries(world: World) -> None:
    for scope in (Scope(), Scope(size="dev"), Scope(account=world.account), Scope(team=world.team)):
        write_rule(scope, environments=50, requests_per_hour_of_person=50, requests_per_hour_of_team=50)
    world.request()
    facts = Facts(
        kind=RuleKind.CREATE, team=world.team, account=world.account, size="dev", region="eu-north-1", at=world.now
    )
    with CaptureQueriesContext(connection) as captured:
        evaluate(facts, actor=world.bob)
    assert len(captured) == 2  # and one for the time
