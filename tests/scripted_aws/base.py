"""What all calls of the scripted AWS go through: faults, the clock, and the permit to change
something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from provisioning.aws import AwsError, NotFound, Unclear, Unreachable, interface
from provisioning.aws.arguments import change_of
from provisioning.aws.errors import NotPermitted
from provisioning.aws.permits import Change, Permit, acting_on, current_permit
from tests.scripted_aws.cloud import Cloud, Place, ScriptedStack
from tests.scripted_aws.sent import Sent

T = TypeVar("T")

TOKEN_LIMIT: Final = 128
_ANSWER_LOST = (Unclear, Unreachable)

# The API operation that each method sends, by botocore's names.
OPERATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "create_stack": ("cloudformation", "CreateStack"),
    "delete_stack": ("cloudformation", "DeleteStack"),
    "force_delete_stack": ("cloudformation", "DeleteStack"),
    "set_termination_protection": ("cloudformation", "UpdateTerminationProtection"),
    "create_change_set": ("cloudformation", "CreateChangeSet"),
    "execute_change_set": ("cloudformation", "ExecuteChangeSet"),
    "delete_change_set": ("cloudformation", "DeleteChangeSet"),
    "set_stack_policy": ("cloudformation", "SetStackPolicy"),
    "cancel_update": ("cloudformation", "CancelUpdateStack"),
    "continue_rollback": ("cloudformation", "ContinueUpdateRollback"),
    "rollback_stack": ("cloudformation", "RollbackStack"),
    "put_artefact": ("s3", "PutObject"),
    "run_task": ("ecs", "RunTask"),
    "empty_bucket": ("s3", "DeleteObjects"),
    "empty_vault": ("backup", "DeleteRecoveryPoint"),
    "stop_service": ("ecs", "UpdateService"),
    "quiesce": ("events", "DisableRule"),
    "lift_protection": ("rds", "ModifyDBInstance"),
    "release_network_interfaces": ("ec2", "DeleteNetworkInterface"),
}


class Calls:
    """One account and region of a cloud."""

    def __init__(self, cloud: Cloud, access: interface.AccountAccess) -> None:
        self.cloud, self.access = cloud, access
        self.place = Place(access.account_id, access.region)

    @contextmanager
    def reading(self, method: str) -> Iterator[None]:
        if (permit := current_permit()) is not None:
            permit.check_step()
        self.cloud.between(f"before {method}")
        with self.cloud.faults.around(method):
            self.cloud.settle()
            yield
        self.cloud.between(f"after {method}")

    def change(self, method: str, effect: Callable[[], T], arguments: Mapping[str, Any], *, target: str = "") -> T:
        """Send one call that changes something, as LiveAws does: record the intention, check the
        deadline right before the bytes leave, end it with the answer.

        `arguments` are those that botocore would receive; `target` is the resource, if they do not
        name it.
        """
        service, operation = OPERATIONS[method]
        place = self.place
        with acting_on(target):
            change = change_of(service, operation, arguments, account_id=place.account_id, region=place.region)
        assert len(change.token) <= TOKEN_LIMIT
        permit = current_permit()
        if permit is not None:
            permit.begin(change)
        self.cloud.between(f"before {method}")
        if permit is not None:
            self._check(permit, change)
        self._record(method, arguments, change, had_permit=permit is not None)
        try:
            answer = self._carry_out(method, effect)
        except AwsError as error:
            if permit is not None and not isinstance(error, _ANSWER_LOST):
                permit.end(change)
            raise
        self.cloud.between(f"after {method}")
        if permit is not None:
            permit.end(change)
        return answer

    def _check(self, permit: Permit, change: Change) -> None:
        """Right before the bytes leave. What was refused is no open call."""
        try:
            permit.check()
        except NotPermitted:
            permit.end(change)
            raise

    def _record(self, method: str, arguments: Mapping[str, Any], change: Change, *, had_permit: bool) -> None:
        cloud = self.cloud
        cloud.sent.append(Sent(cloud.clock.now(), method, arguments, change, cloud.sender(), had_permit))

    def _carry_out(self, method: str, effect: Callable[[], T]) -> T:
        faults = self.cloud.faults
        faults.calls.append(method)
        faults.strike(method, "before")
        self.cloud.settle()
        if delay := faults.delay_of(method):
            self.cloud.later(delay, lambda: _quietly(effect))
            raise Unclear("the answer was lost", operation=method, maybe_done=True)
        answer = effect()
        faults.strike(method, "after")
        return answer

    def stack(self, name_or_id: str) -> ScriptedStack:
        stack = self.cloud.stack_called(self.place, name_or_id)
        if stack is None:
            raise NotFound(f"Stack with id {name_or_id} does not exist")
        return stack


def _quietly(effect: Callable[[], object]) -> None:
    """Nobody gets the answer to a call that takes effect late."""
    with suppress(AwsError):
        effect()
