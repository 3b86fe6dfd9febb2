"""Takes a failed or cancelled update back, at AWS's pace.

First every resource goes back to its former properties, in the order of the former template; one
that cannot go back leaves the stack in UPDATE_ROLLBACK_FAILED until ContinueUpdateRollback. Then
what the update had created is deleted; a deletion that fails does not fail the rollback.

The state is in the operation's record on the stack, so that a restart and ContinueUpdateRollback go
on from there.
"""

from __future__ import annotations

import asyncio
from typing import Any

from provisioning.sandbox.durations import UPDATE_SHARE, duration
from provisioning.sandbox.faults import FAULTS
from provisioning.sandbox.iam import stack_rights
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import provisioners, stacks
from provisioning.sandbox.stacks.deletion import Deletion, delete_one
from provisioning.sandbox.stacks.deployment import Deployment, ResourceFailedError
from provisioning.sandbox.stacks.graph import restricted, run_graph
from provisioning.sandbox.stacks.outside import check_that_it_exists
from provisioning.sandbox.stacks.reasons import in_aws_words
from provisioning.sandbox.stacks.records import Stack, add_event, exists, set_resource, set_status
from provisioning.sandbox.work import run_handler, to_the_end

SKIPPED = "Resource rollback skipped by user"
FAILED = "UPDATE_ROLLBACK_FAILED"
_RESTORED = ("_template", "_resolved_params", "_template_body", "_conditions", "Parameters", "Tags", "Outputs")
_LEAVING_AN_IMPORT = (
    ("UPDATE_IN_PROGRESS", "Remove stack-level tags from imported resource if applicable."),
    ("UPDATE_COMPLETE", ""),
    ("IMPORT_ROLLBACK_IN_PROGRESS", ""),
    ("IMPORT_ROLLBACK_COMPLETE", ""),
)


