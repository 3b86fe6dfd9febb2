"""CloudFormation's calls about stacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from provisioning.aws import (
    AlreadyExists,
    NotFound,
    TokenConflict,
    ValidationFailed,
    WrongStatus,
    arguments,
    interface,
)
from provisioning.aws.change_sets import OperationEvent
from tests.scripted_aws.base import Calls
from tests.scripted_aws.cloud import ScriptedStack
from tests.scripted_aws.formation import Formation
from tests.scripted_aws.stack_state import parsed, state_at, state_of, summary_of
from tests.scripted_aws.update import go_back

# DeleteStack is refused while a stack is being changed; AWS does not document the rollback of a
# creation, so it is refused as well.
UNDELETABLE: Final = frozenset(
    {
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "IMPORT_IN_PROGRESS",
        "IMPORT_ROLLBACK_IN_PROGRESS",
    }
)


class StackCalls(Calls):
    def create_stack(self, spec: interface.StackSpec, *, token: str) -> str:
        sent = arguments.create_stack(spec, role_arn=self.access.stack_role_arn)
        return self.change("create_stack", lambda: self._create(spec, token), {**sent, "ClientRequestToken": token})

    def _create(self, spec: interface.StackSpec, token: str) -> str:
        existing = self.cloud.stack_called(self.place, spec.name)
        if existing is not None:
            if existing.token != token:
                raise AlreadyExists(f"Stack [{spec.name}] already exists")
            if existing.created_spec != spec:
                raise TokenConflict(f"A stack operation with client token {token} already exists with other arguments.")
            return existing.stack_id
        check_parameters(spec.body, set(spec.parameters))
        stack = self.new_stack(spec, token, status="CREATE_IN_PROGRESS")
        self.cloud.creates[token] += 1
        self.cloud.begin_operation(stack, "CREATE_STACK", token)
        Formation(self.cloud, stack).create()
        return stack.stack_id

    def new_stack(self, spec: interface.StackSpec, token: str, *, status: str) -> ScriptedStack:
        number = self.cloud.number()
        stack = ScriptedStack(
            place=self.place,
            stack_id=f"arn:aws:cloudformation:{self.place.region}:{self.place.account_id}:stack/{spec.name}/{number}",
            spec=spec,
            token=token,
            created_at=self.cloud.at(),
            status=status,
            protected=spec.termination_protection,
            role_arn=self.access.stack_role_arn,
            policy=spec.stack_policy,
            express=spec.express,
            statuses=[status],
            created_spec=spec,
        )
        self.cloud.stacks.append(stack)
        return stack

    def delete_stack(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None:
        self.change(
            "delete_stack",
            lambda: self._delete(stack_id, token, retain, force=False),
            {**self.in_standard_mode(stack_id, token), **arguments.names("RetainResources", retain)},
        )

    def force_delete_stack(self, stack_id: str, *, token: str) -> None:
        self.change(
            "force_delete_stack",
            lambda: self._delete(stack_id, token, (), force=True),
            {**self.in_standard_mode(stack_id, token), "DeletionMode": "FORCE_DELETE_STACK"},
        )

    def in_standard_mode(self, stack_id: str, token: str) -> dict[str, Any]:
        return {**self.on_stack(stack_id, token), "DeploymentConfig": {"Mode": "STANDARD"}}

    def on_stack(self, stack_id: str, token: str) -> dict[str, Any]:
        return {"StackName": stack_id, "ClientRequestToken": token, **arguments.role(self.access.stack_role_arn)}

    def _delete(self, stack_id: str, token: str, retain: Sequence[str], *, force: bool) -> None:
        stack = self.stack(stack_id)
        if stack.protected:
            raise WrongStatus(f"Stack [{stack.spec.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS") or token in stack.delete_tokens:
            return
        if stack.status in UNDELETABLE:
            raise WrongStatus(f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}")
        if (retain or force) and stack.status != "DELETE_FAILED":
            raise ValidationFailed(
                f"Invalid operation on stack [{stack.stack_id}]. When you delete a stack, specify which resources to retain only when the stack is in the DELETE_FAILED state."
            )
        stack.delete_tokens.add(token)
        stack.delete_role_arns.append(self.access.stack_role_arn)
        self.cloud.begin_operation(stack, "DELETE_STACK", token)
        Formation(self.cloud, stack).delete(retain=retain, force=force)

    def describe_stack(self, name_or_id: str) -> interface.StackState | None:
        with self.reading("describe_stack"):
            stack = self.cloud.stack_called(self.place, name_or_id)
            if stack is None or self._is_invisible(stack):
                return None
            return self._seen(stack)

    def _is_invisible(self, stack: ScriptedStack) -> bool:
        return self.cloud.clock.now() < stack.created_at + timedelta(seconds=self.cloud.invisible_seconds)

    def _seen(self, stack: ScriptedStack) -> interface.StackState | None:
        """The stack as a read describes it, which may be late."""
        if self.cloud.stale_seconds and self.cloud.faults.is_stale():
            return state_at(stack, self.cloud.clock.now() - timedelta(seconds=self.cloud.stale_seconds))
        return state_of(self.cloud, stack)

    def list_stacks(self, *, statuses: Sequence[str] = ()) -> list[interface.StackState]:
        with self.reading("list_stacks"):
            at = self.cloud.clock.now() - timedelta(seconds=self.cloud.list_lag_seconds)
            return [
                summary_of(state)
                for stack in self.cloud.stacks
                if stack.place == self.place
                and (state := self._listed(stack, at)) is not None
                and (not statuses or state.status in statuses)
            ]

    def _listed(self, stack: ScriptedStack, at: datetime) -> interface.StackState | None:
        return state_at(stack, at) if self.cloud.list_lag_seconds else state_of(self.cloud, stack)

    def describe_all_stacks(self) -> list[interface.StackState]:
        with self.reading("describe_all_stacks"):
            return [
                state_of(self.cloud, stack)
                for stack in self.cloud.stacks
                if stack.place == self.place and stack.status != "DELETE_COMPLETE" and not self._is_invisible(stack)
            ]

    def stack_events(self, stack_id: str, *, after_event_id: str | None) -> list[interface.StackEvent]:
        with self.reading("stack_events"):
            events = self.stack(stack_id).events
            known = next((index for index, event in enumerate(events) if event.event_id == after_event_id), -1)
            return events[known + 1 :]

    def operation_events(
        self, *, stack_id: str = "", change_set_id: str = "", operation_id: str = "", failed_only: bool = False
    ) -> list[OperationEvent]:
        with self.reading("operation_events"):
            events = [
                event
                for stack in self.cloud.stacks
                if stack.place == self.place and (not stack_id or stack.stack_id == stack_id)
                for event in stack.operation_events
            ]
            if change_set_id:
                events = [event for event in events if event.operation_id == change_set_id]
            if operation_id:
                events = [event for event in events if event.operation_id == operation_id]
            return [event for event in events if not failed_only or is_failure(event)]

    def stack_resources(self, stack_id: str) -> list[interface.StackResource]:
        with self.reading("stack_resources"):
            return [
                interface.StackResource(item.logical_id, item.physical_id, item.type, item.status, item.reason)
                for item in self.stack(stack_id).resources.values()
            ]

    def set_termination_protection(self, stack_name: str, *, enabled: bool) -> None:
        self.change(
            "set_termination_protection",
            lambda: self._protect(stack_name, enabled=enabled),
            {"StackName": stack_name, "EnableTerminationProtection": enabled},
        )

    def _protect(self, stack_name: str, *, enabled: bool) -> None:
        stack = self.stack(stack_name)
        if stack.status == "DELETE_COMPLETE":
            raise NotFound(f"Stack [{stack_name}] does not exist")
        stack.protected = enabled
        self.cloud.remember(stack)

    # Rollbacks

    def cancel_update(self, stack_id: str, *, token: str) -> None:
        sent = {"StackName": stack_id, "ClientRequestToken": token}
        self.change("cancel_update", lambda: self._cancel(stack_id, token), sent)

    def _cancel(self, stack_id: str, token: str) -> None:
        stack = self.stack(stack_id)
        if stack.status != "UPDATE_IN_PROGRESS":
            raise WrongStatus(f"CancelUpdateStack cannot be called from current stack status {stack.status}")
        stack.operation_token = token
        go_back(self.cloud, stack, "User Initiated")

    def continue_rollback(self, stack_id: str, *, token: str, skip: Sequence[str] = ()) -> None:
        self.change(
            "continue_rollback",
            lambda: self._continue(stack_id, token, skip),
            {**self.on_stack(stack_id, token), **arguments.names("ResourcesToSkip", skip)},
        )

    def _continue(self, stack_id: str, token: str, skip: Sequence[str]) -> None:
        stack = self.stack(stack_id)
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise WrongStatus(f"Stack: {stack.stack_id} is in {stack.status} state and can not be continued")
        wrong = [
            name for name in skip if name not in stack.resources or stack.resources[name].status != "UPDATE_FAILED"
        ]
        if wrong:
            raise ValidationFailed(f"Stack does not have these resources in UPDATE_FAILED state: {wrong}")
        self.cloud.begin_operation(stack, "CONTINUE_ROLLBACK", token)
        go_back(self.cloud, stack, "User Initiated", skip=skip)

    def rollback_stack(self, stack_id: str, *, token: str) -> None:
        self.change("rollback_stack", lambda: self._roll_back(stack_id, token), self.in_standard_mode(stack_id, token))

    def _roll_back(self, stack_id: str, token: str) -> None:
        stack = self.stack(stack_id)
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise WrongStatus(f"RollbackStack cannot be called from current stack status {stack.status}")
        self.cloud.begin_operation(stack, "ROLLBACK", token)
        if stack.status == "UPDATE_FAILED":
            go_back(self.cloud, stack, "User Initiated")
        else:
            Formation(self.cloud, stack).roll_back("User Initiated")


def check_parameters(body: str, given: set[str]) -> None:
    """As CloudFormation does: all that have no default are given, and no others."""
    declared = parsed(body).get("Parameters", {})
    needed = {name for name, parameter in declared.items() if "Default" not in parameter}
    if missing := needed - given:
        raise ValidationFailed(f"Parameters: {sorted(missing)} must have values")
    if unknown := given - set(declared):
        raise ValidationFailed(f"Parameters: {sorted(unknown)} do not exist in the template")


def is_failure(event: OperationEvent) -> bool:
    return event.status.endswith("_FAILED") or event.type in (
        "VALIDATION_ERROR",
        "PROVISIONING_ERROR",
        "HOOK_INVOCATION_ERROR",
    )
