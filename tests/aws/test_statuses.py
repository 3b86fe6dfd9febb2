from __future__ import annotations

from collections.abc import Mapping

import pytest
from botocore.session import get_session

from provisioning.aws import RESOURCE_STATUSES, STACK_STATUSES, Kind, Status

MODEL = get_session().get_service_model("cloudformation")


@pytest.mark.parametrize(("shape", "table"), [("StackStatus", STACK_STATUSES), ("ResourceStatus", RESOURCE_STATUSES)])
def test_it_knows_every_status_of_botocore_and_no_other(shape: str, table: Mapping[str, Status]) -> None:
    assert set(table) == set(MODEL.shape_for(shape).enum)


@pytest.mark.parametrize(
    "status", [*STACK_STATUSES.values(), *RESOURCE_STATUSES.values()], ids=lambda status: status.name
)
def test_names_and_properties_agree(status: Status) -> None:
    assert status.terminal != status.in_progress
    assert status.rollback == ("ROLLBACK" in status.name)
    assert not (status.good and ("FAILED" in status.name or status.rollback))
    if status.name != "REVIEW_IN_PROGRESS":
        assert status.in_progress == status.name.endswith("IN_PROGRESS")


def test_a_stack_under_review_is_not_at_work() -> None:
    assert STACK_STATUSES["REVIEW_IN_PROGRESS"].terminal
    assert STACK_STATUSES["REVIEW_IN_PROGRESS"].kind is Kind.REVIEW


def test_a_rolled_back_create_has_failed() -> None:
    assert STACK_STATUSES["ROLLBACK_COMPLETE"].failed
    assert STACK_STATUSES["ROLLBACK_COMPLETE"].kind is Kind.CREATE
