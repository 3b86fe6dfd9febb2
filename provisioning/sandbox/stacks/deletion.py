"""Deletes a stack's resources: dependent resources first, everything else at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from provisioning.sandbox.durations import duration
from provisioning.sandbox.faults import FAULTS
from provisioning.sandbox.iam import stack_rights
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import cfn, provisioners
from provisioning.sandbox.stacks import exports, running
from provisioning.sandbox.stacks.deployment import Deployment
from provisioning.sandbox.stacks.graph import Graph, all_needed_by, reversed_graph, run_graph
from provisioning.sandbox.stacks.reasons import in_aws_words
from provisioning.sandbox.stacks.records import GONE, Stack, exists, set_resource, set_status
from provisioning.sandbox.work import run_handler, to_the_end

RETAINING = ("Retain", "RetainExceptOnCreate")


@dataclass
class Deletion:
    """One pass over some of a stack's resources."""

    deployment: Deployment
    members: set[str]
    retain: frozenset[str] = frozenset()
    force: bool = False
    honour_policies: tuple[str, ...] = RETAINING
    snapshots: bool = True
    failed: dict[str, str] = field(default_factory=dict)
    forced: set[str] = field(default_factory=set)

    @property
    def stack(self) -> Stack:
        return self.deployment.stack

    async def run(self) -> bool:
        graph: Graph = reversed_graph(self.deployment.graph, self.members)
        if self.force:
            broken = {
                name for name in self.members if self.stack["_resources"][name]["ResourceStatus"] == "DELETE_FAILED"
            }
            self.forced = all_needed_by(self.deployment.graph, broken)
        return await run_graph(graph, self._step, stop_at_failure=False)

    async def _step(self, logical_id: str) -> bool:
        record = self.stack["_resources"][logical_id]
        if record["ResourceStatus"] in GONE:
            return True  # deleted before the sandbox was stopped, or given up by an earlier deletion
        policy = self.deployment.policy(logical_id, "DeletionPolicy")
        if policy in self.honour_policies or logical_id in self.retain or logical_id in self.forced:
            self._skip(logical_id)
            return True
        if not exists(record):
            set_resource(self.stack, logical_id, "DELETE_COMPLETE")
            return True
        set_resource(self.stack, logical_id, "DELETE_IN_PROGRESS")
        try:
            await delete_one(self.stack, logical_id, record, snapshot=policy == "Snapshot" and self.snapshots)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is the resource's failure, with its own words
            reason = in_aws_words(error)
            if self.force:
                self.forced |= all_needed_by(self.deployment.graph, {logical_id})
                self._skip(logical_id, reason)
                return True
            set_resource(self.stack, logical_id, "DELETE_FAILED", reason)
            self.failed[logical_id] = reason
            return False
        set_resource(self.stack, logical_id, "DELETE_COMPLETE")
        return True

    def _skip(self, logical_id: str, reason: str = "") -> None:
        """It remains in the list of the stack's resources, as AWS keeps it for ninety days."""
        set_resource(self.stack, logical_id, "DELETE_SKIPPED", reason)

    def reason(self) -> str:
        return f"The following resource(s) failed to delete: [{', '.join(sorted(self.failed))}]. "


async def delete_one(stack: Stack, logical_id: str, record: dict[str, Any], *, snapshot: bool = False) -> None:
    """Deletes one resource at AWS's pace; raises the error of its handler."""
    resource_type, physical_id = record["ResourceType"], record["PhysicalResourceId"]
    properties, stack_name = record.get("Properties", {}), stack["StackName"]
    stack_rights.check_handler(stack, "delete", logical_id, resource_type, record)
    fault = FAULTS.take(stack_name, logical_id, resource_type, "delete")
    if fault is not None and fault.mode == "hang":
        await fault.hang()
    elif fault is not None:
        await asyncio.sleep(fault.seconds)
        if fault.mode == "fail":
            raise ValueError(fault.reason)
    await PACE.wait(duration(resource_type, properties).delete)
    if snapshot:
        await run_handler(resource_type, provisioners.snapshot_resource, resource_type, physical_id, properties)
    arguments = (resource_type, physical_id, properties, stack_name, logical_id)
    _, cancelled = await to_the_end(run_handler(resource_type, provisioners.delete_resource, *arguments))
    if cancelled:
        record["ResourceStatus"] = "DELETE_COMPLETE"
        raise asyncio.CancelledError


def as_deployed(stack: Stack) -> Deployment:
    """The stack as its last operation left it, for queries about its template."""
    template = stack.get("_template") or (stack.get("_operation") or {}).get("template") or {}
    parameters = stack.get("_resolved_params") or (stack.get("_operation") or {}).get("parameters") or {}
    return Deployment(stack, template, parameters)


@running.ends_truthfully
async def delete_stack(stack_name: str, stack_id: str, retain_resources: Any = (), force: bool = False) -> None:  # noqa: FBT001, FBT002 - ministack's own signature
    """The work of DeleteStack, from DELETE_IN_PROGRESS to one of its final states."""
    stack = cfn.stacks.get(stack_name)
    if not stack or stack["StackId"] != stack_id:
        return
    if stack["StackStatus"] != "DELETE_IN_PROGRESS":
        stack["_deleting_from"] = stack["StackStatus"]
        set_status(stack, "DELETE_IN_PROGRESS", "User Initiated")
    await running.take_over(stack_id)
    refused = exports.reason_to_turn_back(stack)
    if refused:
        set_status(stack, stack.pop("_deleting_from"), refused)
        return
    deployed = as_deployed(stack)
    stack["_operation"] = {
        "kind": "delete",
        "retain": sorted(retain_resources),
        "force": force,
        "template": deployed.template,
        "parameters": deployed.parameters,
    }
    deletion = Deletion(deployed, set(stack["_resources"]), frozenset(retain_resources), force)
    await deletion.run()
    stack.pop("_operation", None)
    if deletion.failed:
        set_status(stack, "DELETE_FAILED", deletion.reason())
    else:
        for output in stack.get("Outputs", []):
            if output.get("ExportName"):
                cfn.exports.pop(output["ExportName"], None)
        set_status(stack, "DELETE_COMPLETE")
        # Only its id finds it now, and its name is free.
        cfn.stacks[stack_id] = cfn.stacks.pop(stack_name)
