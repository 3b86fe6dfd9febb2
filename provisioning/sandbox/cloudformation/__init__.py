"""CloudFormation calls for which AWS is stricter than ministack, or returns more.

Each function takes the place of ministack's handler of the same action. It rejects the call, or
lets ministack respond and completes the response.

requests      what they share: parameters, the stack, refusals, answers
stacks        CreateStack, UpdateStack, DeleteStack; tokens
change_sets   change sets: created in the background, described, executed, deleted
recovery      CancelUpdateStack, ContinueUpdateRollback, RollbackStack
validation    what AWS checks before a change set is ready
events        DescribeEvents
drift         drift detection, which takes time
shown         what DescribeStacks, ListStacks and the events show in addition
stale         reads that are older than the last write
account       the account's limits
others        signals, templates
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from provisioning.sandbox.cloudformation import (
    account,
    change_sets,
    drift,
    events,
    others,
    recovery,
    shown,
    stacks,
    stale,
)
from provisioning.sandbox.cloudformation.requests import refuse
from provisioning.sandbox.private import app, get_account_id, get_region, handlers
from provisioning.sandbox.services.calls import Answer
from provisioning.sandbox.throttle import THROTTLE


def _throttled(handle: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    async def limited(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        match = re.search(rb"(?:\A|&)Action=(\w+)", body or b"")
        action = match[1].decode() if match else headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if not THROTTLE.allow(get_account_id(), get_region(), action):
            refused: Answer = refuse("Throttling", "Rate exceeded")
            return refused
        return await handle(method, path, headers, body, query)

    return limited


def install() -> None:
    """Replaces ministack's handlers by these."""
    stale.remember()
    drift.install()
    handlers.put("capabilities_enforced", lambda: True)
    handlers.ACTION_HANDLERS.update(
        {
            "CreateStack": stacks.create_stack,
            "UpdateStack": stacks.update_stack,
            "DeleteStack": stacks.delete_stack,
            "CreateChangeSet": change_sets.create_change_set,
            "DescribeChangeSet": change_sets.describe_change_set,
            "ListChangeSets": change_sets.list_change_sets,
            "ExecuteChangeSet": change_sets.execute_change_set,
            "DeleteChangeSet": change_sets.delete_change_set,
            "CancelUpdateStack": recovery.cancel_update_stack,
            "ContinueUpdateRollback": recovery.continue_update_rollback,
            "RollbackStack": recovery.rollback_stack,
            "DescribeEvents": events.describe_events,
            "DetectStackDrift": drift.detect_stack_drift,
            "DescribeAccountLimits": account.describe_account_limits,
            "SignalResource": others.signal_resource,
            "ValidateTemplate": others.validate_template,
            "GetTemplateSummary": others.get_template_summary,
            "DescribeStacks": stale.may_be_stale("DescribeStacks", shown.describe_stacks),
            "ListStacks": stale.may_be_stale("ListStacks", shown.list_stacks),
            "DescribeStackEvents": stale.may_be_stale("DescribeStackEvents", shown.describe_stack_events),
            "DescribeStackResources": shown.describe_stack_resources,
        }
    )
    app.SERVICE_HANDLERS["cloudformation"] = _throttled(app.SERVICE_HANDLERS["cloudformation"])