class UpdateRollback:
    def __init__(self, stack: Stack, operation: dict[str, Any]) -> None:
        self.stack = stack
        self.operation = operation
        self.previous: dict[str, Any] = operation["previous_stack"]
        self.before: dict[str, Any] = self.previous.get("_resources", {})
        self.reverted: list[str] = operation.setdefault("reverted", [])
        self.discarded: list[list[Any]] = operation.setdefault("discarded", [])
        self.failed: dict[str, str] = {}
        self._old = Deployment(
            stack, self.previous.get("_template") or {}, self.previous.get("_resolved_params") or {}, is_update=True
        )
        self._new = Deployment(stack, operation.get("template") or {}, operation.get("param_values") or {})

    async def run(self) -> None:
        """From UPDATE_ROLLBACK_IN_PROGRESS to one of its final statuses."""
        members = {name for name in self._touched() if name not in self.reverted}
        await run_graph(restricted(self._old.graph, members), self._step, stop_at_failure=False)
        # The stack describes what it goes back to, whether it gets there or not.
        self.stack.update({key: self.previous[key] for key in _RESTORED if key in self.previous})
        if self.failed:
            self.operation["failed"] = self.failed
            self.stack["_failed_rollback"] = self.operation
            names = ", ".join(sorted(self.failed))
            set_status(self.stack, FAILED, f"The following resource(s) failed to update: [{names}]. ")
            return
        self.stack.pop("_failed_rollback", None)
        await self._clean_up()
        set_status(self.stack, "UPDATE_ROLLBACK_COMPLETE")

    def skip(self, names: list[str]) -> None:
        """Counts resources as rolled back, whatever their state is."""
        for name in names:
            self._restore(name)
            set_resource(self.stack, name, "UPDATE_COMPLETE", SKIPPED)
            self.reverted.append(name)

    def _touched(self) -> set[str]:
        """The former resources that the update changed, or tried to."""
        changed = set(self.operation.get("created", ()))
        failed = {
            name
            for name, record in self.stack["_resources"].items()
            if record["ResourceStatus"] in ("UPDATE_FAILED", "UPDATE_IN_PROGRESS")
        }
        return (changed | failed) & {name for name, record in self.before.items() if exists(record)}

    async def _step(self, name: str) -> bool:
        set_resource(self.stack, name, "UPDATE_IN_PROGRESS")
        try:
            await self._send_back(name)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is the resource's failure, with its own words
            reason = in_aws_words(error)
            set_resource(self.stack, name, "UPDATE_FAILED", reason)
            self.failed[name] = reason
            return False
        self._restore(name)
        set_resource(self.stack, name, "UPDATE_COMPLETE")
        self.reverted.append(name)
        return True

    async def _send_back(self, name: str) -> None:
        now, before = self.stack["_resources"][name], self.before[name]
        fault = FAULTS.take(self.stack["StackName"], name, before["ResourceType"], "rollback")
        if fault is not None and fault.mode == "hang":
            await fault.hang()
        elif fault is not None:
            await asyncio.sleep(fault.seconds)
            if fault.mode == "fail":
                raise ResourceFailedError(fault.reason)
        if not self._is_replaced(name):
            stack_rights.check_handler(self.stack, "update", name, before["ResourceType"], before)
        check_that_it_exists(self.stack, name, before)
        if name not in self.operation.get("created", ()) or self._is_replaced(name):
            return  # its update had not begun, or the former resource is still there
        await self._update(name, now, before)
        await PACE.wait(duration(before["ResourceType"], before.get("Properties", {})).create * UPDATE_SHARE)

    async def _update(self, name: str, now: dict[str, Any], before: dict[str, Any]) -> None:
        kind, physical_id = before["ResourceType"], before["PhysicalResourceId"]
        applied = self._new.tagged(kind, name, now.get("Properties", {}), self.operation.get("stack_tags") or [])
        former = self._old.tagged(kind, name, before.get("Properties", {}), self.operation.get("previous_tags") or [])
        if applied == former:
            return
        provisioners.NAME_SEED.set(before.get("_name_seed", ""))
        arguments = (kind, physical_id, applied, former, self.stack["StackName"], name, now.get("Attributes", {}))
        outcome, cancelled = await to_the_end(run_handler(kind, stacks.update_keeping_seed, *arguments))
        (new_id, attributes), _seed = outcome
        before.update(PhysicalResourceId=new_id, Attributes={**before.get("Attributes", {}), **(attributes or {})})
        if cancelled:
            self.reverted.append(name)
            raise asyncio.CancelledError

    def _is_replaced(self, name: str) -> bool:
        now, before = self.stack["_resources"].get(name, {}), self.before[name]
        return name in self.operation.get("replaced_ids", ()) or (
            exists(now) and now["PhysicalResourceId"] != before["PhysicalResourceId"]
        )

    def _restore(self, name: str) -> None:
        """The former record takes the place of the changed one; a new resource is deleted later."""
        now = self.stack["_resources"].get(name, {})
        if self._is_replaced(name) and exists(now):
            self.discarded.append([name, now["ResourceType"], now["PhysicalResourceId"], now.get("Properties", {})])
        self.stack["_resources"][name] = {**self.before[name]}

    # What the update had created -------------------------------------------------------------------------------

    async def _clean_up(self) -> None:
        self._release_imports()
        set_status(self.stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        new = {name for name in self.stack["_resources"] if name not in self.before}
        kept = () if self.operation.get("retain_except_on_create") else ("Retain",)
        await Deletion(self._new, new, honour_policies=kept, snapshots=False).run()
        for name in new:
            self.stack["_resources"].pop(name, None)
        for item in list(self.discarded):
            await self._discard(*item)
            self.discarded.remove(item)
        self.stack["_resources"] = {name: self.stack["_resources"].get(name, self.before[name]) for name in self.before}

    async def _discard(self, name: str, kind: str, physical_id: str, properties: dict[str, Any]) -> None:
        def event(status: str, reason: str = "") -> None:
            add_event(self.stack["StackId"], self.stack["StackName"], name, kind, status, reason, physical_id)

        event("DELETE_IN_PROGRESS")
        try:
            record = {"ResourceType": kind, "PhysicalResourceId": physical_id, "Properties": properties}
            await delete_one(self.stack, name, record)
        except Exception as error:  # noqa: BLE001 - the handler's words become the event's
            event("DELETE_FAILED", in_aws_words(error))
        else:
            event("DELETE_COMPLETE")

    def _release_imports(self) -> None:
        """Resources that the update had imported leave the stack as they came."""
        for name in self.operation.get("imports") or ():
            record = self.stack["_resources"].pop(name, None)
            if record is None or name in self.before:
                continue
            steps = _LEAVING_AN_IMPORT if record["ResourceStatus"] != "IMPORT_FAILED" else _LEAVING_AN_IMPORT[2:]
            for status, reason in steps:
                kind, physical_id = record["ResourceType"], record["PhysicalResourceId"]
                add_event(self.stack["StackId"], self.stack["StackName"], name, kind, status, reason, physical_id)
