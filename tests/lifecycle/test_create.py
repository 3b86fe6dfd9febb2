"""From the form to a running environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries

from provisioning.blueprint import load_catalogue
from provisioning.errors import Refused
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.read.operation_view import steps
from provisioning.lifecycle.read.progress import progress
from provisioning.models import Account, Operation, StackResource, Transition
from tests.fixtures.world import SMALL, World


def test_a_member_gets_a_running_environment(world: World) -> None:
    environment = world.create()
    stack = world.aws_stack()
    assert stack.status == "CREATE_COMPLETE"
    operation = world.last_operation(environment)
    assert operation.state == "succeeded"
    assert world.cloud.creates == {f"{operation.token}-main-create": 1}
    assert stack.events[0].token == f"{operation.token}-main-create"
    assert "portal:operation" not in stack.spec.tags
    assert stack.spec.tags["portal:environment-id"] == str(environment.pk)
    assert world.stack_row(environment).outputs == {"Url": "https://orders.example", "Bucket": "orders:Bucket"}


def test_the_plan_keeps_its_digest_whatever_number_is_an_input(world: World, tmp_path: Path) -> None:
    text = (SMALL / "small" / "blueprint.hcl").read_text()
    (tmp_path / "small").mkdir()
    variable = 'variable "share" {\n  type        = number\n  description = "A number"\n  example     = 1\n}\n'
    text = text.replace("= var.note", '= "${var.note} ${var.share}"')
    (tmp_path / "small" / "blueprint.hcl").write_text(f"{text}\n{variable}")
    world.blueprints = dict(load_catalogue(tmp_path).blueprints)
    for number, share in enumerate(("-0.0", "-0", "0.1", "1e-7", "5.0", "1e14")):
        world.create(f"orders-{number}", inputs={"share": share})


def test_a_long_template_needs_the_accounts_artefact_bucket(world: World) -> None:
    world.account.artefact_bucket = ""
    with pytest.raises(Refused, match=r"more than the 51,200 .* the account dev has no artefact bucket for it"):
        world.request("carbon-connect-of-the-payments", blueprint="carbon-connect")
    world.create(blueprint="small")


def test_its_history_tells_every_state(world: World) -> None:
    environment = world.create()
    told = list(
        Transition.objects.filter(subject="environment", environment=environment)
        .order_by("id")
        .values_list("to_state", flat=True)
    )
    assert told == ["requested", "creating", "running"]
    operation = world.last_operation(environment)
    told = list(Transition.objects.filter(subject_id=operation.pk).order_by("id").values_list("to_state", flat=True))
    assert told == ["queued", "submitting", "building", "finishing", "succeeded"]


def test_the_ledger_holds_every_physical_id(world: World) -> None:
    environment = world.create()
    stack = world.aws_stack()
    ledger = set(StackResource.objects.filter(stack__environment=environment).values_list("logical_id", "physical_id"))
    assert ledger == {(item.logical_id, item.physical_id) for item in stack.resources.values()}


def test_carbon_connect_runs_its_step_afterwards(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    assert len(world.cloud.tasks) == 1
    shown = progress(environment)
    assert (shown.total, shown.done) == (112, 112)
    assert set(shown.component_states.values()) == {"ok"}
    assert {step.state for step in steps(world.last_operation(environment))} == {"done"}
    assert failure(environment) is None


def test_progress_names_resources_in_dependency_levels_while_they_come(world: World) -> None:
    environment = world.request(blueprint="carbon-connect").environment
    world.run()
    world.tick_viewed(environment, 15)
    shown = progress(environment)
    assert 0 < shown.done < shown.total == 112
    assert shown.in_progress > 0
    assert shown.resources[0].status == "CREATE_COMPLETE"
    assert shown.resources[-1].status == "PLANNED"
    assert shown.events[0].at >= shown.events[-1].at
    assert [step.state for step in steps(world.last_operation(environment))] == ["done", "done", "now", "todo"]


def test_a_stack_that_is_shown_late_is_waited_for(world: World) -> None:
    world.cloud.invisible_seconds = 20
    world.create()
    assert len(world.cloud.named("orders")) == 1


def test_a_page_learns_when_it_should_end_from_what_came_before(world: World) -> None:
    world.create("first")
    environment = world.request("second").environment
    first = Operation.objects.get(environment__name="first")
    world.run()
    assert first.ended_at is not None
    took = first.ended_at - first.started_at
    shown = progress(environment)
    assert shown.expected_end_at == world.last_operation(environment).started_at + took
    assert shown.expected_from == "past runs"


def test_the_first_of_its_kind_is_expected_as_its_plan_says(world: World) -> None:
    request = world.request()
    world.run()
    started = world.last_operation(request.environment).started_at
    shown = progress(request.environment)
    assert shown.expected_end_at == started + timedelta(seconds=request.plan.timeline["seconds"])
    assert shown.expected_from == "the plan"
    Account.objects.update(is_sandbox=True)
    request.environment.account.refresh_from_db()
    assert progress(request.environment).expected_end_at is None


@pytest.mark.parametrize("blueprint", ["small", "carbon-connect"])
def test_the_environment_page_needs_few_queries(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries, blueprint: str
) -> None:
    environment = world.request(blueprint=blueprint).environment
    world.run()
    world.tick(12)
    with django_assert_max_num_queries(7):
        progress(environment)
    with django_assert_max_num_queries(1):
        failure(environment)
