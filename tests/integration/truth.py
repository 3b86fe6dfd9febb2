"""Whether the database says what is so in the account: nothing lost, nothing twice."""

from __future__ import annotations

from collections import Counter

from provisioning.design.names import ENVIRONMENT_ID_TAG
from provisioning.lifecycle.receipt_document import ReceiptDocument, digest_of_stored
from provisioning.models import Environment, Operation, Receipt, Stack, StackResource, Transition
from tests.integration.conftest import Place


def assert_true(place: Place, *environments: Environment) -> None:
    """Each environment rests, running or gone, and the account has what the ledger says."""
    assert_operations_ended_once()
    stacks = _stacks(place)
    for environment in environments:
        environment.refresh_from_db()
        assert environment.state in ("running", "gone")
        name = place.stack_name(environment)
        ids = [stack_id for stack_id, (listed, _) in stacks.items() if listed == name]
        assert len(ids) == 1, f"{name} was created {len(ids)} times: {ids}"
        assert ids == list(Stack.objects.filter(environment=environment).values_list("stack_id", flat=True))
        assert (stacks[ids[0]][1] == "DELETE_COMPLETE") == (environment.state == "gone")
        if environment.state == "running":
            assert _ledger(environment) == _listed(place, ids[0])
        else:
            _assert_gone(place, environment)
    others = {name for name, status in stacks.values() if status != "DELETE_COMPLETE"}
    assert others == {place.stack_name(one) for one in environments if one.state == "running"}


def assert_operations_ended_once() -> None:
    """All operations have succeeded, and each state was entered once in a row."""
    states = Counter(Operation.objects.values_list("state", flat=True))
    assert set(states) == {"succeeded"}, states
    ends = Counter(
        Transition.objects.filter(subject="operation", to_state="succeeded").values_list("subject_id", flat=True)
    )
    assert set(ends.values()) == {1}
    assert len(ends) == Operation.objects.count()


def _stacks(place: Place) -> dict[str, tuple[str, str]]:
    """Name and status of every stack that the account has or had, by id."""
    pages = place.client("cloudformation").get_paginator("list_stacks").paginate()
    return {
        one["StackId"]: (one["StackName"], one["StackStatus"])
        for page in pages
        for one in page["StackSummaries"]
        if not one["StackName"].startswith("portal-onboarding")
    }


def _ledger(environment: Environment) -> list[tuple[str, str]]:
    rows = StackResource.objects.filter(stack__environment=environment, end="").exclude(physical_id="")
    return sorted(rows.values_list("logical_id", "physical_id"))


def _listed(place: Place, stack_id: str) -> list[tuple[str, str]]:
    pages = place.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack_id)
    listed = [one for page in pages for one in page["StackResourceSummaries"]]
    return sorted((one["LogicalResourceId"], one["PhysicalResourceId"]) for one in listed)


def _assert_gone(place: Place, environment: Environment) -> None:
    """The receipt is signed and names everything, and the account has only what it says is retained."""
    receipt = Receipt.objects.get(environment=environment)
    document = ReceiptDocument.from_json(receipt.lines, receipt.scan)
    assert receipt.digest == digest_of_stored(
        receipt.lines, receipt.scan, plan_digest=receipt.operation.request.plan.digest
    )
    assert {line.end for line in document.lines} <= {"deleted", "retained", "unverified"}
    assert not document.scan.left
    rows = StackResource.objects.filter(stack__environment=environment).exclude(physical_id="")
    assert not rows.filter(end="").exists()
    assert set(rows.values_list("physical_id", flat=True)) <= {line.physical_id for line in document.lines}
    retained = [line.physical_id for line in document.lines if line.end == "retained"]
    tagged = place.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": ENVIRONMENT_ID_TAG, "Values": [str(environment.pk)]}]
    )["ResourceTagMappingList"]
    left = [one["ResourceARN"] for one in tagged]
    assert [arn for arn in left if not any(physical_id in arn for physical_id in retained)] == []
