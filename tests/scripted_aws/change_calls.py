"""CloudFormation's calls about change sets, templates and stack policies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from provisioning.aws import (
    AccessDenied,
    AlreadyExists,
    Busy,
    LimitExceeded,
    NotFound,
    Obsolete,
    ValidationFailed,
    WrongStatus,
    arguments,
    interface,
)
from provisioning.aws.change_sets import ChangeDetail, ChangeSet, ChangeSetSpec, ChangeSetSummary, ResourceChange
from tests.scripted_aws.change_set_life import ChangeSetLife
from tests.scripted_aws.cloud import ScriptedChangeSet, ScriptedStack
from tests.scripted_aws.formation import Formation
from tests.scripted_aws.stack_calls import StackCalls, check_parameters
from tests.scripted_aws.stack_state import parameters_of, parsed
from tests.scripted_aws.update import Update

MOST_CHANGE_SETS: Final = 1000
UPDATABLE: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
WITHOUT_ROLLBACK: Final = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})


class ChangeCalls(StackCalls):
    def create_change_set(self, spec: ChangeSetSpec, *, token: str) -> str:
        sent = arguments.create_change_set(spec, role_arn=self.access.stack_role_arn)
        return self.change(
            "create_change_set", lambda: self._create_change_set(spec, token), {**sent, "ClientToken": token}
        )

    def _create_change_set(self, spec: ChangeSetSpec, token: str) -> str:
        if spec.kind == "IMPORT":
            raise AccessDenied("The role may not create change sets that import resources", code="AccessDenied")
        stack = self._stack_for(spec, token)
        same_name = next(
            (known for known in stack.change_sets if known.spec.name == spec.name and not known.is_deleted), None
        )
        if same_name is not None:
            if same_name.spec == spec:
                return same_name.change_set_id
            raise AlreadyExists(
                f"ChangeSet {spec.name} cannot be created due to a mismatch with existing attribute Template"
            )
        if sum(not known.is_deleted for known in stack.change_sets) >= MOST_CHANGE_SETS:
            raise LimitExceeded(f"ChangeSet limit exceeded for stack {stack.spec.name}")
        target = self._target(stack, spec)
        number, place = self.cloud.number(), self.place
        change_set = ScriptedChangeSet(
            change_set_id=f"arn:aws:cloudformation:{place.region}:{place.account_id}:changeSet/{spec.name}/{number}",
            stack_id=stack.stack_id,
            spec=spec,
            token=token,
            created_at=self.cloud.at(),
            target=target,
        )
        stack.change_sets.append(change_set)
        ChangeSetLife(self.cloud, stack, change_set).begin()
        return change_set.change_set_id

    def _stack_for(self, spec: ChangeSetSpec, token: str) -> ScriptedStack:
        stack = self.cloud.stack_called(self.place, spec.stack)
        drafted = stack is not None and stack.status == "REVIEW_IN_PROGRESS"
        if spec.kind == "CREATE":
            if stack is not None and not drafted:
                raise AlreadyExists(f"Stack [{spec.stack}] already exists and cannot be created again")
            draft = interface.StackSpec(name=spec.stack, body=spec.body or "", parameters={}, tags=spec.tags)
            return stack or self.new_stack(draft, token, status="REVIEW_IN_PROGRESS")
        if stack is None or drafted or stack.status == "DELETE_COMPLETE":
            raise ValidationFailed(f"Stack [{spec.stack}] does not exist")
        allowed = UPDATABLE | WITHOUT_ROLLBACK if spec.disable_rollback else UPDATABLE
        if stack.status not in allowed:
            raise WrongStatus(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
        return stack

    def _target(self, stack: ScriptedStack, spec: ChangeSetSpec) -> interface.StackSpec:
        body = stack.spec.body if spec.body is None else spec.body
        declared = parsed(body).get("Parameters", {})
        parameters = {}
        for name, value in spec.parameters.items():
            if value is None and name not in stack.spec.parameters and "Default" not in declared.get(name, {}):
                raise ValidationFailed(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                )
            if value is not None:
                parameters[name] = value
            elif name in stack.spec.parameters:
                parameters[name] = stack.spec.parameters[name]
        check_parameters(body, set(parameters) | (set(spec.parameters) - set(parameters)))
        return replace(
            stack.spec, body=body, parameters=parameters, tags=dict(spec.tags), capabilities=tuple(spec.capabilities)
        )

    def describe_change_set(self, change_set: str, *, stack_id: str, values: bool = False) -> ChangeSet | None:
        with self.reading("describe_change_set"):
            known = self._change_set(change_set, stack_id)
            if known is None:
                return None
            changes = [
                change
                for change in known.changes
                if not values or change.logical_id not in self.cloud.drops_from_values
            ]
            return ChangeSet(
                change_set_id=known.change_set_id,
                name=known.spec.name,
                stack_id=known.stack_id,
                status=known.status,
                execution_status=known.execution_status,
                status_reason="" if values else known.reason,
                created_at=known.created_at,
                changes=tuple(change if values else _plain(change) for change in changes),
                parameters=parameters_of(self.cloud, self.place, known.target),
                tags=dict(known.target.tags),
                capabilities=tuple(known.spec.capabilities),
                notification_arns=tuple(known.spec.notification_arns),
                deployment_mode="REVERT_DRIFT" if known.spec.revert_drift else "",
                express=known.spec.express,
                disable_rollback=known.spec.disable_rollback,
                include_nested_stacks=known.spec.include_nested_stacks,
                import_existing_resources=known.spec.import_existing_resources,
                stack_drift_status=known.drift_status,
            )

    def _change_set(self, name_or_id: str, stack_id: str) -> ScriptedChangeSet | None:
        """Raises NotFound if there is no such stack."""
        stack = self.stack(stack_id)
        return next(
            (
                known
                for known in reversed(stack.change_sets)
                if name_or_id in (known.change_set_id, known.spec.name) and not known.is_deleted
            ),
            None,
        )

    def list_change_sets(self, stack_id: str) -> list[ChangeSetSummary]:
        with self.reading("list_change_sets"):
            return [
                ChangeSetSummary(known.change_set_id, known.spec.name, known.status, known.execution_status)
                for known in self.stack(stack_id).change_sets
                if not known.is_deleted
            ]

    def execute_change_set(self, change_set_id: str, *, stack_id: str, token: str) -> None:
        self.change(
            "execute_change_set",
            lambda: self._execute(change_set_id, stack_id, token),
            {"ChangeSetName": change_set_id, "StackName": stack_id, "ClientRequestToken": token},
        )

    def _execute(self, change_set_id: str, stack_id: str, token: str) -> None:
        change_set = self._change_set(change_set_id, stack_id)
        if change_set is None:
            raise NotFound(f"ChangeSet [{change_set_id}] does not exist", code="ChangeSetNotFound")
        if change_set.executed_by == token:
            return
        if change_set.execution_status != "AVAILABLE":
            refusal = Obsolete if change_set.execution_status == "OBSOLETE" else WrongStatus
            raise refusal(
                f"ChangeSet [{change_set_id}] cannot be executed in its current execution status of [{change_set.execution_status}]",
                code="InvalidChangeSetStatus",
            )
        stack = self.stack(stack_id)
        if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            raise WrongStatus(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
        self._run(stack, change_set, token)

    def _run(self, stack: ScriptedStack, change_set: ScriptedChangeSet, token: str) -> None:
        is_new = stack.status == "REVIEW_IN_PROGRESS"
        change_set.execution_status, change_set.executed_by = "EXECUTE_IN_PROGRESS", token
        kind = "CREATE_STACK" if is_new else "UPDATE_STACK"
        self.cloud.begin_operation(stack, kind, token, executes=change_set.change_set_id)
        stack.change_set_id = change_set.change_set_id
        stack.express, stack.disable_rollback = change_set.spec.express, change_set.spec.disable_rollback
        stack.notification_arns = tuple(change_set.spec.notification_arns)
        stack.role_arn = self.access.stack_role_arn or stack.role_arn
        if is_new:
            stack.spec, stack.rendered = change_set.target, {}
            self.cloud.set_status(stack, "CREATE_IN_PROGRESS", "User Initiated")
            Formation(self.cloud, stack).create()
        else:
            Update(self.cloud, stack, change_set.target, revert_drift=change_set.spec.revert_drift).start()

    def delete_change_set(self, change_set_id: str, *, stack_id: str) -> None:
        self.change(
            "delete_change_set",
            lambda: self._delete_change_set(change_set_id, stack_id),
            {"ChangeSetName": change_set_id, "StackName": stack_id},
        )

    def _delete_change_set(self, change_set_id: str, stack_id: str) -> None:
        change_set = self._change_set(change_set_id, stack_id)
        if change_set is None:
            return
        if change_set.execution_status == "EXECUTE_IN_PROGRESS":
            raise Busy("An operation on this ChangeSet is currently in progress.", code="InvalidChangeSetStatus")
        change_set.status, change_set.execution_status = "DELETE_COMPLETE", "UNAVAILABLE"

    def stack_template(self, stack_id: str, *, change_set_id: str = "") -> str:
        with self.reading("stack_template"):
            if not change_set_id:
                return self.stack(stack_id).spec.body
            change_set = self._change_set(change_set_id, stack_id)
            if change_set is None:
                raise NotFound(f"ChangeSet [{change_set_id}] does not exist", code="ChangeSetNotFound")
            return change_set.target.body

    def stack_policy(self, stack_id: str) -> str | None:
        with self.reading("stack_policy"):
            return self.stack(stack_id).policy

    def set_stack_policy(self, stack_id: str, policy: str) -> None:
        self.change(
            "set_stack_policy",
            lambda: self._set_policy(stack_id, policy),
            arguments.set_stack_policy(stack_id, policy),
        )

    def _set_policy(self, stack_id: str, policy: str) -> None:
        try:
            statements: Sequence[object] = json.loads(policy)["Statement"]
        except (ValueError, KeyError, TypeError):
            raise ValidationFailed("Error validating stack policy: Invalid stack policy") from None
        if not statements:
            raise ValidationFailed("Error validating stack policy: Stack policy has no statement")
        self.stack(stack_id).policy = policy


def _plain(change: ResourceChange) -> ResourceChange:
    """Without what IncludePropertyValues adds."""
    details = [
        ChangeDetail(
            attribute=detail.attribute,
            name=detail.name,
            requires_recreation=detail.requires_recreation,
            evaluation=detail.evaluation,
            source=detail.source,
            causing_entity=detail.causing_entity,
        )
        for detail in change.details
    ]
    return replace(change, details=tuple(details))
