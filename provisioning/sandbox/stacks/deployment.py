"""Creates and updates a stack: every resource as soon as its dependencies exist."""

from __future__ import annotations

import asyncio
import copy
import json
from dataclasses import dataclass, field
from typing import Any

from provisioning.sandbox.durations import UPDATE_SHARE, duration
from provisioning.sandbox.faults import FAULTS, Fault
from provisioning.sandbox.iam import stack_rights
from provisioning.sandbox.iam.planned_tags import planned_tags
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import cfn, engine, provisioners, stacks
from provisioning.sandbox.properties import property_problem
from provisioning.sandbox.stacks import running, signals, tag_limits
from provisioning.sandbox.stacks.conditions import evaluate_conditions
from provisioning.sandbox.stacks.graph import Graph, Template, dependencies, run_graph
from provisioning.sandbox.stacks.outside import check_that_it_exists
from provisioning.sandbox.stacks.policy import denial
from provisioning.sandbox.stacks.reasons import in_aws_words
from provisioning.sandbox.stacks.records import Stack, exists, set_resource
from provisioning.sandbox.work import run_handler, to_the_end

CANCELLED = {"CREATE": "Resource creation cancelled", "UPDATE": "Resource update cancelled"}
EXPRESS_SECONDS = 10
"""Assumed: in express mode a resource is done when its service has accepted it."""
REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


class ResourceFailedError(Exception):
    """AWS's (or a fault's) reason why a resource could not be created."""


