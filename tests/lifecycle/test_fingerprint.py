"""The fingerprint of a stack: it changes with the stack and with nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioning.aws import STACK_STATUSES, NotFound, StackResource, StackState
from provisioning.aws.change_sets import PropertyDifference, ResourceDrift
from provisioning.lifecycle.fingerprint import (
    Fingerprint,
    FingerprintError,
    cheap_fingerprint,
    details_of,
    difference,
    fingerprint_in,
    full_fingerprint,
    state_from,
    status_class,
)

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
STATE = StackState(
    stack_id="arn:aws:cloudformation:eu-north-1:111111111111:stack/orders/1",
    name="orders",
    status="CREATE_COMPLETE",
    status_reason="",
    created_at=AT,
    outputs={"Url": "https://orders.example"},
    tags={"portal:team": "payments", "portal:environment": "orders"},
    termination_protection=True,
    last_updated_at=AT,
    parameters={"Image": ("/aws/service/ami", "ami-1"), "Password": ("hunter2-secret", "")},
    capabilities=("CAPABILITY_NAMED_IAM",),
    role_arn="arn:aws:iam::111111111111:role/portal-stack-payments",
    notification_arns=("arn:aws:sns:eu-north-1:111111111111:b", "arn:aws:sns:eu-north-1:111111111111:a"),
    change_set_id="arn:aws:cloudformation:eu-north-1:111111111111:changeSet/portal-1/9",
    last_operation=("UPDATE_STACK", "op-1"),
)
QUEUE = StackResource("Queue", "orders-queue", "AWS::SQS::Queue", "CREATE_COMPLETE", "")
TOPIC = StackResource("Topic", "arn:topic", "AWS::SNS::Topic", "CREATE_COMPLETE", "")
DRIFT = ResourceDrift(
    "Queue",
    "orders-queue",
    "AWS::SQS::Queue",
    "MODIFIED",
    differences=(PropertyDifference("/DelaySeconds", "0", "30", "NOT_EQUAL"),),
)


@dataclass
class OneStack:
    """The four reads of a full fingerprint, for one stack."""

    state: StackState | None = STATE
    template: str = "{}"
    policy: str | None = None
    resources: tuple[StackResource, ...] = (QUEUE, TOPIC)

    def describe_stack(self, name_or_id: str) -> StackState | None:
        assert name_or_id == STATE.stack_id
        return self.state

    def stack_template(self, stack_id: str, *, change_set_id: str = "") -> str:
        assert not change_set_id
        return self.template

    def stack_policy(self, stack_id: str) -> str | None:
        return self.policy

    def stack_resources(self, stack_id: str) -> list[StackResource]:
        return list(self.resources)


def full(aws: Any = None, **drift: Any) -> Fingerprint:
    return full_fingerprint(aws or OneStack(), STATE.stack_id, **drift)


CHANGES = [
    ({"status": "UPDATE_FAILED"}, "The stack was settled and is now failed."),
    ({"created_at": AT + timedelta(days=1)}, "The stack was created on 2026-11-21 at 09:00 UTC"),
    (
        {"last_updated_at": AT + timedelta(days=1)},
        "The stack was updated through CloudFormation on 2026-11-21 at 09:00 UTC.",
    ),
    ({"change_set_id": "arn:aws:cloudformation:x:y:changeSet/theirs/7"}, "Another change set was executed: theirs."),
    ({"parameters": {**STATE.parameters, "Image": ("/aws/service/ami", "ami-2")}}, "The parameter Image has changed."),
    ({"parameters": {**STATE.parameters, "Password": ("other", "")}}, "The parameter Password has changed."),
    ({"parameters": {**STATE.parameters, "Size": ("2", "")}}, "The parameter Size is new."),
    ({"tags": {"portal:team": "payments"}}, "The stack tag portal:environment is gone."),
    ({"role_arn": ""}, "The stack's role is now empty; it was arn:aws:iam"),
    ({"capabilities": ()}, "The stack's list of capabilities is now empty"),
    ({"notification_arns": ()}, "The stack's list of notification topics is now empty"),
    ({"express": True}, "The stack's deployment mode is now express."),
    ({"termination_protection": False}, "The stack's termination protection is now off."),
    ({"stack_id": STATE.stack_id + "2"}, "The stack is another one"),
]


@pytest.mark.parametrize(("change", "sentence"), CHANGES, ids=[str(*change) for change, _ in CHANGES])
def test_what_changes_through_cloudformation_changes_it(change: dict[str, Any], sentence: str) -> None:
    old, new = cheap_fingerprint(STATE), cheap_fingerprint(replace(STATE, **change))
    assert old.digest != new.digest
    (found,) = difference(old, new)
    assert found.startswith(sentence)


@pytest.mark.parametrize(
    "change",
    [
        {"status_reason": "User initiated"},
        {"outputs": {"Url": "https://other.example"}},
        {"drift_status": "DRIFTED"},
        {"detailed_status": "CONFIGURATION_COMPLETE"},
        {"last_operation": ("CREATE_CHANGESET", "op-2")},
        {"status": "UPDATE_ROLLBACK_COMPLETE"},
        {"notification_arns": tuple(reversed(STATE.notification_arns))},
        {"last_updated_at": AT.astimezone(datetime.now().astimezone().tzinfo)},
    ],
    ids=str,
)
def test_what_changes_by_itself_does_not(change: dict[str, Any]) -> None:
    old, new = cheap_fingerprint(STATE), cheap_fingerprint(replace(STATE, **change))
    assert (old.digest, difference(old, new)) == (new.digest, ())


def test_a_full_one_knows_the_template_the_policy_and_the_resources() -> None:
    other = replace(QUEUE, physical_id="another-queue")
    for aws, sentence in (
        (OneStack(template='{"Resources": {}}'), "The stack's template has changed."),
        (OneStack(policy='{"Statement": []}'), "The stack policy has changed."),
        (OneStack(resources=(other, TOPIC)), "The resource Queue has changed."),
        (OneStack(resources=(TOPIC,)), "The resource Queue is gone."),
        (OneStack(resources=(replace(QUEUE, status="DELETE_COMPLETE"), TOPIC)), "The resource Queue is gone."),
    ):
        assert full(aws).digest != full().digest
        assert difference(full(), full(aws)) == (sentence,)
    assert full(OneStack(resources=(TOPIC, QUEUE))) == full()


def test_accepted_drift_belongs_to_it_and_other_drift_differs() -> None:
    further = replace(DRIFT, differences=(replace(DRIFT.differences[0], actual="60"),))
    deleted = ResourceDrift("Topic", "arn:topic", "AWS::SNS::Topic", "DELETED")
    accepted = full(accepted_drift=[DRIFT])
    assert difference(full(), accepted) == ("The accepted drift Queue /DelaySeconds is new.",)
    assert difference(accepted, full(accepted_drift=[further])) == (
        "The accepted drift Queue /DelaySeconds has changed.",
    )
    assert difference(accepted, full(accepted_drift=[DRIFT, deleted])) == ("The accepted drift Topic is new.",)


def test_a_full_one_can_be_compared_with_a_cheap_one() -> None:
    stored = Fingerprint.from_json(full().as_json())
    assert stored == full()
    assert stored.cheap == cheap_fingerprint(STATE)
    assert difference(stored, cheap_fingerprint(STATE)) == ()
    assert difference(stored, cheap_fingerprint(replace(STATE, role_arn="")))


@pytest.mark.parametrize("state", [None, replace(STATE, status="DELETE_COMPLETE")], ids=["none", "deleted"])
def test_a_stack_that_is_gone_has_none(state: StackState | None) -> None:
    with pytest.raises(NotFound):
        full(OneStack(state=state))


@pytest.mark.parametrize("content", [{}, {"format": 2}, {**cheap_fingerprint(STATE).as_json(), "more": 1}], ids=str)
def test_what_is_no_fingerprint_is_not_read(content: dict[str, Any]) -> None:
    with pytest.raises(FingerprintError):
        Fingerprint.from_json(content)


def test_no_value_of_a_parameter_is_stored() -> None:
    assert "hunter2" not in str(details_of(STATE)) + str(full().as_json())


def test_the_same_value_in_another_stack_has_another_hash() -> None:
    other = cheap_fingerprint(replace(STATE, stack_id="other"))
    assert other.parameters["Password"] != cheap_fingerprint(STATE).parameters["Password"]


def test_the_last_look_is_stored_and_read_back_without_parameters() -> None:
    details = details_of(STATE)
    assert fingerprint_in(details) == cheap_fingerprint(STATE)
    restored = state_from(details, status=STATE.status, status_reason=STATE.status_reason, outputs=dict(STATE.outputs))
    assert restored is not None
    assert replace(restored, parameters=STATE.parameters, notification_arns=STATE.notification_arns) == STATE
    assert (fingerprint_in({}), state_from({}, status="", status_reason="", outputs={})) == (None, None)


def test_every_status_has_a_class() -> None:
    classes: dict[str, set[str]] = {}
    for status in STACK_STATUSES:
        classes.setdefault(status_class(status), set()).add(status)
    assert set(classes) == {"settled", "in progress", "failed", "deleted"}
    assert classes["settled"] == {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
    assert all(status.endswith("_IN_PROGRESS") for status in classes["in progress"])