@dataclass
class Deployment:
    stack: Stack
    template: Template
    parameters: dict[str, Any]
    is_update: bool = False
    previous: dict[str, Any] = field(default_factory=dict)
    imports: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    """Logical ids that this operation has made or changed, in order."""
    failure: tuple[str, str] | None = None
    """The first resource that failed, and why."""
    failed_update: tuple[Any, ...] | None = None
    replaced: list[tuple[str, str, str, str, dict[str, Any], list[Any]]] = field(default_factory=list)
    """(logical id, type, old physical id, new physical id, old properties, deletions that handlers
    ask for)
    """

    def __post_init__(self) -> None:
        self.conditions = evaluate_conditions(self.stack, self.template, self.parameters)
        self.definitions = self.template.get("Resources", {})
        self.graph: Graph = dependencies(self.template, self.conditions)
        self.verb = "UPDATE" if self.is_update else "CREATE"
        self.drifted: dict[str, Any] = (self.stack.get("_revert_drift") or {}) if self.is_update else {}

    @property
    def tags(self) -> list[dict[str, str]]:
        return self.stack.get("Tags") or []

    # Properties ----------------------------------------------------------------------------------------------

    def resolve(self, value: Any, resources: dict[str, Any] | None = None) -> Any:
        """A template's value with its intrinsic functions evaluated."""
        return engine.resolve_refs(
            copy.deepcopy(value),
            self.stack["_resources"] if resources is None else resources,
            self.parameters,
            self.conditions,
            self.template.get("Mappings", {}),
            self.stack["StackName"],
            self.stack["StackId"],
        )

    def properties(self, logical_id: str) -> tuple[dict[str, Any], dict[str, str]]:
        """The resolved properties, and the values of the dynamic references in them."""
        resolved = self.resolve(self.definitions[logical_id].get("Properties") or {})
        resolved = {key: value for key, value in resolved.items() if value is not engine.NO_VALUE}
        stack_rights.check_references(self.stack, logical_id, resolved)
        before = self.previous.get("_resources", {}).get(logical_id) or {}
        same_template = self.previous.get("_template") == self.template
        old_definition = self.previous.get("_template", {}).get("Resources", {}).get(logical_id)
        answer: tuple[dict[str, Any], dict[str, str]] = engine.resolve_dynamic_references(
            resolved,
            before.get("_dynamic"),
            reuse_ssm=same_template and self.previous.get("_resolved_params") == self.parameters,
            reuse_secrets=bool(before) and old_definition == self.definitions[logical_id],
        )
        return answer

    def tagged(
        self, resource_type: str, logical_id: str, properties: dict[str, Any], tags: list[dict[str, str]]
    ) -> dict[str, Any]:
        name, stack_id = self.stack["StackName"], self.stack["StackId"]
        answer: dict[str, Any] = provisioners.with_stack_tags(
            resource_type, properties, tags, name, stack_id, logical_id
        )
        return answer

    def policy(self, logical_id: str, attribute: str) -> str:
        """The DeletionPolicy or UpdateReplacePolicy of a resource, or AWS's default."""
        return str(
            stacks.resource_policy(
                self.definitions.get(logical_id),
                attribute,
                self.stack["_resources"],
                self.parameters,
                self.conditions,
                self.template.get("Mappings", {}),
                self.stack["StackName"],
                self.stack["StackId"],
            )
        )

    def allow(self, action: str, logical_id: str, resource_type: str) -> None:
        """Raises if the stack's policy (or the policy for this update) forbids the action."""
        policy = self.stack.get("_policy_during_update") or self.stack.get("_stack_policy") or ""
        reason = denial(policy, action, logical_id, resource_type)
        if reason:
            raise ResourceFailedError(reason)

    # Steps ---------------------------------------------------------------------------------------------------

    async def run(self) -> bool:
        """Deploys all resources; False if one failed (`failure` names it)."""
        return await run_graph(self.graph, self._step, stop_at_failure=True)

    async def _step(self, logical_id: str) -> bool:
        resource_type = self.definitions[logical_id].get("Type", "AWS::CloudFormation::CustomResource")
        before = self.previous.get("_resources", {}).get(logical_id)
        try:
            if self._is_gone(logical_id):  # deleted outside the stack, and to be made again
                self.stack["_resources"].pop(logical_id, None)
                await self._create(logical_id, resource_type, None)
            elif self.is_update and before and before.get("ResourceType") == resource_type and exists(before):
                await self._update(logical_id, resource_type, before)
            elif before and not exists(before):  # its creation had failed
                await self._create(logical_id, resource_type, None)
            else:
                await self._create(logical_id, resource_type, before)
        except asyncio.CancelledError:
            self._note_failure(logical_id, resource_type, CANCELLED[self.verb], before, cancelled=True)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is the resource's failure, with its own words
            self._note_failure(logical_id, resource_type, in_aws_words(error), before)
            return False
        return True

    def _is_gone(self, logical_id: str) -> bool:
        status: str = self.drifted.get(logical_id, {}).get("StackResourceDriftStatus", "")
        return status == "DELETED"

    def _properties_before(self, logical_id: str, before: dict[str, Any]) -> dict[str, Any]:
        """Those of the last deployment; when drift is reverted, the actual ones."""
        actual = json.loads(self.drifted.get(logical_id, {}).get("ActualProperties") or "{}")
        return {**before.get("Properties", {}), **actual}

    def _note_failure(
        self, logical_id: str, resource_type: str, reason: str, before: Any, *, cancelled: bool = False
    ) -> None:
        if cancelled and logical_id not in self.stack["_resources"]:
            return
        status = "IMPORT_FAILED" if logical_id in self.imports else f"{self.verb}_FAILED"
        set_resource(self.stack, logical_id, status, reason, ResourceType=resource_type)
        if not cancelled and self.failure is None:
            self.failure = (logical_id, reason)
        if before and self.failed_update is None and logical_id not in self.done:
            self.failed_update = (
                logical_id,
                resource_type,
                before.get("PhysicalResourceId", logical_id),
                None,
                None,
                None,
            )

    async def _trouble(self, logical_id: str, resource_type: str, op: str, properties: dict[str, Any]) -> Fault | None:
        """Raises what AWS or a fault has against the operation: missing permissions, then the fault."""
        record = {**self.stack["_resources"][logical_id], "Properties": properties}
        stack_rights.check_handler(self.stack, op, logical_id, resource_type, record)
        fault = FAULTS.take(self.stack["StackName"], logical_id, resource_type, op)
        if fault is not None and fault.mode == "fail":
            await asyncio.sleep(fault.seconds)
            raise ResourceFailedError(fault.reason)
        return fault

    async def _stabilise(self, seconds: float, fault: Fault | None) -> None:
        if fault is not None and fault.mode == "hang":
            await fault.hang()
        elif fault is not None and fault.mode == "slow":
            await asyncio.sleep(fault.seconds)
        express = (self.stack.get("_deployment") or {}).get("Mode") == "EXPRESS"
        await PACE.wait(min(seconds, EXPRESS_SECONDS) if express else seconds)

    async def _create(self, logical_id: str, resource_type: str, before: dict[str, Any] | None) -> None:
        record = self.stack["_resources"].get(logical_id) if not before else None
        if record and record.get("ResourceStatus") == f"{self.verb}_COMPLETE":
            return  # created before the sandbox was stopped
        properties, dynamic = self.properties(logical_id)
        if logical_id in self.imports:
            await self._import_resource(logical_id, resource_type, properties)
            return
        if not (record and record.get("PhysicalResourceId")):
            kept: dict[str, Any] = {
                "ResourceType": resource_type,
                "Properties": properties,
                "PhysicalResourceId": "",
                "Attributes": {},
            }
            set_resource(self.stack, logical_id, f"{self.verb}_IN_PROGRESS" if before else "CREATE_IN_PROGRESS", **kept)
            fault = await self._trouble(logical_id, resource_type, "create", properties)
            self._check(resource_type, logical_id, properties)
            await self._make(logical_id, resource_type, properties, dynamic)
        else:
            fault = None
        await self._stabilise(duration(resource_type, properties).create, fault)
        await signals.await_signals(
            self.stack, logical_id, self.resolve(self.definitions[logical_id].get("CreationPolicy") or {})
        )
        if before:  # another type under the same name: the old resource is deleted in the cleanup
            old = (logical_id, before["ResourceType"], before["PhysicalResourceId"])
            new_id = self.stack["_resources"][logical_id]["PhysicalResourceId"]
            self.replaced.append((*old, new_id, before.get("Properties", {}), []))
        set_resource(self.stack, logical_id, "CREATE_COMPLETE" if not before else "UPDATE_COMPLETE")

    async def _make(
        self, logical_id: str, resource_type: str, properties: dict[str, Any], dynamic: dict[str, str]
    ) -> None:
        tagged = self.tagged(resource_type, logical_id, properties, self.tags)
        answering = self._answer_wait_condition(logical_id, resource_type, properties)
        call = run_handler(
            resource_type, stacks.provision_keeping_seed, resource_type, logical_id, tagged, self.stack["StackName"]
        )
        try:
            ((physical_id, attributes), seed), cancelled = await to_the_end(call)
        finally:
            if answering is not None:
                answering.cancel()
        extra = {name: value for name, value in (("_dynamic", dynamic), ("_name_seed", seed)) if value}
        self.done.append(logical_id)
        made = {"PhysicalResourceId": physical_id, "Attributes": attributes, **extra}
        set_resource(self.stack, logical_id, "CREATE_IN_PROGRESS", "Resource creation Initiated", **made)
        if cancelled:
            raise asyncio.CancelledError

    def _answer_wait_condition(
        self, logical_id: str, resource_type: str, properties: dict[str, Any]
    ) -> asyncio.Task[None] | None:
        """Starts the signals that the template's instances will send to a wait condition; None if
        no instance knows it.
        """
        if resource_type != signals.WAIT_CONDITION or not signals.is_answered(self.template, logical_id):
            return None
        policy = self.resolve(self.definitions[logical_id].get("CreationPolicy") or {}).get("ResourceSignal") or {}
        count = int(properties.get("Count") or policy.get("Count") or 1)
        return asyncio.create_task(signals.answer_wait_condition(self.stack, logical_id, count))

    def _check(self, resource_type: str, logical_id: str, properties: dict[str, Any]) -> None:
        problem = property_problem(resource_type, properties)
        if problem:
            raise ResourceFailedError(
                f"Properties validation failed for resource {logical_id} with message:\n{problem}"
            )
        if reason := tag_limits.refusal(resource_type, planned_tags(resource_type, properties, self.tags)):
            raise ResourceFailedError(reason)

    async def _import_resource(self, logical_id: str, resource_type: str, properties: dict[str, Any]) -> None:
        name, stack_id = self.stack["StackName"], self.stack["StackId"]
        identifier = self.imports[logical_id]
        physical_id, attributes = stacks.adopt_resource(stack_id, name, logical_id, resource_type, identifier)
        self.done.append(logical_id)
        record = {"LogicalResourceId": logical_id, "PhysicalResourceId": physical_id, "ResourceType": resource_type}
        record |= {"Properties": properties, "Attributes": attributes, "ResourceStatus": "UPDATE_COMPLETE"}
        self.stack["_resources"][logical_id] = record
        await asyncio.sleep(0)

    async def _update(self, logical_id: str, resource_type: str, before: dict[str, Any]) -> None:
        properties, dynamic = self.properties(logical_id)
        old_tags = self.previous.get("Tags") or []
        old = self.tagged(resource_type, logical_id, self._properties_before(logical_id, before), old_tags)
        new = self.tagged(resource_type, logical_id, properties, self.tags)
        if old == new and not before.get("ResourceStatus", "").endswith("_FAILED"):
            return
        physical_id = before["PhysicalResourceId"]
        fields = {"ResourceType": resource_type, "PhysicalResourceId": physical_id}
        set_resource(self.stack, logical_id, "UPDATE_IN_PROGRESS", **fields)
        fault = await self._trouble(logical_id, resource_type, "update", properties)
        self._check(resource_type, logical_id, properties)
        replacing = provisioners.replacing_change(resource_type, old, new)
        self.allow("Update:Replace" if replacing else "Update:Modify", logical_id, resource_type)
        refused = provisioners.custom_named_replacement_error(resource_type, old, new)
        if not replacing:
            check_that_it_exists(self.stack, logical_id, before)
        if not refused and replacing:
            set_resource(self.stack, logical_id, "UPDATE_IN_PROGRESS", REPLACING)
        outcome, cancelled = await to_the_end(self._change(logical_id, resource_type, before, old, new))
        new_id, attributes, seed, deletions = outcome
        if new_id != physical_id or deletions:
            self.replaced.append(
                (logical_id, resource_type, physical_id, new_id, before.get("Properties", {}), deletions)
            )
        extra = {name: value for name, value in (("_dynamic", dynamic), ("_name_seed", seed)) if value}
        self.done.append(logical_id)
        record = self.stack["_resources"][logical_id]
        record.update(
            PhysicalResourceId=new_id,
            Attributes=attributes or before.get("Attributes", {}),
            Properties=properties,
            **extra,
        )
        if cancelled:
            raise asyncio.CancelledError
        seconds = duration(resource_type, properties).create
        await self._stabilise(seconds if new_id != physical_id else seconds * UPDATE_SHARE, fault)
        set_resource(self.stack, logical_id, "UPDATE_COMPLETE")

    async def _change(
        self, logical_id: str, resource_type: str, before: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, Any], str, list[Any]]:
        """Ministack's update, which replaces resources if necessary; the replaced ones are deleted
        later.
        """
        retained = self.policy(logical_id, "UpdateReplacePolicy") in provisioners.RETAINING_POLICIES
        deletions: list[Any] = []
        provisioners.RETAIN_REPLACED.set(retained)  # each step has its own context
        provisioners.DEFERRED_PREDECESSOR_DELETES.set(deletions)
        provisioners.NAME_SEED.set(before.get("_name_seed", ""))
        arguments = (resource_type, before["PhysicalResourceId"], old, new, self.stack["StackName"], logical_id)
        call = run_handler(resource_type, stacks.update_keeping_seed, *arguments, before.get("Attributes", {}))
        (new_id, attributes), seed = await call
        return new_id, attributes, seed, deletions

    # The end -------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        """Outputs and exports. Raises ValueError if one cannot be resolved."""
        surviving = {name: record for name, record in self.stack["_resources"].items() if name in self.graph}
        outputs, exports = stacks.resolve_stack_outputs(
            self.template.get("Outputs", {}),
            self.conditions,
            surviving,
            self.parameters,
            self.template.get("Mappings", {}),
            self.stack["StackName"],
            self.stack["StackId"],
        )
        self.stack.update(_template=self.template, _resolved_params=self.parameters, Outputs=outputs)
        cfn.exports.update(exports)


async def run_update(deployment: Deployment) -> bool:
    """An update, which CancelUpdateStack may end early."""
    stack = deployment.stack
    try:
        return await running.cancellable(stack["StackId"], deployment.run())
    except running.UpdateCancelledError:
        stacks.CLIENT_REQUEST_TOKEN.set(stack.pop("_cancel_token", ""))
        deployment.failure = ("", "User Initiated")
        return False
